//! When a delivery is tried again, and when it is given up.
//!
//! A topic's deliveries follow "Amazon SNS message delivery retries": to functions and queues at first at once, then each second, then
//! ever more slowly, and every twenty seconds for weeks; to web servers as their delivery policies say. A rule's target says itself
//! how often and how long it is tried ("Event retry policy and using dead-letter queues" of the EventBridge guide): 185 times in a day, ever
//! more slowly, if it says nothing. AWS does not tell how long it tries destinations and dead-letter queues: here it is an hour, ever more
//! slowly.

use crate::web_backoff;
use lambent_types::{Attribute, Delivery, Origin, Recipient, RuleTarget, Timestamp};
use std::time::Duration;

/// Why something did not arrive. The text is for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// There is no such recipient.
    #[error("{0}")]
    Missing(String),
    /// It does not let this sender in.
    #[error("{0}")]
    Forbidden(String),
    /// It refuses this, and always will.
    #[error("{0}")]
    Refused(String),
    /// It may arrive later.
    #[error("{0}")]
    Unreachable(String),
}

impl Undelivered {
    /// As EventBridge calls it in a dead letter.
    const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "NO_RESOURCE",
            Self::Forbidden(_) => "NO_PERMISSIONS",
            Self::Refused(_) => "ERROR_FROM_TARGET",
            Self::Unreachable(_) => "INTERNAL_ERROR",
        }
    }
}

/// What ended the tries of something that might still have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exhausted {
    Tries,
    Time,
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
/// With this, the 185 tries of a rule's target take a day.
const TARGET_BACKOFF: Duration = Duration::from_secs(480);
/// Tries of a topic's delivery to a function or a queue.
const TOPIC_RETRIES: u32 = 100_015;

/// Decides on a delivery after a try that failed. `time_scale` divides every delay, so that tests need not wait.
#[must_use]
pub fn after(failure: &Undelivered, delivery: &Delivery, now: Timestamp, time_scale: u32) -> Fate {
    let next = match failure {
        Undelivered::Missing(_) | Undelivered::Forbidden(_) | Undelivered::Refused(_) => Err(None),
        Undelivered::Unreachable(_) => delay(delivery, now, time_scale).map_err(Some),
    };
    let delay = match next {
        Ok(delay) => delay,
        Err(exhausted) => return Fate::GivenUp(redirected(delivery, failure, exhausted, now).map(Box::new)),
    };
    Fate::Retry(Box::new(Delivery {
        attempts: delivery.attempts + 1,
        due_at: now.plus(delay),
        payload: Vec::new(),
        ..delivery.clone()
    }))
}

