//! The rules of queues: what a deduplication id counts in, when a message is given up, how long it may be kept from others, and how
//! many may be in flight.
//!
//! Follows the SQS developer guide: "Exactly-once processing", "Visibility timeout", "Using dead-letter queues" and "Message quotas".

use lambent_types::{Message, QueueId, Sequence, Sha256Digest, Timestamp};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// How long a deduplication id, and that of a receive, counts.
pub const DEDUPLICATION_WINDOW: Duration = Duration::from_secs(5 * 60);
/// How long a message may be kept from others, from the moment it was received.
pub const LONGEST_INVISIBILITY: Duration = Duration::from_secs(12 * 60 * 60);
/// How many messages of one queue may be in flight.
pub const MOST_IN_FLIGHT: u64 = 120_000;

/// What a deduplication id is unique in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeduplicationScope {
    /// The queue.
    #[default]
    Queue,
    /// The message group.
    MessageGroup,
}

impl DeduplicationScope {
    /// The key that a deduplication id counts under. No two pairs of group and id have the same key.
    #[must_use]
    pub fn key(self, group: &str, id: &str) -> String {
        match self {
            Self::Queue => id.to_owned(),
            Self::MessageGroup => format!("{}:{group}{id}", group.len()),
        }
    }
}

/// The deduplication id of a message that has none, where its content stands for it.
#[must_use]
pub fn content_id(body: &str) -> String {
    Sha256Digest::of(body.as_bytes()).to_hex()
}

/// What becomes of a message that was just received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Whoever asked for messages gets it.
    Deliver,
    /// It was received often enough and belongs into the dead-letter queue, in this form.
    GiveUp(Message),
}

/// Where messages go that nobody could handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redrive {
    /// A message that is received more often than this goes there.
    pub maximum_receives: u32,
    /// The dead-letter queue.
    pub target: QueueId,
    /// Whether it keeps order. A message that comes into such a queue is new there; in others it keeps its place, and so its age.
    pub ordered: bool,
}

impl Redrive {
    /// Decides on a message that was just received from the queue of this ARN. `place` is one that nothing else has.
    #[must_use]
    pub fn after_receive(&self, message: &Message, source: &str, place: Sequence, now: Timestamp) -> Verdict {
        if message.receives <= self.maximum_receives {
            return Verdict::Deliver;
        }
        Verdict::GiveUp(Message {
            queue: self.target,
            sequence: if self.ordered { place } else { message.sequence },
            group: message.group.clone().filter(|_| self.ordered),
            visible_at: now,
            receives: message.receives - 1,
            dead_letter_source: Some(source.to_owned()),
            ..message.clone()
        })
    }
}

/// The visibility timeout would keep the message from others for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("total visibility timeout is beyond the limit")]
pub struct TooLong;

/// When a message that was received at `received_at` is visible again, if its timeout begins anew now.
///
/// # Errors
/// [`TooLong`] if that is more than twelve hours after it was received.
pub fn extended(received_at: Timestamp, now: Timestamp, timeout: Duration) -> Result<Timestamp, TooLong> {
    let end = now.plus(timeout);
    if end > received_at.plus(LONGEST_INVISIBILITY) {
        return Err(TooLong);
    }
    Ok(end)
}

/// Upper bounds of how many messages are in flight, so that they are counted seldom: never more are than were there at the last count
/// and were received since.
#[derive(Debug, Default)]
pub struct InFlight(BTreeMap<QueueId, u64>);

impl InFlight {
    /// Whether so many more can be received without counting.
    #[must_use]
    pub fn surely_fit(&self, queue: QueueId, more: usize) -> bool {
        self.0
            .get(&queue)
            .is_some_and(|bound| bound + more as u64 <= MOST_IN_FLIGHT)
    }

    /// They were counted.
    pub fn counted(&mut self, queue: QueueId, count: u64) {
        self.0.insert(queue, count);
    }

    /// So many were received.
    pub fn received(&mut self, queue: QueueId, count: usize) {
        *self.0.entry(queue).or_default() += count as u64;
    }

    /// The queue is gone.
    pub fn forget(&mut self, queue: QueueId) {
        self.0.remove(&queue);
    }
}

/// A message as one receive gave it: its place, and how often it had been received then.
pub type Receipt = (Sequence, u32);

/// What receives with an attempt id gave: the same attempt, made again because its answer was lost, gives the same messages.
#[derive(Debug, Default)]
pub struct Attempts {
    made: VecDeque<Attempt>,
}

#[derive(Debug)]
struct Attempt {
    queue: QueueId,
    id: String,
    at: Timestamp,
    receipts: Vec<Receipt>,
}

/// So many attempts are remembered; older ones are forgotten first.
const MOST_ATTEMPTS: usize = 10_000;

