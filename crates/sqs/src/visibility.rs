//! Giving a message back, or keeping it for longer.

use crate::{Refusal, Sqs, handle::Receipt};
use lambent_engine::queue::{LONGEST_INVISIBILITY, extended};
use lambent_store::{Change, CommitError, Condition, Transaction};
use lambent_types::QueueKey;
use std::time::Duration;

impl Sqs {
    /// Lets a message's visibility timeout begin anew, of so many seconds: 0 makes it visible at once.
    ///
    /// # Errors
    /// What is refused: another may have received the message since.
    pub async fn change_visibility(&self, key: &QueueKey, handle: &str, seconds: i64) -> Result<(), Refusal> {
        let receipt = Receipt::read(key, Some(handle.to_owned()))?;
        let timeout = timeout(seconds)?;
        let queue = self.queue(key).await?;
        let now = self.clock.now();
        let visible_at = extended(receipt.received_at, now, Duration::from_secs(timeout.into())).map_err(|_| {
            let limit = LONGEST_INVISIBILITY.as_secs();
            let reason = format!("Total VisibilityTimeout for the message is beyond the limit [{limit} seconds].");
            Refusal::InvalidValue(seconds.to_string(), "VisibilityTimeout", reason)
        })?;
        let current = Condition::MessageReceived(queue.contents, receipt.sequence, receipt.receives);
        let change = Change::SetVisibility(queue.contents, receipt.sequence, visible_at, now);
        match self.store.commit(Transaction::of(change).when(current)).await {
            Err(CommitError::Condition(_)) => Err(Refusal::InvalidValue(
                handle.to_owned(),
                "ReceiptHandle",
                "Message does not exist or is not available for visibility timeout change.".to_owned(),
            )),
            committed => {
                committed?;
                // Who waits may have looked for it later than it comes now.
                self.ring(key, 1);
                Ok(())
            }
        }
    }
}

/// A visibility timeout that a request may ask for, in seconds.
pub(crate) fn timeout(seconds: i64) -> Result<u32, Refusal> {
    let longest = LONGEST_INVISIBILITY.as_secs();
    let fits = u32::try_from(seconds)
        .ok()
        .filter(|seconds| u64::from(*seconds) <= longest);
    fits.ok_or_else(|| {
        let reason = format!("Must be between 0 and {longest}.");
        Refusal::InvalidValue(seconds.to_string(), "VisibilityTimeout", reason)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Receive,
        testing::{self, key, received, text},
    };

    #[tokio::test]
    async fn a_message_is_given_back_or_kept() {
        let (sqs, clock) = testing::service().await;
        testing::queue(&sqs, "q", &[]).await;
        let queue = key("q");
        sqs.send(&queue, &text("one")).await.unwrap();
        let first = sqs.receive(&queue, &Receive::default()).await.unwrap().remove(0);
        sqs.change_visibility(&queue, &first.receipt_handle, 0).await.unwrap();
        let second = sqs.receive(&queue, &Receive::default()).await.unwrap().remove(0);
        sqs.change_visibility(&queue, &second.receipt_handle, 100)
            .await
            .unwrap();
        clock.advance(Duration::from_secs(99));
        assert!(received(&sqs, "q").await.is_empty());
        let refused = |answer: Result<(), Refusal>| match answer {
            Err(Refusal::InvalidValue(_, name, reason)) => (name, reason),
            other => panic!("{other:?}"),
        };
        let stale = sqs.change_visibility(&queue, &first.receipt_handle, 5).await;
        assert_eq!(refused(stale).0, "ReceiptHandle");
        let beyond = refused(sqs.change_visibility(&queue, &second.receipt_handle, 43_200).await);
        assert!(beyond.1.starts_with("Total VisibilityTimeout"), "{beyond:?}");
        let too_long = refused(sqs.change_visibility(&queue, &second.receipt_handle, 43_201).await);
        assert_eq!(
            too_long,
            ("VisibilityTimeout", "Must be between 0 and 43200.".to_owned())
        );
    }
}
