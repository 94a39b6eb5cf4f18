//! Changes as data.

use crate::{Document, DocumentKey, Unavailable};
use lambent_types::{
    AsyncEvent, Deduplication, Delivery, DeliveryId, EventId, FunctionKey, FunctionRecord, Message, QueueId,
    RevisionId, Sequence, Timestamp, VersionKey,
};
use std::sync::Arc;

/// What must hold, and what then changes, as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// All must hold when the changes are applied.
    pub conditions: Vec<Condition>,
    /// Applied in order.
    pub changes: Vec<Change>,
}

impl Transaction {
    /// A transaction of one unconditional change.
    #[must_use]
    pub fn of(change: Change) -> Self {
        Self {
            conditions: Vec::new(),
            changes: vec![change],
        }
    }

    /// Adds a condition.
    #[must_use]
    pub fn when(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// Adds a change.
    #[must_use]
    pub fn and(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }
}

/// Something that must hold for a transaction to be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// No version of this function exists.
    FunctionAbsent(FunctionKey),
    /// This version exists and bears this revision: nobody changed it since it was read.
    Revision(VersionKey, RevisionId),
    /// This version exists.
    VersionPresent(VersionKey),
    /// No such document exists.
    DocumentAbsent(DocumentKey),
    /// This document exists and bears this revision.
    DocumentRevision(DocumentKey, RevisionId),
    /// This event is still stored: nobody finished it meanwhile.
    EventPresent(EventId),
    /// This delivery is still stored: nobody finished it meanwhile.
    DeliveryPresent(DeliveryId),
    /// The queue is there to take messages.
    QueueOpen(QueueId),
    /// No message with this deduplication key was taken in that still counts at this moment.
    NotDuplicate(QueueId, String, Timestamp),
    /// This message is there, and was last received as often as this: nobody received it since.
    MessageReceived(QueueId, Sequence, u32),
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Inserts or replaces a version.
    PutFunction(Arc<FunctionRecord>),
    /// Removes one version.
    DeleteVersion(VersionKey),
    /// Removes a function with all its versions and all documents that belong to it.
    DeleteFunction(FunctionKey),
    /// Inserts or replaces a document.
    PutDocument(Document),
    /// Removes a document.
    DeleteDocument(DocumentKey),
    /// Inserts or replaces an event; a replaced one keeps its payload if the new one's is empty.
    PutEvent(AsyncEvent),
    /// Removes an event.
    DeleteEvent(EventId),
    /// Inserts or replaces a delivery; a replaced one keeps its place in its lane, and its payload if the new one's is empty.
    PutDelivery(Delivery),
    /// Removes a delivery; the next of its lane is due.
    DeleteDelivery(DeliveryId),
    /// Begins a queue: messages can be put into it.
    OpenQueue(QueueId),
    /// Ends a queue with all its messages. They are out of reach at once, and removed by [`crate::MessageTable::sweep_messages`].
    DropQueue(QueueId),
    /// Inserts a message, whose queue must be open.
    PutMessage(Message),
    /// Inserts or replaces what is known of a deduplication key.
    PutDeduplication(Deduplication),
    /// Removes a message, at this moment.
    DeleteMessage(QueueId, Sequence, Timestamp),
    /// Makes a message visible from a moment on; the last is the present one.
    SetVisibility(QueueId, Sequence, Timestamp, Timestamp),
}

/// Why a transaction was not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// This condition did not hold.
    #[error("condition not met: {0:?}")]
    Condition(Condition),
    /// The engine failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}
