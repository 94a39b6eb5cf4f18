//! The life of an environment's pid 1.
//!
//! It is made ahead of time: it prepares what every environment has, waits to be told which one it becomes, builds the rest, gives
//! up every privilege, starts the runtime process and then reaps until the server lets go of it. When it ends, the kernel ends every
//! other process of its pid namespace.

mod landlock;
mod mounts;
mod network;
mod privileges;
mod reaper;
mod runtime;
mod seccomp;

pub(crate) use self::{
    mounts::{SINGLE_MOUNT_POINTS, is_allowed_inside},
    privileges::{INSIDE_GID, INSIDE_UID},
    reaper::drain,
    seccomp::{Filter, load as load_filter},
};

use crate::{
    channel,
    protocol::{FromInit, ToInit},
    step::{Step, StepError},
    sys,
};
use lambent_sandbox::EnvSpec;
use rustix::process::Pid;
use std::{
    net::TcpListener,
    os::fd::{AsFd, OwnedFd},
};

/// What an init takes over from the starter it is forked from.
pub(crate) struct Inheritance<'a> {
    /// Leads to the starter. When it hangs up, the starter is gone.
    pub(crate) link: OwnedFd,
    /// The version 1 control groups to join.
    pub(crate) entrances: Vec<OwnedFd>,
    /// Compiled once, for all.
    pub(crate) filter: &'a Filter,
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
        entrances,
        filter,
    } = inheritance;
    let kept: Vec<_> = entrances.iter().chain([&link]).map(AsFd::as_fd).collect();
    // SAFETY: what the starter owned is not used or dropped here: `run` never returns to it.
    unsafe { sys::close_all_but(&kept) }.step("close the starter's files")?;
    let Some((ToInit::Mapped, _)) = channel::receive(&link).step("wait for the id maps")? else {
        return Ok(());
    };
    let prepared = prepare(entrances);
    let Some((ToInit::Become(spec), fds)) = channel::receive(&link).step("wait for a task")? else {
        return Ok(());
    };
    let mut fds = fds.into_iter();
    let (Some(server), Some(output)) = (fds.next(), fds.next()) else {
        return Ok(());
    };
    match prepared
        .map_err(InitError::from)
        .and_then(|ready| become_environment(&spec, ready, &output, fds, filter))
    {
        Ok(environment) => {
            drop(output);
            channel::send(&server, &FromInit::Running, &[environment.listener.as_fd()]).step("report")?;
            drop(environment.listener);
            reaper::run(&reaper::Watched {
                runtime: environment.runtime,
                children: environment.children,
                server,
                link,
            })
        }
        Err(error) => channel::send(&server, &FromInit::from(error), &[]).step("report"),
    }
}

/// What an init has before it knows its environment.
struct Prepared {
    listener: TcpListener,
    children: OwnedFd,
    rules: landlock::Rules,
}

/// What an init has once the runtime process runs.
struct Environment {
    listener: TcpListener,
    children: OwnedFd,
    runtime: Pid,
}

/// Does all that no [`EnvSpec`] is needed for.
fn prepare(entrances: Vec<OwnedFd>) -> Result<Prepared, StepError> {
    privileges::take_identity()?;
    for entrance in &entrances {
        rustix::io::write(entrance, b"0").step("join the control group")?;
    }
    drop(entrances);
    mounts::enter_root()?;
    rustix::system::sethostname(b"lambent").step("set the host name")?;
    let listener = network::listen()?;
    let children = sys::child_signals().step("watch children")?;
    let rules = landlock::Rules::prepare()?;
    privileges::close_the_way_back()?;
    Ok(Prepared {
        listener,
        children,
        rules,
    })
}

/// Does the rest, and starts the runtime process.
fn become_environment(
    spec: &EnvSpec,
    prepared: Prepared,
    output: &OwnedFd,
    detached: impl Iterator<Item = OwnedFd>,
    filter: &Filter,
) -> Result<Environment, InitError> {
    mounts::mount_tmp(spec.limits.tmp_bytes)?;
    mounts::attach(&spec.mounts, &detached.collect::<Vec<_>>())?;
    let Prepared {
        listener,
        children,
        rules,
    } = prepared;
    privileges::drop_all()?;
    rules.enforce()?;
    seccomp::load(filter)?;
    let runtime = runtime::start(spec, output)?;
    Ok(Environment {
        listener,
        children,
        runtime,
    })
}
