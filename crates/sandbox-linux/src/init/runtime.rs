//! The runtime process. It is forked while the init waits for its task, gives up every privilege at once, and waits to be told which
//! program it becomes: when an environment starts, nothing has to be forked any more.

use super::{Filter, InitError, landlock::Rules, privileges, seccomp};
use crate::{
    channel,
    step::{Step, StepError},
    sys,
};
use lambent_sandbox::{EnvSpec, HANDOVER_VARIABLE, LOG_VARIABLE, Limits, Program};
use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
    net::SendFlags,
    process::{DumpableBehavior, Pid, Resource, WaitOptions, set_dumpable_behavior, setsid, waitpid},
};
use serde::{Deserialize, Serialize};
use std::{
    convert::Infallible,
    ffi::{CString, NulError},
    fs,
    os::fd::OwnedFd,
};

/// Where programs without a slash are looked for when the environment has no `PATH`.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// When the host as a whole runs out of memory, functions go before the server does.
const OOM_SCORE_ADJUSTMENT: &str = "500";
/// The descriptor at which a program that is started ahead reads the rest.
const HANDOVER_FD: i32 = 3;

/// The largest core file, and how much memory a process may lock, as AWS has them (recorded: `test_runtime_ulimits`).
const CORE_BYTES: u64 = 10 << 30;
/// With this limit the kernel starts no program for a core file; with 0 it would.
const NO_CORE_PROGRAM: u64 = 1;
const LOCKED_BYTES: u64 = 64 << 10;

/// Init to the waiting process: become this.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    command: Vec<String>,
    env: Vec<(String, String)>,
    working_dir: String,
    /// It is started ahead, and gets the rest through this very socket.
    ahead: bool,
}

/// What stopped the process from becoming the runtime, as it tells the init.
#[derive(Serialize, Deserialize)]
enum Stopped {
    /// No candidate for the program could be executed.
    Execute(String),
    /// A step before that failed.
    Step(StepError),
}

/// How a process gets its file access rules and its system call filter.
#[derive(Clone, Copy)]
pub(super) enum Confinement<'a> {
    /// It puts them in force itself.
    Own(&'a Rules, &'a Filter),
    /// They are in force already for the init that forks it.
    Inherited,
}

/// A process that waits for its program.
pub(super) struct Waiting {
    pid: Pid,
    link: OwnedFd,
}

/// A process whose program waits for its function.
pub(super) struct Ahead {
    pid: Pid,
    link: OwnedFd,
}

impl Waiting {
    /// Forks it.
    pub(super) fn fork(output: &OwnedFd, confinement: Confinement<'_>) -> Result<Self, StepError> {
        let (link, inits) = channel::pair().step("make a socket pair")?;
        // SAFETY: the init has one thread: it was forked from a process with one, and makes none.
        let Some(pid) = unsafe { sys::fork() }.step("fork the runtime process")? else {
            drop(inits);
            live(&link, output, confinement)
        };
        Ok(Self { pid, link: inits })
    }

    /// Lets it run the program of `spec`; returns when it does.
    pub(super) fn execute(self, spec: &EnvSpec) -> Result<Pid, InitError> {
        let order = Order {
            command: spec.program.command.clone(),
            env: spec.env.clone(),
            working_dir: spec.working_dir.clone(),
            ahead: false,
        };
        let invalid = |reason| InitError::InvalidEntrypoint {
            command: spec.program.command.first().cloned().unwrap_or_default(),
            reason,
        };
        self.obey(&order, &spec.limits, invalid)
    }

    /// Lets it run a companion of `spec` instead.
    pub(super) fn execute_companion(self, program: &str, spec: &EnvSpec) -> Result<Pid, InitError> {
        let order = Order {
            command: vec![program.to_owned()],
            env: spec.companions.env.clone(),
            working_dir: "/".to_owned(),
            ahead: false,
        };
        let invalid = |reason| InitError::InvalidCompanion {
            command: program.to_owned(),
            reason,
        };
        self.obey(&order, &spec.limits, invalid)
    }

