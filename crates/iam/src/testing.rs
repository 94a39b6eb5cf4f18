//! What the tests share: a service over the store in memory, with a clock that stands still.

use crate::{Iam, Parts};
use lambent_store::contract;
use lambent_store_memory::MemoryStore;
use lambent_types::{Ids as _, ManualClock, RandomIds, RequestId, SeededIds, Timestamp};
use lambent_wire::{RequestContext, ServiceError};
use std::sync::Arc;

pub(crate) const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
pub(crate) const BASIC: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";

/// A request of account 111111111111 in us-east-1.
pub(crate) fn context() -> RequestContext {
    let ids = SeededIds::default();
    ids.uuid();
    RequestContext {
        scope: contract::scope("111111111111"),
        access_key: None,
        session: None,
        request_id: RequestId::new(&ids),
        host: None,
        trace_id: None,
        secure: false,
    }
}

/// A service without roles.
pub(crate) fn service() -> Iam {
    Iam::new(Parts {
        store: Arc::new(MemoryStore::default()),
        clock: Arc::new(ManualClock::new(Timestamp::from_micros(1_795_435_534_123_456))),
        ids: Arc::new(RandomIds),
    })
}

/// The code and the words of a refusal.
pub(crate) fn refused<T: std::fmt::Debug, E: Into<ServiceError>>(answer: Result<T, E>) -> (&'static str, String) {
    let error: ServiceError = answer.map_err(Into::into).unwrap_err();
    (error.shape.code, error.message.into_owned())
}
