//! What a mapping asks of the queue that it reads, whoever keeps it.

use lambent_store::BoxFuture;
use lambent_types::{Attribute, QueueKey};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Messages that one receive gives, and one request deletes, at most: SQS's bound.
pub(crate) const MOST_AT_ONCE: usize = 10;

/// Queues by their names.
pub trait Queues: Send + Sync + 'static {
    /// The queue of this name, whether it exists or not.
    fn queue(&self, key: &QueueKey) -> Arc<dyn Queue>;
}

/// A queue that a mapping reads: what is received is nobody else's until its visibility timeout ends, and is there again afterwards
/// unless it was deleted.
pub trait Queue: Send + Sync + 'static {
    /// For how long nobody else gets what is received; and so whether the queue exists.
    fn visibility_timeout(&self) -> BoxFuture<'_, Result<Duration, Trouble>>;

    /// Receives messages, ten at most, at once if there are some; otherwise waits, for about so long, until there are.
    fn receive(&self, most: usize, wait: Duration) -> BoxFuture<'_, Result<Vec<Received>, Trouble>>;

    /// Deletes what was handled, ten messages at most. Returns what was not deleted, by its place in the list, and why.
    fn delete<'a>(&'a self, handles: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<(usize, Trouble)>, Trouble>>;

    /// Gives messages back, ten at most, so that they can be received again at once.
    fn give_back<'a>(&'a self, handles: &'a [&'a str]) -> BoxFuture<'a, Result<(), Trouble>>;
}

/// A message that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Names it.
    pub message_id: String,
    /// Names this receive of it.
    pub receipt_handle: String,
    /// What was sent.
    pub body: String,
    /// The MD5 of that.
    pub md5_of_body: String,
    /// The MD5 of its attributes, if it has some.
    pub md5_of_attributes: Option<String>,
    /// Its attributes.
    pub attributes: BTreeMap<String, Attribute>,
    /// Its system attributes, by name.
    pub system: BTreeMap<String, String>,
}

/// Why a queue did not do what was asked. Messages are as they were, or will be visible again in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It refused, with this code and this text.
    #[error("{code}: {message}")]
    Refused {
        /// SQS's code; that of the query protocol where there are two.
        code: String,
        /// Its text.
        message: String,
    },
    /// It was not reached, or did not answer in time.
    #[error("not reached: {0}")]
    Unreachable(String),
    /// What answered does not speak SQS.
    #[error("no answer of SQS: {0}")]
    Garbled(String),
}

/// The code of a queue that does not exist.
pub(crate) const NO_QUEUE: &str = "AWS.SimpleQueueService.NonExistentQueue";

impl Trouble {
    /// Whether the queue does not exist.
    #[must_use]
    pub fn is_no_queue(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == NO_QUEUE)
    }

    /// What AWS says of a mapping whose queue cannot be read (recorded: `test_esm_with_not_existing_sqs_queue`; "Troubleshoot event
    /// source mapping errors" of the developer guide).
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Self::Refused { code, message } => {
                format!("Error occurred while ReceiveMessage. SQS Error Code: {code}. SQS Error Message: {message}")
            }
            Self::Unreachable(_) | Self::Garbled(_) => {
                "Connection error. Please check your event source connection configuration.".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_queue_is_told_as_recorded() {
        let missing = Trouble::Refused {
            code: NO_QUEUE.to_owned(),
            message: "The specified queue does not exist.".to_owned(),
        };
        assert!(missing.is_no_queue());
        assert_eq!(
            missing.told(),
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error \
             Message: The specified queue does not exist."
        );
    }
}
