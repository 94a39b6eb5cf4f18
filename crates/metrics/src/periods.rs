//! Minutes gathered into the periods that a client asks for.

use crate::{keeper::MINUTE_MICROS, refusal::Refusal, summary::Summary};
use lambent_types::Timestamp;
use std::collections::BTreeMap;

/// The time that a client asks about, and how it divides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// The first minute.
    pub(crate) from: i64,
    /// The minute after the last.
    pub(crate) until: i64,
    /// Minutes of a period.
    pub(crate) period: i64,
}

impl Window {
    /// A window of periods of `period` seconds. There is nothing finer than a minute, so that shorter periods are minutes.
    ///
    /// # Errors
    /// A window without time in it, or a period that is none.
    pub(crate) fn of(start: Timestamp, end: Timestamp, period: i64) -> Result<Self, Refusal> {
        if start >= end {
            let words = "The parameter StartTime must be less than the parameter EndTime.";
            return Err(Refusal::Combination(words.to_owned()));
        }
        let fine = matches!(period, 1 | 5 | 10 | 20 | 30);
        if !fine && (period <= 0 || period % 60 != 0) {
            let words = "The parameter Period must be a multiple of 60, or one of 1, 5, 10, 20 and 30.";
            return Err(Refusal::Value(words.to_owned()));
        }
        let period = (period / 60).max(1);
        let minute = |moment: Timestamp| moment.as_micros().div_euclid(MINUTE_MICROS);
        let until = minute(end) + i64::from(end.as_micros().rem_euclid(MINUTE_MICROS) > 0);
        Ok(Self {
            from: minute(start).div_euclid(period) * period,
            until,
            period,
        })
    }

    /// How many periods there are.
    pub(crate) fn periods(self) -> i64 {
        (self.until - self.from + self.period - 1).div_euclid(self.period)
    }

    /// The values of each period, by its first minute.
    pub(crate) fn gather(self, minutes: BTreeMap<i64, Summary>) -> BTreeMap<i64, Summary> {
        let mut periods: BTreeMap<i64, Summary> = BTreeMap::new();
        for (minute, summary) in minutes {
            let start = minute.div_euclid(self.period) * self.period;
            match periods.get_mut(&start) {
                Some(known) => known.merge(&summary),
                None => drop(periods.insert(start, summary)),
            }
        }
        periods
    }
}

/// When a minute begins.
pub(crate) fn beginning(minute: i64) -> Timestamp {
    Timestamp::from_micros(minute.saturating_mul(MINUTE_MICROS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::Unit;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn periods_begin_at_their_multiples() {
        let window = Window::of(at(3_700), at(7_201), 300).unwrap();
        assert_eq!((window.from, window.until, window.periods()), (60, 121, 13));
        let one = |minute| (minute, Summary::of(1.0, 1.0, Unit::COUNT));
        let gathered = window.gather([60, 61, 64, 65].into_iter().map(one).collect());
        let counts: Vec<_> = gathered
            .iter()
            .map(|(minute, summary)| (*minute, summary.count))
            .collect();
        assert_eq!(counts, [(60, 3.0), (65, 1.0)]);
        assert_eq!(Window::of(at(0), at(60), 10).map(|window| window.period), Ok(1));
    }

    #[test]
    fn a_window_has_time_in_it() {
        assert!(Window::of(at(60), at(60), 60).is_err());
        assert!(Window::of(at(0), at(60), 61).is_err() && Window::of(at(0), at(60), 0).is_err());
    }
}
