//! When an asynchronous event is tried again, and when it is given up.
//!
//! Follows "Error handling for asynchronous invocation" of the developer guide: after a function error two more tries, one minute and
//! then two minutes later; throttles and errors of the system are not counted as tries and back off exponentially, from one second to
//! at most five minutes, until the event is too old.

use lambent_types::{AsyncEvent, Timestamp};
use std::time::Duration;

/// What a client may set for the events of a function, version or alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryLimits {
    /// Tries after the first that failed: 0 to 2.
    pub maximum_retry_attempts: u32,
    /// Age at which an event is given up, one minute to six hours, even if it was not tried. `None`, where nobody set it: six hours,
    /// but an event that has waited longer because no server ran is still tried once.
    pub maximum_event_age: Option<Duration>,
}

impl Default for RetryLimits {
    fn default() -> Self {
        Self {
            maximum_retry_attempts: 2,
            maximum_event_age: None,
        }
    }
}

/// The rules for one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// What was set for it.
    pub limits: RetryLimits,
    /// Divides every delay, so that tests need not wait minutes. 1 in production.
    pub time_scale: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            limits: RetryLimits::default(),
            time_scale: 1,
        }
    }
}

/// How one try went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The function returned.
    Success,
    /// The function was reached and failed: error, timeout, crash.
    FunctionError,
    /// No environment was to be had: a concurrency limit, or an error of the server.
    NotRun,
    /// The function is gone: nobody will ever run it.
    Obsolete,
    /// The function's reserved concurrency is zero: its events are given up at once.
    SwitchedOff,
    /// The function was called too often in one chain of calls: its events are given up at once.
    Recursive,
}

/// What becomes of the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Finished.
    Done,
    /// Stored again in this form, to be tried when it is due.
    Retry(AsyncEvent),
    /// Forgotten: there is no function any more, and so nowhere to tell.
    Forgotten,
    /// Given up.
    GivenUp(Reason),
}

/// Why an event is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The last try failed.
    RetriesExhausted,
    /// It is too old.
    EventAgeExceeded,
    /// The function's reserved concurrency is zero.
    ZeroReservedConcurrency,
    /// The function was called too often in one chain of calls.
    RecursiveInvocation,
}

impl Reason {
    /// The `condition` of an invocation record (recorded of zero concurrency: `test_reserved_concurrency`; the first two are in "Capturing
    /// records of Lambda asynchronous invocations" of the developer guide; nothing tells the last).
    #[must_use]
    pub const fn condition(self) -> &'static str {
        match self {
            Self::RetriesExhausted => "RetriesExhausted",
            Self::EventAgeExceeded => "EventAgeExceeded",
            Self::ZeroReservedConcurrency => "ZeroReservedConcurrency",
            Self::RecursiveInvocation => "RecursiveInvocation",
        }
    }
}

const LONGEST_AGE: Duration = Duration::from_secs(6 * 60 * 60);
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(300);

impl RetryPolicy {
    /// Decides on an event before a try: whether it is too old to be tried at all.
    #[must_use]
    pub fn before(&self, event: &AsyncEvent, now: Timestamp) -> Option<Verdict> {
        let age = now.since(event.accepted_at);
        let too_old = self.limits.maximum_event_age.is_some_and(|limit| age > limit);
        too_old.then_some(Verdict::GivenUp(Reason::EventAgeExceeded))
    }

    /// Decides on an event after a try.
    #[must_use]
    pub fn after(&self, attempt: Attempt, event: &AsyncEvent, now: Timestamp) -> Verdict {
        let retry = |failures: u32, deferrals: u32, delay: Duration| {
            let due_at = now.plus(delay / self.time_scale.max(1));
            if due_at.since(event.accepted_at) > self.limits.maximum_event_age.unwrap_or(LONGEST_AGE) {
                Verdict::GivenUp(Reason::EventAgeExceeded)
            } else {
                Verdict::Retry(AsyncEvent {
                    failures,
                    deferrals,
                    due_at,
                    payload: Vec::new(),
                    ..event.clone()
                })
            }
        };
        match attempt {
            Attempt::Success => Verdict::Done,
            Attempt::Obsolete => Verdict::Forgotten,
            Attempt::SwitchedOff => Verdict::GivenUp(Reason::ZeroReservedConcurrency),
            Attempt::Recursive => Verdict::GivenUp(Reason::RecursiveInvocation),
            Attempt::FunctionError if event.failures >= self.limits.maximum_retry_attempts => {
                Verdict::GivenUp(Reason::RetriesExhausted)
            }
            Attempt::FunctionError => retry(event.failures + 1, 0, Duration::from_secs(60) * (event.failures + 1)),
            Attempt::NotRun => retry(event.failures, event.deferrals + 1, backoff(event.deferrals)),
        }
    }
}

