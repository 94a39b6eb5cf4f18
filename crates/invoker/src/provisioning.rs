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
    /// Whether the last one could not be initialised.
    pub failed: bool,
}

/// What is kept ready, by function.
#[derive(Default)]
pub(crate) struct Provisioning(Mutex<HashMap<FunctionKey, Vec<Standing>>>);

/// The environments of one version.
struct Standing {
    function: Arc<FunctionRecord>,
    target: usize,
    /// When initialisation failed, in microseconds of the monotonic clock.
    failed_at: Option<u64>,
}

impl Provisioning {
    /// Keeps so many environments ready of these versions of a function, and none of its others. Returns the versions that are let go.
    pub(crate) fn set(
        &self,
        function: &FunctionKey,
        wanted: Vec<(Arc<FunctionRecord>, u32)>,
    ) -> Vec<Arc<FunctionRecord>> {
        let standing = |(function, target): (Arc<FunctionRecord>, u32)| Standing {
            function,
            target: usize::try_from(target).unwrap_or(usize::MAX),
            failed_at: None,
        };
        let mut all = self.all();
        let before = all.remove(function).unwrap_or_default();
        let now: Vec<_> = wanted.into_iter().map(standing).collect();
        let gone = |old: &Standing| !now.iter().any(|new| new.function.key == old.function.key);
        let gone = before
            .iter()
            .filter(|old| gone(old))
            .map(|old| Arc::clone(&old.function));
        let gone = gone.collect();
        if !now.is_empty() {
            all.insert(function.clone(), now);
        }
        gone
    }

    /// The versions whose environments are to be looked after now.
    pub(crate) fn due(&self, now_micros: u64) -> Vec<(Arc<FunctionRecord>, usize)> {
        let pause = u64::try_from(PAUSE.as_micros()).unwrap_or(u64::MAX);
        let rested = |failed_at: u64| now_micros.saturating_sub(failed_at) >= pause;
        self.all()
            .values()
            .flatten()
            .filter(|standing| standing.failed_at.is_none_or(rested))
            .map(|standing| (Arc::clone(&standing.function), standing.target))
            .collect()
    }

    /// An environment that was to be kept ready is initialised, or could not be.
    pub(crate) fn started(&self, version: &VersionKey, failed_at: Option<u64>) {
        let mut all = self.all();
        let standing = all.get_mut(&version.function).into_iter().flatten();
        standing
            .filter(|standing| standing.function.key == *version)
            .for_each(|standing| standing.failed_at = failed_at);
    }

    /// Whether the last environment of a version could not be initialised.
    pub(crate) fn has_failed(&self, version: &VersionKey) -> bool {
        let all = self.all();
        let mut standing = all.get(&version.function).into_iter().flatten();
        standing.any(|standing| standing.function.key == *version && standing.failed_at.is_some())
    }

    fn all(&self) -> MutexGuard<'_, HashMap<FunctionKey, Vec<Standing>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
