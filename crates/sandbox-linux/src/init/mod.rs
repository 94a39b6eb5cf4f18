//! The life of an environment's pid 1.
//!
//! It is made ahead of time: it prepares what every environment has, forks the process that will be the runtime, waits to be told
//! which environment it becomes, builds the rest, gives up every privilege and then reaps until the server lets go of it. When it ends,
//! the kernel ends every other process of its pid namespace. While it waits it may be told to start the runtime's program already.

mod gate;
mod landlock;
mod mounts;
mod network;
mod privileges;
mod processes;
mod reaper;
mod runtime;
mod seccomp;

pub(crate) use self::{
    gate::try_gate,
    mounts::{SINGLE_MOUNT_POINTS, is_allowed_inside},
    privileges::{INSIDE_GID, INSIDE_UID},
    reaper::drain,
    seccomp::{Filter, load as load_filter},
};

use self::{
    processes::{HeldBack, Processes, Runtime, start_companions},
    runtime::Confinement,
};
use crate::{
    channel,
    protocol::{FromInit, ToInit},
    step::{Step, StepError},
    sys,
};
use lambent_sandbox::{EnvSpec, Program, ProgramStart, Root};
use rustix::pipe::{PipeFlags, pipe_with};
use std::os::fd::{AsFd, OwnedFd};

/// What an init takes over from the starter it is forked from.
pub(crate) struct Inheritance<'a> {
    /// Leads to the starter. When it hangs up, the starter is gone.
    pub(crate) link: OwnedFd,
    /// The write end of the environment's output.
    pub(crate) output: OwnedFd,
    /// The version 1 control groups to join.
    pub(crate) entrances: Vec<OwnedFd>,
    /// Compiled once, for all.
    pub(crate) filter: &'a Filter,
    /// Whether its network gets a gate.
    pub(crate) gate: bool,
}

/// Why an environment did not come to be.
pub(crate) enum InitError {
    /// The command cannot be executed.
    InvalidEntrypoint {
        /// The program, as seen inside.
        command: String,
        /// The kernel's word.
        reason: String,
    },
    /// The same of a companion.
    InvalidCompanion {
        /// The program, as seen inside.
        command: String,
        /// The kernel's word.
        reason: String,
    },
    /// A step failed.
    Step(StepError),
}

impl From<StepError> for InitError {
    fn from(error: StepError) -> Self {
        Self::Step(error)
    }
}

impl From<InitError> for FromInit {
    fn from(error: InitError) -> Self {
        match error {
            InitError::InvalidEntrypoint { command, reason } => Self::InvalidEntrypoint { command, reason },
            InitError::InvalidCompanion { command, reason } => Self::InvalidCompanion { command, reason },
            InitError::Step(error) => Self::Failed(error),
        }
    }
}

/// Lives as pid 1 of a new environment and never returns.
pub(crate) fn run(inheritance: Inheritance<'_>) -> ! {
    // A failure has been told to the server where there was one; the exit status says nothing to anybody.
    let _ = live(inheritance);
    sys::exit_now(0)
}

fn live(inheritance: Inheritance<'_>) -> Result<(), StepError> {
    let Inheritance {
        link,
        output,
        entrances,
        filter,
        gate,
    } = inheritance;
    let kept: Vec<_> = entrances.iter().chain([&link, &output]).map(AsFd::as_fd).collect();
    // SAFETY: what the starter owned is not used or dropped here: `run` never returns to it.
    unsafe { sys::close_all_but(&kept) }.step("close the starter's files")?;
    let Some((ToInit::Mapped, _)) = channel::receive(&link).step("wait for the id maps")? else {
        return Ok(());
    };
    let mut prepared = Prepared::make(entrances, output, filter, gate);
    let (spec, fds) = loop {
        match channel::receive(&link).step("wait for a task")? {
            Some((ToInit::StartAhead(program), mounts)) => {
                prepared = prepared.and_then(|prepared| prepared.start_ahead(&program, &mounts));
            }
            Some((ToInit::Become(spec), fds)) => break (spec, fds),
            Some((ToInit::Mapped, _)) | None => return Ok(()),
        }
    };
    let mut fds = fds.into_iter();
    let Some(server) = fds.next() else { return Ok(()) };
    let mounts: Vec<_> = fds.collect();
    let started = prepared
        .map_err(InitError::from)
        .and_then(|prepared| prepared.become_environment(spec, &mounts));
    drop(mounts);
    match started {
        Ok(Started {
            listeners,
            children,
            rules,
            processes,
            companion_output,
        }) => {
            let companion_fd = companion_output.as_ref().map(AsFd::as_fd);
            let beside: Vec<_> = listeners.fds().into_iter().chain(companion_fd).collect();
            let gate = listeners.has_gate();
            channel::send(&server, &FromInit::Running { gate }, &beside).step("report")?;
            drop((listeners, companion_output));
            // Function code may run already. Should this fail, the environment ends.
            rules.enforce()?;
            seccomp::load(filter)?;
            reaper::run(&mut reaper::Watched {
                processes,
                children,
                server,
                link,
            })
        }
        Err(error) => channel::send(&server, &FromInit::from(error), &[]).step("report"),
    }
}

