//! Messages in queues. Bodies are many and large, so nothing here reads more than it is asked for, and nothing depends on how many
//! there are.

use crate::{BoxFuture, Unavailable};
use lambent_types::{Deduplication, Message, QueueId, Sequence, Timestamp};

/// Which messages to receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiveMessages {
    /// From which queue.
    pub queue: QueueId,
    /// Whether it keeps the order of each message group.
    pub ordered: bool,
    /// The present moment.
    pub now: Timestamp,
    /// The end of the messages' visibility timeout.
    pub visible_at: Timestamp,
    /// None from before this place: they are too old.
    pub oldest: Sequence,
    /// At most so many, which is never more than [`ReceiveMessages::MOST`].
    pub limit: usize,
}

impl ReceiveMessages {
    /// What one receive may take at most: AWS's own bound.
    pub const MOST: usize = 10;
}

/// How many messages a queue has; AWS calls these approximate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageCounts {
    /// Those that can be received.
    pub waiting: u64,
    /// Those that were received and are not visible again yet.
    pub in_flight: u64,
    /// Those that were never received and are not visible yet.
    pub delayed: u64,
}

/// From which place on a queue's messages are kept.
pub type Retention = (QueueId, Sequence);

/// Reads and receives messages. They are stored and removed by transactions.
pub trait MessageTable: Send + Sync + 'static {
    /// Receives visible messages: each is counted as received once more and is not visible until the end of its timeout. None are
    /// received from a queue that is not open.
    ///
    /// An ordered queue gives the messages of a group in their order, and none of a group of which a message is in flight. As many
    /// messages of one group as there are come before those of the next, and groups take turns.
    fn receive_messages(&self, request: ReceiveMessages) -> BoxFuture<'_, Result<Vec<Message>, Unavailable>>;

    /// One message.
    fn message(&self, queue: QueueId, sequence: Sequence) -> BoxFuture<'_, Result<Option<Message>, Unavailable>>;

    /// How many messages there are. What this costs depends on how many are not visible.
    fn message_counts(&self, queue: QueueId, now: Timestamp) -> BoxFuture<'_, Result<MessageCounts, Unavailable>>;

    /// When the next message can be received, which may have passed; `None` if there is no message.
    fn next_message_visible(&self, queue: QueueId) -> BoxFuture<'_, Result<Option<Timestamp>, Unavailable>>;

    /// The oldest message's place.
    fn oldest_message(&self, queue: QueueId) -> BoxFuture<'_, Result<Option<Sequence>, Unavailable>>;

    /// What a deduplication key was used for, if it counts at this moment.
    fn deduplication(
        &self,
        queue: QueueId,
        key: &str,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Deduplication>, Unavailable>>;

    /// The newest place that is taken, over all queues: where to go on after a start.
    fn newest_sequence(&self) -> BoxFuture<'_, Result<Sequence, Unavailable>>;

    /// Removes at most about `limit` messages that are too old or whose queue is gone, and deduplication keys that no longer count.
    /// Returns how many; fewer than `limit` means that nothing is left to remove.
    fn sweep_messages(
        &self,
        kept: Vec<Retention>,
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<usize, Unavailable>>;
}
