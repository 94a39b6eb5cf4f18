//! The server's side of a starter: the process, the socket to it, and who waits for which answer.

use crate::{
    cgroup::LastWords,
    channel::{self, Received},
    protocol::{FromStarter, Ticket, ToStarter},
    provider::Options,
    starter::STARTER_ARGUMENT,
    step::StepError,
    sys,
};
use lambent_sandbox::{Enforcement, EnvSpec, Program, StartError};
use rustix::net::Shutdown;
use serde::de::DeserializeOwned;
use std::{
    collections::HashMap,
    fs, io,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
        unix::process::CommandExt,
    },
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::{
    io::unix::AsyncFd,
    sync::{oneshot, watch},
};

/// Why there is no starter.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The process could not be started, or its directory not be made.
    #[error("cannot start the environment starter: {0}")]
    Io(#[from] io::Error),
    /// It ended, or said something else, before it was ready. The usual reason: the program does not call
    /// [`crate::run_starter_if_asked`] first thing.
    #[error("the environment starter did not become ready")]
    NotReady,
}

/// What the starter answers to a request it could serve.
pub(crate) struct Started {
    /// The init's process id.
    pub(crate) pid: i32,
    /// Refers to the init.
    pub(crate) pidfd: OwnedFd,
    /// The read end of its output.
    pub(crate) output: OwnedFd,
    /// Where to read what the environment used.
    pub(crate) usage: crate::cgroup::Usage,
    /// Told when every process of the environment is gone; dropped when the starter is.
    pub(crate) ended: oneshot::Receiver<LastWords>,
}

type Answer = Result<(i32, [OwnedFd; 2], crate::cgroup::Usage), StepError>;

/// Who waits for what.
#[derive(Default)]
struct Waiting {
    started: HashMap<Ticket, oneshot::Sender<Answer>>,
    ended: HashMap<Ticket, oneshot::Sender<LastWords>>,
}

/// A running starter.
pub(crate) struct Link {
    socket: AsyncFd<OwnedFd>,
    child: Mutex<Child>,
    /// `None` once the starter is gone.
    waiting: Mutex<Option<Waiting>>,
    gone: watch::Sender<bool>,
}

/// Tries what this host enforces, in a process that ends right after. Takes a few milliseconds and blocks for them.
///
/// # Errors
/// [`OpenError`] when the process that tries could not be started.
pub fn probe() -> Result<Enforcement, OpenError> {
    let dir = std::env::temp_dir().join(format!("lambent-probe-{}", std::process::id()));
    fs::create_dir_all(&dir)?;
    let measured = spawn(
        &dir,
        &Options {
            spares: 0,
            ahead: 0,
            ..Options::new(&dir)
        },
    )
    .and_then(|(socket, mut child)| {
        let ready = channel::receive(&socket);
        drop(socket);
        child.wait()?;
        enforcement_of(ready?)
    });
    fs::remove_dir_all(&dir)?;
    measured
}

/// Starts a starter with its end of a socket pair as standard input.
fn spawn(state_dir: &Path, options: &Options) -> Result<(OwnedFd, Child), OpenError> {
    let (ours, theirs) = channel::pair().map_err(io::Error::from)?;
    let child = Command::new("/proc/self/exe")
        .arg0("lambent")
        .arg(STARTER_ARGUMENT)
        .arg(state_dir)
        .arg(options.spares.to_string())
        .arg(options.ahead.to_string())
        .arg(u8::from(options.gate).to_string())
        .args(&options.authority)
        .env_clear()
        .current_dir("/")
        .process_group(0)
        .stdin(theirs)
        .stdout(Stdio::null())
        .spawn()?;
    Ok((ours, child))
}

fn enforcement_of(ready: Option<Received<FromStarter>>) -> Result<Enforcement, OpenError> {
    match ready {
        Some((FromStarter::Ready(enforcement), _)) => Ok(enforcement),
        _ => Err(OpenError::NotReady),
    }
}

