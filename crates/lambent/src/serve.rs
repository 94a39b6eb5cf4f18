//! `lambent serve`: everything started, and stopped in order. How it is put together is in `wiring.rs`.

use crate::{config::Config, dev::Session, observe::Observing, wiring::wire};
use anyhow::Context as _;
use lambent_invoker::Invoker;
use lambent_metrics::Metrics;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// How often environments are looked after: idle ones end, provisioned ones are replaced.
const SWEEP: Duration = Duration::from_secs(1);

/// Runs a server until it is told to stop, with a function that is being developed if there is one.
pub(crate) fn run(config: Config, session: Option<Session>) -> anyhow::Result<()> {
    let observing = Observing::begin(&config);
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
    let outcome = runtime.block_on(serve(config, session, observing));
    // Blocking work that is left, such as unpacking for a client that has gone, does not hold up the end.
    runtime.shutdown_background();
    outcome
}

/// Lets the server open as many files as it may. The usual soft limit of 1,024 is for programs that call `select`; an environment takes
/// a dozen.
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

async fn serve(config: Config, session: Option<Session>, observing: Observing) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let (listen, drain) = (config.listen, config.drain);
    let server = wire(config, session.as_ref()).await?;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    server
        .control
        .recover()
        .await
        .map_err(|refusal| anyhow::anyhow!("cannot recover: {refusal:?}"))?;
    server
        .sqs
        .start()
        .await
        .map_err(|refusal| anyhow::anyhow!("cannot take up the queues: {refusal:?}"))?;
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
    events.spawn(server.courier.run(events_stop.clone()));
    events.spawn(server.logs.clone().care(events_stop.clone()));
    events.spawn(server.sources.run(events_stop.clone()));
    events.spawn(server.buses.run(events_stop.clone()));
    let mut sweeper = sweeper(server.invoker.clone(), server.metrics.clone());
    let mut counter = JoinSet::new();
    let counter_stop = CancellationToken::new();
    counter.spawn(server.logs.count(counter_stop.clone()));
    let mut metrics = JoinSet::new();
    let metrics_stop = CancellationToken::new();
    metrics.spawn(server.metrics.run(metrics_stop.clone()));
    metrics.spawn(server.xray.run(metrics_stop.clone()));
    metrics.spawn(observing.run(server.telemetry, metrics_stop.clone()));
    tracing::info!("lambent listening on http://{address}");

    let mut developing = JoinSet::new();
    if let Some(session) = session {
        developing.spawn(session.run(server.control.clone(), address));
    }
    let outcome = tokio::select! {
        () = signals.next() => Ok(()),
        Some(ended) = developing.join_next() => ended.context("the session broke").flatten(),
    };
    developing.shutdown().await;
    tracing::info!("stopping: running invocations finish first; a second signal stops at once");
    // In this order: nothing new comes in; what runs finishes; then environments end; then what they stand on.
    let ordered = async {
        edge_stop.cancel();
        events_stop.cancel();
        server.sqs.stop();
        tasks.join_all().await;
        events.join_all().await;
        server.invoker.shut_down().await;
        sweeper.shutdown().await;
        server.control.shut_down().await;
        server.sqs.shut_down().await;
        // The last invocations are counted and traced, too, and what they wrote.
        counter_stop.cancel();
        counter.join_all().await;
        metrics_stop.cancel();
        metrics.join_all().await;
        // Everything that held it has ended with it; what is left is this.
        server.sandbox.close().await;
    };
    tokio::select! {
        () = ordered => tracing::info!("stopped"),
        () = tokio::time::sleep(drain) => tracing::warn!("invocations did not finish in time and are broken off"),
        () = signals.next() => tracing::warn!("stopped at once"),
    }
    // However it ended, what functions wrote is kept.
    server.kept_logs.close();
    outcome
}

/// Looks after environments, and counts what runs.
fn sweeper(invoker: Invoker, metrics: Metrics) -> JoinSet<()> {
    let mut sweeper = JoinSet::new();
    sweeper.spawn(async move {
        loop {
            tokio::time::sleep(SWEEP).await;
            invoker.tend();
            for (scope, (all, unreserved)) in invoker.running() {
                metrics.running(&scope, all, unreserved);
            }
        }
    });
    sweeper
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