    fn obey(self, order: &Order, limits: &Limits, invalid: impl FnOnce(String) -> InitError) -> Result<Pid, InitError> {
        limit(self.pid, limits)?;
        channel::send(&self.link, order, &[]).step("tell the runtime process")?;
        // Executing closes its end.
        let Some((stopped, _)) = channel::receive(&self.link).step("wait for the runtime process")? else {
            return Ok(self.pid);
        };
        Err(match stopped {
            Stopped::Execute(reason) => invalid(reason),
            Stopped::Step(error) => InitError::Step(error),
        })
    }

    /// Lets it run `program` with the variables `env`. Whether that works shows when it is needed.
    pub(super) fn start_ahead(self, program: &Program, env: &[(String, String)]) -> Result<Ahead, StepError> {
        let handover = (HANDOVER_VARIABLE.to_owned(), HANDOVER_FD.to_string());
        let order = Order {
            command: program.command.clone(),
            env: env.iter().cloned().chain([handover]).collect(),
            working_dir: "/".to_owned(),
            ahead: true,
        };
        channel::send(&self.link, &order, &[]).step("tell the runtime process")?;
        Ok(Ahead {
            pid: self.pid,
            link: self.link,
        })
    }
}

impl Ahead {
    /// Whether the program still runs.
    pub(super) fn is_alive(&self) -> bool {
        matches!(waitpid(Some(self.pid), WaitOptions::NOHANG), Ok(None))
    }

    /// Tells the program what its function is.
    pub(super) fn hand_over(self, spec: &EnvSpec) -> Result<Pid, InitError> {
        limit(self.pid, &spec.limits)?;
        rustix::net::send(&self.link, &handover(spec), SendFlags::NOSIGNAL).step("hand the function over")?;
        Ok(self.pid)
    }
}

/// The form of [`lambent_sandbox::ProgramStart::Ahead`].
fn handover(spec: &EnvSpec) -> Vec<u8> {
    let mut words = format!("{}\0", spec.working_dir).into_bytes();
    for (name, value) in &spec.env {
        words.extend(format!("{name}={value}\0").into_bytes());
    }
    words
}

/// Limits the process from outside, so that one that was started ahead is not different.
fn limit(pid: Pid, limits: &Limits) -> Result<(), StepError> {
    sys::limit(pid, Resource::Nofile, limits.open_files).step("limit open files")?;
    // Counted in this user namespace, so it includes the init.
    sys::limit(pid, Resource::Nproc, u64::from(limits.processes) + 1).step("limit processes")
}

/// The waiting process's life until it executes its program.
fn live(link: &OwnedFd, output: &OwnedFd, confinement: Confinement<'_>) -> ! {
    let settled = settle(output, confinement);
    // Without an order there is nothing to do, and nobody to complain to.
    if let Ok(Some((order, _))) = channel::receive::<Order>(link) {
        let Err(stopped) = settled
            .map_err(Stopped::Step)
            .and_then(|()| become_program(&order, link));
        // Should even this fail, the init sees the process end.
        let _ = channel::send(link, &stopped, &[]);
    }
    sys::exit_now(127)
}

/// Does all that no order is needed for: there are no privileges from here on.
fn settle(output: &OwnedFd, confinement: Confinement<'_>) -> Result<(), StepError> {
    setsid().step("start a session")?;
    let null = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).step("open /dev/null")?;
    rustix::stdio::dup2_stdin(&null).step("set standard input")?;
    rustix::stdio::dup2_stdout(output).step("set standard output")?;
    rustix::stdio::dup2_stderr(output).step("set standard error")?;
    privileges::drop_all()?;
    if let Confinement::Own(rules, filter) = confinement {
        rules.enforce()?;
        seccomp::load(filter)?;
    }
    // The kernel shows the files of an unreadable process to root only; this one is about to become an ordinary one.
    set_dumpable_behavior(DumpableBehavior::Dumpable).step("become readable")?;
    fs::write("/proc/self/oom_score_adj", OOM_SCORE_ADJUSTMENT).step("offer itself to the kernel's memory killer")?;
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    sys::limit_own(Resource::Core, core_bytes(&pattern)).step("limit core files")?;
    sys::limit_own(Resource::Memlock, LOCKED_BYTES).step("limit locked memory")
}

