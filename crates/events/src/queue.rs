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

    /// Stores events in the same transaction as other changes.
    ///
    /// # Errors
    /// As the store's; nothing has changed then.
    pub async fn accept_with(&self, events: Vec<AsyncEvent>, mut others: Transaction) -> Result<(), CommitError> {
        let received: Vec<_> = events
            .iter()
            .map(|event| (event.function.clone(), event.qualifier.clone()))
            .collect();
        others.changes.extend(events.into_iter().map(Change::PutEvent));
        self.store.commit(others).await?;
        self.arrived.notify_one();
        for (function, qualifier) in received {
            let subject = Subject {
                qualifier: qualifier.as_deref(),
                ..Subject::function(&function)
            };
            self.meter.count(subject, Occurrence::EventReceived);
        }
        Ok(())
    }
}
