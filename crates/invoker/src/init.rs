//! From nothing to an environment whose runtime asks for work.

use crate::{
    alarm::Alarm,
    classify::Ended,
    companions::Companions,
    environment::{Environment, Phase},
    invoker::Shared,
    launch::{Initialization, LogStream},
    output::Output,
    report::{self, Status},
    reset::Again,
    telemetry,
};
use lambent_runtime_api::{ExtensionHost, InitPhase, RuntimeApi, ShutdownReason, Status as Done, TelemetryRecord};
use lambent_sandbox::SandboxControl;
use lambent_types::{FunctionRecord, Version, limits};
use std::{sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinSet};

/// An environment that did not come up: why, and what it wrote.
pub(crate) struct Failed {
    pub(crate) ended: Ended,
    pub(crate) output: Option<Output>,
    /// Microseconds that were spent.
    pub(crate) duration: u64,
}

/// Starts an environment for `function` and initialises it.
///
/// Initialisation has ten seconds. If it needs longer it is broken off and done once more in the same environment, now within the
/// function's own timeout, as AWS does ("Lambda execution environment life cycle").
pub(crate) async fn start(
    shared: &Shared,
    function: &Arc<FunctionRecord>,
    name: String,
    initialization: Initialization,
) -> Result<Environment, Failed> {
    let mut began = shared.clock.monotonic_micros();
    let spent = |began: u64| shared.clock.monotonic_micros().saturating_sub(began);
    let stream = log_stream(shared, function);
    let booted = boot(shared, function, name, &stream, initialization).await;
    let mut environment = match booted {
        Ok(environment) => environment,
        Err(ended) => {
            return Err(Failed {
                ended,
                // Nothing ran that could have written; what is said of it goes into its log nevertheless.
                output: Output::silent(shared.log.open(&stream).await).ok(),
                duration: spent(began),
            });
        }
    };
    let limit = environment.patience.limit(Duration::from_secs(limits::INIT_SECONDS));
    let mut initialised = environment.initialise(shared, InitPhase::Init, limit).await;
    if matches!(initialised, Err(Ended::TimedOut)) {
        let emptied = environment.empty(shared, ShutdownReason::Timeout).await;
        began = shared.clock.monotonic_micros();
        initialised = if emptied {
            environment.start_again(shared, began).await.map_err(Again::into_ended)
        } else {
            Err(Ended::Vanished)
        };
    }
    match initialised {
        Ok(()) => {
            environment.init = Some(spent(began));
            Ok(environment)
        }
        Err(ended) => {
            let reason = ended.shutdown_reason();
            environment.ending().shut_down(&*shared.clock, reason).await;
            Err(Failed {
                ended,
                output: Some(environment.output),
                duration: spent(began),
            })
        }
    }
}

async fn boot(
    shared: &Shared,
    function: &Arc<FunctionRecord>,
    name: String,
    stream: &LogStream,
    initialization: Initialization,
) -> Result<Environment, Ended> {
    let launch = shared
        .launcher
        .prepare(function, &name, stream, initialization)
        .await
        .map_err(Ended::NotPrepared)?;
    let extensions = launch.spec.companions.clone();
    let sandbox = shared.sandbox.start(launch.spec).await.map_err(Ended::NotStarted)?;
    let lost = |_| Ended::Vanished;
    let runtime_api = Arc::new(TcpListener::from_std(sandbox.runtime_api).map_err(lost)?);
    let mut beside = JoinSet::new();
    let serving = shared.aws_endpoint.serve(sandbox.aws_endpoint, function);
    beside.spawn(serving.map_err(lost)?);
    if let Some(gate) = sandbox.gate {
        beside.spawn(shared.outside.stand_at(gate, function));
    }
    let log = shared.log.open(stream).await;
    let mut output = Output::new(sandbox.output, log)
        .and_then(|output| output.with_extensions(sandbox.companion_output))
        .map_err(lost)?;
    launch.notes.iter().for_each(|note| output.note(note));
    let host = extension_host(shared, function, &extensions, &sandbox.control);
    let companions = Companions::new(host.external.clone(), sandbox.companion_exits);
    let (api, serving) = serve(host, &runtime_api, &mut output);
    Ok(Environment {
        function: Arc::clone(function),
        name,
        initialization,
        stream: stream.clone(),
        patience: launch.patience,
        phase: Phase::Initialised,
        failures: 0,
        api,
        runtime_api,
        serving,
        _beside: beside,
        exited: sandbox.exited,
        control: sandbox.control,
        output,
        companions,
        has_extensions: false,
        init: None,
        freezing: Alarm::new(),
        timeout: Alarm::new(),
        _held: launch.held,
    })
}

/// Serves a Runtime API that nobody has used yet.
pub(crate) fn serve(
    host: ExtensionHost,
    listener: &Arc<TcpListener>,
    output: &mut Output,
) -> (Arc<RuntimeApi>, JoinSet<()>) {
    let api = RuntimeApi::new(host);
    output.tell(Arc::clone(&api));
    let mut serving = JoinSet::new();
    serving.spawn(Arc::clone(&api).serve(Arc::clone(listener), std::future::pending()));
    (api, serving)
}

impl Environment {
    /// Waits until the processes that have just been started ask for work.
    pub(crate) async fn initialise(&mut self, shared: &Shared, phase: InitPhase, limit: Duration) -> Result<(), Ended> {
        let began = shared.clock.monotonic_micros();
        self.api
            .tell(telemetry::init_start(&self.function, self.initialization, phase));
        let initialised = self.initialised(limit).await;
        let spent = shared.clock.monotonic_micros().saturating_sub(began);
        self.has_extensions = !self.api.extensions().is_empty();
        let status = match &initialised {
            Ok(()) => Done::Success,
            Err(Ended::TimedOut) => Done::Timeout,
            Err(_) => Done::Error,
        };
        self.note_extensions(telemetry::init_done(self.initialization, phase, status, spent));
        if status == Done::Timeout {
            self.output.drain();
            let phase = match phase {
                InitPhase::Init => "init",
                InitPhase::Invoke => "invoke",
            };
            self.output
                .platform(&report::init_report(spent, phase, &Status::Timeout));
        }
        initialised
    }

    async fn initialised(&mut self, limit: Duration) -> Result<(), Ended> {
        let Self {
            api,
            exited,
            output,
            companions,
            control,
            ..
        } = self;
        let held_back = companions.any();
        let ready = async {
            if held_back {
                // The runtime may rely on what extensions offer ("Extension init" comes before "Runtime init").
                api.registered().await;
                control.begin().await.map_err(Ended::NotStarted)?;
            }
            api.initialised().await.map_err(Ended::InitFailed)
        };
        tokio::select! {
            biased;
            ready = ready => ready,
            failure = companions.failed(api) => Err(Ended::Extension { failure, during_init: true }),
            exit = exited => Err(exit.map_or(Ended::Vanished, |exit| Ended::Exited { exit, during_init: true })),
            () = tokio::time::sleep(limit) => Err(Ended::TimedOut),
            never = output.pump() => match never {},
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
}

/// What the environment's extensions are told, and who they are.
pub(crate) fn extension_host(
    shared: &Shared,
    function: &FunctionRecord,
    companions: &lambent_sandbox::Companions,
    control: &Arc<dyn SandboxControl>,
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
        inside: Some(Arc::downgrade(control)),
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
        role: function.config.role.clone(),
    }
}
