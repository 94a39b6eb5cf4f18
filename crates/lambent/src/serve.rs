//! `lambent serve`: everything wired together, started, and stopped in order.

use crate::{
    aws_endpoint::Inside,
    config::Config,
    function_log::{Printed, Silent},
    health::ServerHealth,
    launcher::HostLauncher,
    outside::World,
    runtimes,
};
use anyhow::Context as _;
use lambent_artifacts::{Artifacts, LocalCodeStore};
use lambent_authority::Authority;
use lambent_control::Control;
use lambent_events::{Dispatcher, EventQueue};
use lambent_http::Edge;
use lambent_invoker::{Invoker, LogSink};
use lambent_sandbox::SandboxProvider as _;
use lambent_sandbox_linux::LinuxSandbox;
use lambent_store::{CodeStore, NodeId, ObjectReader, Store};
use lambent_store_sqlite::SqliteStore;
use lambent_types::{Clock, Ids, RandomIds, SystemClock};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{fs, io::IsTerminal as _, os::unix::fs::PermissionsExt as _, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// Asynchronous events tried at the same time.
const PARALLEL_EVENTS: usize = 64;
/// How often environments are looked after: idle ones end, provisioned ones are replaced.
const SWEEP: Duration = Duration::from_secs(1);

/// Runs a server until it is told to stop.
pub(crate) fn run(config: Config) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(filter())
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    if let Err(error) = open_files() {
        tracing::warn!(%error, "the limit on open files could not be raised");
    }
    let mut builder = if config.threads == 1 {
        tokio::runtime::Builder::new_current_thread()
    } else {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(config.threads);
        builder
    };
    let runtime = builder.enable_all().build().context("cannot start the runtime")?;
    let outcome = runtime.block_on(serve(config));
    // Blocking work that is left, such as unpacking for a client that has gone, does not hold up the end.
    runtime.shutdown_background();
    outcome
}

/// Lets the server open as many files as it may. The usual soft limit of 1,024 is for programs that call `select`; an environment takes
/// eight.
fn open_files() -> rustix::io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    )
}

fn filter() -> tracing_subscriber::EnvFilter {
    tracing_subscriber::EnvFilter::try_from_env("LAMBENT_LOG").unwrap_or_else(|_| "info".into())
}

/// What runs, so that it can be stopped.
struct Server {
    /// Work that makes later work faster; nobody waits for it.
    _chores: JoinSet<()>,
    sandbox: Arc<LinuxSandbox>,
    invoker: Invoker,
    control: Control,
    edge: Arc<Edge>,
    dispatcher: Dispatcher,
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let (listen, drain) = (config.listen, config.drain);
    let server = wire(config).await?;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    server
        .control
        .recover()
        .await
        .map_err(|refusal| anyhow::anyhow!("cannot recover: {refusal:?}"))?;
    let address = listener.local_addr()?;

    let stop = CancellationToken::new();
    let (edge_stop, events_stop) = (stop.child_token(), stop.child_token());
    let mut tasks = JoinSet::new();
    tasks.spawn(lambent_http::serve(
        listener,
        Arc::clone(&server.edge),
        edge_stop.clone(),
    ));
    let mut events = JoinSet::new();
    events.spawn(server.dispatcher.run(events_stop.clone()));
    let mut sweeper = JoinSet::new();
    let sweeping = server.invoker.clone();
    sweeper.spawn(async move {
        loop {
            tokio::time::sleep(SWEEP).await;
            sweeping.tend();
        }
    });
    tracing::info!("lambent listening on http://{address}");

    signals.next().await;
    tracing::info!("stopping: running invocations finish first; a second signal stops at once");
    // In this order: nothing new comes in; what runs finishes; then environments end; then what they stand on.
    let ordered = async {
        edge_stop.cancel();
        events_stop.cancel();
        tasks.join_all().await;
        events.join_all().await;
        server.invoker.shut_down().await;
        sweeper.shutdown().await;
        server.control.shut_down().await;
        // Everything that held it has ended with it; what is left is this.
        server.sandbox.close().await;
    };
    tokio::select! {
        () = ordered => tracing::info!("stopped"),
        () = tokio::time::sleep(drain) => tracing::warn!("invocations did not finish in time and are broken off"),
        () = signals.next() => tracing::warn!("stopped at once"),
    }
    Ok(())
}

