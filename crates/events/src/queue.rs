//! The way in.

use lambent_store::{Change, CommitError, Store, Transaction};
use lambent_types::{AsyncEvent, Meter, Occurrence, Subject};
use std::sync::Arc;
use tokio::sync::Notify;

/// Accepts events. Cheap to clone.
#[derive(Clone)]
pub struct EventQueue {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) arrived: Arc<Notify>,
    meter: Arc<dyn Meter>,
}

impl EventQueue {
    /// A queue in this store, and who counts what it takes.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, meter: Arc<dyn Meter>) -> Self {
        Self {
            store,
            arrived: Arc::default(),
            meter,
        }
    }

    /// Stores an event. Once this answers `Ok`, the event will be tried, whatever happens to the process.
    ///
    /// # Errors
    /// When the store fails; the event is not accepted then.
    pub async fn accept(&self, event: AsyncEvent) -> Result<(), CommitError> {
        let (function, qualifier) = (event.function.clone(), event.qualifier.clone());
        self.store.commit(Transaction::of(Change::PutEvent(event))).await?;
        self.arrived.notify_one();
        let subject = Subject {
            qualifier: qualifier.as_deref(),
            ..Subject::function(&function)
        };
        self.meter.count(subject, Occurrence::EventReceived);
        Ok(())
    }
}
