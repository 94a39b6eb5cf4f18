//! Sending.

use crate::{
    Outgoing, Queue, Refusal, Sent, Sqs, digest,
    message::sequence_number,
    queue::{TRIES, busy},
};
use lambent_engine::queue::{DEDUPLICATION_WINDOW, content_id};
use lambent_store::{Change, CommitError, Condition, Transaction};
use lambent_types::{Deduplication, Message, QueueKey, Timestamp};
use std::time::Duration;

/// A message that is ready to be committed, on its own or with what must happen together with it.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What puts it into the queue, if the queue is still as it was and it is no duplicate.
    pub transaction: Transaction,
    /// What is told of it once that is committed.
    pub sent: Sent,
    /// The queue. Whoever commits the transaction rings for it afterwards: [`Sqs::ring`].
    pub queue: QueueKey,
}

impl Sqs {
    /// Sends a message: committed when this returns.
    ///
    /// # Errors
    /// What is refused; nothing was sent then.
    pub async fn send(&self, key: &QueueKey, outgoing: &Outgoing) -> Result<Sent, Refusal> {
        for _ in 0..TRIES {
            let Prepared { transaction, sent, .. } = self.prepare(key, outgoing).await?;
            match self.store.commit(transaction).await {
                Ok(()) => {
                    self.ring(key, 1);
                    return Ok(sent);
                }
                Err(CommitError::Condition(Condition::NotDuplicate(queue, id, now))) => {
                    // A duplicate is acknowledged as the message that it repeats.
                    if let Some(first) = self.store.deduplication(queue, &id, now).await? {
                        return serde_json::from_str(&first.header)
                            .map_err(|error| Refusal::Internal(error.to_string()));
                    }
                }
                // The queue was purged just now, or removed.
                Err(CommitError::Condition(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(busy())
    }

    /// What sends a message, for who wants to commit it together with something else.
    ///
    /// # Errors
    /// What is refused.
    pub async fn prepare(&self, key: &QueueKey, outgoing: &Outgoing) -> Result<Prepared, Refusal> {
        outgoing.check()?;
        let queue = self.queue(key).await?;
        outgoing.check_for(&queue.settings)?;
        let (transaction, sent) = self.plan(&queue, outgoing, self.clock.now())?;
        Ok(Prepared {
            transaction,
            sent,
            queue: key.clone(),
        })
    }

    fn plan(&self, queue: &Queue, outgoing: &Outgoing, now: Timestamp) -> Result<(Transaction, Sent), Refusal> {
        let sequence = self.place(now);
        let delay = outgoing
            .delay
            .filter(|_| !queue.is_fifo())
            .unwrap_or(queue.settings.delay);
        let fifo = queue.settings.fifo.as_ref();
        let explicit = || outgoing.deduplication.clone();
        let deduplication = fifo.map(|_| explicit().unwrap_or_else(|| content_id(&outgoing.body)));
        let header = outgoing.header(self.ids.uuid().to_string(), now, deduplication.clone());
        let sent = Sent {
            message_id: header.id.clone(),
            md5_of_body: header.md5.clone(),
            md5_of_attributes: digest::of_attributes(&outgoing.attributes),
            md5_of_system_attributes: outgoing.md5_of_system_attributes(),
            sequence_number: fifo.map(|_| sequence_number(sequence.number())),
        };
        let message = Message {
            queue: queue.contents,
            sequence,
            group: outgoing.group.clone().filter(|_| queue.is_fifo()),
            visible_at: now.plus(Duration::from_secs(delay.into())),
            receives: 0,
            first_received_at: None,
            dead_letter_source: None,
            header: header.text()?,
            body: outgoing.body.clone(),
        };
        let mut transaction = Transaction::of(Change::PutMessage(message)).when(Condition::QueueOpen(queue.contents));
        if let Some((fifo, id)) = fifo.zip(deduplication) {
            let key = fifo.scope().key(outgoing.group.as_deref().unwrap_or_default(), &id);
            let used = Deduplication {
                queue: queue.contents,
                key: key.clone(),
                until: now.plus(DEDUPLICATION_WINDOW),
                sequence,
                header: serde_json::to_string(&sent).map_err(|error| Refusal::Internal(error.to_string()))?,
            };
            transaction = transaction
                .and(Change::PutDeduplication(used))
                .when(Condition::NotDuplicate(queue.contents, key, now));
        }
        Ok((transaction, sent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, key, received, text};

    #[tokio::test]
    async fn a_duplicate_is_acknowledged_and_not_sent() {
        let (sqs, clock) = testing::service().await;
        testing::queue(
            &sqs,
            "q.fifo",
            &[("FifoQueue", "true"), ("ContentBasedDeduplication", "true")],
        )
        .await;
        let key = key("q.fifo");
        let message = Outgoing {
            group: Some("g".to_owned()),
            ..text("one")
        };
        let first = sqs.send(&key, &message).await.unwrap();
        assert_eq!(sqs.send(&key, &message).await, Ok(first.clone()));
        let other = Outgoing {
            group: Some("h".to_owned()),
            ..message.clone()
        };
        assert_eq!(
            sqs.send(&key, &other).await,
            Ok(first.clone()),
            "ids count in the whole queue"
        );
        assert_eq!(received(&sqs, "q.fifo").await, ["one"]);
        clock.advance(DEDUPLICATION_WINDOW);
        assert_ne!(sqs.send(&key, &message).await, Ok(first));
        assert_eq!(received(&sqs, "q.fifo").await, ["one", "one"]);
    }

    #[tokio::test]
    async fn a_delayed_message_is_not_there_yet() {
        let (sqs, clock) = testing::service().await;
        testing::queue(&sqs, "q", &[("DelaySeconds", "5")]).await;
        sqs.send(&key("q"), &text("late")).await.unwrap();
        let now = Outgoing {
            delay: Some(0),
            ..text("now")
        };
        sqs.send(&key("q"), &now).await.unwrap();
        assert_eq!(received(&sqs, "q").await, ["now"]);
        clock.advance(Duration::from_secs(5));
        assert_eq!(received(&sqs, "q").await, ["late"]);
    }

    #[tokio::test]
    async fn nothing_is_sent_to_a_queue_that_is_gone() {
        let (sqs, _) = testing::service().await;
        assert_eq!(sqs.send(&key("q"), &text("x")).await, Err(Refusal::NoQueue));
        testing::queue(&sqs, "q", &[]).await;
        let prepared = sqs.prepare(&key("q"), &text("x")).await.unwrap();
        sqs.purge(&key("q")).await.unwrap();
        assert!(sqs.store.commit(prepared.transaction).await.is_err());
        sqs.send(&key("q"), &text("y")).await.unwrap();
        assert_eq!(received(&sqs, "q").await, ["y"]);
    }
}
