//! What an environment is made of.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// All that an adapter needs to build an environment. Paths named "host" are the server's; all others are seen from inside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnvSpec {
    /// Names the environment in control groups and messages: letters, digits and hyphens.
    pub id: String,
    /// What the runtime process runs.
    pub program: Program,
    /// The runtime process's whole environment; nothing else is inherited.
    pub env: Vec<(String, String)>,
    /// Its working directory.
    pub working_dir: String,
    /// What it sees at `/`.
    pub root: Root,
    /// Read-only directories beside the minimal root and those of the program: the function's code at `/var/task`, layers at `/opt`.
    pub mounts: Vec<BindMount>,
    /// What is started before the runtime process, which then waits for [`SandboxControl::begin`](crate::SandboxControl::begin).
    pub companions: Companions,
    /// What it may use.
    pub limits: Limits,
}

/// What an environment sees at `/`. It is read-only in any case; `/dev`, `/proc` and `/tmp` are the environment's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Root {
    /// The minimal one: the host's programs and libraries, and nothing that tells one host from another.
    #[default]
    Minimal,
    /// A directory of the host, which has all that its programs need, and empty places for what is the environment's own: the directories
    /// `dev`, `proc` and `tmp`. How names are looked up is shown at `etc/hosts` and `etc/resolv.conf` where these are files, and whom to
    /// believe in `etc/lambent` where that is a directory. There are no mounts in it.
    Image(PathBuf),
}

/// Programs that run beside the runtime process, in `/`, and write to an output of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Companions {
    /// The files, seen from inside, in the order in which they are started.
    pub programs: Vec<String>,
    /// The whole environment of each.
    pub env: Vec<(String, String)>,
}

/// The program of the runtime process: what many functions have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Program {
    /// The file and its arguments, seen from inside.
    pub command: Vec<String>,
    /// The read-only directories that it needs itself: the interpreter at `/var/lang`, the bootstrap at `/var/runtime`.
    pub mounts: Vec<BindMount>,
    /// When it may be started.
    pub start: ProgramStart,
}

/// When a program may be started.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ProgramStart {
    /// Once its environment is known.
    WithFunction,
    /// Also before that, so that an environment needs no start of its interpreter.
    ///
    /// Started ahead, the program finds the number of a descriptor in the variable [`HANDOVER_VARIABLE`] and reads there, in one
    /// piece of at most 200 KiB, what it could not know: its working directory, then each variable as `NAME=VALUE`, each ended by a
    /// zero byte. These variables replace all others. It closes the descriptor; if there was nothing to read, it ends.
    Ahead {
        /// The variables that it starts with.
        env: Vec<(String, String)>,
    },
}

/// Names a descriptor at which a program finds its standard output once more, where a variable of this name is in its environment. The
/// runtimes of AWS write log events there, each behind a head that tells its length.
pub const LOG_VARIABLE: &str = "_LAMBDA_TELEMETRY_LOG_FD";

/// Tells a program that it was started ahead; see [`ProgramStart::Ahead`].
pub const HANDOVER_VARIABLE: &str = "LAMBENT_HANDOVER_FD";

/// A host directory shown read-only, without devices and set-uid, inside the environment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BindMount {
    /// The directory on the host.
    pub host: PathBuf,
    /// An absolute path inside; one of `/var/task`, `/var/lang`, `/var/runtime`, `/opt`, or below `/opt`.
    pub inside: String,
}

/// What one environment may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Memory of all its processes together, in bytes; no swap.
    pub memory_bytes: u64,
    /// Processor time in thousandths of one processor: its share where processors are contended. It never uses more than this, or
    /// more than one whole processor if this is less.
    pub milli_cpus: u32,
    /// Processes and threads.
    pub processes: u32,
    /// Open files per process.
    pub open_files: u64,
    /// Size of `/tmp` in bytes.
    pub tmp_bytes: u64,
}

impl Limits {
    /// AWS's limit on processes and threads of one environment, and on its open files.
    pub const AWS_PROCESSES: u32 = 1_024;

    /// The processes and threads of a function with so many MB of memory: fewer than [`Self::AWS_PROCESSES`] below 199 MB, since the
    /// Linux of a small machine allows four for each MB that it has (recorded: `test_runtime_ulimits`, 742 with 128 MB, of which one
    /// here is the environment's init).
    #[must_use]
    pub const fn aws_processes(memory_mb: u32) -> u32 {
        let small = 4 * memory_mb + 229;
        if small < Self::AWS_PROCESSES {
            small
        } else {
            Self::AWS_PROCESSES
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_functions_have_fewer_processes() {
        assert_eq!(
            [128, 198, 199, 10_240].map(Limits::aws_processes),
            [741, 1_021, 1_024, 1_024]
        );
    }
}
