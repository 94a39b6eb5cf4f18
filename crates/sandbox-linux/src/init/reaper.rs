//! What is left for pid 1 to do once the runtime process runs: reap, report, pass SIGTERM on, freeze and thaw, and end with the server's
//! interest.
//!
//! Stop signals freeze: pid 1 alone can send one to every other process of its namespace at once, none can refuse it, it needs no
//! control group, and going on takes microseconds. A process that is forked meanwhile is stopped with its parent.

use super::network;
use crate::{
    channel,
    protocol::{Ending, FromInit, FromServer},
    step::{Step, StepError},
    sys,
};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, wait},
};
use std::os::fd::{AsFd, OwnedFd};

/// What the init watches.
pub(super) struct Watched {
    /// The runtime process.
    pub(super) runtime: Pid,
    /// What runs beside it.
    pub(super) companions: Vec<Pid>,
    /// Readable when a child ended.
    pub(super) children: OwnedFd,
    /// The environment's socket.
    pub(super) server: OwnedFd,
    /// The starter's socket.
    pub(super) link: OwnedFd,
}

/// Returns when server or starter have let go of the environment.
pub(super) fn run(watched: &Watched) -> Result<(), StepError> {
    let mut runs = true;
    loop {
        let mut fds = [
            PollFd::new(&watched.server, PollFlags::IN),
            PollFd::new(&watched.children, PollFlags::IN),
            PollFd::new(&watched.link, PollFlags::IN),
        ];
        match poll(&mut fds, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(StepError::new("wait", error)),
        }
        let [server, children, link] = fds.map(|fd| !fd.revents().is_empty());
        if children {
            drain(&watched.children);
            for ended in reap(watched) {
                runs &= !matches!(ended, FromInit::Exited(_));
                channel::send(&watched.server, &ended, &[]).step("report")?;
            }
        }
        if server {
            match channel::receive(&watched.server).step("listen to the server")? {
                // Its process id may be another's once it is reaped.
                Some((FromServer::Terminate, _)) if runs => {
                    kill_process(watched.runtime, Signal::TERM).step("terminate")?;
                }
                Some((FromServer::KillRuntime, _)) if runs => {
                    kill_process(watched.runtime, Signal::KILL).step("kill the runtime process")?;
                }
                Some((FromServer::Terminate | FromServer::KillRuntime, _)) => {}
                Some((FromServer::Connect(port), _)) => {
                    // Whoever asked sees that there is no socket, and tries again.
                    let socket = network::connect(port).ok();
                    let beside: Vec<_> = socket.iter().map(AsFd::as_fd).collect();
                    channel::send(&watched.server, &FromInit::Connected, &beside).step("hand a socket over")?;
                }
                Some((FromServer::Freeze, _)) => signal_all(Signal::STOP)?,
                Some((FromServer::Thaw, _)) => signal_all(Signal::CONT)?,
                None => return Ok(()),
            }
        }
        if link {
            // The starter has nothing more to say: this is its end.
            return Ok(());
        }
    }
}

/// Sends a signal to every process of this pid namespace but this one.
fn signal_all(signal: Signal) -> Result<(), StepError> {
    match sys::kill_all_others(signal) {
        // There is no other process any more.
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(StepError::new("signal every process", error)),
    }
}

/// Empties the signal descriptor; one entry may stand for several children.
pub(crate) fn drain(signals: &OwnedFd) {
    let mut buffer = [0; 1_024];
    while rustix::io::read(signals, &mut buffer).is_ok_and(|read| read > 0) {}
}

/// Reaps every child that ended; says how the runtime process and its companions did, if they are among them.
fn reap(watched: &Watched) -> Vec<FromInit> {
    let mut ended = Vec::new();
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        let Some(ending) = ending_of(status) else { continue };
        if pid == watched.runtime {
            ended.push(FromInit::Exited(ending));
        } else if let Some(place) = watched.companions.iter().position(|companion| *companion == pid) {
            ended.push(FromInit::CompanionExited(place, ending));
        }
    }
    ended
}

fn ending_of(status: WaitStatus) -> Option<Ending> {
    status
        .exit_status()
        .map(Ending::Status)
        .or_else(|| status.terminating_signal().map(Ending::Signal))
}