/// What an init has before it knows its environment.
struct Prepared<'a> {
    listeners: network::Listeners,
    children: OwnedFd,
    rules: landlock::Rules,
    filter: &'a Filter,
    output: OwnedFd,
    runtime: Runtime,
}

/// What an init has once the runtime process runs.
struct Started {
    listeners: network::Listeners,
    children: OwnedFd,
    rules: landlock::Rules,
    processes: Processes,
    /// The read end.
    companion_output: Option<OwnedFd>,
}

impl<'a> Prepared<'a> {
    /// Does all that no [`EnvSpec`] is needed for.
    fn make(entrances: Vec<OwnedFd>, output: OwnedFd, filter: &'a Filter, gate: bool) -> Result<Self, StepError> {
        privileges::take_identity()?;
        for entrance in &entrances {
            rustix::io::write(entrance, b"0").step("join the control group")?;
        }
        drop(entrances);
        mounts::enter_root()?;
        mounts::mount_tmp()?;
        rustix::system::sethostname(b"lambent").step("set the host name")?;
        let listeners = network::Listeners::open(gate)?;
        let children = sys::child_signals().step("watch children")?;
        let rules = landlock::Rules::prepare()?;
        privileges::close_the_way_back()?;
        let waiting = runtime::Waiting::fork(&output, Confinement::Own(&rules, filter))?;
        Ok(Self {
            listeners,
            children,
            rules,
            filter,
            output,
            runtime: Runtime::Waiting(waiting),
        })
    }

    /// Starts the program before the function is known.
    fn start_ahead(self, program: &Program, detached: &[OwnedFd]) -> Result<Self, StepError> {
        let (Runtime::Waiting(waiting), ProgramStart::Ahead { env }) = (self.runtime, &program.start) else {
            return Err(StepError::new("start ahead", "it has been started"));
        };
        mounts::attach(&program.mounts, detached)?;
        Ok(Self {
            runtime: Runtime::Ahead(waiting.start_ahead(program, env)?),
            ..self
        })
    }

    /// Does the rest.
    fn become_environment(self, spec: Box<EnvSpec>, detached: &[OwnedFd]) -> Result<Started, InitError> {
        mounts::size_tmp(spec.limits.tmp_bytes)?;
        let this = match (&spec.root, detached.last()) {
            (Root::Image(_), Some(root)) => self.move_into(root)?,
            (Root::Minimal | Root::Image(_), _) => self.attach(&spec, detached)?,
        };
        this.start(spec)
    }

    fn attach(self, spec: &EnvSpec, detached: &[OwnedFd]) -> Result<Self, StepError> {
        match &self.runtime {
            Runtime::Waiting(_) => mounts::attach(&[&*spec.program.mounts, &*spec.mounts].concat(), detached)?,
            Runtime::Ahead(_) => mounts::attach(&spec.mounts, detached)?,
        }
        Ok(self)
    }

    /// Makes an image the root. Rules name files of one root: the process that waits under those of the other is let go.
    fn move_into(self, image: &OwnedFd) -> Result<Self, StepError> {
        mounts::change_root(image)?;
        let rules = landlock::Rules::prepare()?;
        let waiting = runtime::Waiting::fork(&self.output, Confinement::Own(&rules, self.filter))?;
        Ok(Self {
            rules,
            runtime: Runtime::Waiting(waiting),
            ..self
        })
    }

    /// Lets the companions or else the runtime process run.
    fn start(self, spec: Box<EnvSpec>) -> Result<Started, InitError> {
        // Function code never runs beside a process of its environment that may do more than it.
        privileges::drop_all()?;
        let confinement = Confinement::Own(&self.rules, self.filter);
        let mut processes = Processes {
            runtime: None,
            held_back: None,
            companions: Vec::new(),
            output: self.output,
            companion_output: None,
        };
        let mut companion_output = None;
        if spec.companions.programs.is_empty() {
            processes.runtime = Some(self.runtime.start(&spec, &processes.output, confinement)?);
        } else {
            let (read, write) = pipe_with(PipeFlags::CLOEXEC).step("make the companions' pipe")?;
            processes.companions = start_companions(&spec, &write, confinement)?;
            processes.held_back = Some(HeldBack {
                runtime: self.runtime,
                spec,
            });
            (companion_output, processes.companion_output) = (Some(read), Some(write));
        }
        Ok(Started {
            listeners: self.listeners,
            children: self.children,
            rules: self.rules,
            processes,
            companion_output,
        })
    }
}
