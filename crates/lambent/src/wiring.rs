//! Everything put together: what stands on what.

use crate::{
    aws_endpoint::Inside,
    carrier::Services,
    config::Config,
    dev::Session,
    function_log::{FunctionLog, Printed},
    health::ServerHealth,
    launcher::HostLauncher,
    outside::World,
    runtimes, secret,
    telemetry::{ServerTelemetry, Tally},
    trace_daemon::Daemon,
};
use anyhow::Context as _;
use lambent_artifacts::{Artifacts, LocalCodeStore};
use lambent_authority::Authority;
use lambent_control::Control;
use lambent_eventbridge::Events;
use lambent_events::{Courier, Dispatcher, EventQueue, Outbox};
use lambent_http::{Auth, Edge, Exposition};
use lambent_iam::Iam;
use lambent_images::Images;
use lambent_invoker::Invoker;
use lambent_log_store_files::FileLogs;
use lambent_logs::Logs;
use lambent_metrics::{FunctionMeter, Metrics};
use lambent_relay::Reach;
use lambent_sandbox::SandboxProvider;
use lambent_sandbox_linux::LinuxSandbox;
use lambent_sns::{Sns, Web};
use lambent_sources::{Board, Desk, Queues, Remote, Sources};
use lambent_sqs::Sqs;
use lambent_store::{CodeStore, ImageStore, NodeId, ObjectStore, Store};
use lambent_store_sqlite::{Commits, SqliteMetrics, SqliteStore, SqliteTraces};
use lambent_sts::{LongTermKeys, SessionKeys, Sts};
use lambent_types::{Clock, Ids, Meter, RandomIds, SystemClock};
use lambent_wire::service::Api;
use lambent_xray::XRayService;
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
    pub(crate) logs: Logs,
    pub(crate) kept_logs: Arc<FileLogs>,
    pub(crate) sqs: Sqs,
    pub(crate) edge: Arc<Edge>,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) courier: Courier,
    pub(crate) sources: Sources,
    pub(crate) buses: Events,
    pub(crate) metrics: Metrics,
    pub(crate) xray: XRayService,
    pub(crate) telemetry: Arc<ServerTelemetry>,
}

/// What everything stands on.
struct Ground {
    data: PathBuf,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    store: Arc<dyn Store>,
    commits: Arc<Commits>,
    code: Arc<dyn CodeStore>,
    images: Option<Arc<dyn ImageStore>>,
    /// What CloudWatch counts of functions.
    functions: Arc<FunctionMeter>,
    /// What is counted of the whole server, which passes on to the other.
    tally: Arc<Tally>,
    session_keys: Arc<SessionKeys>,
}

impl Ground {
    fn lay(data: &Path, images: Option<lambent_images::Options>, session: Option<&Session>) -> anyhow::Result<Self> {
        fs::create_dir_all(data).with_context(|| format!("cannot make {}", data.display()))?;
        fs::set_permissions(data, fs::Permissions::from_mode(0o711))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let store = SqliteStore::open(&data.join("lambent.db"), Arc::clone(&clock))?;
        let functions: Arc<FunctionMeter> = Arc::default();
        let ids: Arc<dyn Ids> = Arc::new(RandomIds);
        let code: Arc<dyn CodeStore> = Arc::new(LocalCodeStore(Artifacts::open(data.join("code"))?));
        Ok(Self {
            data: data.to_owned(),
            clock,
            session_keys: Arc::new(secret::open(data, ids.as_ref())?),
            ids,
            commits: store.commits(),
            store: Arc::new(store),
            code: session.map_or_else(|| Arc::clone(&code), |session| session.over(Arc::clone(&code))),
            tally: Arc::new(Tally::new(Arc::clone(&functions) as _)),
            functions,
            images: images.map(|options| open_images(data, options)).transpose()?,
        })
    }

    fn meter(&self) -> Arc<dyn Meter> {
        Arc::clone(&self.tally) as _
    }

