//! Who uses an image at this moment, so that it is not removed meanwhile.

use lambent_types::Sha256Digest;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// All pins.
#[derive(Debug, Default)]
pub(crate) struct Pins(Mutex<HashMap<Sha256Digest, Held>>);

#[derive(Debug, Default)]
struct Held {
    count: usize,
    /// It was to be removed while it was held.
    unwanted: bool,
}

/// Keeps an image while it lives. The last of an image that is not wanted any more calls what it was given.
pub(crate) struct Pin {
    pins: Arc<Pins>,
    digest: Sha256Digest,
    last: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Pins {
    pub(crate) fn hold(self: &Arc<Self>, digest: Sha256Digest, last: impl FnOnce() + Send + Sync + 'static) -> Pin {
        let mut all = self.all();
        let held = all.entry(digest).or_default();
        held.count += 1;
        held.unwanted = false;
        Pin {
            pins: Arc::clone(self),
            digest,
            last: Some(Box::new(last)),
        }
    }

    /// Whether it may be removed now; otherwise its last pin will say.
    pub(crate) fn is_free(&self, digest: Sha256Digest) -> bool {
        let mut all = self.all();
        match all.get_mut(&digest) {
            Some(held) => {
                held.unwanted = true;
                false
            }
            None => true,
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Sha256Digest, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut all = self.pins.all();
        let Some(held) = all.get_mut(&self.digest) else { return };
        held.count -= 1;
        if held.count > 0 {
            return;
        }
        let unwanted = held.unwanted;
        all.remove(&self.digest);
        drop(all);
        if let (true, Some(last)) = (unwanted, self.last.take()) {
            last();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn the_last_pin_of_what_is_unwanted_says_so() {
        let (pins, digest, calls) = (
            Arc::new(Pins::default()),
            Sha256Digest::of(b"x"),
            Arc::new(AtomicUsize::new(0)),
        );
        let hold = || {
            let calls = Arc::clone(&calls);
            pins.hold(digest, move || {
                calls.fetch_add(1, Ordering::Relaxed);
            })
        };
        assert!(pins.is_free(digest));
        let (one, other) = (hold(), hold());
        drop(one);
        assert!(!pins.is_free(digest));
        drop(other);
        assert!(pins.is_free(digest));
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        drop(hold());
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    }
}
