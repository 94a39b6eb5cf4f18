//! Where ids come from.

use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// A source of unique ids and of chance.
pub trait Ids: Send + Sync + 'static {
    /// A new UUID (version 4 in form).
    fn uuid(&self) -> Uuid;
}

/// Ids nobody can guess, from a generator of each thread's own that the operating system's random source seeds.
#[derive(Debug, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "the one place that draws ids from chance")]
    fn uuid(&self) -> Uuid {
        Uuid::new_v4()
    }
}

/// The same ids in every run: for tests.
#[derive(Debug, Default)]
pub struct SeededIds(AtomicU64);

impl Ids for SeededIds {
    fn uuid(&self) -> Uuid {
        let count = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        uuid::Builder::from_random_bytes(u128::from(count).to_be_bytes()).into_uuid()
    }
}
