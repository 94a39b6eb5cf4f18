//! AWS's cron expressions: minutes, hours, day of month, month, day of week, year; in UTC.

use jiff::{
    civil::{Date, DateTime, Weekday},
    tz::Offset,
};
use lambent_types::Timestamp;
use std::collections::BTreeSet;

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
/// Sunday is 1.
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const YEARS: (i16, i16) = (1970, 2199);

/// An expression that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cron {
    minutes: BTreeSet<i16>,
    hours: BTreeSet<i16>,
    days: Days,
    months: BTreeSet<i16>,
    years: BTreeSet<i16>,
}

/// Which days of a month. An expression says it by the days of the month or by those of the week.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Days {
    OfMonth(BTreeSet<i16>),
    /// `L`: the last one.
    Last,
    /// `15W`: the working day that is nearest to it, within the month.
    Nearest(i16),
    OfWeek(BTreeSet<i16>),
    /// `6L`: the last Friday.
    LastOfWeek(i16),
    /// `6#3`: the third Friday.
    NthOfWeek(i16, i16),
}

impl Cron {
    /// Reads what is between the parentheses.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let fields: Vec<String> = text.split_ascii_whitespace().map(str::to_ascii_uppercase).collect();
        let [minutes, hours, of_month, months, of_week, years] = fields.as_slice() else {
            return None;
        };
        let days = match (of_month.as_str(), of_week.as_str()) {
            (of_month, "?") if of_month != "?" => days_of_month(of_month)?,
            ("?", of_week) if of_week != "?" => days_of_week(of_week)?,
            _ => return None,
        };
        Some(Self {
            minutes: set(minutes, (0, 59), &[], 0)?,
            hours: set(hours, (0, 23), &[], 0)?,
            days,
            months: set(months, (1, 12), &MONTHS, 1)?,
            years: set(years, YEARS, &[], 0)?,
        })
    }

    /// The first minute after `after` that it means; there may be none.
    pub(crate) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let now = Offset::UTC.to_datetime(jiff::Timestamp::from_microsecond(after.as_micros()).ok()?);
        let mut day = now.date();
        if let Some(found) = self.means_day(day).then(|| self.time_of(day, Some(now))).flatten() {
            return moment(found);
        }
        while day.year() <= YEARS.1 {
            day = self.following(day)?;
            if self.means_day(day)
                && let Some(found) = self.time_of(day, None)
            {
                return moment(found);
            }
        }
        None
    }

    /// The next day that may be meant, or one before it: the rest of a month that is not meant is passed over.
    fn following(&self, day: Date) -> Option<Date> {
        let next = day.tomorrow().ok()?;
        let here = self.years.contains(&next.year()) && self.months.contains(&i16::from(next.month()));
        Some(if here { next } else { next.last_of_month() })
    }

    fn means_day(&self, day: Date) -> bool {
        let number = i16::from(day.day());
        let weekday = weekday(day);
        let last = i16::from(day.days_in_month());
        self.years.contains(&day.year())
            && self.months.contains(&i16::from(day.month()))
            && match &self.days {
                Days::OfMonth(days) => days.contains(&number),
                Days::Last => number == last,
                Days::Nearest(wanted) => working_day(day, *wanted) == Some(number),
                Days::OfWeek(days) => days.contains(&weekday),
                Days::LastOfWeek(wanted) => weekday == *wanted && number + 7 > last,
                Days::NthOfWeek(wanted, nth) => weekday == *wanted && (number - 1) / 7 + 1 == *nth,
            }
    }

    /// The first time of a day, behind `after` if it is given.
    fn time_of(&self, day: Date, after: Option<DateTime>) -> Option<DateTime> {
        let times = self
            .hours
            .iter()
            .flat_map(|hour| self.minutes.iter().map(move |minute| (*hour, *minute)));
        let mut times =
            times.filter_map(|(hour, minute)| Some(day.at(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0)));
        times.find(|time| after.is_none_or(|after| *time > after))
    }
}

fn moment(time: DateTime) -> Option<Timestamp> {
    let moment = Offset::UTC.to_timestamp(time).ok()?;
    Some(Timestamp::from_micros(moment.as_microsecond()))
}

/// Sunday is 1.
fn weekday(day: Date) -> i16 {
    i16::from(day.weekday().to_sunday_one_offset())
}

/// The day of the month, not a weekend's, that is nearest to `wanted` in the month of `day`.
fn working_day(day: Date, wanted: i16) -> Option<i16> {
    let meant = day.with().day(i8::try_from(wanted).ok()?).build().ok()?;
    let number = i16::from(meant.day());
    Some(match meant.weekday() {
        Weekday::Saturday if number == 1 => 3,
        Weekday::Saturday => number - 1,
        Weekday::Sunday if number == i16::from(meant.days_in_month()) => number - 2,
        Weekday::Sunday => number + 1,
        Weekday::Monday | Weekday::Tuesday | Weekday::Wednesday | Weekday::Thursday | Weekday::Friday => number,
    })
}

fn days_of_month(text: &str) -> Option<Days> {
    if text == "L" {
        return Some(Days::Last);
    }
    if let Some(day) = text.strip_suffix('W') {
        return day.parse().ok().filter(|day| (1..=31).contains(day)).map(Days::Nearest);
    }
    set(text, (1, 31), &[], 1).map(Days::OfMonth)
}

