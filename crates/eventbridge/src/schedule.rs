//! When a rule is due: `rate(5 minutes)`, `cron(0 10 * * ? *)`; see "Creating a rule that runs on a schedule" of the EventBridge guide.

use crate::cron::Cron;
use lambent_types::Timestamp;
use std::time::Duration;

/// When a rule is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Schedule {
    /// Ever again after so long.
    Rate(Duration),
    /// At certain minutes.
    Cron(Cron),
}

impl Schedule {
    /// Reads an expression.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let inner = |kind: &str| text.strip_prefix(kind)?.strip_prefix('(')?.strip_suffix(')');
        if let Some(rate) = inner("rate") {
            return read_rate(rate).map(Self::Rate);
        }
        Cron::read(inner("cron")?).map(Self::Cron)
    }

    /// The last moment after `after`, and not after `now`, at which it was due.
    pub(crate) fn missed(
        &self,
        since: Timestamp,
        after: Timestamp,
        now: Timestamp,
        time_scale: u32,
    ) -> Option<Timestamp> {
        let until_now = |after| self.next(since, after, time_scale).filter(|due| *due <= now);
        std::iter::successors(until_now(after), |due| until_now(*due)).last()
    }

    /// The first moment after `after` at which it is due. A rate counts from `since`, and `time_scale` divides it.
    pub(crate) fn next(&self, since: Timestamp, after: Timestamp, time_scale: u32) -> Option<Timestamp> {
        match self {
            Self::Rate(period) => {
                let period = i64::try_from((*period / time_scale.max(1)).as_micros()).ok()?.max(1);
                let passed = (after.as_micros() - since.as_micros()).max(0).div_euclid(period);
                Some(Timestamp::from_micros(since.as_micros() + (passed + 1) * period))
            }
            Self::Cron(cron) => cron.next(after),
        }
    }
}

/// `1 minute`, `5 minutes`: one of something is singular.
fn read_rate(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_once(' ')?;
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    let singular = unit.strip_suffix('s');
    if (number == 1) != singular.is_none() {
        return None;
    }
    let seconds = match singular.unwrap_or(unit) {
        "minute" => 60,
        "hour" => 60 * 60,
        "day" => 24 * 60 * 60,
        _ => return None,
    };
    number
        .checked_mul(seconds)
        .filter(|total| *total < 1 << 40)
        .map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_rate_counts_from_when_it_was_set() {
        let rate = Schedule::read("rate(5 minutes)").unwrap();
        assert_eq!(rate.next(at(10), at(10), 1), Some(at(310)));
        assert_eq!(rate.next(at(10), at(309), 1), Some(at(310)));
        assert_eq!(rate.next(at(10), at(310), 1), Some(at(610)));
        assert_eq!(rate.next(at(10), at(10), 300), Some(at(11)));
    }

    #[test]
    fn of_what_was_missed_the_last_is_known() {
        let rate = Schedule::read("rate(5 minutes)").unwrap();
        assert_eq!(rate.missed(at(10), at(310), at(609), 1), None);
        assert_eq!(rate.missed(at(10), at(310), at(610), 1), Some(at(610)));
        assert_eq!(rate.missed(at(10), at(310), at(1_800), 1), Some(at(1_510)));
        let daily = Schedule::read("cron(0 10 * * ? *)").unwrap();
        let ten = 10 * 60 * 60;
        assert_eq!(daily.missed(at(0), at(0), at(ten - 1), 1), None);
        assert_eq!(daily.missed(at(0), at(0), at(ten + 5), 1), Some(at(ten)));
    }

    #[test]
    fn what_is_no_schedule_is_none() {
        for text in [
            "",
            "rate(1 minutes)",
            "rate(2 minute)",
            "rate(0 days)",
            "rate(1 second)",
            "cron()",
            "cron(* * * * *)",
            "5 minutes",
        ] {
            assert_eq!(Schedule::read(text), None, "{text}");
        }
        for text in ["rate(1 minute)", "rate(12 hours)", "rate(1 day)", "cron(0 10 * * ? *)"] {
            assert!(Schedule::read(text).is_some(), "{text}");
        }
    }
}
