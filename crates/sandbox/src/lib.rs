//! What an execution environment is: the contract between the invoker, which decides when one starts and ends, and the adapter that
//! makes one out of a kernel's primitives.
//!
//! An adapter starts a process from an [`EnvSpec`] in its own namespaces, opens two listeners *inside* the environment's network, for the
//! Runtime API and for AWS's APIs, and hands back a [`Sandbox`]. It speaks neither nor knows what a function is.

mod enforcement;
mod gate;
mod spec;

pub use enforcement::{Enforcement, Guarantee, Primitive};
pub use gate::{
    AUTHORITIES_FILE, AUTHORITY_FILE, AWS_ADDRESS, ENVIRONMENT_ADDRESS, Gate, HOST_ADDRESS, HOST_NAME, RESOLVER_ADDRESS,
};
pub use spec::{BindMount, Companions, EnvSpec, HANDOVER_VARIABLE, LOG_VARIABLE, Limits, Program, ProgramStart, Root};

use std::{
    future::Future,
    io,
    net::{TcpListener, TcpStream},
    os::fd::OwnedFd,
    pin::Pin,
    sync::Arc,
};
use tokio::sync::{mpsc, oneshot};

/// A future in a box: starting an environment is rare enough for one allocation.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Makes execution environments.
pub trait SandboxProvider: Send + Sync + 'static {
    /// Starts the processes of `spec` and returns once the runtime process has been started (not once it is initialised); where there are
    /// companions, once these have been, and nothing of the function runs before [`SandboxControl::begin`].
    ///
    /// # Errors
    /// [`StartError`] when no process runs: nothing is left behind.
    fn start(&self, spec: EnvSpec) -> BoxFuture<'_, Result<Sandbox, StartError>>;

    /// An environment with this program may be wanted soon: one that can be started ahead may be. A hint, which costs the caller nothing.
    fn expect(&self, program: &Program);

    /// What this host lets the adapter enforce.
    fn enforcement(&self) -> &Enforcement;
}

/// A started environment. Dropping [`Sandbox::control`]'s last handle kills it.
pub struct Sandbox {
    /// Listens on 127.0.0.1:9001 inside the environment's network: the Runtime API is served here. Non-blocking.
    pub runtime_api: TcpListener,
    /// Listens on 127.0.0.1:4566 inside the environment's network: there the function's SDKs reach AWS's APIs. Non-blocking.
    pub aws_endpoint: TcpListener,
    /// The way out of the environment's network; `None` where there is none.
    pub gate: Option<Gate>,
    /// The read end of the pipe behind stdout and stderr of the runtime. Non-blocking.
    pub output: OwnedFd,
    /// Told once, when the runtime process has ended. A dropped sender means that the environment was lost as a whole.
    pub exited: oneshot::Receiver<Exit>,
    /// The same for the companions together; `None` where there are none.
    pub companion_output: Option<OwnedFd>,
    /// Told of each companion that ended while the environment lives, by its place among [`Companions::programs`].
    pub companion_exits: mpsc::UnboundedReceiver<(usize, Exit)>,
    /// Looks into the environment and ends it.
    pub control: Arc<dyn SandboxControl>,
}

/// Tells how the processes end that run in an environment whose earlier ones are gone.
pub struct Processes {
    /// As [`Sandbox::exited`].
    pub exited: oneshot::Receiver<Exit>,
    /// As [`Sandbox::companion_exits`].
    pub companion_exits: mpsc::UnboundedReceiver<(usize, Exit)>,
}

/// What can be done to a running environment. Every call is cheap and does not wait for the environment.
pub trait SandboxControl: Send + Sync {
    /// Kills every process of the environment at once. Its memory, mounts and control groups are gone soon after.
    fn kill(&self);

    /// Kills every process of the environment at once, and leaves the environment: its `/tmp`, its network, its outputs. Resolves when they
    /// are gone: nothing that is heard from inside afterwards comes from them. It resolves with what will tell of those that
    /// [`SandboxControl::restart`] starts.
    ///
    /// # Errors
    /// The environment is lost.
    fn empty(&self) -> BoxFuture<'_, io::Result<Processes>>;

    /// Starts the processes of `spec`, as [`SandboxProvider::start`] does, in an environment that is empty. Its mounts and limits stay what
    /// they are.
    ///
    /// # Errors
    /// [`StartError`] when not all of them run: the environment is of no use any more.
    fn restart(&self, spec: EnvSpec) -> BoxFuture<'_, Result<(), StartError>>;

    /// Starts the runtime process of an environment whose companions have been started.
    ///
    /// # Errors
    /// [`StartError`] when it does not run: the environment is of no use any more.
    fn begin(&self) -> BoxFuture<'_, Result<(), StartError>>;

    /// Asks the runtime process to end (SIGTERM).
    fn terminate(&self);

    /// Ends the runtime process alone (SIGKILL), and leaves its companions.
    fn kill_runtime(&self);

    /// Stops every process of the environment where it is: nothing runs, no timer fires, until [`SandboxControl::thaw`]. It can be
    /// killed meanwhile.
    fn freeze(&self);

    /// Lets the processes of a frozen environment run on. One that is not frozen does not notice.
    fn thaw(&self);

    /// Connects to a port of the environment's own loopback. The stream is non-blocking, and may still be connecting.
    fn connect(&self, port: u16) -> BoxFuture<'_, io::Result<TcpStream>>;

    /// The most memory the environment ever held, in bytes; `None` where the host cannot tell.
    fn peak_memory_bytes(&self) -> Option<u64>;
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It exited by itself with this status.
    Status(i32),
    /// A signal of this number ended it.
    Signal(i32),
    /// The kernel ended it because the environment's memory was used up.
    OutOfMemory,
}

/// Why an environment could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The command does not exist or cannot be executed.
    #[error("cannot execute {command}: {reason}")]
    InvalidEntrypoint {
        /// The program, as seen inside.
        command: String,
        /// The kernel's word.
        reason: String,
    },
    /// A companion does not exist or cannot be executed.
    #[error("cannot execute {command}: {reason}")]
    InvalidCompanion {
        /// The program, as seen inside.
        command: String,
        /// The kernel's word.
        reason: String,
    },
    /// A step of building the environment failed.
    #[error("{step}: {reason}")]
    Setup {
        /// Which step.
        step: String,
        /// The kernel's word.
        reason: String,
    },
    /// The process that starts environments is gone; it is being replaced.
    #[error("the environment starter is not running")]
    StarterGone,
}