/// The largest core file, by what `/proc/sys/kernel/core_pattern` says becomes of it. A file can only lie in the environment's own
/// `/tmp`, whose size is limited; a program or a socket (`|`, `@`) is the host's, runs as root and outside of every limit.
fn core_bytes(pattern: &str) -> u64 {
    if pattern.starts_with(['|', '@']) {
        NO_CORE_PROGRAM
    } else {
        CORE_BYTES
    }
}

fn become_program(order: &Order, link: &OwnedFd) -> Result<Infallible, Stopped> {
    let strings =
        |strings: Vec<String>| -> Result<Vec<CString>, NulError> { strings.into_iter().map(CString::new).collect() };
    let program = order.command.first().filter(|program| !program.is_empty());
    let program = program.ok_or_else(|| Stopped::Execute("no program".to_owned()))?;
    let nul = |_| Stopped::Execute("an argument or variable has a NUL byte".to_owned());
    let candidates = strings(candidates(program, &order.env)).map_err(nul)?;
    let arguments = strings(order.command.clone()).map_err(nul)?;
    let variables = order.env.iter().map(|(name, value)| format!("{name}={value}"));
    let environment = strings(variables.collect()).map_err(nul)?;
    leave(order, link).map_err(Stopped::Step)?;
    let mut refusal = Errno::NOENT;
    for candidate in &candidates {
        let Err(error) = sys::execve(candidate, &arguments, &environment);
        if error != Errno::NOENT {
            refusal = error;
        }
    }
    Err(Stopped::Execute(refusal.to_string()))
}

/// The last that is done before the program takes over.
fn leave(order: &Order, link: &OwnedFd) -> Result<(), StepError> {
    let dir = order.working_dir.as_str();
    rustix::process::chdir(dir).step(format!("enter {dir}"))?;
    sys::default_signals();
    sys::close_on_exec_from_3().step("close files")?;
    if order.ahead {
        sys::keep_as(link, HANDOVER_FD).step("keep the socket")?;
    }
    if let Some(number) = log_descriptor(&order.env) {
        sys::keep_as(rustix::stdio::stdout(), number).step("open the log")?;
    }
    Ok(())
}

/// Which descriptor is to lead to the log, if one is.
fn log_descriptor(env: &[(String, String)]) -> Option<i32> {
    let (_, number) = env.iter().find(|(name, _)| name == LOG_VARIABLE)?;
    number.parse().ok().filter(|number| *number > HANDOVER_FD)
}

/// The files that `program` may mean, in the order in which they are tried.
fn candidates(program: &str, env: &[(String, String)]) -> Vec<String> {
    if program.contains('/') {
        return vec![program.to_owned()];
    }
    let path = env
        .iter()
        .find(|(name, _)| name == "PATH")
        .map_or(DEFAULT_PATH, |(_, value)| value);
    path.split(':')
        .filter(|dir| dir.starts_with('/'))
        .map(|dir| format!("{dir}/{program}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_sandbox::{Companions, ProgramStart};

    #[test]
    fn no_function_gets_its_core_read_by_a_program_of_the_host() {
        assert_eq!(core_bytes("core\n"), 10 << 30);
        assert_eq!(core_bytes("|/usr/lib/systemd/systemd-coredump %P %u\n"), 1);
    }

    #[test]
    fn a_bare_name_is_looked_for_on_the_path_of_the_environment() {
        let path = [("PATH".to_owned(), "/a:relative:/b".to_owned())];
        assert_eq!(candidates("app", &path), ["/a/app", "/b/app"]);
        assert_eq!(candidates("app", &[])[0], "/usr/local/bin/app");
        assert_eq!(candidates("./app", &[]), ["./app"]);
    }

    #[test]
    fn a_function_is_handed_over_with_its_directory_first() {
        let spec = EnvSpec {
            id: "e".into(),
            program: Program {
                command: vec![],
                mounts: vec![],
                start: ProgramStart::WithFunction,
            },
            env: vec![("A".into(), "1=2".into()), ("B".into(), String::new())],
            working_dir: "/var/task".into(),
            root: lambent_sandbox::Root::Minimal,
            mounts: vec![],
            companions: Companions::default(),
            limits: Limits {
                memory_bytes: 0,
                milli_cpus: 0,
                processes: 0,
                open_files: 0,
                tmp_bytes: 0,
            },
        };
        assert_eq!(handover(&spec), b"/var/task\0A=1=2\0B=\0");
    }
}