    /// Who vouches for AWS's names, where they lead to this server.
    fn authority(&self, reach: &Reach) -> anyhow::Result<Option<Authority>> {
        let authority = reach
            .intercept_aws
            .then(|| Authority::open(&self.data.join("authority")));
        Ok(authority.transpose()?)
    }

    /// Who prepares environments, and the work that makes that faster.
    fn launcher(&self, believes: bool, session: Option<&Session>) -> anyhow::Result<(Arc<HostLauncher>, JoinSet<()>)> {
        let (catalogue, bootstraps, compiling) = runtimes::host(&self.data)?.compile();
        let mut chores = JoinSet::new();
        chores.spawn_blocking(compiling);
        let launcher = HostLauncher {
            catalogue,
            bootstraps,
            code: Arc::clone(&self.code),
            images: self.images.clone(),
            ids: Arc::clone(&self.ids),
            believes,
            preparing: tokio::sync::Mutex::default(),
            debugging: session.and_then(Session::debugging),
        };
        Ok((Arc::new(launcher), chores))
    }

    fn metrics(&self, cap: u64) -> anyhow::Result<Metrics> {
        Ok(Metrics::new(lambent_metrics::Parts {
            table: Arc::new(SqliteMetrics::open(&self.data.join("metrics.db"))?),
            clock: Arc::clone(&self.clock),
            meter: Arc::clone(&self.functions),
            cap,
        }))
    }

    fn traces(&self, cap: u64) -> anyhow::Result<XRayService> {
        Ok(XRayService::new(lambent_xray::Parts {
            table: Arc::new(SqliteTraces::open(&self.data.join("traces.db"))?),
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            cap,
        }))
    }

    /// The logs in the data directory, which nobody else may read: functions write secrets into them.
    fn kept_logs(&self, options: lambent_log_store_files::Options) -> anyhow::Result<Arc<FileLogs>> {
        let folder = self.data.join("logs");
        let opened = FileLogs::open(&folder, options, Arc::clone(&self.clock));
        let logs = opened.with_context(|| format!("cannot open the logs in {}", folder.display()))?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        Ok(Arc::new(logs))
    }

