//! The way of a debugger into an environment: a port of the host leads to the one at which the debugger listens inside.

use anyhow::Context as _;
use lambent_sandbox::{
    BoxFuture, Enforcement, EnvSpec, Processes, Program, Sandbox, SandboxControl, SandboxProvider, StartError,
};
use std::{
    io,
    net::{Ipv4Addr, TcpStream as StdTcpStream},
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// How often a debugger that does not listen yet is tried again.
const RETRY: Duration = Duration::from_millis(50);
/// Connections at a time; a debugger needs one or two.
const MOST_CONNECTIONS: usize = 32;

/// Makes environments, and knows the latest one of the function that is debugged.
pub(crate) struct DebuggedSandbox {
    sandbox: Arc<dyn SandboxProvider>,
    function: String,
    latest: watch::Sender<Weak<Awake>>,
}

/// An environment that is not frozen: a debugger in it has something to say at any time.
struct Awake(Arc<dyn SandboxControl>);

impl DebuggedSandbox {
    /// The environments are those of `sandbox`.
    pub(crate) fn new(sandbox: Arc<dyn SandboxProvider>, function: String) -> Self {
        Self {
            sandbox,
            function,
            latest: watch::Sender::new(Weak::new()),
        }
    }

    /// Lets a port of the host lead to a port of the latest environment. A connection that comes before there is one waits for it.
    ///
    /// # Errors
    /// When the host's port cannot be listened on.
    pub(crate) async fn forward(
        self: Arc<Self>,
        from: u16,
        to: u16,
    ) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, from))
            .await
            .with_context(|| format!("cannot listen for a debugger on port {from}"))?;
        Ok(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    Some(_) = connections.join_next() => {}
                    accepted = listener.accept() => match accepted {
                        Ok((outside, _)) if connections.len() < MOST_CONNECTIONS => {
                            connections.spawn(lead(outside, self.latest.subscribe(), to));
                        }
                        Ok(_) => {}
                        Err(_) => tokio::time::sleep(RETRY).await,
                    },
                }
            }
        })
    }
}

/// Leads one connection inside, for as long as both sides want it.
async fn lead(mut outside: TcpStream, mut latest: watch::Receiver<Weak<Awake>>, port: u16) {
    let connected = async {
        loop {
            let known = latest.borrow_and_update().upgrade();
            if let Some(environment) = known
                && let Ok(inside) = connect(&environment, port).await
            {
                return inside;
            }
            // Whichever comes first: a new environment, or the time at which the debugger may have begun to listen.
            let _ = tokio::time::timeout(RETRY, latest.changed()).await;
        }
    };
    let mut first = [0];
    tokio::select! {
        mut inside = connected => {
            let _ = inside.set_nodelay(true);
            let _ = outside.set_nodelay(true);
            // It ends when either does; nobody is interested in how.
            let _ = copy_bidirectional(&mut outside, &mut inside).await;
        }
        // A client that has gone waits for nothing.
        () = gone(&outside, &mut first) => {}
    }
}

/// Resolves when the other side has hung up before it said anything.
async fn gone(stream: &TcpStream, first: &mut [u8]) {
    if stream.peek(first).await.is_ok_and(|count| count > 0) {
        std::future::pending::<()>().await;
    }
}

async fn connect(environment: &Awake, port: u16) -> io::Result<TcpStream> {
    let stream: StdTcpStream = environment.0.connect(port).await?;
    let stream = TcpStream::from_std(stream)?;
    stream.writable().await?;
    match stream.take_error()? {
        Some(error) => Err(error),
        None => Ok(stream),
    }
}

impl SandboxProvider for DebuggedSandbox {
    fn start(&self, spec: EnvSpec) -> BoxFuture<'_, Result<Sandbox, StartError>> {
        let is_debugged =
            |(name, value): &(String, String)| name == "AWS_LAMBDA_FUNCTION_NAME" && *value == self.function;
        let debugged = spec.env.iter().any(is_debugged);
        Box::pin(async move {
            let sandbox = self.sandbox.start(spec).await?;
            if !debugged {
                return Ok(sandbox);
            }
            let control = Arc::new(Awake(sandbox.control));
            self.latest.send_replace(Arc::downgrade(&control));
            Ok(Sandbox { control, ..sandbox })
        })
    }

    fn expect(&self, program: &Program) {
        self.sandbox.expect(program);
    }

    fn enforcement(&self) -> &Enforcement {
        self.sandbox.enforcement()
    }
}

impl SandboxControl for Awake {
    fn kill(&self) {
        self.0.kill();
    }

    fn empty(&self) -> BoxFuture<'_, io::Result<Processes>> {
        self.0.empty()
    }

    fn restart(&self, spec: EnvSpec) -> BoxFuture<'_, Result<(), StartError>> {
        self.0.restart(spec)
    }

    fn begin(&self) -> BoxFuture<'_, Result<(), StartError>> {
        self.0.begin()
    }

    fn terminate(&self) {
        self.0.terminate();
    }

    fn kill_runtime(&self) {
        self.0.kill_runtime();
    }

    fn freeze(&self) {}

    fn thaw(&self) {}

    fn connect(&self, port: u16) -> BoxFuture<'_, io::Result<StdTcpStream>> {
        self.0.connect(port)
    }

    fn peak_memory_bytes(&self) -> Option<u64> {
        self.0.peak_memory_bytes()
    }
}
