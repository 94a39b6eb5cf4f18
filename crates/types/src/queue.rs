//! Queues and their messages, as they are stored.

use crate::{Scope, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Names a queue for good.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QueueKey {
    /// Account and region.
    pub scope: Scope,
    /// Its name; that of a FIFO queue ends in `.fifo`.
    pub name: String,
}

impl QueueKey {
    /// `arn:aws:sqs:us-east-1:123456789012:name`.
    #[must_use]
    pub fn arn(&self) -> String {
        let Scope { account, region } = &self.scope;
        format!("arn:{}:sqs:{region}:{account}:{}", region.partition(), self.name)
    }

    /// Reads such an ARN.
    #[must_use]
    pub fn from_arn(arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.split(':').collect();
        let ["arn", _, "sqs", region, account, name] = parts.as_slice() else {
            return None;
        };
        let scope = Scope {
            account: account.parse().ok()?,
            region: region.parse().ok()?,
        };
        let key = Self {
            scope,
            name: (*name).to_owned(),
        };
        (key.arn() == arn).then_some(key)
    }
}

/// A place in the order in which messages were taken in, unique in a store: microseconds since the epoch, or one more than the place
/// before. What is older than a moment is therefore what lies before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequence(i64);

impl Sequence {
    /// As it was stored.
    #[must_use]
    pub const fn from_stored(number: i64) -> Self {
        Self(number)
    }

    /// As it is stored.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The place behind this one for what is taken in now.
    #[must_use]
    pub fn next(self, now: Timestamp) -> Self {
        Self(now.as_micros().max(self.0.saturating_add(1)))
    }

    /// The first place of what is at most so old.
    #[must_use]
    pub fn oldest(now: Timestamp, age: Duration) -> Self {
        let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        Self(now.as_micros().saturating_sub(age))
    }
}

/// One life of a queue's contents. A purge ends it and begins another, and so does deleting a queue and making it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QueueId(i64);

impl QueueId {
    /// Begins where the queue was made or purged.
    #[must_use]
    pub const fn at(place: Sequence) -> Self {
        Self(place.0)
    }

    /// As it is stored.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

/// A stored message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it lies in.
    pub queue: QueueId,
    /// Its place, which also names it.
    pub sequence: Sequence,
    /// The group whose order is kept; `None` in a standard queue.
    pub group: Option<String>,
    /// Not to be received before this moment: while it is delayed, and while whoever received it works on it.
    pub visible_at: Timestamp,
    /// How often it was received.
    pub receives: u32,
    /// When it was received first.
    pub first_received_at: Option<Timestamp>,
    /// The ARN of the queue whose consumers could not handle it, if it came from there.
    pub dead_letter_source: Option<String>,
    /// What the service keeps beside the body; the store does not read it.
    pub header: String,
    /// What was sent.
    pub body: String,
}

/// That a deduplication id was used, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deduplication {
    /// The queue.
    pub queue: QueueId,
    /// The id, with the message group where that is what it counts in.
    pub key: String,
    /// It counts until then.
    pub until: Timestamp,
    /// The place of the message that was taken in with it.
    pub sequence: Sequence,
    /// What the service wants to know of that message.
    pub header: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_names_a_queue() {
        let arn = "arn:aws:sqs:eu-west-1:123456789012:orders.fifo";
        let key = QueueKey::from_arn(arn).unwrap();
        assert_eq!((key.name.as_str(), key.arn().as_str()), ("orders.fifo", arn));
        for other in [
            "arn:aws:sns:eu-west-1:123456789012:orders",
            "orders",
            "arn:aws:sqs:eu-west-1:12:q",
        ] {
            assert_eq!(QueueKey::from_arn(other), None);
        }
    }

    #[test]
    fn places_follow_each_other_whatever_the_clock_does() {
        let first = Sequence::default().next(Timestamp::from_micros(100));
        let second = first.next(Timestamp::from_micros(100));
        let third = second.next(Timestamp::from_micros(50));
        assert_eq!([first, second, third].map(Sequence::number), [100, 101, 102]);
        let oldest = Sequence::oldest(Timestamp::from_micros(5_000_100), Duration::from_secs(5));
        assert!(first >= oldest && Sequence::from_stored(99) < oldest);
    }
}
