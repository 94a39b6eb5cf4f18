//! When a delivery is tried again, and when it is given up.
//!
//! A topic's deliveries follow "Amazon SNS message delivery retries": to functions and queues at first at once, then each second, then
//! ever more slowly, and every twenty seconds for weeks; to web servers three times more, twenty seconds apart. AWS does not tell how
//! long it tries destinations and dead-letter queues: here it is an hour, ever more slowly.

use lambent_types::{Delivery, Origin, Recipient, Timestamp};
use std::time::Duration;

/// Why a try failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It will never arrive: there is no such recipient, or it refuses.
    Refused,
    /// It may arrive later.
    Unreachable,
}

/// What becomes of a delivery whose try failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Stored again in this form, to be tried when it is due. Its payload is left out.
    Retry(Box<Delivery>),
    /// Given up. If there is another recipient it goes there, as this delivery, which has the payload.
    GivenUp(Option<Box<Delivery>>),
}

const HOUR: Duration = Duration::from_secs(60 * 60);
const LONGEST_BACKOFF: Duration = Duration::from_secs(300);
const TOPIC_BACKOFF: Duration = Duration::from_secs(20);
/// Tries of a topic's delivery to a function or a queue.
const TOPIC_RETRIES: u32 = 100_015;
/// Tries of a topic's delivery to a web server, beside the first.
const HTTP_RETRIES: u32 = 3;

/// Decides on a delivery after a try that failed. `time_scale` divides every delay, so that tests need not wait.
#[must_use]
pub fn after(failure: Failure, delivery: &Delivery, now: Timestamp, time_scale: u32) -> Fate {
    let delay = match failure {
        Failure::Refused => None,
        Failure::Unreachable => delay(delivery, now, time_scale),
    };
    let Some(delay) = delay else {
        return Fate::GivenUp(redirected(delivery, now).map(Box::new));
    };
    Fate::Retry(Box::new(Delivery {
        attempts: delivery.attempts + 1,
        due_at: now.plus(delay / time_scale.max(1)),
        payload: Vec::new(),
        ..delivery.clone()
    }))
}

fn delay(delivery: &Delivery, now: Timestamp, time_scale: u32) -> Option<Duration> {
    let attempts = delivery.attempts;
    let (delay, more) = match (&delivery.origin, &delivery.recipient) {
        (Origin::Subscription { .. }, Recipient::Http { .. }) => (TOPIC_BACKOFF, attempts < HTTP_RETRIES),
        (Origin::Subscription { .. }, _) => (topic_delay(attempts), attempts < TOPIC_RETRIES),
        (Origin::Destination(_) | Origin::DeadLetter(_), _) => {
            let delay = doubled(Duration::from_secs(1), attempts).min(LONGEST_BACKOFF);
            (delay, now.since(delivery.accepted_at) < HOUR / time_scale.max(1))
        }
    };
    more.then_some(delay)
}

/// Three at once, two after a second, ten ever more slowly, then evenly.
fn topic_delay(attempts: u32) -> Duration {
    match attempts {
        0..3 => Duration::ZERO,
        3..5 => Duration::from_secs(1),
        _ => doubled(Duration::from_secs(1), attempts - 5).min(TOPIC_BACKOFF),
    }
}

fn doubled(first: Duration, times: u32) -> Duration {
    first.saturating_mul(1 << times.min(16))
}

/// The delivery to whom it goes otherwise. It bears the same name, and takes the place of the one before.
fn redirected(delivery: &Delivery, now: Timestamp) -> Option<Delivery> {
    let recipient = delivery.otherwise.clone()?;
    Some(Delivery {
        recipient,
        otherwise: None,
        accepted_at: now,
        attempts: 0,
        due_at: now,
        ..delivery.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_store::contract::scope;
    use lambent_types::{FunctionKey, RequestId, SeededIds};

    fn queue() -> Recipient {
        Recipient::Queue {
            arn: "arn:aws:sqs:us-east-1:111111111111:q".to_owned(),
            attributes: Default::default(),
            fifo: None,
        }
    }

    fn delivery(origin: Origin, recipient: Recipient) -> Delivery {
        Delivery {
            id: RequestId::new(&SeededIds::default()),
            origin,
            recipient,
            payload: vec![1],
            trace_id: None,
            otherwise: None,
            lane: None,
            accepted_at: Timestamp::from_micros(0),
            attempts: 0,
            due_at: Timestamp::from_micros(0),
        }
    }

    fn destination() -> Origin {
        Origin::Destination(FunctionKey {
            scope: scope("111111111111"),
            name: "f".parse().unwrap(),
        })
    }

    fn subscription() -> Origin {
        Origin::Subscription {
            scope: scope("111111111111"),
            arn: "arn:aws:sns:us-east-1:111111111111:t:1".to_owned(),
            source: "arn:aws:sns:us-east-1:111111111111:t".to_owned(),
        }
    }

    /// The seconds between tries that all find nobody, at most so many.
    fn delays(mut delivery: Delivery, most: usize) -> Vec<u64> {
        let mut delays = Vec::new();
        while delays.len() < most {
            let now = delivery.due_at;
            let Fate::Retry(next) = after(Failure::Unreachable, &delivery, now, 1) else {
                break;
            };
            assert!(next.payload.is_empty() && next.id == delivery.id);
            delays.push(next.due_at.since(now).as_secs());
            delivery = *next;
        }
        delays
    }

    #[test]
    fn destinations_are_tried_for_an_hour() {
        let delays = delays(delivery(destination(), queue()), 1_000);
        assert_eq!(delays[..10], [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        let total: u64 = delays.iter().sum();
        assert!((3_600..=3_900).contains(&total), "{total}");
    }

    #[test]
    fn topics_are_patient_with_services_and_not_with_web_servers() {
        let managed = delays(delivery(subscription(), queue()), 20);
        assert_eq!(managed[..12], [0, 0, 0, 1, 1, 1, 2, 4, 8, 16, 20, 20]);
        let web = Recipient::Http {
            url: "http://127.0.0.1/".to_owned(),
            headers: Default::default(),
        };
        assert_eq!(delays(delivery(subscription(), web), 20), [20, 20, 20]);
    }

    #[test]
    fn what_is_refused_goes_elsewhere_or_nowhere() {
        let now = Timestamp::from_micros(9);
        let refused = delivery(subscription(), Recipient::Function { arn: "a".to_owned() });
        assert_eq!(after(Failure::Refused, &refused, now, 1), Fate::GivenUp(None));
        let other = Delivery {
            otherwise: Some(queue()),
            attempts: 7,
            ..refused
        };
        let Fate::GivenUp(Some(redirected)) = after(Failure::Refused, &other, now, 1) else {
            panic!("it goes to the other recipient");
        };
        assert_eq!((&redirected.recipient, redirected.attempts), (&queue(), 0));
        assert_eq!((redirected.due_at, &redirected.payload[..]), (now, &[1][..]));
        assert_eq!(after(Failure::Refused, &redirected, now, 1), Fate::GivenUp(None));
    }
}
