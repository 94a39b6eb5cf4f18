//! Deliveries in memory: the plainest thing that keeps the contract.

use lambent_store::NodeId;
use lambent_types::{Delivery, DeliveryId, Timestamp};
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    places: u64,
    /// In the order in which they were first stored.
    rows: BTreeMap<u64, (Delivery, Option<NodeId>)>,
}

impl Deliveries {
    fn place(&self, id: DeliveryId) -> Option<u64> {
        let found = self.rows.iter().find(|(_, (delivery, _))| delivery.id == id);
        found.map(|(place, _)| *place)
    }

    /// Whether nothing of its lane comes before it.
    fn leads(&self, place: u64) -> bool {
        let lane = self.rows.get(&place).and_then(|(delivery, _)| delivery.lane.as_ref());
        lane.is_none()
            || !self
                .rows
                .range(..place)
                .any(|(_, (other, _))| other.lane.as_ref() == lane)
    }

    pub(crate) fn contains(&self, id: DeliveryId) -> bool {
        self.place(id).is_some()
    }

    pub(crate) fn put(&mut self, mut delivery: Delivery) {
        let place = self.place(delivery.id).unwrap_or(self.places);
        self.places += 1;
        if let Some((before, _)) = self.rows.remove(&place)
            && delivery.payload.is_empty()
        {
            delivery.payload = before.payload;
        }
        self.rows.insert(place, (delivery, None));
    }

    pub(crate) fn delete(&mut self, id: DeliveryId) {
        if let Some(place) = self.place(id) {
            self.rows.remove(&place);
        }
    }

    pub(crate) fn lease(&mut self, node: &NodeId, now: Timestamp, lease_end: Timestamp, limit: usize) -> Vec<Delivery> {
        let due = |(place, (delivery, _)): (&u64, &(Delivery, Option<NodeId>))| {
            (delivery.due_at <= now && self.leads(*place)).then_some((delivery.due_at, *place))
        };
        let mut due: Vec<_> = self.rows.iter().filter_map(due).collect();
        due.sort_unstable();
        due.truncate(limit);
        let mut leased = Vec::new();
        for (_, place) in due {
            if let Some((delivery, holder)) = self.rows.get_mut(&place) {
                delivery.due_at = lease_end;
                *holder = Some(node.clone());
                leased.push(delivery.clone());
            }
        }
        leased
    }

    pub(crate) fn release(&mut self, node: &NodeId, now: Timestamp) -> u64 {
        let held = self
            .rows
            .values_mut()
            .filter(|(_, holder)| holder.as_ref() == Some(node));
        held.map(|(delivery, holder)| {
            *holder = None;
            delivery.due_at = now;
        })
        .count() as u64
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let leading = self.rows.iter().filter(|(place, _)| self.leads(**place));
        leading.map(|(_, (delivery, _))| delivery.due_at).min()
    }

    pub(crate) fn count(&self) -> u64 {
        self.rows.len() as u64
    }
}
