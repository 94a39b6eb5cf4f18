//! Starting the runtime process. By now the init has no privilege left that it could pass on.

use super::InitError;
use crate::{
    step::{Step, StepError},
    sys,
};
use lambent_sandbox::EnvSpec;
use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
    process::{DumpableBehavior, Pid, Resource, set_dumpable_behavior, setsid},
};
use serde::{Deserialize, Serialize};
use std::{convert::Infallible, ffi::CString, fs, os::fd::OwnedFd};

/// Where programs without a slash are looked for when the environment has no `PATH`.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// When the host as a whole runs out of memory, functions go before the server does.
const OOM_SCORE_ADJUSTMENT: &str = "500";

/// The largest core file, and how much memory a process may lock, as AWS has them (recorded: `test_runtime_ulimits`).
const CORE_BYTES: u64 = 10 << 30;
const LOCKED_BYTES: u64 = 64 << 10;

/// What stopped the new process from becoming the runtime, as it tells the init.
#[derive(Serialize, Deserialize)]
enum Stopped {
    /// No candidate for the program could be executed.
    Execute(String),
    /// A step before that failed.
    Step(StepError),
}

/// The command in the form in which the kernel takes it, made before the fork.
struct Command {
    candidates: Vec<CString>,
    arguments: Vec<CString>,
    environment: Vec<CString>,
}

/// Forks and executes the command of `spec`; returns when it runs.
pub(super) fn start(spec: &EnvSpec, output: &OwnedFd) -> Result<Pid, InitError> {
    let command = Command::of(spec)?;
    let (told, tell) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).step("make a pipe")?;
    // SAFETY: the init has one thread: it was forked from a process with one, and makes none.
    let Some(pid) = unsafe { sys::fork() }.step("fork the runtime process")? else {
        let Err(stopped) = become_runtime(spec, &command, output);
        let words = serde_json::to_vec(&stopped).unwrap_or_default();
        // Should even this fail, the init sees the process end.
        let _ = rustix::io::write(&tell, &words);
        sys::exit_now(127)
    };
    drop(tell);
    let words = read_to_end(&told).step("wait for the runtime process")?;
    if words.is_empty() {
        return Ok(pid);
    }
    Err(
        match serde_json::from_slice(&words).step("start the runtime process")? {
            Stopped::Execute(reason) => InitError::InvalidEntrypoint {
                command: spec.command.first().cloned().unwrap_or_default(),
                reason,
            },
            Stopped::Step(error) => InitError::Step(error),
        },
    )
}

impl Command {
    fn of(spec: &EnvSpec) -> Result<Self, InitError> {
        let invalid = |reason: &str| InitError::InvalidEntrypoint {
            command: spec.command.first().cloned().unwrap_or_default(),
            reason: reason.to_owned(),
        };
        let program = spec
            .command
            .first()
            .filter(|program| !program.is_empty())
            .ok_or_else(|| invalid("no program"))?;
        let strings = |strings: Vec<String>| -> Result<Vec<CString>, InitError> {
            let converted: Result<_, _> = strings.into_iter().map(CString::new).collect();
            converted.map_err(|_| invalid("an argument or variable has a NUL byte"))
        };
        Ok(Self {
            candidates: strings(candidates(program, spec))?,
            arguments: strings(spec.command.clone())?,
            environment: strings(spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect())?,
        })
    }
}

/// The files that `program` may mean, in the order in which they are tried.
fn candidates(program: &str, spec: &EnvSpec) -> Vec<String> {
    if program.contains('/') {
        return vec![program.to_owned()];
    }
    let path = spec
        .env
        .iter()
        .find(|(name, _)| name == "PATH")
        .map_or(DEFAULT_PATH, |(_, value)| value);
    path.split(':')
        .filter(|dir| dir.starts_with('/'))
        .map(|dir| format!("{dir}/{program}"))
        .collect()
}

fn become_runtime(spec: &EnvSpec, command: &Command, output: &OwnedFd) -> Result<Infallible, Stopped> {
    set_up(spec, output).map_err(Stopped::Step)?;
    let mut refusal = Errno::NOENT;
    for candidate in &command.candidates {
        let Err(error) = sys::execve(candidate, &command.arguments, &command.environment);
        if error != Errno::NOENT {
            refusal = error;
        }
    }
    Err(Stopped::Execute(refusal.to_string()))
}

fn set_up(spec: &EnvSpec, output: &OwnedFd) -> Result<(), StepError> {
    setsid().step("start a session")?;
    let null = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).step("open /dev/null")?;
    rustix::stdio::dup2_stdin(&null).step("set standard input")?;
    rustix::stdio::dup2_stdout(output).step("set standard output")?;
    rustix::stdio::dup2_stderr(output).step("set standard error")?;
    // The kernel shows the files of an unreadable process to root only; this one is about to become an ordinary one.
    set_dumpable_behavior(DumpableBehavior::Dumpable).step("become readable")?;
    fs::write("/proc/self/oom_score_adj", OOM_SCORE_ADJUSTMENT).step("offer itself to the kernel's memory killer")?;
    sys::limit(Resource::Nofile, spec.limits.open_files).step("limit open files")?;
    // A core file can only lie in the environment's own /tmp, whose size is limited.
    sys::limit(Resource::Core, CORE_BYTES).step("limit core files")?;
    sys::limit(Resource::Memlock, LOCKED_BYTES).step("limit locked memory")?;
    // Counted in this user namespace, so it includes the init.
    sys::limit(Resource::Nproc, u64::from(spec.limits.processes) + 1).step("limit processes")?;
    rustix::process::chdir(spec.working_dir.as_str()).step(format!("enter {}", spec.working_dir))?;
    sys::default_signals();
    sys::close_on_exec_from_3().step("close files")
}

fn read_to_end(pipe: &OwnedFd) -> Result<Vec<u8>, Errno> {
    let mut words = Vec::new();
    let mut buffer = [0; 1_024];
    loop {
        match rustix::io::read(pipe, &mut buffer) {
            Ok(0) => return Ok(words),
            Ok(read) => words.extend_from_slice(&buffer[..read]),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_sandbox::Limits;

    fn spec(env: &[(&str, &str)]) -> EnvSpec {
        EnvSpec {
            id: "e".into(),
            command: vec!["app".into()],
            env: env
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            working_dir: "/".into(),
            mounts: vec![],
            limits: Limits {
                memory_bytes: 0,
                milli_cpus: 0,
                processes: 0,
                open_files: 0,
                tmp_bytes: 0,
            },
        }
    }

    #[test]
    fn a_bare_name_is_looked_for_on_the_path_of_the_environment() {
        assert_eq!(
            candidates("app", &spec(&[("PATH", "/a:relative:/b")])),
            ["/a/app", "/b/app"]
        );
        assert_eq!(candidates("app", &spec(&[]))[0], "/usr/local/bin/app");
        assert_eq!(candidates("./app", &spec(&[])), ["./app"]);
    }

    #[test]
    fn a_command_that_the_kernel_cannot_take_is_an_invalid_entrypoint() {
        let mut nameless = spec(&[]);
        nameless.command.clear();
        for broken in [nameless, spec(&[("A", "b\0c")])] {
            assert!(matches!(Command::of(&broken), Err(InitError::InvalidEntrypoint { .. })));
        }
    }
}
