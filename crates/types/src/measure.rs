//! What a server tells of itself: counts that many threads make without waiting for one another, and families of them as they are at one
//! moment.
//!
//! A [`Family`] knows nothing of how it is told: as Prometheus's text or as OTLP.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// The upper bounds of the buckets of all distributions of durations, in seconds: from a commit to the longest function.
pub const BOUNDS: [f64; 17] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, 900.0,
];

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds so many.
    pub fn add(&self, many: u64) {
        self.0.fetch_add(many, Ordering::Relaxed);
    }

    /// What it has come to.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How long things took.
#[derive(Debug, Default)]
pub struct Durations {
    /// As many as there are bounds, and one for what is longer.
    buckets: [Counter; BOUNDS.len() + 1],
    micros: Counter,
}

impl Durations {
    /// Something took so long.
    pub fn observe(&self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let place = BOUNDS.partition_point(|bound| *bound < seconds);
        if let Some(bucket) = self.buckets.get(place) {
            bucket.add(1);
        }
        self.micros.add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }

    /// What was observed. Observations that are made meanwhile may be in a part of it.
    #[must_use]
    pub fn read(&self) -> Distribution {
        Distribution {
            counts: self.buckets.iter().map(Counter::get).collect(),
            sum: Duration::from_micros(self.micros.get()).as_secs_f64(),
        }
    }
}

/// Observations by [`BOUNDS`].
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// How many fell into each bucket, and behind them those above the last bound.
    pub counts: Vec<u64>,
    /// Their sum, in seconds.
    pub sum: f64,
}

/// What tells the members of a family apart: names and values.
pub type Labels = Vec<(&'static str, String)>;

/// The members of a family, by their kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Members {
    /// What only grows while the server runs.
    Counts(Vec<(Labels, f64)>),
    /// What goes up and down.
    Levels(Vec<(Labels, f64)>),
    /// Durations, in seconds.
    Durations(Vec<(Labels, Distribution)>),
}

/// Numbers that mean the same of different things. How many members it has is bounded by who makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// As Prometheus has names: with the unit, and `_total` behind what only grows.
    pub name: &'static str,
    /// What it is, for people.
    pub help: &'static str,
    /// Its members.
    pub members: Members,
}

impl Family {
    /// One that is a single count.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers are told as floating point, exact up to 2 to the 53rd"
    )]
    pub fn count(name: &'static str, help: &'static str, counter: &Counter) -> Self {
        let members = Members::Counts(vec![(Labels::new(), counter.get() as f64)]);
        Self { name, help, members }
    }

    /// One that is a single level.
    #[must_use]
    pub fn level(name: &'static str, help: &'static str, value: f64) -> Self {
        let members = Members::Levels(vec![(Labels::new(), value)]);
        Self { name, help, members }
    }

    /// One that is a single distribution.
    #[must_use]
    pub fn durations(name: &'static str, help: &'static str, durations: &Durations) -> Self {
        let members = Members::Durations(vec![(Labels::new(), durations.read())]);
        Self { name, help, members }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_the_bucket_whose_bound_they_do_not_exceed() {
        let durations = Durations::default();
        for millis in [0, 1, 2, 1_000_000] {
            durations.observe(Duration::from_millis(millis));
        }
        let read = durations.read();
        assert_eq!(read.counts.iter().sum::<u64>(), 4);
        assert_eq!((read.counts[0], read.counts[1], read.counts[2]), (1, 1, 1));
        assert_eq!(read.counts.last(), Some(&1));
        assert!((read.sum - 1_000.003).abs() < 1e-9);
    }
}
