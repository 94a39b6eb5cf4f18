//! From nothing to an environment whose runtime asks for work.

use crate::{
    classify::Ended,
    companions::{Companions, Ending},
    environment::Environment,
    invoker::Shared,
    launch::{Initialization, LogStream},
    output::Output,
    report::{self, Status},
    telemetry,
};
use lambent_runtime_api::{ExtensionHost, InitPhase, RuntimeApi, ShutdownReason, Status as Done, TelemetryRecord};
use lambent_sandbox::{Exit, Sandbox, SandboxControl};
use lambent_types::{FunctionRecord, Version, limits};
use std::{any::Any, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet};

/// An environment that did not come up: why, and what it wrote.
pub(crate) struct Failed {
    pub(crate) ended: Ended,
    pub(crate) output: Option<Output>,
    /// Microseconds that were spent.
    pub(crate) duration: u64,
}

/// A started environment whose runtime has not asked for work yet.
struct Booted {
    api: Arc<RuntimeApi>,
    servers: JoinSet<()>,
    exited: oneshot::Receiver<Exit>,
    control: Arc<dyn SandboxControl>,
    output: Output,
    companions: Companions,
    held: Box<dyn Any + Send + Sync>,
}

/// How initialisation went.
enum Init {
    Ready,
    TimedOut,
    Ended(Ended),
}

impl Init {
    fn status(&self) -> Done {
        match self {
            Self::Ready => Done::Success,
            Self::TimedOut => Done::Timeout,
            Self::Ended(_) => Done::Error,
        }
    }
}

/// Starts an environment for `function` and initialises it.
///
/// Initialisation has ten seconds. If it needs longer it is broken off and done once more, now within the function's own timeout, as
/// AWS does ("Lambda execution environment life cycle").
pub(crate) async fn start(
    shared: &Shared,
    function: &Arc<FunctionRecord>,
    id: &str,
    initialization: Initialization,
) -> Result<Environment, Failed> {
    let stream = Arc::new(log_stream(shared, function));
    let attempts = [
        (InitPhase::Init, "init", Duration::from_secs(limits::INIT_SECONDS)),
        (InitPhase::Invoke, "invoke", function.config.timeout.duration()),
    ];
    for (attempt, (init_phase, phase, limit)) in attempts.into_iter().enumerate() {
        let began = shared.clock.monotonic_micros();
        let spent = || shared.clock.monotonic_micros().saturating_sub(began);
        let name = format!("{id}-{attempt}");
        let mut booted = boot(shared, function, &name, &stream, initialization)
            .await
            .map_err(|ended| Failed {
                ended,
                output: None,
                duration: spent(),
            })?;
        booted
            .api
            .tell(telemetry::init_start(function, initialization, init_phase));
        let initialised = initialise(&mut booted, limit).await;
        booted.note_extensions(telemetry::init_done(
            initialization,
            init_phase,
            initialised.status(),
            spent(),
        ));
        match initialised {
            Init::Ready => return Ok(booted.into_environment(function, spent())),
            Init::TimedOut => {
                booted.ending().shut_down(&*shared.clock, ShutdownReason::Timeout).await;
                booted
                    .output
                    .platform(&report::init_report(spent(), phase, &Status::Timeout));
                if phase == "invoke" {
                    return Err(Failed {
                        ended: Ended::TimedOut,
                        output: Some(booted.output),
                        duration: spent(),
                    });
                }
            }
            Init::Ended(ended) => {
                booted.ending().shut_down(&*shared.clock, ShutdownReason::Failure).await;
                return Err(Failed {
                    ended,
                    output: Some(booted.output),
                    duration: spent(),
                });
            }
        }
    }
    Err(Failed {
        ended: Ended::Vanished,
        output: None,
        duration: 0,
    })
}

