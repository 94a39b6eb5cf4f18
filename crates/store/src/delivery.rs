//! Deliveries that have not arrived yet.

use crate::{BoxFuture, NodeId, Unavailable};
use lambent_types::{Delivery, Timestamp};

/// Leases deliveries to those who try them. They are stored and removed by transactions.
pub trait DeliveryTable: Send + Sync + 'static {
    /// Leases at most `limit` due deliveries to `node` until `lease_end`, oldest due first; of a lane only the first. A delivery whose
    /// lease ended without its removal is due again.
    fn lease_deliveries(
        &self,
        node: &NodeId,
        now: Timestamp,
        lease_end: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Delivery>, Unavailable>>;

    /// Makes every delivery leased to `node` due at once: called when a node starts, since it cannot be working on any.
    fn release_deliveries(&self, node: &NodeId, now: Timestamp) -> BoxFuture<'_, Result<u64, Unavailable>>;

    /// When the next delivery is due, leased ones included.
    fn next_delivery_due(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Unavailable>>;

    /// How many deliveries are stored.
    fn delivery_count(&self) -> BoxFuture<'_, Result<u64, Unavailable>>;
}