fn days_of_week(text: &str) -> Option<Days> {
    let day = |text: &str| number(text, &DAYS, 1).filter(|day| (1..=7).contains(day));
    if text == "L" {
        return Some(Days::OfWeek(BTreeSet::from([7])));
    }
    if let Some(wanted) = text.strip_suffix('L') {
        return day(wanted).map(Days::LastOfWeek);
    }
    if let Some((wanted, nth)) = text.split_once('#') {
        let nth = nth.parse().ok().filter(|nth| (1..=5).contains(nth))?;
        return Some(Days::NthOfWeek(day(wanted)?, nth));
    }
    set(text, (1, 7), &DAYS, 1).map(Days::OfWeek)
}

/// The numbers that a field means: `*`, `1,15`, `2-6`, `0/5`, `MON-FRI`.
fn set(text: &str, (low, high): (i16, i16), names: &[&str], first: i16) -> Option<BTreeSet<i16>> {
    let mut all = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step: &i16| *step > 0)?),
            None => (part, 1),
        };
        let within = |text: &str| number(text, names, first).filter(|number| (low..=high).contains(number));
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((from, to)) => (within(from)?, within(to)?),
            // A step without an end goes on to the last.
            None if part.contains('/') => (within(range)?, high),
            None => (within(range)?, within(range)?),
        };
        let step = usize::try_from(step).ok()?;
        if from <= to {
            all.extend((from..=to).step_by(step));
        } else {
            // FRI-MON goes over the end of the week.
            all.extend((from..=high).chain(low..=to).step_by(step));
        }
    }
    Some(all)
}

fn number(text: &str, names: &[&str], first: i16) -> Option<i16> {
    let named = names.iter().position(|name| *name == text);
    let named = named
        .and_then(|place| i16::try_from(place).ok())
        .map(|place| place + first);
    named.or_else(|| {
        text.parse()
            .ok()
            .filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn after(expression: &str, from: &str) -> Option<String> {
        let from: jiff::Timestamp = from.parse().unwrap();
        let next = Cron::read(expression)
            .unwrap()
            .next(Timestamp::from_micros(from.as_microsecond()))?;
        Some(jiff::Timestamp::from_microsecond(next.as_micros()).unwrap().to_string())
    }

    #[test]
    fn the_guides_examples_are_met() {
        let from = "2026-11-23T12:00:30Z";
        for (expression, expected) in [
            ("0 10 * * ? *", "2026-11-24T10:00:00Z"),
            ("15 12 * * ? *", "2026-11-23T12:15:00Z"),
            ("0 18 ? * MON-FRI *", "2026-11-23T18:00:00Z"),
            ("0 8 1 * ? *", "2026-12-01T08:00:00Z"),
            ("0/15 * * * ? *", "2026-11-23T12:15:00Z"),
            ("0/10 * ? * MON-FRI *", "2026-11-23T12:10:00Z"),
            ("0/5 8-17 ? * MON-FRI *", "2026-11-23T12:05:00Z"),
            ("0 9 ? * 2#1 *", "2026-12-07T09:00:00Z"),
            ("0 0 L * ? *", "2026-11-30T00:00:00Z"),
            ("0 0 ? * 6L *", "2026-11-27T00:00:00Z"),
            ("0 0 1W * ? *", "2026-12-01T00:00:00Z"),
            ("0 0 29W NOV ? *", "2026-11-30T00:00:00Z"),
            ("0 0 29 2 ? *", "2028-02-29T00:00:00Z"),
            ("0 0 ? JAN FRI-SUN 2027-2030", "2027-01-01T00:00:00Z"),
            ("30 12 23 11 ? 2026", "2026-11-23T12:30:00Z"),
        ] {
            assert_eq!(after(expression, from).as_deref(), Some(expected), "{expression}");
        }
        assert_eq!(after("0 0 30 FEB ? *", from), None);
        assert_eq!(after("0 0 1 1 ? 2020", from), None);
    }

    #[test]
    fn what_is_no_expression_is_none() {
        for text in [
            "* * * * * *",
            "0 10 ? * ? *",
            "60 * * * ? *",
            "0 24 * * ? *",
            "0 0 0 * ? *",
            "0 0 ? * 8 *",
            "0/0 * * * ? *",
            "x * * * ? *",
            "0 0 ? * MON#6 *",
            "",
        ] {
            assert_eq!(Cron::read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_next_is_later_and_meant(from in 0..4_000_000_000i64, minute in 0..60i16, hour in 0..24i16, month in 1..13i16) {
            let cron = Cron::read(&format!("{minute} {hour} * {month} ? *")).unwrap();
            let from = Timestamp::from_micros(from * 1_000_000);
            let next = cron.next(from).unwrap();
            prop_assert!(next > from);
            let found = Offset::UTC.to_datetime(jiff::Timestamp::from_microsecond(next.as_micros()).unwrap());
            prop_assert_eq!((i16::from(found.minute()), i16::from(found.hour()), i16::from(found.month())), (minute, hour, month));
            // Nothing that is meant lies between.
            prop_assert_eq!(cron.next(Timestamp::from_micros(next.as_micros() - 1)), Some(next));
        }

        #[test]
        fn any_text_is_survived(text in "[-*?/,#LW0-9A-Z ]{0,40}") {
            if let Some(cron) = Cron::read(&text) {
                let _ = cron.next(Timestamp::from_micros(1_795_435_534_000_000));
            }
        }
    }
}