async fn boot(
    shared: &Shared,
    function: &FunctionRecord,
    name: &str,
    stream: &Arc<LogStream>,
    initialization: Initialization,
) -> Result<Booted, Ended> {
    let launch = shared
        .launcher
        .prepare(function, name, stream, initialization)
        .await
        .map_err(Ended::NotPrepared)?;
    let mut host = extension_host(shared, function, &launch.spec.companions);
    let sandbox = shared.sandbox.start(launch.spec).await.map_err(Ended::NotStarted)?;
    let Sandbox {
        runtime_api,
        aws_endpoint,
        gate,
        output,
        exited,
        companion_output,
        companion_exits,
        control,
    } = sandbox;
    let lost = |_| Ended::Vanished;
    let runtime_api = TcpListener::from_std(runtime_api).map_err(lost)?;
    let aws_endpoint = shared
        .aws_endpoint
        .serve(aws_endpoint, &function.key.function)
        .map_err(lost)?;
    let mut output = Output::new(output, Arc::clone(&shared.log), Arc::clone(stream))
        .and_then(|output| output.with_extensions(companion_output))
        .map_err(lost)?;
    launch.notes.iter().for_each(|note| output.note(note));
    let companions = Companions::new(host.external.clone(), companion_exits);
    host.inside = Some(Arc::downgrade(&control));
    let api = RuntimeApi::new(host);
    output.tell(Arc::clone(&api));
    let mut servers = JoinSet::new();
    servers.spawn(Arc::clone(&api).serve(runtime_api, std::future::pending()));
    servers.spawn(aws_endpoint);
    if let Some(gate) = gate {
        servers.spawn(shared.outside.stand_at(gate, &function.key.function));
    }
    Ok(Booted {
        api,
        servers,
        exited,
        control,
        output,
        companions,
        held: launch.held,
    })
}

async fn initialise(booted: &mut Booted, limit: Duration) -> Init {
    let Booted {
        api,
        exited,
        output,
        companions,
        ..
    } = booted;
    tokio::select! {
        biased;
        ready = api.initialised() => match ready {
            Ok(()) => Init::Ready,
            Err(failure) => Init::Ended(Ended::InitFailed(failure)),
        },
        failure = companions.failed(api) => Init::Ended(Ended::Extension { failure, during_init: true }),
        exit = exited => Init::Ended(exit.map_or(Ended::Vanished, |exit| Ended::Exited { exit, during_init: true })),
        () = tokio::time::sleep(limit) => Init::TimedOut,
        never = output.pump() => match never {},
    }
}

/// What the environment's extensions are told, and who they are.
fn extension_host(
    shared: &Shared,
    function: &FunctionRecord,
    companions: &lambent_sandbox::Companions,
) -> ExtensionHost {
    let name_of = |program: &String| program.rsplit('/').next().unwrap_or_default().to_owned();
    let key = &function.key.function;
    ExtensionHost {
        function_name: key.name.as_str().to_owned(),
        function_version: function.key.version.to_string(),
        handler: function.config.handler.to_string(),
        account_id: key.scope.account.as_str().to_owned(),
        external: companions.programs.iter().map(name_of).collect(),
        ids: Arc::clone(&shared.ids),
        clock: Arc::clone(&shared.clock),
        inside: None,
    }
}

impl Booted {
    fn ending(&mut self) -> Ending<'_> {
        Ending {
            api: &self.api,
            exited: &mut self.exited,
            control: &*self.control,
            output: &mut self.output,
            companions: &mut self.companions,
        }
    }

    /// Writes a line about each extension, and tells those who subscribed that initialisation is over.
    fn note_extensions(&mut self, done: [TelemetryRecord; 2]) {
        let statuses = self.api.extensions();
        if !statuses.is_empty() {
            // What they wrote at their start comes before.
            self.output.drain();
        }
        let [runtime_done, report] = done;
        self.api.tell(runtime_done);
        for status in statuses {
            self.api.tell(TelemetryRecord::from(&status));
            self.output.platform(&format!("{status}\n"));
        }
        self.api.tell(report);
        self.api.close_subscriptions();
    }

    fn into_environment(self, function: &Arc<FunctionRecord>, init: u64) -> Environment {
        Environment {
            function: Arc::clone(function),
            _servers: self.servers,
            exited: self.exited,
            control: self.control,
            output: self.output,
            has_extensions: !self.api.extensions().is_empty(),
            companions: self.companions,
            api: self.api,
            init: Some(init),
            _held: self.held,
        }
    }
}

/// `YYYY/MM/DD/[version]32-hex-digits`.
fn log_stream(shared: &Shared, function: &FunctionRecord) -> LogStream {
    let version = match function.key.version {
        Version::Latest => "$LATEST".to_owned(),
        Version::Published(number) => number.to_string(),
    };
    let key = &function.key.function;
    LogStream {
        function: key.clone(),
        group: function.config.logging.group_of(&key.name),
        stream: format!(
            "{}/[{version}]{}",
            shared.clock.now().to_log_date(),
            shared.ids.uuid().simple()
        ),
    }
}
