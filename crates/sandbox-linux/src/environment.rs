//! The server's side of one environment.

use crate::{
    cgroup::{LastWords, Peak, Usage},
    channel,
    link::{Started, receive},
    protocol::{Ending, FromInit, FromServer},
    step::StepError,
};
use lambent_sandbox::{BoxFuture, EnvSpec, Exit, Processes, SandboxControl, StartError};
use rustix::process::Signal;
use std::{
    collections::VecDeque,
    fs, io,
    net::TcpStream,
    os::fd::OwnedFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
    shared: Arc<Shared>,
}

/// What the two sides of the server's side have in common.
#[derive(Default)]
struct Shared {
    /// What the environment had used when it was looked at last, after the end of a runtime process or of all.
    last: Mutex<LastWords>,
    asked: Mutex<Asked>,
}

/// Who waits for which answer of the init.
#[derive(Default)]
struct Asked {
    /// It answers in the order in which it is asked.
    sockets: VecDeque<oneshot::Sender<Option<OwnedFd>>>,
    emptied: Option<oneshot::Sender<Processes>>,
    started: Option<oneshot::Sender<Result<(), StartError>>>,
}

impl Shared {
    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last(&self) -> MutexGuard<'_, LastWords> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the ends of the runtime process and its companions.
pub(crate) struct Watch {
    socket: AsyncFd<Arc<OwnedFd>>,
    usage: Usage,
    ended: oneshot::Receiver<LastWords>,
    shared: Arc<Shared>,
}

/// Who is told of the ends of processes.
pub(crate) struct Told {
    runtime: Option<oneshot::Sender<Exit>>,
    companions: mpsc::UnboundedSender<(usize, Exit)>,
    /// How many processes the kernel had ended for want of memory before these started.
    oom_kills_before: u64,
}

impl Told {
    /// For processes that are about to start, and the receiving side of it.
    pub(crate) fn new(oom_kills_before: u64) -> (Self, Processes) {
        let (runtime, exited) = oneshot::channel();
        let (companions, companion_exits) = mpsc::unbounded_channel();
        let told = Self {
            runtime: Some(runtime),
            companions,
            oom_kills_before,
        };
        (
            told,
            Processes {
                exited,
                companion_exits,
            },
        )
    }

    fn ran_out(&self, last: LastWords) -> bool {
        last.oom_kills > self.oom_kills_before
    }
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
    let shared = Arc::new(Shared::default());
    let control = Control {
        pid,
        pidfd,
        socket: socket.get_ref().clone(),
        usage: usage.clone(),
        peak: usage.open_peak(),
        shared: shared.clone(),
    };
    (
        control,
        Watch {
            socket,
            usage,
            ended,
            shared,
        },
        output,
    )
}

impl Watch {
    /// Passes on what the init says until the environment ends. A sender that is dropped means that it was lost as a whole.
    pub(crate) async fn run(self, mut told: Told) {
        // What cannot be understood is treated as a loss: the environment is no use to anybody. The invoker may have lost interest.
        while let Ok(Some((message, fds))) = receive(&self.socket).await {
            self.take(message, fds, &mut told);
        }
        *self.shared.asked() = Asked::default();
        // The init is gone, and its control groups about to be: the starter has read them.
        let Ok(last) = self.ended.await else { return };
        *self.shared.last() = last;
        if let Some(tell) = told.runtime.take_if(|_| last.oom_kills > told.oom_kills_before) {
            let _ = tell.send(Exit::OutOfMemory);
        }
    }

