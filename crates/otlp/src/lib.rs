//! Traces and metrics for a collector that the operator names, by OTLP over HTTP with protobuf ("OTLP Specification 1.x").
//!
//! ```text
//! spans of tracing ─ Spans (a layer) ─ at most 4,096 wait ─┐
//! the server's families, every ten seconds ────────────────┴─► Exporter ─ POST ─► <endpoint>/v1/traces, <endpoint>/v1/metrics
//! ```
//!
//! Nothing waits for a collector: what it does not take is counted, told of in the server's log, and gone.

mod message;
mod post;
mod spans;

pub use post::{Endpoint, InvalidEndpoint};
pub use spans::{Finished, Spans};

use lambent_types::{Clock, Timestamp, measure::Family};
use post::PostError;
use std::{future::Future, pin::Pin, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often metrics are exported.
const METRICS: Duration = Duration::from_secs(10);
/// How often spans are, unless there are [`BATCH`] of them before.
const TRACES: Duration = Duration::from_secs(1);
/// Spans of one request.
const BATCH: usize = 512;
/// Spans that wait to be exported; more are dropped.
const WAITING: usize = 4_096;

/// Everything that is told of the server, as it is now.
pub type Families = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Vec<Family>> + Send>> + Send + Sync>;

/// Takes what is exported to a collector.
pub struct Exporter {
    /// The collector.
    pub endpoint: Endpoint,
    /// The server's version.
    pub version: &'static str,
    /// Finished spans.
    pub finished: Finished,
    /// The server's metrics.
    pub families: Families,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Exporter {
    /// Runs until told to stop, and exports once more what there is then.
    pub async fn run(mut self, stop: CancellationToken) {
        let started = self.clock.now();
        let mut measuring = tokio::time::interval(METRICS);
        let mut sending = tokio::time::interval(TRACES);
        let mut batch = Vec::new();
        let mut failing = false;
        loop {
            let exported = tokio::select! {
                () = stop.cancelled() => break,
                _ = measuring.tick() => self.metrics(started).await,
                _ = sending.tick(), if !batch.is_empty() => self.traces(&mut batch).await,
                _ = self.finished.spans.recv_many(&mut batch, BATCH) => {
                    if batch.len() < BATCH {
                        continue;
                    }
                    self.traces(&mut batch).await
                }
            };
            self.tell(exported, &mut failing);
        }
        while let Ok(span) = self.finished.spans.try_recv() {
            batch.push(span);
        }
        for result in [self.traces(&mut batch).await, self.metrics(started).await] {
            self.tell(result, &mut failing);
        }
    }

    /// Tells the server's log when it begins not to work.
    fn tell(&self, exported: Result<(), PostError>, failing: &mut bool) {
        if let Err(error) = &exported
            && !*failing
        {
            tracing::warn!(%error, "telemetry could not be exported; what comes until it can be is lost");
        }
        *failing = exported.is_err();
        let dropped = self.finished.take_dropped();
        if dropped > 0 {
            tracing::warn!(
                dropped,
                "spans were dropped: they came faster than they could be exported"
            );
        }
    }

    async fn metrics(&self, started: Timestamp) -> Result<(), PostError> {
        let families = (self.families)().await;
        let body = message::metrics(families, self.version, started, self.clock.now());
        self.endpoint.post("/v1/metrics", body).await
    }

    /// Exports the spans of a batch, which is empty then, whatever became of them.
    async fn traces(&self, batch: &mut Vec<message::Span>) -> Result<(), PostError> {
        if batch.is_empty() {
            return Ok(());
        }
        let body = message::traces(std::mem::take(batch), self.version);
        self.endpoint.post("/v1/traces", body).await
    }
}
