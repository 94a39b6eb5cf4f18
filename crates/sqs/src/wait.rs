//! Who waits for messages.

use lambent_types::QueueKey;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Notify;

/// One bell for each queue that somebody waited for.
#[derive(Debug, Default)]
pub(crate) struct Bells(Mutex<HashMap<QueueKey, Arc<Notify>>>);

impl Bells {
    /// The bell of a queue that exists.
    pub(crate) fn of(&self, queue: &QueueKey) -> Arc<Notify> {
        let mut bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(bells.entry(queue.clone()).or_default())
    }

    /// Wakes one who waits for each of so many messages. Nothing happens where nobody ever waited.
    pub(crate) fn ring(&self, queue: &QueueKey, messages: usize) {
        let bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = bells.get(queue) {
            (0..messages).for_each(|_| bell.notify_one());
        }
    }

    /// Wakes all who wait for a queue that is gone, and forgets it.
    pub(crate) fn remove(&self, queue: &QueueKey) {
        let mut bells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = bells.remove(queue) {
            bell.notify_waiters();
        }
    }
}
