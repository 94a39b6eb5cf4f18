//! The service as a whole.

use crate::glue::IMPLEMENTED;
use lambent_events::Outbox;
use lambent_models::eventbridge;
use lambent_store::{Store, typed::Documents};
use lambent_types::{Clock, Ids};
use lambent_wire::{
    RequestContext, Value,
    schema::Operation,
    service::{Answering, Api, Service},
};
use std::{ops::Deref, sync::Arc};
use tokio::sync::Notify;

/// What the service is made of.
pub struct Parts {
    /// Where buses and rules are kept.
    pub store: Arc<dyn Store>,
    /// Where what meets a rule goes.
    pub outbox: Outbox,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids of events.
    pub ids: Arc<dyn Ids>,
    /// Divides the periods of `rate()`, for tests. 1 in production.
    pub time_scale: u32,
}

/// The event buses of this server. Cheap to clone.
#[derive(Clone)]
pub struct Events(Arc<Shared>);

impl Deref for Events {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// What there is once.
pub struct Shared {
    documents: Documents,
    pub(crate) outbox: Outbox,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) time_scale: u32,
    /// Told when a rule has changed.
    pub(crate) changed: Notify,
}

impl Deref for Shared {
    type Target = Documents;

    fn deref(&self) -> &Documents {
        &self.documents
    }
}

impl Events {
    /// The buses of a store.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Shared {
            documents: Documents {
                store: parts.store,
                ids: parts.ids,
            },
            outbox: parts.outbox,
            clock: parts.clock,
            time_scale: parts.time_scale.max(1),
            changed: Notify::new(),
        }))
    }
}

impl Api for Events {
    fn service(&self) -> &'static Service {
        &eventbridge::SERVICE
    }

    fn implements(&self, operation: &str) -> bool {
        IMPLEMENTED.contains(&operation)
    }

    fn call<'a>(&'a self, cx: &'a RequestContext, operation: &'static Operation, input: Value) -> Answering<'a> {
        Box::pin(eventbridge::dispatch(self, cx, operation, input))
    }
}
