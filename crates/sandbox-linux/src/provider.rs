//! [`LinuxSandbox`]: the contract, kept by one starter at a time.

use crate::{
    channel,
    environment::{self, Told, Watch},
    link::{Link, OpenError, receive},
    protocol::{FromInit, Ticket},
    step::StepError,
    sys,
};
use lambent_sandbox::{
    BoxFuture, Enforcement, EnvSpec, Gate, Processes, Program, Sandbox, SandboxProvider, StartError,
};
use rustix::io::Errno;
use std::{
    fs, io,
    net::{TcpListener, UdpSocket},
    os::fd::OwnedFd,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use tokio::{io::unix::AsyncFd, task::JoinSet};

/// What the operator chooses.
#[derive(Clone, Debug)]
pub struct Options {
    /// A directory for this adapter alone, on a local file system. Made when it is missing.
    pub state_dir: PathBuf,
    /// How many inits wait, ready to become an environment. Each takes about 0.3 MiB and makes one start of a burst faster.
    pub spares: usize,
    /// How many programs wait that were started ahead ([`ProgramStart::Ahead`](lambent_sandbox::ProgramStart)): of those that were asked
    /// for in the last minutes, the latest first. Each takes what its interpreter takes, 8 MiB for Python and 40 MiB for Node.js.
    pub ahead: usize,
    /// Whether environments have a [`Gate`], where the host allows it.
    pub gate: bool,
    /// A file with a certificate that environments find at [`AUTHORITY_FILE`](lambent_sandbox::AUTHORITY_FILE), and with the host's own
    /// at [`AUTHORITIES_FILE`](lambent_sandbox::AUTHORITIES_FILE).
    pub authority: Option<PathBuf>,
}

impl Options {
    /// Few spares, for few starts at a time.
    #[must_use]
    pub fn new(state_dir: impl Into<PathBuf>) -> Self {
        Self {
            state_dir: state_dir.into(),
            spares: 2,
            ahead: 4,
            gate: true,
            authority: None,
        }
    }
}

/// Makes environments out of Linux primitives. Dropping it ends them all.
pub struct LinuxSandbox {
    inner: Arc<Inner>,
    enforcement: Enforcement,
}

struct Inner {
    options: Options,
    tickets: AtomicU64,
    current: tokio::sync::Mutex<Current>,
    tasks: Mutex<JoinSet<()>>,
}

/// The starter in use.
struct Current {
    link: Arc<Link>,
    /// Whether it started an environment yet.
    served: Arc<AtomicBool>,
}

impl LinuxSandbox {
    /// Starts the starter, which removes what an earlier one of the same directory may have left, and measures what holds.
    ///
    /// Succeeds on hosts that cannot make environments, too: [`SandboxProvider::enforcement`] says so, and so does every start. To be
    /// called within a tokio runtime with I/O.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn new(options: Options) -> Result<Self, OpenError> {
        fs::create_dir_all(&options.state_dir)?;
        let options = Options {
            state_dir: options.state_dir.canonicalize()?,
            ..options
        };
        let (link, enforcement) = Link::open(&options).await?;
        let inner = Arc::new_cyclic(|inner| {
            let mut tasks = JoinSet::new();
            let current = Current::serve(link, inner.clone(), &mut tasks);
            Inner {
                options,
                tickets: AtomicU64::new(0),
                current: tokio::sync::Mutex::new(current),
                tasks: Mutex::new(tasks),
            }
        });
        Ok(Self { inner, enforcement })
    }

    /// Ends every environment and returns when their processes and control groups are gone.
    pub async fn close(&self) {
        let current = self.inner.current.lock().await;
        // This starter is meant to end, and wants no successor.
        current.served.store(false, Ordering::Relaxed);
        current.link.close();
        current.link.gone().await;
    }
}

impl SandboxProvider for LinuxSandbox {
    fn start(&self, spec: EnvSpec) -> BoxFuture<'_, Result<Sandbox, StartError>> {
        Box::pin(self.inner.start(spec))
    }

    fn expect(&self, program: &Program) {
        // While a starter is being replaced there is nobody to tell.
        if let Ok(current) = self.inner.current.try_lock() {
            current.link.expect(program);
        }
    }

    fn enforcement(&self) -> &Enforcement {
        &self.enforcement
    }
}