fn delay(delivery: &Delivery, now: Timestamp, time_scale: u32) -> Result<Duration, Exhausted> {
    let attempts = delivery.attempts;
    let backoff = |longest| doubled(Duration::from_secs(1), attempts).min(longest);
    let (delay, tries, time) = match (&delivery.origin, &delivery.recipient) {
        (Origin::Subscription { .. }, Recipient::Http { retries, .. }) => {
            let delay = web_backoff::delay(retries, attempts).ok_or(Exhausted::Tries)?;
            (delay, retries.num_retries, None)
        }
        (Origin::Subscription { .. }, _) => (topic_delay(attempts), TOPIC_RETRIES, None),
        (Origin::Target(target), _) => {
            let time = Duration::from_secs(u64::from(target.longest));
            (backoff(TARGET_BACKOFF), target.retries, Some(time))
        }
        (Origin::Destination(_) | Origin::DeadLetter(_), _) => (backoff(LONGEST_BACKOFF), u32::MAX, Some(HOUR)),
    };
    if attempts >= tries {
        return Err(Exhausted::Tries);
    }
    let scaled = |duration: Duration| duration / time_scale.max(1);
    let left = time.map(|longest| scaled(longest).saturating_sub(now.since(delivery.accepted_at)));
    match left {
        Some(Duration::ZERO) => Err(Exhausted::Time),
        // The last try is made when the time is over.
        left => Ok(scaled(delay).min(left.unwrap_or(Duration::MAX))),
    }
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
fn redirected(
    delivery: &Delivery,
    failure: &Undelivered,
    exhausted: Option<Exhausted>,
    now: Timestamp,
) -> Option<Delivery> {
    let mut recipient = delivery.otherwise.clone()?;
    let (mut origin, mut payload) = (delivery.origin.clone(), delivery.payload.clone());
    if let Origin::Target(target) = &mut origin {
        explain(&mut recipient, target, delivery, failure, exhausted);
        payload = target.event.take().map_or(payload, String::into_bytes);
    }
    Some(Delivery {
        origin,
        recipient,
        payload,
        otherwise: None,
        accepted_at: now,
        attempts: 0,
        due_at: now,
        ..delivery.clone()
    })
}

/// Says in AWS's attributes why a target did not get its event.
fn explain(
    recipient: &mut Recipient,
    target: &RuleTarget,
    delivery: &Delivery,
    failure: &Undelivered,
    exhausted: Option<Exhausted>,
) {
    let Recipient::Queue { attributes, .. } = recipient else {
        return;
    };
    let condition = exhausted.map(|exhausted| match exhausted {
        Exhausted::Tries => "MaximumRetryAttempts",
        Exhausted::Time => "MaximumEventAgeInSeconds",
    });
    let told = [
        ("RULE_ARN", Some(target.rule.clone())),
        ("TARGET_ARN", Some(delivery.recipient.name().to_owned())),
        ("ERROR_CODE", Some(failure.code().to_owned())),
        ("ERROR_MESSAGE", Some(failure.to_string())),
        ("RETRY_ATTEMPTS", Some(delivery.attempts.to_string())),
        ("EXHAUSTED_RETRY_CONDITION", condition.map(str::to_owned)),
    ];
    for (name, value) in told {
        if let Some(value) = value {
            attributes.insert(name.to_owned(), Attribute::text(value));
        }
    }
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

    fn unreachable() -> Undelivered {
        Undelivered::Unreachable("closed".to_owned())
    }

    fn target(retries: u32, longest: u32, event: Option<&str>) -> Delivery {
        let origin = Origin::Target(Box::new(RuleTarget {
            scope: scope("111111111111"),
            rule: "arn:rule".to_owned(),
            retries,
            longest,
            event: event.map(str::to_owned),
        }));
        let function = Recipient::Function {
            arn: "arn:f".to_owned(),
        };
        Delivery {
            otherwise: Some(queue()),
            ..delivery(origin, function)
        }
    }

    /// The seconds between tries that all find nobody, at most so many.
    fn delays(mut delivery: Delivery, most: usize) -> Vec<u64> {
        let mut delays = Vec::new();
        while delays.len() < most {
            let now = delivery.due_at;
            let Fate::Retry(next) = after(&unreachable(), &delivery, now, 1) else {
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
        assert_eq!(total, 3_600);
    }

    #[test]
    fn topics_are_patient_with_services_and_not_with_web_servers() {
        let managed = delays(delivery(subscription(), queue()), 20);
        assert_eq!(managed[..12], [0, 0, 0, 1, 1, 1, 2, 4, 8, 16, 20, 20]);
        let web = Recipient::Http {
            url: "http://127.0.0.1/".to_owned(),
            headers: Default::default(),
            retries: Default::default(),
        };
        assert_eq!(delays(delivery(subscription(), web), 20), [20, 20, 20]);
    }

    #[test]
    fn what_is_refused_goes_elsewhere_or_nowhere() {
        let now = Timestamp::from_micros(9);
        let refused = delivery(subscription(), Recipient::Function { arn: "a".to_owned() });
        let no = Undelivered::Refused("no".to_owned());
        assert_eq!(after(&no, &refused, now, 1), Fate::GivenUp(None));
        let other = Delivery {
            otherwise: Some(queue()),
            attempts: 7,
            ..refused
        };
        let Fate::GivenUp(Some(redirected)) = after(&no, &other, now, 1) else {
            panic!("it goes to the other recipient");
        };
        assert_eq!((&redirected.recipient, redirected.attempts), (&queue(), 0));
        assert_eq!((redirected.due_at, &redirected.payload[..]), (now, &[1][..]));
        assert_eq!(after(&no, &redirected, now, 1), Fate::GivenUp(None));
    }

    #[test]
    fn a_target_says_how_often_and_how_long_it_is_tried() {
        let by_default = delays(target(185, 86_400, None), 1_000);
        assert_eq!(by_default.len(), 185);
        assert_eq!(by_default[..10], [1, 2, 4, 8, 16, 32, 64, 128, 256, 480]);
        assert!(by_default.iter().sum::<u64>() > 84_000);
        assert_eq!(delays(target(0, 86_400, None), 9), [0; 0]);
        assert_eq!(delays(target(3, 86_400, None), 9), [1, 2, 4]);
        assert_eq!(delays(target(185, 60, None), 99), [1, 2, 4, 8, 16, 29]);
    }

    /// What a dead letter says: its attributes and its body.
    fn letter(failure: &Undelivered, delivery: &Delivery, now: Timestamp) -> (Vec<(String, Attribute)>, Vec<u8>) {
        let Fate::GivenUp(Some(letter)) = after(failure, delivery, now, 1) else {
            panic!("it is given up");
        };
        let Recipient::Queue { attributes, .. } = letter.recipient else {
            panic!("it goes to a queue");
        };
        (attributes.into_iter().collect(), letter.payload)
    }

    #[test]
    fn a_targets_dead_letter_tells_why() {
        let said = |pairs: &[(&str, &str)]| -> Vec<(String, Attribute)> {
            let told = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Attribute::text(*value)));
            told.collect()
        };
        let tired = Delivery {
            attempts: 2,
            ..target(2, 86_400, Some("the event"))
        };
        let (attributes, body) = letter(&unreachable(), &tired, Timestamp::from_micros(0));
        let tries = [
            ("ERROR_CODE", "INTERNAL_ERROR"),
            ("ERROR_MESSAGE", "closed"),
            ("EXHAUSTED_RETRY_CONDITION", "MaximumRetryAttempts"),
            ("RETRY_ATTEMPTS", "2"),
            ("RULE_ARN", "arn:rule"),
            ("TARGET_ARN", "arn:f"),
        ];
        assert_eq!((attributes, body), (said(&tries), b"the event".to_vec()));
        let (attributes, _) = letter(&unreachable(), &target(2, 60, None), Timestamp::from_micros(60_000_000));
        assert_eq!(
            attributes[2],
            said(&[("EXHAUSTED_RETRY_CONDITION", "MaximumEventAgeInSeconds")])[0]
        );
        let forbidden = Undelivered::Forbidden("its policy".to_owned());
        let (attributes, body) = letter(&forbidden, &target(2, 60, None), Timestamp::from_micros(0));
        assert_eq!(attributes[0], said(&[("ERROR_CODE", "NO_PERMISSIONS")])[0]);
        assert_eq!((attributes.len(), body), (5, vec![1]));
    }
}