    fn take(&self, message: FromInit, fds: Vec<OwnedFd>, told: &mut Told) {
        match message {
            FromInit::Connected => {
                let waiting = self.shared.asked().sockets.pop_front();
                if let Some(waiting) = waiting {
                    let _ = waiting.send(fds.into_iter().next());
                }
            }
            FromInit::Exited(ending) => {
                let last = self.usage.last_words();
                *self.shared.last() = last;
                if let Some(tell) = told.runtime.take() {
                    let _ = tell.send(exit_of(ending, told.ran_out(last)));
                }
            }
            FromInit::CompanionExited(place, ending) => {
                let exit = exit_of(ending, told.ran_out(self.usage.last_words()));
                let _ = told.companions.send((place, exit));
            }
            FromInit::Emptied => {
                let (next, processes) = Told::new(self.usage.oom_kills());
                *told = next;
                if let Some(waiting) = self.shared.asked().emptied.take() {
                    let _ = waiting.send(processes);
                }
            }
            FromInit::Running { .. } => self.started(Ok(())),
            FromInit::InvalidEntrypoint { command, reason } => {
                self.started(Err(StartError::InvalidEntrypoint { command, reason }));
            }
            FromInit::InvalidCompanion { command, reason } => {
                self.started(Err(StartError::InvalidCompanion { command, reason }));
            }
            FromInit::Failed(StepError { step, reason }) => self.started(Err(StartError::Setup { step, reason })),
        }
    }

    fn started(&self, result: Result<(), StartError>) {
        if let Some(waiting) = self.shared.asked().started.take() {
            let _ = waiting.send(result);
        }
    }
}

fn exit_of(ending: Ending, ran_out: bool) -> Exit {
    match ending {
        Ending::Signal(libc::SIGKILL) if ran_out => Exit::OutOfMemory,
        Ending::Signal(signal) => Exit::Signal(signal),
        Ending::Status(status) => Exit::Status(status),
    }
}

impl Control {
    /// Asks the init for processes; resolves when they run.
    fn ask_to_start(&self, request: &FromServer) -> impl Future<Output = Result<(), StartError>> + use<> {
        let (tell, told) = oneshot::channel();
        self.shared.asked().started = Some(tell);
        let sent = channel::send(&self.socket, request, &[]);
        async move {
            let lost = |reason: String| StartError::Setup {
                step: "start processes".to_owned(),
                reason,
            };
            sent.map_err(|error| lost(error.to_string()))?;
            told.await.map_err(|_| lost("the environment has ended".to_owned()))?
        }
    }
}

impl SandboxControl for Control {
    fn kill(&self) {
        self.usage.lift_processor_limit();
        // Pid 1 takes its whole pid namespace with it. One that is gone already is what is wanted.
        let _ = rustix::process::pidfd_send_signal(&self.pidfd, Signal::KILL);
    }

    fn empty(&self) -> BoxFuture<'_, io::Result<Processes>> {
        self.usage.lift_processor_limit();
        let (tell, told) = oneshot::channel();
        self.shared.asked().emptied = Some(tell);
        let sent = channel::send(&self.socket, &FromServer::Empty, &[]);
        Box::pin(async move {
            sent?;
            told.await.map_err(|_| io::ErrorKind::NotConnected.into())
        })
    }

    fn restart(&self, spec: EnvSpec) -> BoxFuture<'_, Result<(), StartError>> {
        let milli_cpus = spec.limits.milli_cpus;
        let started = self.ask_to_start(&FromServer::Restart(Box::new(spec)));
        Box::pin(async move {
            started.await?;
            self.usage.limit_processor(milli_cpus);
            Ok(())
        })
    }

    fn begin(&self) -> BoxFuture<'_, Result<(), StartError>> {
        let started = self.ask_to_start(&FromServer::Begin);
        Box::pin(started)
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
            let mut asked = self.shared.asked();
            let sent = channel::send(&self.socket, &FromServer::Connect(port), &[]);
            if sent.is_ok() {
                asked.sockets.push_back(tell);
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
        let now = self.peak.as_ref().and_then(Peak::bytes);
        now.or_else(|| self.shared.last().peak_memory_bytes)
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
        let (told, _processes) = Told::new(1);
        let words = |oom_kills| LastWords {
            oom_kills,
            peak_memory_bytes: None,
        };
        assert_eq!((told.ran_out(words(1)), told.ran_out(words(2))), (false, true));
        assert_eq!(exit_of(Ending::Signal(9), true), Exit::OutOfMemory);
        assert_eq!(exit_of(Ending::Signal(9), false), Exit::Signal(9));
        assert_eq!(exit_of(Ending::Signal(15), true), Exit::Signal(15));
        assert_eq!(
            exit_of(Ending::Status(1), true),
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
