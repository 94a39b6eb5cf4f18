//! Removing what is too old, and what queues left behind.

use crate::{Queue, Refusal, Sqs};
use lambent_store::Kind;
use lambent_types::QueueId;
use std::{sync::PoisonError, time::Duration};

/// How often there is a look at what is too old. Nobody is given such a message meanwhile.
const PERIOD: Duration = Duration::from_secs(30);
/// So many messages are removed at a time, so that nobody waits for long.
const AT_ONCE: usize = 500;

impl Sqs {
    /// Begins the work in the background: sweeping, and the tasks that were running when the server ended. [`Sqs::shut_down`] ends it.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn start(&self) -> Result<(), Refusal> {
        let sweeper = self.clone();
        self.tasks.spawn(async move { sweeper.tend().await });
        self.resume_moves().await
    }

    /// Sweeps now and then, until the server stops.
    async fn tend(&self) {
        while !self.stop.is_cancelled() {
            if let Err(refusal) = self.sweep().await {
                tracing::warn!(?refusal, "messages could not be swept");
            }
            tokio::select! {
                () = tokio::time::sleep(PERIOD) => {}
                () = self.swept.notified() => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// A queue's contents are left behind.
    pub(crate) fn left(&self, contents: QueueId) {
        self.in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .forget(contents);
        self.swept.notify_one();
    }

    /// Removes all that nobody can receive any more.
    pub(crate) async fn sweep(&self) -> Result<(), Refusal> {
        let now = self.clock.now();
        let mut kept = Vec::new();
        for scope in self.store.document_scopes(Kind::Queue).await? {
            let queues = self.list_all::<Queue>(&scope, None).await?;
            kept.extend(
                queues
                    .iter()
                    .map(|queue| (queue.value.contents, queue.value.oldest(now))),
            );
        }
        while self.store.sweep_messages(kept.clone(), now, AT_ONCE).await? >= AT_ONCE {
            if self.stop.is_cancelled() {
                break;
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}