async fn wire(config: Config) -> anyhow::Result<Server> {
    let data = &config.data_dir;
    fs::create_dir_all(data).with_context(|| format!("cannot make {}", data.display()))?;
    fs::set_permissions(data, fs::Permissions::from_mode(0o711))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let ids: Arc<dyn Ids> = Arc::new(RandomIds);
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&data.join("lambent.db"))?);
    let code: Arc<dyn CodeStore> = Arc::new(LocalCodeStore(Artifacts::open(data.join("code"))?));
    let intercepting = config.reach.intercept_aws;
    let authority = intercepting.then(|| Authority::open(&data.join("authority")));
    let authority = authority.transpose()?;
    let sandbox = sandbox(config.sandbox, authority.as_ref()).await?;

    let (catalogue, compiling) = runtimes::host(data)?.compile();
    let mut chores = JoinSet::new();
    chores.spawn_blocking(compiling);
    let launcher = Arc::new(HostLauncher {
        catalogue,
        code: Arc::clone(&code),
        ids: Arc::clone(&ids),
        believes: authority.is_some(),
    });
    let inside = Arc::new(Inside::default());
    let invoker = Invoker::new(
        lambent_invoker::Parts {
            launcher: Arc::clone(&launcher) as _,
            sandbox: Arc::clone(&sandbox) as _,
            aws_endpoint: Arc::clone(&inside) as _,
            outside: Arc::new(
                World::start(config.reach, Arc::clone(&inside), authority).context("cannot start the network")?,
            ),
            log: log(config.function_logs)?,
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
        },
        config.invoker,
    );
    let events = EventQueue::new(Arc::clone(&store));
    let control = Control::new(lambent_control::Parts {
        store: Arc::clone(&store),
        code: Arc::clone(&code),
        objects: config.s3.map(|s3| Arc::new(s3) as Arc<dyn ObjectReader>),
        invoker: invoker.clone(),
        events: events.clone(),
        readiness: launcher,
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
        runtime_support: config.runtime_support,
        pace: config.pace,
    });
    let dispatcher = Dispatcher::new(
        events,
        Arc::new(control.clone()),
        Arc::clone(&clock),
        event_options(config.event_time_scale),
    );
    let health = Arc::new(ServerHealth {
        invoker: invoker.clone(),
        store,
    });
    let edge = Arc::new(Edge::new(lambent_http::Parts {
        control: control.clone(),
        code,
        auth: config.auth,
        health,
        clock,
        ids,
    }));
    inside.leads_to(&edge);
    Ok(Server {
        _chores: chores,
        sandbox,
        invoker,
        control,
        edge,
        dispatcher,
    })
}

/// Makes environments, which believe the authority if there is one.
async fn sandbox(
    options: lambent_sandbox_linux::Options,
    authority: Option<&Authority>,
) -> anyhow::Result<Arc<LinuxSandbox>> {
    let sandbox = LinuxSandbox::new(lambent_sandbox_linux::Options {
        authority: authority.map(|authority| authority.certificate_file().to_owned()),
        ..options
    });
    let sandbox = Arc::new(sandbox.await?);
    warn_about_gaps(&sandbox);
    Ok(sandbox)
}

/// Where the functions' logs go.
fn log(printed: bool) -> anyhow::Result<Arc<dyn LogSink>> {
    Ok(if printed {
        Arc::new(Printed::start()?)
    } else {
        Arc::new(Silent)
    })
}

fn event_options(time_scale: u32) -> lambent_events::Options {
    lambent_events::Options {
        // The store is this server's alone, so its name need not tell servers apart.
        node: NodeId("local".to_owned()),
        parallel: PARALLEL_EVENTS,
        time_scale,
    }
}

/// Isolation is real or said to be absent.
fn warn_about_gaps(sandbox: &LinuxSandbox) {
    for (primitive, guarantee) in &sandbox.enforcement().guarantees {
        if let lambent_sandbox::Guarantee::Absent { reason, .. } = guarantee {
            tracing::warn!("not enforced here: {primitive:?} ({reason}); `lambent doctor` says what to do");
        }
    }
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
