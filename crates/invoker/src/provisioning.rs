//! Environments that are kept ready: which versions have them, and how that goes.

use lambent_types::{FunctionKey, FunctionRecord, VersionKey};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A version whose initialisation failed is tried again after this time.
const PAUSE: Duration = Duration::from_secs(60);

/// How provisioning of a version goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Provisioned {
    /// Environments that are initialised and kept ready, busy ones included.
    pub ready: u32,
    /// Those of the version that an alias has just left, which stay until they are replaced.
    pub leaving: u32,
    /// Whether the last one could not be initialised.
    pub failed: bool,
}

/// What is kept ready, by function.
#[derive(Default)]
pub(crate) struct Provisioning(Mutex<HashMap<FunctionKey, Kept>>);

/// What is kept ready of one function.
#[derive(Default)]
struct Kept {
    standing: Vec<Standing>,
    /// The version that an alias has just moved away from: its environments stay until those of the other are there.
    leaving: Option<Arc<FunctionRecord>>,
}

/// The environments of one version.
struct Standing {
    function: Arc<FunctionRecord>,
    target: usize,
    /// When initialisation failed, in microseconds of the monotonic clock.
    failed_at: Option<u64>,
}

impl Provisioning {
    /// Keeps so many environments ready of these versions of a function, and none of its others; one of those that an alias has left
    /// may stay until it is [`Self::replaced`]. Returns the versions that are let go.
    pub(crate) fn set(
        &self,
        function: &FunctionKey,
        wanted: Vec<(Arc<FunctionRecord>, u32)>,
        left: Option<&VersionKey>,
    ) -> Vec<Arc<FunctionRecord>> {
        let standing = |(function, target): (Arc<FunctionRecord>, u32)| Standing {
            function,
            target: usize::try_from(target).unwrap_or(usize::MAX),
            failed_at: None,
        };
        let mut all = self.all();
        let before = all.remove(function).unwrap_or_default();
        let mut now = Kept {
            standing: wanted.into_iter().map(standing).collect(),
            leaving: None,
        };
        let mut gone: Vec<_> = before.standing.into_iter().map(|old| old.function).collect();
        gone.extend(before.leaving);
        gone.retain(|old| !now.standing.iter().any(|new| new.function.key == old.key));
        if !now.standing.is_empty() {
            let leaving = gone.iter().position(|old| Some(&old.key) == left);
            now.leaving = leaving.map(|index| gone.swap_remove(index));
            all.insert(function.clone(), now);
        }
        gone
    }

    /// The versions that can be let go by now: `ready` says how many environments of a version there are.
    pub(crate) fn replaced(&self, ready: impl Fn(&VersionKey) -> usize) -> Vec<Arc<FunctionRecord>> {
        let there = |new: &Standing| new.failed_at.is_some() || ready(&new.function.key) >= new.target;
        let mut all = self.all();
        let replaced = all.values_mut().filter(|kept| kept.standing.iter().all(there));
        replaced.filter_map(|kept| kept.leaving.take()).collect()
    }

    /// The version of a function that is to be let go as soon as it is replaced.
    pub(crate) fn leaving(&self, function: &FunctionKey) -> Option<VersionKey> {
        let all = self.all();
        let leaving = all.get(function)?.leaving.as_ref()?;
        Some(leaving.key.clone())
    }

    /// The versions whose environments are to be looked after now.
    pub(crate) fn due(&self, now_micros: u64) -> Vec<(Arc<FunctionRecord>, usize)> {
        let pause = u64::try_from(PAUSE.as_micros()).unwrap_or(u64::MAX);
        let rested = |failed_at: u64| now_micros.saturating_sub(failed_at) >= pause;
        self.all()
            .values()
            .flat_map(|kept| &kept.standing)
            .filter(|standing| standing.failed_at.is_none_or(rested))
            .map(|standing| (Arc::clone(&standing.function), standing.target))
            .collect()
    }

    /// An environment that was to be kept ready is initialised, or could not be.
    pub(crate) fn started(&self, version: &VersionKey, failed_at: Option<u64>) {
        let mut all = self.all();
        let kept = all.get_mut(&version.function).into_iter();
        kept.flat_map(|kept| &mut kept.standing)
            .filter(|standing| standing.function.key == *version)
            .for_each(|standing| standing.failed_at = failed_at);
    }

    /// Whether the last environment of a version could not be initialised.
    pub(crate) fn has_failed(&self, version: &VersionKey) -> bool {
        let all = self.all();
        let kept = all.get(&version.function).into_iter();
        kept.flat_map(|kept| &kept.standing)
            .any(|standing| standing.function.key == *version && standing.failed_at.is_some())
    }

    fn all(&self) -> MutexGuard<'_, HashMap<FunctionKey, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::Version;

    fn version(number: u64) -> Arc<FunctionRecord> {
        let version = Version::Published(number);
        Arc::new(lambent_store::contract::record("111111111111", "f", version, 1))
    }

    #[test]
    fn a_version_that_an_alias_left_stays_until_it_is_replaced() {
        let provisioning = Provisioning::default();
        let (one, two) = (version(1), version(2));
        let function = one.key.function.clone();
        assert_eq!(provisioning.set(&function, vec![(Arc::clone(&one), 1)], None), []);
        let moved = provisioning.set(&function, vec![(Arc::clone(&two), 1)], Some(&one.key));
        assert_eq!(
            (moved, provisioning.leaving(&function)),
            (vec![], Some(one.key.clone()))
        );
        assert_eq!(provisioning.replaced(|_| 0), []);
        assert_eq!(provisioning.replaced(|_| 1), [Arc::clone(&one)]);
        assert_eq!(
            (provisioning.replaced(|_| 1), provisioning.leaving(&function)),
            (vec![], None)
        );
        // What cannot be initialised is not waited for.
        provisioning.set(&function, vec![(Arc::clone(&one), 1)], Some(&two.key));
        provisioning.started(&one.key, Some(0));
        assert_eq!(provisioning.replaced(|_| 0), [Arc::clone(&two)]);
        // Nothing stays of what is no longer wanted at all.
        provisioning.set(&function, vec![(Arc::clone(&two), 1)], Some(&one.key));
        let gone = provisioning.set(&function, Vec::new(), Some(&two.key));
        assert_eq!(gone, [two, one]);
    }
}
