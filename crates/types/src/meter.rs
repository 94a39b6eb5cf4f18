//! What is counted of functions: the occurrences from which CloudWatch's metrics of the namespace `AWS/Lambda` are made.

use crate::{FunctionKey, Outcome, Version};
use std::time::Duration;

/// Keeps count. Called on the way of invocations: an implementation must not wait, and holds no lock that all functions share.
pub trait Meter: Send + Sync + 'static {
    /// Something happened to a function.
    fn count(&self, subject: Subject<'_>, what: Occurrence);

    /// A delivery was carried. CloudWatch has no metric of it but for functions' that fail, which are occurrences.
    fn carried(&self, how: Carried) {
        let _ = how;
    }
}

/// How it went to carry a delivery to whom it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// It has arrived.
    Arrived,
    /// It is carried again later.
    Later,
    /// It is not carried again: given up, or sent to a dead-letter queue instead.
    GivenUp,
}

/// Whom an occurrence is counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The function.
    pub function: &'a FunctionKey,
    /// The version or alias that the caller named; metrics have it in the dimension `Resource`.
    pub qualifier: Option<&'a str>,
    /// The version that ran, where one did: `ExecutedVersion`, if an alias was named.
    pub version: Option<Version>,
}

impl<'a> Subject<'a> {
    /// A function as a whole.
    #[must_use]
    pub const fn function(function: &'a FunctionKey) -> Self {
        Self {
            function,
            qualifier: None,
            version: None,
        }
    }
}

/// What can happen; see "Types of metrics for Lambda functions" in the developer guide.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Occurrence {
    /// The function ran: `Invocations`, `Duration`, and `Errors` if it failed.
    Invoked {
        /// How long, without initialisation.
        duration: Duration,
        /// How it ended.
        outcome: Outcome,
    },
    /// An environment was initialised, which took so long. CloudWatch has no metric of it.
    Initialised(Duration),
    /// A concurrency limit was reached: `Throttles`.
    Throttled,
    /// So many executions of the function run at once: `ConcurrentExecutions`.
    Running(u32),
    /// So many of them within its provisioned concurrency, of so many: `ProvisionedConcurrentExecutions` and
    /// `ProvisionedConcurrencyUtilization`, and for each invocation one of `ProvisionedConcurrencyInvocations`.
    Provisioned {
        /// Running.
        running: u32,
        /// Kept ready.
        of: u32,
    },
    /// It has provisioned concurrency, all of which is in use: `ProvisionedConcurrencySpilloverInvocations`.
    SpilledOver,
    /// An event was accepted: `AsyncEventsReceived`.
    EventReceived,
    /// An event is about to be tried, so long after it was accepted: `AsyncEventAge`.
    EventAge(Duration),
    /// An event is tried again later. CloudWatch has no metric of it.
    EventRetried,
    /// An event was given up without success: `AsyncEventsDropped`.
    EventDropped,
    /// An event was given up as part of a loop of functions: `RecursiveInvocationsDropped`.
    RecursionDropped,
    /// An event could not be handed to the dead-letter queue: `DeadLetterErrors`.
    DeadLetterFailed,
    /// A record could not be handed to a destination: `DestinationDeliveryFailures`.
    DestinationFailed,
    /// A batch was read so long after its last record was written: `IteratorAge`.
    IteratorAge(Duration),
    /// A function URL answered: `UrlRequestCount`, `UrlRequestLatency`, `Url4xxCount` and `Url5xxCount`.
    UrlRequested {
        /// The HTTP status.
        status: u16,
        /// From the request's arrival to its answer.
        latency: Duration,
    },
}

/// Counts nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uncounted;

impl Meter for Uncounted {
    fn count(&self, _: Subject<'_>, _: Occurrence) {}
}