fn backoff(deferrals: u32) -> Duration {
    FIRST_BACKOFF
        .saturating_mul(1 << deferrals.min(16))
        .min(LONGEST_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_store::contract::scope;
    use lambent_types::{FunctionKey, RequestId, SeededIds};

    const MINUTE: i64 = 60_000_000;

    fn event() -> AsyncEvent {
        AsyncEvent {
            id: RequestId::new(&SeededIds::default()),
            function: FunctionKey {
                scope: scope("111111111111"),
                name: "f".parse().unwrap(),
            },
            qualifier: None,
            payload: vec![1],
            client_context: None,
            trace_id: None,
            accepted_at: Timestamp::from_micros(0),
            failures: 0,
            deferrals: 0,
            due_at: Timestamp::from_micros(0),
        }
    }

    fn due(verdict: Verdict) -> Option<(AsyncEvent, i64)> {
        match verdict {
            Verdict::Retry(event) => {
                let due = event.due_at.as_micros();
                Some((event, due))
            }
            Verdict::Done | Verdict::Forgotten | Verdict::GivenUp(_) => None,
        }
    }

    #[test]
    fn two_retries_after_one_and_two_minutes() {
        let policy = RetryPolicy::default();
        let start = Timestamp::from_micros(0);
        let (second, at) = due(policy.after(Attempt::FunctionError, &event(), start)).unwrap();
        assert_eq!((second.failures, at, second.payload.len()), (1, MINUTE, 0));
        let (third, at) = due(policy.after(Attempt::FunctionError, &second, second.due_at)).unwrap();
        assert_eq!((third.failures, at), (2, 3 * MINUTE));
        assert_eq!(
            policy.after(Attempt::FunctionError, &third, third.due_at),
            Verdict::GivenUp(Reason::RetriesExhausted)
        );
        assert_eq!(policy.after(Attempt::Success, &third, third.due_at), Verdict::Done);
    }

    #[test]
    fn throttles_back_off_until_the_event_is_too_old() {
        let policy = RetryPolicy::default();
        let (mut event, mut delays) = (event(), Vec::new());
        loop {
            let now = event.due_at;
            let verdict = policy.after(Attempt::NotRun, &event, now);
            let Verdict::Retry(next) = verdict else {
                break assert_eq!(verdict, Verdict::GivenUp(Reason::EventAgeExceeded));
            };
            delays.push(next.due_at.since(now).as_secs());
            event = next;
        }
        assert_eq!(delays[..10], [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(event.failures, 0, "a throttle is no try");
        assert!(event.due_at.as_micros() > 355 * MINUTE);
    }

    #[test]
    fn what_was_set_is_kept() {
        let policy = |maximum_retry_attempts, seconds| RetryPolicy {
            limits: RetryLimits {
                maximum_retry_attempts,
                maximum_event_age: Some(Duration::from_secs(seconds)),
            },
            time_scale: 1,
        };
        let start = Timestamp::from_micros(0);
        assert_eq!(
            policy(0, 60).after(Attempt::FunctionError, &event(), start),
            Verdict::GivenUp(Reason::RetriesExhausted)
        );
        let late = Timestamp::from_micros(1);
        assert_eq!(
            policy(2, 60).after(Attempt::FunctionError, &event(), late),
            Verdict::GivenUp(Reason::EventAgeExceeded),
            "the retry would come too late"
        );
        assert_eq!(policy(2, 60).before(&event(), Timestamp::from_micros(MINUTE)), None);
        let older = Timestamp::from_micros(MINUTE + 1);
        assert_eq!(
            policy(2, 60).before(&event(), older),
            Some(Verdict::GivenUp(Reason::EventAgeExceeded))
        );
        let week = Timestamp::from_micros(7 * 24 * 60 * MINUTE);
        assert_eq!(RetryPolicy::default().before(&event(), week), None, "no server ran");
        assert_eq!(
            policy(2, 60).after(Attempt::SwitchedOff, &event(), start),
            Verdict::GivenUp(Reason::ZeroReservedConcurrency)
        );
    }

    #[test]
    fn time_can_be_scaled_for_tests() {
        let policy = RetryPolicy {
            time_scale: 1_000,
            ..RetryPolicy::default()
        };
        let (_, at) = due(policy.after(Attempt::FunctionError, &event(), Timestamp::from_micros(0))).unwrap();
        assert_eq!(at, 60_000);
    }
}
