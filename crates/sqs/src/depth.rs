//! How many messages are in queues, for who watches the server.

use crate::{Queue, Refusal, Sqs};
use lambent_store::{Kind, MessageCounts};
use lambent_types::QueueKey;

/// What is in one queue, or in several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Depth {
    /// The queue; `None` of those together that are too many to be told apart.
    pub queue: Option<QueueKey>,
    /// Its messages.
    pub messages: MessageCounts,
}

impl Sqs {
    /// The first `apart` queues by account, region and name, and the others together.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn depths(&self, apart: usize) -> Result<Vec<Depth>, Refusal> {
        let now = self.clock.now();
        let mut depths = Vec::new();
        let mut others: Option<MessageCounts> = None;
        let mut scopes = self.store.document_scopes(Kind::Queue).await?;
        scopes.sort();
        for scope in scopes {
            for queue in self.list_all::<Queue>(&scope, None).await? {
                let messages = self.store.message_counts(queue.value.contents, now).await?;
                if depths.len() < apart {
                    let (scope, name) = (scope.clone(), queue.key.id);
                    let queue = Some(QueueKey { scope, name });
                    depths.push(Depth { queue, messages });
                } else {
                    let sum = others.get_or_insert_default();
                    sum.waiting += messages.waiting;
                    sum.in_flight += messages.in_flight;
                    sum.delayed += messages.delayed;
                }
            }
        }
        depths.extend(others.map(|messages| Depth { queue: None, messages }));
        Ok(depths)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{key, queue, service, text};

    #[tokio::test]
    async fn many_queues_are_told_together() {
        let (sqs, _) = service().await;
        for name in ["c", "a", "b"] {
            queue(&sqs, name, &[]).await;
            sqs.send(&key(name), &text("x")).await.unwrap();
        }
        let depths = sqs.depths(2).await.unwrap();
        let told: Vec<_> = depths
            .iter()
            .map(|depth| {
                (
                    depth.queue.as_ref().map(|queue| queue.name.as_str()),
                    depth.messages.waiting,
                )
            })
            .collect();
        assert_eq!(told, [(Some("a"), 1), (Some("b"), 1), (None, 1)]);
    }
}
