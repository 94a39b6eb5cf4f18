//! Deleting what was handled.

use crate::{Refusal, Sqs, handle::Receipt};
use lambent_store::{Change, CommitError, Condition, Transaction};
use lambent_types::QueueKey;

impl Sqs {
    /// Deletes a message. Deleting it again changes nothing.
    ///
    /// In a standard queue any handle of the message serves, since who has one has handled it. A FIFO queue wants that of the last
    /// receive, before its timeout ends: later, the message may have been given to another.
    ///
    /// # Errors
    /// What is refused.
    pub async fn delete(&self, key: &QueueKey, handle: &str) -> Result<(), Refusal> {
        let receipt = Receipt::read(key, Some(handle.to_owned()))?;
        let queue = self.queue(key).await?;
        let now = self.clock.now();
        let mut transaction = Transaction::of(Change::DeleteMessage(queue.contents, receipt.sequence, now));
        if queue.is_fifo() {
            let Some(message) = self.store.message(queue.contents, receipt.sequence).await? else {
                return Ok(());
            };
            if message.receives != receipt.receives || message.visible_at <= now {
                return Err(expired(handle));
            }
            let current = Condition::MessageReceived(queue.contents, receipt.sequence, receipt.receives);
            transaction = transaction.when(current);
        }
        match self.store.commit(transaction).await {
            Err(CommitError::Condition(_)) => Err(expired(handle)),
            committed => {
                committed?;
                // The next message of its group can be received.
                if queue.is_fifo() {
                    self.ring(key, 1);
                }
                Ok(())
            }
        }
    }
}

fn expired(handle: &str) -> Refusal {
    let reason = "The receipt handle has expired.".to_owned();
    Refusal::InvalidValue(handle.to_owned(), "ReceiptHandle", reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Outgoing, Receive,
        testing::{self, key, received, text},
    };
    use std::time::Duration;

    #[tokio::test]
    async fn a_deleted_message_does_not_come_back() {
        let (sqs, clock) = testing::service().await;
        testing::queue(&sqs, "q", &[]).await;
        sqs.send(&key("q"), &text("one")).await.unwrap();
        let found = sqs.receive(&key("q"), &Receive::default()).await.unwrap().remove(0);
        clock.advance(Duration::from_secs(60));
        assert_eq!(received(&sqs, "q").await, ["one"]);
        for _ in 0..2 {
            sqs.delete(&key("q"), &found.receipt_handle).await.unwrap();
        }
        clock.advance(Duration::from_secs(60));
        assert!(received(&sqs, "q").await.is_empty());
    }

    #[tokio::test]
    async fn an_expired_handle_of_a_fifo_queue_is_refused() {
        let (sqs, clock) = testing::service().await;
        testing::queue(
            &sqs,
            "q.fifo",
            &[("FifoQueue", "true"), ("ContentBasedDeduplication", "true")],
        )
        .await;
        let queue = key("q.fifo");
        for body in ["one", "two"] {
            let message = Outgoing {
                group: Some("g".to_owned()),
                ..text(body)
            };
            sqs.send(&queue, &message).await.unwrap();
        }
        let first = sqs.receive(&queue, &Receive::default()).await.unwrap().remove(0);
        assert!(received(&sqs, "q.fifo").await.is_empty(), "the group waits");
        clock.advance(Duration::from_secs(30));
        assert_eq!(
            sqs.delete(&queue, &first.receipt_handle).await,
            Err(expired(&first.receipt_handle))
        );
        let again = sqs.receive(&queue, &Receive::default()).await.unwrap().remove(0);
        assert_eq!(again.body, "one");
        assert_eq!(
            sqs.delete(&queue, &first.receipt_handle).await,
            Err(expired(&first.receipt_handle))
        );
        sqs.delete(&queue, &again.receipt_handle).await.unwrap();
        sqs.delete(&queue, &again.receipt_handle).await.unwrap();
        assert_eq!(received(&sqs, "q.fifo").await, ["two"]);
    }
}