    /// Where functions' logs go.
    fn function_log(&self, kept: &Arc<FileLogs>, metrics: &Metrics, printed: bool) -> anyhow::Result<Arc<FunctionLog>> {
        Ok(Arc::new(FunctionLog {
            store: Arc::clone(kept) as _,
            clock: Arc::clone(&self.clock),
            metrics: metrics.clone(),
            roles: self.roles(),
            printed: printed.then(Printed::start).transpose()?.map(Arc::new),
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

    fn topics(&self, outbox: &Outbox) -> Sns {
        Sns::new(lambent_sns::Parts {
            store: Arc::clone(&self.store),
            outbox: outbox.clone(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
        })
    }

    fn roles(&self) -> Iam {
        Iam::new(lambent_iam::Parts {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
        })
    }

    fn identities(&self, iam: &Iam, auth: &Auth) -> Sts {
        Sts::new(lambent_sts::Parts {
            iam: iam.clone(),
            keys: Arc::clone(&self.session_keys),
            long_term: match auth {
                Auth::Verify(_, credentials) => LongTermKeys::Configured(credentials.accounts().collect()),
                Auth::AcceptAny | Auth::Function(_) => LongTermKeys::Any,
            },
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
        })
    }

    fn buses(&self, outbox: &Outbox, time_scale: u32) -> Events {
        Events::new(lambent_eventbridge::Parts {
            store: Arc::clone(&self.store),
            outbox: outbox.clone(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            time_scale,
        })
    }

    fn sources(&self, control: &Control, queues: Arc<dyn Queues>) -> Sources {
        Sources {
            functions: Arc::new(control.clone()),
            queues,
            board: control.sources.board.clone(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
        }
    }

    /// What the server tells of itself.
    fn telemetry(&self, invoker: &Invoker, logs: &Arc<FileLogs>, sqs: &Sqs) -> Arc<ServerTelemetry> {
        Arc::new(ServerTelemetry {
            tally: Arc::clone(&self.tally),
            traffic: Arc::default(),
            invoker: invoker.clone(),
            store: Arc::clone(&self.store),
            commits: Arc::clone(&self.commits),
            logs: Arc::clone(logs),
            sqs: sqs.clone(),
            started: self.clock.now(),
        })
    }

    fn edge(
        self,
        control: &Control,
        telemetry: &Arc<ServerTelemetry>,
        companions: Vec<Arc<dyn Api>>,
        (auth, token): (Auth, Option<String>),
    ) -> Arc<Edge> {
        Arc::new(Edge::new(lambent_http::Parts {
            control: control.clone(),
            companions,
            exposition: Exposition {
                telemetry: Arc::clone(telemetry) as _,
                token,
            },
            traffic: Arc::clone(&telemetry.traffic),
            meter: self.meter(),
            code: self.code,
            auth,
            keys: self.session_keys,
            health: Arc::new(ServerHealth(Arc::clone(telemetry))),
            clock: self.clock,
            ids: self.ids,
        }))
    }

    /// What deliveries go to.
    fn services(
        &self,
        control: &Control,
        outbox: &Outbox,
        sqs: &Sqs,
        objects: Option<Arc<dyn ObjectStore>>,
        time_scale: u32,
    ) -> Services {
        Services {
            control: control.clone(),
            events: self.buses(outbox, time_scale),
            sns: self.topics(outbox),
            sqs: sqs.clone(),
            web: Web::default(),
            objects,
            clock: Arc::clone(&self.clock),
        }
    }

    /// The services beside Lambda itself.
    fn companions(&self, services: &Services, logs: &Logs, metrics: &Metrics, auth: &Auth) -> Vec<Arc<dyn Api>> {
        let iam = self.roles();
        vec![
            Arc::new(services.events.clone()),
            Arc::new(self.identities(&iam, auth)),
            Arc::new(iam),
            Arc::new(logs.clone()),
            Arc::new(metrics.clone()),
            Arc::new(services.sns.clone()),
            Arc::new(services.sqs.clone()),
        ]
    }

    /// Those who try events, and those who deliver what becomes of them.
    fn workers(&self, services: Services, queue: EventQueue, outbox: Outbox, time_scale: u32) -> (Dispatcher, Courier) {
        let options = lambent_events::Options {
            // The store is this server's alone, so its name need not tell servers apart.
            node: NodeId("local".to_owned()),
            parallel: PARALLEL_EVENTS,
            time_scale,
        };
        let runner = Arc::new(services.control.clone());
        let courier = Courier::new(
            outbox.clone(),
            Arc::new(services),
            self.meter(),
            Arc::clone(&self.clock),
            options.clone(),
        );
        let parts = lambent_events::Parts {
            queue,
            outbox,
            runner,
            meter: self.meter(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
        };
        (Dispatcher::new(parts, options), courier)
    }
}

/// The images in the data directory. Nobody else needs to look into them.
fn open_images(data: &Path, options: lambent_images::Options) -> anyhow::Result<Arc<dyn ImageStore>> {
    let folder = data.join("images");
    let images = Images::open(folder.clone(), options).context("the images cannot be had")?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    Ok(Arc::new(images))
}

/// Puts a server together.
pub(crate) async fn wire(config: Config, session: Option<&Session>) -> anyhow::Result<Server> {
    let ground = Ground::lay(&config.data_dir, config.images, session)?;
    let authority = ground.authority(&config.reach)?;
    let sandbox = sandbox(config.sandbox, authority.as_ref()).await?;
    let (launcher, mut chores) = ground.launcher(authority.is_some(), session)?;
    let inside = Arc::new(Inside::default());
    let kept_logs = ground.kept_logs(config.logs)?;
    let metrics = ground.metrics(config.metrics_bytes)?;
    let xray = ground.traces(config.trace_bytes)?;
    let invoker = Invoker::new(
        lambent_invoker::Parts {
            launcher: Arc::clone(&launcher) as _,
            sandbox: environments(&sandbox, session, &mut chores).await?,
            aws_endpoint: Arc::clone(&inside) as _,
            outside: Arc::new(World::start(config.reach, Arc::clone(&inside), authority)?),
            log: ground.function_log(&kept_logs, &metrics, config.function_logs)?,
            meter: ground.meter(),
            tracer: Arc::new(xray.recorder()),
            trace_daemon: Arc::new(Daemon(xray.clone())),
            clock: Arc::clone(&ground.clock),
            ids: Arc::clone(&ground.ids),
        },
        config.invoker,
    );
    let objects = config.s3.map(|s3| Arc::new(s3) as Arc<dyn ObjectStore>);
    let events = EventQueue::new(Arc::clone(&ground.store), ground.meter());
    let sqs = ground.queues().await?;
    let queues = queues_to_read(config.queues, &sqs);
    let control = Control::new(lambent_control::Parts {
        store: Arc::clone(&ground.store),
        code: Arc::clone(&ground.code),
        images: ground.images.clone(),
        objects: objects.clone(),
        invoker: invoker.clone(),
        events: events.clone(),
        sources: Desk {
            board: Board::default(),
            queues: Some(Arc::clone(&queues)),
        },
        readiness: launcher,
        clock: Arc::clone(&ground.clock),
        ids: Arc::clone(&ground.ids),
        runtime_support: config.runtime_support,
        pace: config.pace,
    });
    let logs = logs(&control, &kept_logs, &metrics);
    let outbox = Outbox::new(Arc::clone(&ground.store));
    let services = ground.services(&control, &outbox, &sqs, objects, config.event_time_scale);
    let buses = services.events.clone();
    let mut companions = ground.companions(&services, &logs, &metrics, &config.auth);
    companions.push(Arc::new(xray.clone()));
    let sources = ground.sources(&control, queues);
    let (dispatcher, courier) = ground.workers(services, events, outbox, config.event_time_scale);
    let telemetry = ground.telemetry(&invoker, &kept_logs, &sqs);
    let edge = ground.edge(&control, &telemetry, companions, (config.auth, config.metrics_token));
    inside.leads_to(&edge);
    Ok(Server {
        _chores: chores,
        sandbox,
        invoker,
        control,
        logs,
        kept_logs,
        sqs,
        edge,
        dispatcher,
        courier,
        sources,
        buses,
        metrics,
        xray,
        telemetry,
    })
}

fn logs(control: &Control, kept: &Arc<FileLogs>, metrics: &Metrics) -> Logs {
    Logs::new(lambent_logs::Parts {
        core: (**control).clone(),
        kept: Arc::clone(kept) as _,
        metrics: metrics.clone(),
    })
}

/// The queues that event source mappings read: another server's where one is named.
fn queues_to_read(remote: Option<Remote>, own: &Sqs) -> Arc<dyn Queues> {
    match remote {
        Some(remote) => {
            tracing::info!("event source mappings read the queues of {remote:?}");
            Arc::new(remote)
        }
        None => Arc::new(own.clone()),
    }
}

/// What makes environments, and lets a debugger into them where one is wanted.
async fn environments(
    sandbox: &Arc<LinuxSandbox>,
    session: Option<&Session>,
    chores: &mut JoinSet<()>,
) -> anyhow::Result<Arc<dyn SandboxProvider>> {
    let sandbox = Arc::clone(sandbox) as _;
    match session {
        Some(session) => session.around(sandbox, chores).await,
        None => Ok(sandbox),
    }
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

/// Isolation is real or said to be absent.
fn warn_about_gaps(sandbox: &LinuxSandbox) {
    for (primitive, guarantee) in &sandbox.enforcement().guarantees {
        if let lambent_sandbox::Guarantee::Absent { reason, .. } = guarantee {
            tracing::warn!("not enforced here: {primitive:?} ({reason}); `lambent doctor` says what to do");
        }
    }
}
