//! What is counted of asynchronous events.

use lambent_types::{FunctionKey, Timestamp};
use std::time::Duration;

/// A metric of a function, named as in "Types of metrics for Lambda functions" of the developer guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventMetric {
    /// `AsyncEventsReceived`: events that were taken.
    Received,
    /// `AsyncEventAge`: the time from an event's acceptance to a try.
    Age(Duration),
    /// `AsyncEventsDropped`: events that were given up.
    Dropped,
    /// `RecursiveInvocationsDropped`: events that were given up as part of a loop.
    RecursiveDropped,
    /// `DeadLetterErrors`: events that could not be sent to a dead-letter queue.
    DeadLetterError,
    /// `DestinationDeliveryFailures`: records that could not be sent to a destination.
    DestinationDeliveryFailure,
}

/// Counts.
pub trait Meter: Send + Sync + 'static {
    /// Something of a function happened at a moment. Must not wait.
    fn record(&self, function: &FunctionKey, metric: EventMetric, at: Timestamp);
}

/// Counts nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unmetered;

impl Meter for Unmetered {
    fn record(&self, _: &FunctionKey, _: EventMetric, _: Timestamp) {}
}