impl Link {
    /// Starts a starter and waits until it is ready.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(crate) async fn open(options: &Options) -> Result<(Self, Enforcement), OpenError> {
        let (socket, child) = spawn(&options.state_dir, options)?;
        rustix::io::ioctl_fionbio(&socket, true).map_err(io::Error::from)?;
        let socket = sys::watch(socket)?;
        let link = Self {
            socket,
            child: Mutex::new(child),
            waiting: Mutex::new(Some(Waiting::default())),
            gone: watch::Sender::new(false),
        };
        let enforcement = enforcement_of(receive(&link.socket).await?)?;
        Ok((link, enforcement))
    }

    /// Whether the starter still answers.
    pub(crate) fn is_alive(&self) -> bool {
        self.waiting().is_some()
    }

    /// Asks for an environment. `socket`: the init's end of the environment's socket.
    ///
    /// # Errors
    /// [`StartError::Setup`] and [`StartError::StarterGone`].
    pub(crate) async fn request(&self, ticket: Ticket, spec: EnvSpec, socket: OwnedFd) -> Result<Started, StartError> {
        let (started, answer) = oneshot::channel();
        let (tell_ended, ended) = oneshot::channel();
        {
            let mut waiting = self.waiting();
            let waiting = waiting.as_mut().ok_or(StartError::StarterGone)?;
            waiting.started.insert(ticket, started);
            waiting.ended.insert(ticket, tell_ended);
        }
        let spec = Box::new(spec);
        let start = ToStarter::Start { ticket, spec };
        if let Err(error) = self.send(&start, &[socket.as_fd()]).await {
            self.forget(ticket);
            let gone = matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset);
            let step = "ask the environment starter".to_owned();
            return Err(if gone {
                StartError::StarterGone
            } else {
                StartError::Setup {
                    step,
                    reason: error.to_string(),
                }
            });
        }
        drop(socket);
        match answer.await {
            Ok(Ok((pid, [pidfd, output], usage))) => Ok(Started {
                pid,
                pidfd,
                output,
                usage,
                ended,
            }),
            Ok(Err(StepError { step, reason })) => Err(StartError::Setup { step, reason }),
            Err(_) => Err(StartError::StarterGone),
        }
    }

    /// Tells the starter what may be wanted soon, unless it has much to read.
    pub(crate) fn expect(&self, program: &Program) {
        let hint = ToStarter::Expect(Box::new(program.clone()));
        // One that is lost costs a slower start.
        let _ = channel::send(self.socket.get_ref(), &hint, &[]);
    }

    /// Hands out the starter's answers until it is gone, and reaps it.
    pub(crate) async fn run(&self) {
        while let Ok(Some((message, fds))) = receive(&self.socket).await {
            self.hand_out(message, fds);
        }
        *self.waiting() = None;
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        // Its socket hangs up when it ends, so this waits for a moment only. Should it have said something unintelligible instead,
        // it is of no use any more.
        let _ = child.kill();
        let _ = child.wait();
        self.gone.send_replace(true);
    }

    /// Returns once [`Link::run`] has reaped the starter.
    pub(crate) async fn gone(&self) {
        // Cannot fail: the sender lives in `self`.
        let _ = self.gone.subscribe().wait_for(|gone| *gone).await;
    }

    /// Lets the starter end all environments, clean up and end.
    pub(crate) fn close(&self) {
        // A starter that is gone already has nothing to be told.
        let _ = rustix::net::shutdown(self.socket.get_ref(), Shutdown::Write);
    }

    fn hand_out(&self, message: FromStarter, fds: Vec<OwnedFd>) {
        let mut waiting = self.waiting();
        let Some(waiting) = waiting.as_mut() else { return };
        // Whoever stopped waiting is not told; dropping the descriptor and the socket ends the environment.
        match message {
            FromStarter::Started { ticket, pid, usage } => {
                if let (Some(waiter), Ok(fds)) = (waiting.started.remove(&ticket), fds.try_into()) {
                    let _ = waiter.send(Ok((pid, fds, usage)));
                }
            }
            FromStarter::Refused { ticket, error } => {
                waiting.ended.remove(&ticket);
                if let Some(waiter) = waiting.started.remove(&ticket) {
                    let _ = waiter.send(Err(error));
                }
            }
            FromStarter::Ended { ticket, last } => {
                if let Some(waiter) = waiting.ended.remove(&ticket) {
                    let _ = waiter.send(last);
                }
            }
            FromStarter::Ready(_) => {}
        }
    }

    fn forget(&self, ticket: Ticket) {
        if let Some(waiting) = self.waiting().as_mut() {
            waiting.started.remove(&ticket);
            waiting.ended.remove(&ticket);
        }
    }

    async fn send(&self, message: &ToStarter, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        loop {
            let mut ready = self.socket.writable().await?;
            if let Ok(result) = ready.try_io(|socket| channel::send(socket.get_ref(), message, fds)) {
                return result;
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Option<Waiting>> {
        // Nothing can panic while the lock is held.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Receives the next message of a non-blocking socket.
pub(crate) async fn receive<T: DeserializeOwned>(
    socket: &AsyncFd<impl AsRawFd + AsFd>,
) -> io::Result<Option<Received<T>>> {
    loop {
        let mut ready = socket.readable().await?;
        if let Ok(result) = ready.try_io(|socket| channel::receive(socket.get_ref())) {
            return result;
        }
    }
}
