//! How many invocations may run at once.
//!
//! A lease is taken before an invocation is admitted and goes back when it is dropped, on whichever path that happens. There is one
//! accounting for every way in.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// A number of concurrent executions that must not be exceeded.
#[derive(Clone, Debug)]
pub struct ConcurrencyLimit {
    in_use: Arc<AtomicU32>,
    limit: u32,
}

/// The right to one concurrent execution.
#[derive(Debug)]
pub struct Lease(Arc<AtomicU32>);

impl ConcurrencyLimit {
    /// At most `limit` at once.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self {
            in_use: Arc::default(),
            limit,
        }
    }

    /// A lease, or `None` if all are taken: the invocation is throttled.
    #[must_use]
    pub fn acquire(&self) -> Option<Lease> {
        self.in_use
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| {
                (used < self.limit).then_some(used + 1)
            })
            .ok()
            .map(|_| Lease(Arc::clone(&self.in_use)))
    }

    /// Leases taken at this moment.
    #[must_use]
    pub fn in_use(&self) -> u32 {
        self.in_use.load(Ordering::Acquire)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_go_back_when_dropped() {
        let limit = ConcurrencyLimit::new(2);
        let (first, second) = (limit.acquire(), limit.acquire());
        assert!(first.is_some() && second.is_some() && limit.acquire().is_none());
        drop(first);
        assert_eq!(limit.in_use(), 1);
        assert!(limit.acquire().is_some());
    }
}
