//! What `GET /_lambent/health` says.

use lambent_http::Health;
use lambent_invoker::Invoker;
use lambent_store::Store;
use serde::Serialize;
use std::sync::Arc;

/// Reports on a running server.
pub(crate) struct ServerHealth {
    pub(crate) invoker: Invoker,
    pub(crate) store: Arc<dyn Store>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    status: &'static str,
    version: &'static str,
    /// Execution environments that exist.
    environments: usize,
    /// Asynchronous events that are not finished; `null` if the store does not answer.
    pending_events: Option<u64>,
}

impl Health for ServerHealth {
    fn report(&self) -> lambent_store::BoxFuture<'_, String> {
        Box::pin(async {
            let pending_events = self.store.event_count().await.ok();
            let status = if pending_events.is_some() {
                "ok"
            } else {
                "store unavailable"
            };
            let version = env!("CARGO_PKG_VERSION");
            let report = Report {
                status,
                version,
                environments: self.invoker.environments(),
                pending_events,
            };
            serde_json::to_string(&report).unwrap_or_default()
        })
    }
}
