//! A map that many use at once.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    sync::{PoisonError, RwLock},
};

/// Enough that those who use different entries seldom meet at one lock.
const SHARDS: usize = 16;

/// A map spread over several locks, whose entries are made when they are first asked for. A lock is held for a look, never longer.
pub(crate) struct Shards<K, V> {
    hasher: RandomState,
    shards: [RwLock<HashMap<K, V>>; SHARDS],
}

impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| RwLock::default()),
        }
    }
}

impl<K: Clone + Eq + Hash, V: Clone + Default> Shards<K, V> {
    /// The entry of a key, made if absent.
    pub(crate) fn of(&self, key: &K) -> V {
        let index = usize::try_from(self.hasher.hash_one(key)).unwrap_or(0) % SHARDS;
        let shard = &self.shards[index];
        if let Some(value) = shard.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return value.clone();
        }
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        shard.entry(key.clone()).or_default().clone()
    }

    /// Forgets the entries for which `keep` is false. Nobody gets an entry while its shard is looked through.
    pub(crate) fn retain(&self, mut keep: impl FnMut(&V) -> bool) {
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.retain(|_, value| keep(value));
        }
    }

    /// Shows every entry.
    pub(crate) fn each(&self, mut see: impl FnMut(&K, &V)) {
        for shard in &self.shards {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            shard.iter().for_each(|(key, value)| see(key, value));
        }
    }
}