impl Attempts {
    /// Notes what an attempt gave.
    pub fn note(&mut self, queue: QueueId, id: &str, now: Timestamp, receipts: Vec<Receipt>) {
        self.made.retain(|made| made.queue != queue || made.id != id);
        let expired = |made: &Attempt| now.since(made.at) >= DEDUPLICATION_WINDOW;
        while self.made.len() >= MOST_ATTEMPTS || self.made.front().is_some_and(expired) {
            self.made.pop_front();
        }
        self.made.push_back(Attempt {
            queue,
            id: id.to_owned(),
            at: now,
            receipts,
        });
    }

    /// What the attempt gave, if it was made lately.
    #[must_use]
    pub fn find(&self, queue: QueueId, id: &str, now: Timestamp) -> Option<&[Receipt]> {
        let same = |made: &&Attempt| made.queue == queue && made.id == id;
        let made = self.made.iter().find(same)?;
        (now.since(made.at) < DEDUPLICATION_WINDOW).then_some(made.receipts.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const QUEUE: QueueId = QueueId::at(Sequence::from_stored(1));
    const TARGET: QueueId = QueueId::at(Sequence::from_stored(2));

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    fn message(receives: u32) -> Message {
        Message {
            queue: QUEUE,
            sequence: Sequence::from_stored(10),
            group: Some("g".to_owned()),
            visible_at: at(900),
            receives,
            first_received_at: Some(at(100)),
            dead_letter_source: None,
            header: "{}".to_owned(),
            body: "b".to_owned(),
        }
    }

    proptest! {
        #[test]
        fn only_the_same_id_of_the_same_group_is_a_duplicate(
            one in ("[a-z0-9:]{0,4}", "[a-z0-9:]{0,4}"), other in ("[a-z0-9:]{0,4}", "[a-z0-9:]{0,4}")
        ) {
            let key = |scope: DeduplicationScope, (group, id): &(String, String)| scope.key(group, id);
            let [in_group, in_queue] = [DeduplicationScope::MessageGroup, DeduplicationScope::Queue]
                .map(|scope| key(scope, &one) == key(scope, &other));
            prop_assert_eq!(in_group, one == other);
            prop_assert_eq!(in_queue, one.1 == other.1);
        }

        #[test]
        fn a_message_is_delivered_as_often_as_is_allowed(maximum in 1_u32..1_000, ordered: bool) {
            let redrive = Redrive { maximum_receives: maximum, target: TARGET, ordered };
            let place = Sequence::from_stored(99);
            let judge = |receives| redrive.after_receive(&message(receives), "arn", place, at(500));
            prop_assert_eq!(judge(1), Verdict::Deliver);
            prop_assert_eq!(judge(maximum), Verdict::Deliver);
            let Verdict::GiveUp(gone) = judge(maximum + 1) else { panic!("it was delivered") };
            prop_assert_eq!((gone.queue, gone.receives, gone.visible_at), (TARGET, maximum, at(500)));
            prop_assert_eq!(gone.sequence, if ordered { place } else { message(1).sequence });
            prop_assert_eq!(gone.group.is_some(), ordered);
            prop_assert_eq!(gone.dead_letter_source.as_deref(), Some("arn"));
        }

        #[test]
        fn nobody_keeps_a_message_for_more_than_twelve_hours(steps in prop::collection::vec((0_u64..50_000, 0_u64..43_201), 1..20)) {
            let received_at = at(7);
            let (mut now, end) = (received_at, received_at.plus(LONGEST_INVISIBILITY));
            for (pause, timeout) in steps {
                now = now.plus(Duration::from_secs(pause));
                let timeout = Duration::from_secs(timeout);
                match extended(received_at, now, timeout) {
                    Ok(visible_at) => prop_assert!(visible_at <= end && visible_at == now.plus(timeout)),
                    Err(TooLong) => prop_assert!(now.plus(timeout) > end),
                }
            }
        }

        #[test]
        fn the_bound_is_never_below_what_is_in_flight(steps in prop::collection::vec((0_usize..11, any::<bool>()), 0..200)) {
            let (mut in_flight, mut real) = (InFlight::default(), MOST_IN_FLIGHT - 100);
            for (count, back) in steps {
                if back {
                    real -= count as u64;
                    continue;
                }
                if !in_flight.surely_fit(QUEUE, count) {
                    in_flight.counted(QUEUE, real);
                }
                if in_flight.surely_fit(QUEUE, count) {
                    in_flight.received(QUEUE, count);
                    real += count as u64;
                }
                prop_assert!(real <= MOST_IN_FLIGHT);
            }
        }
    }

    #[test]
    fn an_attempt_counts_for_five_minutes() {
        let mut attempts = Attempts::default();
        let receipts = vec![(Sequence::from_stored(10), 1)];
        attempts.note(QUEUE, "a", at(0), receipts.clone());
        let end = at(0).plus(DEDUPLICATION_WINDOW);
        assert_eq!(
            attempts.find(QUEUE, "a", at(end.as_micros() - 1)),
            Some(receipts.as_slice())
        );
        assert_eq!(attempts.find(QUEUE, "a", end), None);
        assert_eq!(attempts.find(TARGET, "a", at(0)), None);
        attempts.note(QUEUE, "b", end, Vec::new());
        assert_eq!(attempts.made.len(), 1, "what is too old is forgotten");
    }
}
