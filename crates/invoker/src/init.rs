//! From nothing to an environment whose runtime asks for work.

use crate::{
    classify::Ended,
    environment::Environment,
    invoker::Shared,
    launch::{Initialization, LogStream},
    output::Output,
    report::{self, Status},
};
use lambent_runtime_api::RuntimeApi;
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
    held: Box<dyn Any + Send + Sync>,
}

/// How initialisation went.
enum Init {
    Ready,
    TimedOut,
    Ended(Ended),
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
        ("init", Duration::from_secs(limits::INIT_SECONDS)),
        ("invoke", function.config.timeout.duration()),
    ];
    for (attempt, (phase, limit)) in attempts.into_iter().enumerate() {
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
        match initialise(&mut booted, limit).await {
            Init::Ready => return Ok(booted.into_environment(function, spent())),
            Init::TimedOut => {
                booted.control.kill();
                booted.output.drain();
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
                booted.control.kill();
                booted.output.drain();
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
    let sandbox = shared.sandbox.start(launch.spec).await.map_err(Ended::NotStarted)?;
    let Sandbox {
        runtime_api,
        aws_endpoint,
        output,
        exited,
        control,
    } = sandbox;
    let lost = |_| Ended::Vanished;
    let runtime_api = TcpListener::from_std(runtime_api).map_err(lost)?;
    let aws_endpoint = shared
        .aws_endpoint
        .serve(aws_endpoint, &function.key.function)
        .map_err(lost)?;
    let mut output = Output::new(output, Arc::clone(&shared.log), Arc::clone(stream)).map_err(lost)?;
    launch.notes.iter().for_each(|note| output.note(note));
    let api = RuntimeApi::new();
    let mut servers = JoinSet::new();
    servers.spawn(Arc::clone(&api).serve(runtime_api, std::future::pending()));
    servers.spawn(aws_endpoint);
    Ok(Booted {
        api,
        servers,
        exited,
        control,
        output,
        held: launch.held,
    })
}

async fn initialise(booted: &mut Booted, limit: Duration) -> Init {
    let Booted {
        api, exited, output, ..
    } = booted;
    tokio::select! {
        biased;
        ready = api.initialised() => match ready {
            Ok(()) => Init::Ready,
            Err(failure) => Init::Ended(Ended::InitFailed(failure)),
        },
        exit = exited => Init::Ended(exit.map_or(Ended::Vanished, |exit| Ended::Exited { exit, during_init: true })),
        () = tokio::time::sleep(limit) => Init::TimedOut,
        never = output.pump() => match never {},
    }
}

impl Booted {
    fn into_environment(self, function: &Arc<FunctionRecord>, init: u64) -> Environment {
        Environment {
            function: Arc::clone(function),
            api: self.api,
            _servers: self.servers,
            exited: self.exited,
            control: self.control,
            output: self.output,
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
