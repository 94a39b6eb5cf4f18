//! Function versions that were read once, kept in memory.

use lambent_types::{FunctionKey, FunctionRecord, VersionKey};
use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// Enough for the functions in use at one time; beyond it the cache starts afresh.
const CAPACITY: usize = 10_000;

/// A cache that only ever holds what is committed.
///
/// A reader may read a row just before a commit changes it. It takes a ticket before it reads, and its fill is ignored if a commit
/// came between.
#[derive(Debug, Default)]
pub(crate) struct FunctionCache {
    commits: AtomicU64,
    records: RwLock<HashMap<VersionKey, Arc<FunctionRecord>>>,
}

/// The number of commits when a read began.
#[derive(Clone, Copy)]
pub(crate) struct Ticket(u64);

impl FunctionCache {
    pub(crate) fn get(&self, key: &VersionKey) -> Option<Arc<FunctionRecord>> {
        self.records
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .cloned()
    }

    pub(crate) fn ticket(&self) -> Ticket {
        Ticket(self.commits.load(Ordering::Acquire))
    }

    pub(crate) fn fill(&self, ticket: Ticket, record: &Arc<FunctionRecord>) {
        let mut records = self.records.write().unwrap_or_else(PoisonError::into_inner);
        if self.commits.load(Ordering::Acquire) != ticket.0 {
            return;
        }
        if records.len() >= CAPACITY {
            records.clear();
        }
        records.insert(record.key.clone(), Arc::clone(record));
    }

    /// Forgets what a commit has just changed. Called after the commit and before its caller is told.
    pub(crate) fn forget<'a>(&self, changed: impl Iterator<Item = Changed<'a>>) {
        let mut records = self.records.write().unwrap_or_else(PoisonError::into_inner);
        self.commits.fetch_add(1, Ordering::AcqRel);
        for change in changed {
            match change {
                Changed::Version(key) => {
                    records.remove(key);
                }
                Changed::Function(key) => records.retain(|version, _| version.function != *key),
            }
        }
    }
}

/// What a commit changed.
pub(crate) enum Changed<'a> {
    /// One version.
    Version(&'a VersionKey),
    /// A function with all its versions.
    Function(&'a FunctionKey),
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_store::contract::record;
    use lambent_types::Version;

    #[test]
    fn a_fill_that_lost_the_race_with_a_commit_is_ignored() {
        let cache = FunctionCache::default();
        let old = Arc::new(record("111111111111", "f", Version::Latest, 1));
        let ticket = cache.ticket();
        cache.forget([Changed::Version(&old.key)].into_iter());
        cache.fill(ticket, &old);
        assert_eq!(cache.get(&old.key), None);
        cache.fill(cache.ticket(), &old);
        assert_eq!(cache.get(&old.key), Some(old));
    }
}
