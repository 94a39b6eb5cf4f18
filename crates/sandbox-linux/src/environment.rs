//! The server's side of one environment.

use crate::{
    cgroup::{Peak, Usage},
    channel,
    link::{Started, receive},
    protocol::{Ending, FromInit, FromServer, LastWords},
};
use lambent_sandbox::{BoxFuture, Exit, SandboxControl};
use rustix::process::Signal;
use std::{
    collections::VecDeque,
    fs, io,
    net::TcpStream,
    os::fd::OwnedFd,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};
use tokio::{
    io::unix::AsyncFd,
    sync::{mpsc, oneshot},
};

/// Ends the environment when it is dropped.
pub(crate) struct Control {
    pid: i32,
    pidfd: OwnedFd,
    socket: Arc<OwnedFd>,
    usage: Usage,
    peak: Option<Peak>,
    last: Arc<OnceLock<LastWords>>,
    connecting: Arc<Connecting>,
}

/// Who waits for a socket of the environment's network: the init answers in the order in which it is asked.
#[derive(Default)]
struct Connecting(Mutex<VecDeque<oneshot::Sender<Option<OwnedFd>>>>);

impl Connecting {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<oneshot::Sender<Option<OwnedFd>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the ends of the runtime process and its companions.
pub(crate) struct Watch {
    socket: AsyncFd<Arc<OwnedFd>>,
    usage: Usage,
    ended: oneshot::Receiver<LastWords>,
    last: Arc<OnceLock<LastWords>>,
    connecting: Arc<Connecting>,
}

/// The sides of a running environment: what the invoker holds, what watches, and its output.
pub(crate) fn halves(started: Started, socket: AsyncFd<Arc<OwnedFd>>) -> (Control, Watch, OwnedFd) {
    let Started {
        pid,
        pidfd,
        output,
        usage,
        ended,
    } = started;
    let last = Arc::new(OnceLock::new());
    let connecting = Arc::new(Connecting::default());
    let control = Control {
        pid,
        pidfd,
        socket: socket.get_ref().clone(),
        usage: usage.clone(),
        peak: usage.open_peak(),
        last: last.clone(),
        connecting: connecting.clone(),
    };
    (
        control,
        Watch {
            socket,
            usage,
            ended,
            last,
            connecting,
        },
        output,
    )
}

impl Watch {
    /// Waits for the end of the runtime process, and where there are `companions` for the end of the environment. A `tell` that is
    /// dropped means that the environment was lost as a whole.
    pub(crate) async fn run(
        self,
        tell: oneshot::Sender<Exit>,
        companions: Option<mpsc::UnboundedSender<(usize, Exit)>>,
    ) {
        let mut tell = Some(tell);
        // What cannot be understood is treated as a loss: the environment is no use to anybody. The invoker may have lost interest.
        while let Ok(Some((message, fds))) = receive(&self.socket).await {
            match message {
                FromInit::Connected => {
                    let waiting = self.connecting.waiting().pop_front();
                    if let Some(waiting) = waiting {
                        let _ = waiting.send(fds.into_iter().next());
                    }
                }
                FromInit::Exited(ending) => {
                    let last = self.usage.last_words();
                    // Set here and nowhere before.
                    let _ = self.last.set(last);
                    if let Some(tell) = tell.take() {
                        let _ = tell.send(exit_of(ending, last));
                    }
                    if companions.is_none() {
                        return;
                    }
                }
                FromInit::CompanionExited(place, ending) => {
                    if let Some(companions) = &companions {
                        let _ = companions.send((place, exit_of(ending, self.usage.last_words())));
                    }
                }
                FromInit::Running { .. }
                | FromInit::InvalidEntrypoint { .. }
                | FromInit::InvalidCompanion { .. }
                | FromInit::Failed(_) => {}
            }
        }
        // The init is gone, and its control groups about to be: the starter has read them.
        let (Some(tell), Ok(last)) = (tell, self.ended.await) else {
            return;
        };
        let _ = self.last.set(last);
        if last.oom_kills > 0 {
            let _ = tell.send(Exit::OutOfMemory);
        }
    }
}

fn exit_of(ending: Ending, last: LastWords) -> Exit {
    match ending {
        Ending::Signal(libc::SIGKILL) if last.oom_kills > 0 => Exit::OutOfMemory,
        Ending::Signal(signal) => Exit::Signal(signal),
        Ending::Status(status) => Exit::Status(status),
    }
}

impl SandboxControl for Control {
    fn kill(&self) {
        self.usage.lift_processor_limit();
        // Pid 1 takes its whole pid namespace with it. One that is gone already is what is wanted.
        let _ = rustix::process::pidfd_send_signal(&self.pidfd, Signal::KILL);
    }

