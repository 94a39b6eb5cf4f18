//! What is left for pid 1 to do once the runtime process runs: reap, report, pass SIGTERM on, freeze and thaw, start the processes again
//! after a failure, and end with the server's interest.
//!
//! Stop signals freeze: pid 1 alone can send one to every other process of its namespace at once, none can refuse it, it needs no
//! control group, and going on takes microseconds. A process that is forked meanwhile is stopped with its parent.

use super::{InitError, network, processes::Processes};
use crate::{
    channel,
    protocol::{Ending, FromInit, FromServer},
    step::{Step, StepError},
    sys,
};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::{Signal, WaitOptions, WaitStatus, kill_process, wait},
};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// What the init watches.
pub(super) struct Watched {
    /// Those whose ends are told.
    pub(super) processes: Processes,
    /// Readable when a child ended.
    pub(super) children: OwnedFd,
    /// The environment's socket.
    pub(super) server: OwnedFd,
    /// The starter's socket.
    pub(super) link: OwnedFd,
}

/// Returns when server or starter have let go of the environment.
pub(super) fn run(watched: &mut Watched) -> Result<(), StepError> {
    // Whether the server waits for the last process to be gone.
    let mut emptying = false;
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
            reap(watched)?;
        }
        if server {
            match channel::receive(&watched.server).step("listen to the server")? {
                Some((request, _)) => {
                    emptying |= matches!(request, FromServer::Empty);
                    obey(watched, request)?;
                }
                None => return Ok(()),
            }
        }
        if emptying && reap(watched)? == Left::Nobody {
            emptying = false;
            watched.tell(&FromInit::Emptied, &[])?;
        }
        if link {
            // The starter has nothing more to say: this is its end.
            return Ok(());
        }
    }
}

fn obey(watched: &mut Watched, request: FromServer) -> Result<(), StepError> {
    match request {
        FromServer::Terminate => watched.signal_runtime(Signal::TERM),
        FromServer::KillRuntime => watched.signal_runtime(Signal::KILL),
        FromServer::Empty => signal_all(Signal::KILL),
        FromServer::Freeze => signal_all(Signal::STOP),
        FromServer::Thaw => signal_all(Signal::CONT),
        FromServer::Restart(spec) => {
            let restarted = watched.processes.restart(*spec);
            watched.tell_start(restarted)
        }
        FromServer::Begin => {
            let begun = watched.processes.begin();
            watched.tell_start(begun)
        }
        FromServer::Connect(port) => {
            // Whoever asked sees that there is no socket, and tries again.
            let socket = network::connect(port).ok();
            let beside: Vec<_> = socket.iter().map(AsFd::as_fd).collect();
            watched.tell(&FromInit::Connected, &beside)
        }
    }
}

impl Watched {
    fn tell(&self, message: &FromInit, beside: &[BorrowedFd<'_>]) -> Result<(), StepError> {
        channel::send(&self.server, message, beside).step("report")
    }

    fn tell_start(&self, started: Result<(), InitError>) -> Result<(), StepError> {
        let message = started.map_or_else(FromInit::from, |()| FromInit::Running { gate: false });
        self.tell(&message, &[])
    }

    /// Does nothing once the runtime process has ended.
    fn signal_runtime(&self, signal: Signal) -> Result<(), StepError> {
        self.processes
            .runtime
            .map_or(Ok(()), |runtime| kill_process(runtime, signal))
            .step("signal the runtime process")
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

/// Who is left in the environment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    Somebody,
    Nobody,
}

/// Reaps every child that ended, and tells how the runtime process and its companions did. A process whose parent ended is a child of
/// this one, so without children there is nobody.
fn reap(watched: &mut Watched) -> Result<Left, StepError> {
    loop {
        let (pid, status) = match wait(WaitOptions::NOHANG) {
            Ok(Some(ended)) => ended,
            Err(Errno::CHILD) => return Ok(Left::Nobody),
            Ok(None) | Err(_) => return Ok(Left::Somebody),
        };
        let Some(ending) = ending_of(status) else { continue };
        let Processes {
            runtime, companions, ..
        } = &mut watched.processes;
        if *runtime == Some(pid) {
            *runtime = None;
            watched.tell(&FromInit::Exited(ending), &[])?;
        } else if let Some(place) = companions.iter().position(|companion| *companion == pid) {
            watched.tell(&FromInit::CompanionExited(place, ending), &[])?;
        }
    }
}

fn ending_of(status: WaitStatus) -> Option<Ending> {
    status
        .exit_status()
        .map(Ending::Status)
        .or_else(|| status.terminating_signal().map(Ending::Signal))
}