impl Current {
    /// Lets a task serve `link`. When the starter is gone, another one takes its place, also to clean up after it; but not when it
    /// never started anything, since its successor would fare no better.
    fn serve(link: Link, inner: Weak<Inner>, tasks: &mut JoinSet<()>) -> Self {
        let (link, served) = (Arc::new(link), Arc::new(AtomicBool::new(false)));
        let current = Self {
            link: link.clone(),
            served: served.clone(),
        };
        tasks.spawn(async move {
            link.run().await;
            if let Some(inner) = inner.upgrade().filter(|_| served.load(Ordering::Relaxed)) {
                // The next start tries again and reports the error.
                let _ = inner.starter().await;
            }
        });
        current
    }
}

impl Inner {
    /// The starter in use; a new one when it is gone.
    async fn starter(self: &Arc<Self>) -> Result<(Arc<Link>, Arc<AtomicBool>), StartError> {
        let mut current = self.current.lock().await;
        if !current.link.is_alive() {
            let opened = Link::open(&self.options).await;
            let (link, _) = opened.map_err(|error| setup("replace the environment starter", &error))?;
            *current = Current::serve(link, Arc::downgrade(self), &mut self.tasks());
        }
        Ok((current.link.clone(), current.served.clone()))
    }

    async fn start(self: &Arc<Self>, spec: EnvSpec) -> Result<Sandbox, StartError> {
        let (link, served) = self.starter().await?;
        let (socket, inits_socket) = channel::pair().map_err(|error| setup("make a socket pair", &error))?;
        let blocks_not = |fd: &OwnedFd| {
            rustix::io::ioctl_fionbio(fd, true)
                .map_err(|error| setup("make the environment's descriptors non-blocking", &error))
        };
        blocks_not(&socket)?;
        let ticket = Ticket(self.tickets.fetch_add(1, Ordering::Relaxed));
        let started = link.request(ticket, spec, inits_socket).await?;
        blocks_not(&started.output)?;
        let socket = sys::watch(Arc::new(socket)).map_err(|error| setup("watch the environment", &error))?;
        let Inside {
            listeners: [runtime_api, aws_endpoint],
            trace_daemon,
            gate,
            companion_output,
        } = running(&socket).await?;
        if let Some(output) = &companion_output {
            blocks_not(output)?;
        }
        served.store(true, Ordering::Relaxed);
        let (control, watch, output) = environment::halves(started, socket);
        let Processes {
            exited,
            companion_exits,
        } = self.watch(watch);
        Ok(Sandbox {
            runtime_api,
            aws_endpoint,
            trace_daemon,
            gate,
            output,
            companion_output,
            exited,
            companion_exits,
            control: Arc::new(control),
        })
    }

    fn watch(&self, watch: Watch) -> Processes {
        let (told, processes) = Told::new(0);
        let mut tasks = self.tasks();
        // Tasks of environments that ended are let go of here, so that the set does not grow.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(watch.run(told));
        processes
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was opened inside.
struct Inside {
    listeners: [TcpListener; 2],
    trace_daemon: UdpSocket,
    gate: Option<Gate>,
    companion_output: Option<OwnedFd>,
}

/// Waits until the init says that the runtime process runs.
async fn running(socket: &AsyncFd<Arc<OwnedFd>>) -> Result<Inside, StartError> {
    let message = receive(socket)
        .await
        .map_err(|error| setup("listen to the init", &error))?;
    match message {
        Some((FromInit::Running { gate }, fds)) => {
            let mut fds = fds.into_iter();
            let mut next = || fds.next().ok_or_else(|| setup("listen to the init", &Errno::BADF));
            let listeners = [next()?.into(), next()?.into()];
            let trace_daemon = next()?.into();
            let gate = if gate {
                Some(Gate {
                    listener: next()?.into(),
                    reports: next()?,
                    injector: next()?,
                })
            } else {
                None
            };
            Ok(Inside {
                listeners,
                trace_daemon,
                gate,
                companion_output: fds.next(),
            })
        }
        Some((FromInit::InvalidEntrypoint { command, reason }, _)) => {
            Err(StartError::InvalidEntrypoint { command, reason })
        }
        Some((FromInit::InvalidCompanion { command, reason }, _)) => {
            Err(StartError::InvalidCompanion { command, reason })
        }
        Some((FromInit::Failed(StepError { step, reason }), _)) => Err(StartError::Setup { step, reason }),
        Some((FromInit::Exited(_) | FromInit::CompanionExited(..) | FromInit::Connected | FromInit::Emptied, _))
        | None => {
            let reason = io::Error::other("the init ended before the runtime process ran");
            Err(setup("start the runtime process", &reason))
        }
    }
}

fn setup(step: &str, reason: &dyn std::fmt::Display) -> StartError {
    StartError::Setup {
        step: step.to_owned(),
        reason: reason.to_string(),
    }
}
