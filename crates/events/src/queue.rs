//! The way in.

use lambent_store::{Change, CommitError, Store, Transaction};
use lambent_types::AsyncEvent;
use std::sync::Arc;
use tokio::sync::Notify;

/// Accepts events. Cheap to clone.
#[derive(Clone)]
pub struct EventQueue {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) arrived: Arc<Notify>,
}

impl EventQueue {
    /// A queue in this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            arrived: Arc::default(),
        }
    }

    /// Stores an event. Once this answers `Ok`, the event will be tried, whatever happens to the process.
    ///
    /// # Errors
    /// When the store fails; the event is not accepted then.
    pub async fn accept(&self, event: AsyncEvent) -> Result<(), CommitError> {
        self.store.commit(Transaction::of(Change::PutEvent(event))).await?;
        self.arrived.notify_one();
        Ok(())
    }

    /// Commits a transaction that stores events beside other changes.
    ///
    /// # Errors
    /// As the store's; nothing has changed then.
    pub async fn accept_within(&self, transaction: Transaction) -> Result<(), CommitError> {
        self.store.commit(transaction).await?;
        self.arrived.notify_one();
        Ok(())
    }
}
