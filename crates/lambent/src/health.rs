//! What `GET /_lambent/health` says.

use crate::telemetry::ServerTelemetry;
use lambent_http::Health;
use serde::Serialize;
use std::sync::Arc;

/// Reports on a running server.
pub(crate) struct ServerHealth(pub(crate) Arc<ServerTelemetry>);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    status: &'static str,
    version: &'static str,
    /// Execution environments that exist.
    environments: usize,
    /// What they are doing.
    environment_states: States,
    /// How many were initialised since the server started.
    cold_starts: u64,
    /// Invocations that wait for an environment.
    waiting_invocations: usize,
    /// Asynchronous events that are not finished; `null` if the store does not answer.
    pending_events: Option<u64>,
}

#[derive(Serialize)]
struct States {
    starting: usize,
    busy: usize,
    idle: usize,
}

impl Health for ServerHealth {
    fn report(&self) -> lambent_store::BoxFuture<'_, String> {
        Box::pin(async {
            let pending_events = self.0.store.event_count().await.ok();
            let status = if pending_events.is_some() {
                "ok"
            } else {
                "store unavailable"
            };
            let version = env!("CARGO_PKG_VERSION");
            let census = self.0.invoker.census();
            let report = Report {
                status,
                version,
                environments: census.starting + census.busy + census.idle,
                environment_states: States {
                    starting: census.starting,
                    busy: census.busy,
                    idle: census.idle,
                },
                cold_starts: self.0.tally.cold_starts(),
                waiting_invocations: census.waiting,
                pending_events,
            };
            serde_json::to_string(&report).unwrap_or_default()
        })
    }
}
