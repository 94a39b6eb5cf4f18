//! Everything put together: what stands on what.

use crate::{
    aws_endpoint::Inside,
    carrier::Services,
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
use lambent_events::{Courier, Dispatcher, EventQueue, Outbox};
use lambent_http::Edge;
use lambent_invoker::{Invoker, LogSink};
use lambent_metrics::{FunctionMeter, Metrics};
use lambent_relay::Reach;
use lambent_sandbox::SandboxProvider as _;
use lambent_sandbox_linux::LinuxSandbox;
use lambent_sqs::Sqs;
use lambent_store::{CodeStore, NodeId, ObjectReader, Store};
use lambent_store_sqlite::{SqliteMetrics, SqliteStore};
use lambent_types::{Clock, Ids, RandomIds, SystemClock};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::task::JoinSet;

/// Asynchronous events tried at the same time.
const PARALLEL_EVENTS: usize = 64;

/// What runs, so that it can be started and stopped.
pub(crate) struct Server {
    /// Work that makes later work faster; nobody waits for it.
    pub(crate) _chores: JoinSet<()>,
    pub(crate) sandbox: Arc<LinuxSandbox>,
    pub(crate) invoker: Invoker,
    pub(crate) control: Control,
    pub(crate) sqs: Sqs,
    pub(crate) edge: Arc<Edge>,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) courier: Courier,
    pub(crate) metrics: Metrics,
}

/// What everything stands on.
struct Ground {
    data: PathBuf,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    store: Arc<dyn Store>,
    code: Arc<dyn CodeStore>,
    meter: Arc<FunctionMeter>,
}

impl Ground {
    fn lay(data: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(data).with_context(|| format!("cannot make {}", data.display()))?;
        fs::set_permissions(data, fs::Permissions::from_mode(0o711))?;
        Ok(Self {
            data: data.to_owned(),
            clock: Arc::new(SystemClock::default()),
            ids: Arc::new(RandomIds),
            store: Arc::new(SqliteStore::open(&data.join("lambent.db"))?),
            code: Arc::new(LocalCodeStore(Artifacts::open(data.join("code"))?)),
            meter: Arc::default(),
        })
    }

    /// Who vouches for AWS's names, where they lead to this server.
    fn authority(&self, reach: &Reach) -> anyhow::Result<Option<Authority>> {
        let authority = reach
            .intercept_aws
            .then(|| Authority::open(&self.data.join("authority")));
        Ok(authority.transpose()?)
    }

    fn metrics(&self, cap: u64) -> anyhow::Result<Metrics> {
        Ok(Metrics::new(lambent_metrics::Parts {
            table: Arc::new(SqliteMetrics::open(&self.data.join("metrics.db"))?),
            clock: Arc::clone(&self.clock),
            meter: Arc::clone(&self.meter),
            cap,
        }))
    }

    async fn queues(&self) -> anyhow::Result<Sqs> {
        let parts = lambent_sqs::Parts {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
        };
        Ok(Sqs::open(parts).await?)
    }

    /// Those who try events, and those who deliver what becomes of them.
    fn workers(&self, control: &Control, queue: EventQueue, time_scale: u32) -> (Dispatcher, Courier) {
        let options = lambent_events::Options {
            // The store is this server's alone, so its name need not tell servers apart.
            node: NodeId("local".to_owned()),
            parallel: PARALLEL_EVENTS,
            time_scale,
        };
        let outbox = Outbox::new(Arc::clone(&self.store));
        let services = Services {
            control: control.clone(),
        };
        let courier = Courier::new(
            outbox.clone(),
            Arc::new(services),
            Arc::clone(&self.meter) as _,
            Arc::clone(&self.clock),
            options.clone(),
        );
        let parts = lambent_events::Parts {
            queue,
            outbox,
            runner: Arc::new(control.clone()),
            meter: Arc::clone(&self.meter) as _,
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
        };
        (Dispatcher::new(parts, options), courier)
    }
}

/// Puts a server together.
pub(crate) async fn wire(config: Config) -> anyhow::Result<Server> {
    let ground = Ground::lay(&config.data_dir)?;
    let authority = ground.authority(&config.reach)?;
    let sandbox = sandbox(config.sandbox, authority.as_ref()).await?;
    let (catalogue, compiling) = runtimes::host(&ground.data)?.compile();
    let mut chores = JoinSet::new();
    chores.spawn_blocking(compiling);
    let launcher = Arc::new(HostLauncher {
        catalogue,
        code: Arc::clone(&ground.code),
        ids: Arc::clone(&ground.ids),
        believes: authority.is_some(),
        preparing: tokio::sync::Mutex::default(),
    });
    let inside = Arc::new(Inside::default());
    let metrics = ground.metrics(config.metrics_bytes)?;
    let invoker = Invoker::new(
        lambent_invoker::Parts {
            launcher: Arc::clone(&launcher) as _,
            sandbox: Arc::clone(&sandbox) as _,
            aws_endpoint: Arc::clone(&inside) as _,
            outside: Arc::new(World::start(config.reach, Arc::clone(&inside), authority)?),
            log: log(config.function_logs)?,
            meter: Arc::clone(&ground.meter) as _,
            clock: Arc::clone(&ground.clock),
            ids: Arc::clone(&ground.ids),
        },
        config.invoker,
    );
    let events = EventQueue::new(Arc::clone(&ground.store), Arc::clone(&ground.meter) as _);
    let control = Control::new(lambent_control::Parts {
        store: Arc::clone(&ground.store),
        code: Arc::clone(&ground.code),
        objects: config.s3.map(|s3| Arc::new(s3) as Arc<dyn ObjectReader>),
        invoker: invoker.clone(),
        events: events.clone(),
        readiness: launcher,
        clock: Arc::clone(&ground.clock),
        ids: Arc::clone(&ground.ids),
        runtime_support: config.runtime_support,
        pace: config.pace,
    });
    let sqs = ground.queues().await?;
    let (dispatcher, courier) = ground.workers(&control, events, config.event_time_scale);
    let edge = Arc::new(Edge::new(lambent_http::Parts {
        control: control.clone(),
        companions: vec![Arc::new(metrics.clone()), Arc::new(sqs.clone())],
        meter: Arc::clone(&ground.meter) as _,
        code: ground.code,
        auth: config.auth,
        health: Arc::new(ServerHealth {
            invoker: invoker.clone(),
            store: ground.store,
        }),
        clock: ground.clock,
        ids: ground.ids,
    }));
    inside.leads_to(&edge);
    Ok(Server {
        _chores: chores,
        sandbox,
        invoker,
        control,
        sqs,
        edge,
        dispatcher,
        courier,
        metrics,
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

/// Isolation is real or said to be absent.
fn warn_about_gaps(sandbox: &LinuxSandbox) {
    for (primitive, guarantee) in &sandbox.enforcement().guarantees {
        if let lambent_sandbox::Guarantee::Absent { reason, .. } = guarantee {
            tracing::warn!("not enforced here: {primitive:?} ({reason}); `lambent doctor` says what to do");
        }
    }
}
