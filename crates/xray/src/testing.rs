//! What the tests share: a service over tables of their own.

use crate::{Parts, XRayService};
use lambent_store::contract;
use lambent_store_memory::MemoryStore;
use lambent_store_sqlite::SqliteTraces;
use lambent_types::{Ids as _, RequestId, SeededIds, SystemClock};
use lambent_wire::RequestContext;
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A request of account 111111111111 in us-east-1.
pub(crate) fn context() -> RequestContext {
    let ids = SeededIds::default();
    ids.uuid();
    RequestContext {
        scope: contract::scope("111111111111"),
        access_key: None,
        request_id: RequestId::new(&ids),
        host: None,
        trace_id: None,
        secure: false,
        session: None,
    }
}

/// A service without traces.
pub(crate) fn service(directory: &tempfile::TempDir) -> XRayService {
    XRayService::new(Parts {
        table: Arc::new(SqliteTraces::open(&directory.path().join("traces.db")).unwrap()),
        store: Arc::new(MemoryStore::default()),
        clock: Arc::new(SystemClock::default()),
        ids: Arc::new(SeededIds::default()),
        cap: u64::MAX,
    })
}

/// Its writer, which ends when this is dropped.
pub(crate) fn running(xray: &XRayService) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(xray.clone().run(CancellationToken::new()));
    tasks
}
