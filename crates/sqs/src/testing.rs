//! What the tests share: a service over the store in memory, with a clock that is set by hand.

use crate::{Outgoing, Parts, Receive, Sqs};
use lambent_store::contract;
use lambent_store_memory::MemoryStore;
use lambent_types::{Ids as _, ManualClock, QueueKey, RequestId, SeededIds, Timestamp};
use lambent_wire::RequestContext;
use std::{collections::BTreeMap, sync::Arc};

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

/// A queue of that account.
pub(crate) fn key(name: &str) -> QueueKey {
    QueueKey {
        scope: contract::scope("111111111111"),
        name: name.to_owned(),
    }
}

/// Its URL.
pub(crate) fn url(name: &str) -> Option<String> {
    Some(format!("http://127.0.0.1:4566/111111111111/{name}"))
}

/// A service without queues.
pub(crate) async fn service() -> (Sqs, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_micros(1_795_435_534_123_456)));
    let parts = Parts {
        store: Arc::new(MemoryStore::default()),
        clock: Arc::clone(&clock) as _,
        ids: Arc::new(SeededIds::default()),
    };
    (Sqs::open(parts).await.unwrap(), clock)
}

/// Makes a queue.
pub(crate) async fn queue(sqs: &Sqs, name: &str, attributes: &[(&str, &str)]) {
    let attributes: Vec<_> = attributes
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    sqs.create(&key(name), &attributes, BTreeMap::new()).await.unwrap();
}

/// A message that says this.
pub(crate) fn text(body: &str) -> Outgoing {
    Outgoing {
        body: body.to_owned(),
        ..Outgoing::default()
    }
}

/// The bodies of what can be received.
pub(crate) async fn received(sqs: &Sqs, name: &str) -> Vec<String> {
    let all = Receive {
        most: 10,
        ..Receive::default()
    };
    let messages = sqs.receive(&key(name), &all).await.unwrap();
    messages.into_iter().map(|message| message.body).collect()
}
