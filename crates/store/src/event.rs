//! Asynchronous events.

use crate::{BoxFuture, Unavailable};
use lambent_types::{AsyncEvent, Timestamp};

/// Names a server among those that share a store, across its restarts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NodeId(pub String);

/// Leases events to those who try them. Events are stored and removed by transactions.
pub trait EventTable: Send + Sync + 'static {
    /// Leases at most `limit` due events to `node` until `lease_end`, oldest due first. An event whose lease ended without its
    /// removal is due again: whoever held it is taken for dead, and the event is tried once more.
    fn lease_events(
        &self,
        node: &NodeId,
        now: Timestamp,
        lease_end: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<AsyncEvent>, Unavailable>>;

    /// Makes every event leased to `node` due at once: called when a node starts, since it cannot be working on any.
    fn release_leases(&self, node: &NodeId, now: Timestamp) -> BoxFuture<'_, Result<u64, Unavailable>>;

    /// When the next event is due, leased ones included.
    fn next_event_due(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Unavailable>>;

    /// How many events are stored.
    fn event_count(&self) -> BoxFuture<'_, Result<u64, Unavailable>>;
}
