//! What the tests share: a service over the store in memory, with a clock that is set by hand.

use crate::{Parts, Sns, TopicKey};
use lambent_events::Outbox;
use lambent_store::{NodeId, Store, contract};
use lambent_store_memory::MemoryStore;
use lambent_types::{Delivery, Ids as _, ManualClock, RequestId, SeededIds, Timestamp};
use lambent_wire::{RequestContext, ServiceError};
use std::sync::Arc;

/// A request of account 111111111111 in us-east-1.
pub(crate) fn context() -> RequestContext {
    let ids = SeededIds::default();
    ids.uuid();
    RequestContext {
        scope: contract::scope("111111111111"),
        access_key: None,
        session: None,
        request_id: RequestId::new(&ids),
        host: Some("127.0.0.1:4566".to_owned()),
        trace_id: None,
        secure: false,
    }
}

/// A topic of that account.
pub(crate) fn topic(name: &str) -> TopicKey {
    TopicKey {
        scope: contract::scope("111111111111"),
        name: name.to_owned(),
    }
}

/// A service without topics.
pub(crate) fn service() -> Sns {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    Sns::new(Parts {
        outbox: Outbox::new(Arc::clone(&store)),
        store,
        clock: Arc::new(ManualClock::new(Timestamp::from_micros(1_795_435_534_123_456))),
        ids: Arc::new(SeededIds::default()),
    })
}

/// What is on its way.
pub(crate) async fn deliveries(sns: &Sns) -> Vec<Delivery> {
    let now = sns.clock.now();
    let leased = sns.store.lease_deliveries(&NodeId("t".to_owned()), now, now, 1_000);
    leased.await.unwrap()
}

/// The code and the words of a refusal.
pub(crate) fn refused<T: std::fmt::Debug, E: Into<ServiceError>>(answer: Result<T, E>) -> (&'static str, String) {
    let error: ServiceError = answer.map_err(Into::into).unwrap_err();
    (error.shape.code, error.message.into_owned())
}