    fn terminate(&self) {
        // An init that does not listen any more has no runtime process to terminate.
        let _ = channel::send(&self.socket, &FromServer::Terminate, &[]);
    }

    fn kill_runtime(&self) {
        let _ = channel::send(&self.socket, &FromServer::KillRuntime, &[]);
    }

    fn freeze(&self) {
        let _ = channel::send(&self.socket, &FromServer::Freeze, &[]);
    }

    fn thaw(&self) {
        let _ = channel::send(&self.socket, &FromServer::Thaw, &[]);
    }

    fn connect(&self, port: u16) -> BoxFuture<'_, io::Result<TcpStream>> {
        let (tell, told) = oneshot::channel();
        let sent = {
            // Held while asking, so that the order of the questions is that of those who wait.
            let mut waiting = self.connecting.waiting();
            let sent = channel::send(&self.socket, &FromServer::Connect(port), &[]);
            if sent.is_ok() {
                waiting.push_back(tell);
            }
            sent
        };
        Box::pin(async move {
            sent?;
            let socket = told.await.map_err(|_| io::ErrorKind::NotConnected)?;
            socket
                .map(TcpStream::from)
                .ok_or_else(|| io::ErrorKind::ConnectionRefused.into())
        })
    }

    fn peak_memory_bytes(&self) -> Option<u64> {
        let told = self.last.get().and_then(|last| last.peak_memory_bytes);
        told.or_else(|| self.peak.as_ref()?.bytes())
            .or_else(|| sum_of_peaks(self.pid))
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The peaks of the living descendants of `init`, added up: the best that can be told without a memory controller. Pages they share
/// count several times, and processes that ended not at all.
fn sum_of_peaks(init: i32) -> Option<u64> {
    let mut sum = None;
    let mut unvisited = children(init);
    while let Some(pid) = unvisited.pop() {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        if let Some(peak) = peak_in(&status) {
            sum = Some(sum.unwrap_or(0) + peak);
        }
        unvisited.extend(children(pid));
    }
    sum
}

fn children(pid: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The highest resident size in the text of `/proc/PID/status`, in bytes.
fn peak_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_killed_process_of_an_environment_that_ran_out_is_out_of_memory() {
        let ran_out = LastWords {
            oom_kills: 1,
            peak_memory_bytes: None,
        };
        let fine = LastWords::default();
        assert_eq!(exit_of(Ending::Signal(9), ran_out), Exit::OutOfMemory);
        assert_eq!(exit_of(Ending::Signal(9), fine), Exit::Signal(9));
        assert_eq!(exit_of(Ending::Signal(15), ran_out), Exit::Signal(15));
        assert_eq!(
            exit_of(Ending::Status(1), ran_out),
            Exit::Status(1),
            "a child ran out, and the runtime handled it"
        );
    }

    #[test]
    fn a_process_says_its_peak() {
        assert_eq!(
            peak_in("Name:\tx\nVmPeak:\t 9 kB\nVmHWM:\t    1234 kB\n"),
            Some(1_263_616)
        );
        assert_eq!(peak_in("Name:\tkthread\n"), None);
    }
}
