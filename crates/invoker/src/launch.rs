//! What the invoker needs from others to start an environment and to keep its log.

use lambent_sandbox::{BoxFuture, EnvSpec, Gate, Program};
use lambent_types::{FunctionKey, FunctionRecord};
use std::{
    any::Any,
    io,
    net::TcpListener,
    task::{Context, Poll},
    time::Duration,
};

/// Turns a function version into the parts of an environment: code, interpreter, variables, limits.
pub trait Launcher: Send + Sync + 'static {
    /// Prepares one environment named `id`, whose log goes to `stream`, and which is started for this reason.
    fn prepare<'a>(
        &'a self,
        function: &'a FunctionRecord,
        id: &'a str,
        stream: &'a LogStream,
        initialization: Initialization,
    ) -> BoxFuture<'a, Result<Launch, LaunchError>>;

    /// The program of a function's environments, where it can be started before they are.
    fn program(&self, function: &FunctionRecord) -> Option<Program>;
}

/// Why an environment is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initialization {
    /// An invocation waits for it.
    OnDemand,
    /// It is kept ready.
    Provisioned,
}

/// A prepared environment.
pub struct Launch {
    /// What to start.
    pub spec: EnvSpec,
    /// Held as long as the environment lives: its code.
    pub held: Box<dyn Any + Send + Sync>,
    /// Whether the function's time is limited.
    pub patience: Patience,
    /// Lines for the head of the environment's log: the runtime's version, a substituted interpreter.
    pub notes: Vec<String>,
}

/// Whether the time of initialisation and of invocations is limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patience {
    /// By AWS's ten seconds and the function's timeout.
    #[default]
    AsConfigured,
    /// Not at all: somebody looks into the function with a debugger.
    Suspended,
}

impl Patience {
    /// Longer than anybody stands at a breakpoint.
    const NO_LIMIT: Duration = Duration::from_secs(24 * 3_600);

    /// The limit in place of the configured one.
    pub(crate) const fn limit(self, configured: Duration) -> Duration {
        match self {
            Self::AsConfigured => configured,
            Self::Suspended => Self::NO_LIMIT,
        }
    }
}

/// Serves AWS's APIs to functions.
pub trait AwsEndpoint: Send + Sync + 'static {
    /// Serves `listener`, which is non-blocking and which only an environment of `function` reaches. The environment drops the future
    /// when it ends. Most functions never connect, so one that waits for a connection should hold next to nothing.
    ///
    /// # Errors
    /// The kernel's, when the listener cannot be watched.
    fn serve(&self, listener: TcpListener, function: &FunctionRecord) -> io::Result<BoxFuture<'static, ()>>;
}

/// Carries what environments say to the world outside, and hear from it.
pub trait Outside: Send + Sync + 'static {
    /// Stands at the `gate` of an environment of `function`. The environment drops the future when it ends, and with it all that passes
    /// through. Most functions never look outside, so one that waits should hold next to nothing.
    fn stand_at(&self, gate: Gate, function: &FunctionRecord) -> BoxFuture<'static, ()>;
}

/// Why an environment cannot be prepared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LaunchError {
    /// The package has no program to run.
    #[error("{0}")]
    InvalidEntrypoint(String),
    /// The directory in which the program is to start is none.
    #[error("{0}")]
    InvalidWorkingDir(String),
    /// The runtime has no interpreter on this host.
    #[error("{0}")]
    RuntimeUnavailable(String),
    /// There are more extensions than a function may have.
    #[error("ErrTooManyExtensions")]
    TooManyExtensions,
    /// The code could not be read.
    #[error("{0}")]
    Code(String),
}

/// Where an environment's log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStream {
    /// Whose log it is.
    pub function: FunctionKey,
    /// `/aws/lambda/<name>` or the configured group.
    pub group: String,
    /// `YYYY/MM/DD/[version]id`.
    pub stream: String,
    /// The ARN of the function's execution role, which has to allow that its log is written.
    pub role: String,
}

/// Where logs go.
pub trait LogSink: Send + Sync + 'static {
    /// The way in for the log of one environment.
    fn open<'a>(&'a self, stream: &'a LogStream) -> BoxFuture<'a, Box<dyn LogWriter>>;
}

/// Takes the log of one environment. Called from the environment's own task: it must not block.
pub trait LogWriter: Send + Sync + 'static {
    /// One event, without its line end.
    fn event(&mut self, event: &[u8]);

    /// Ready when more can be taken. While it is pending the environment's output is not read, so that a function that writes faster than
    /// its log is kept waits, and no other does.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}
