//! What is known of many values: how many, their sum and bounds, and how they are distributed.

use std::ops::Range;

/// Two values whose quotient is below this are not told apart in the distribution: percentiles are exact to one in a hundred.
const GAMMA: f64 = 1.02;
/// The place of zero in the distribution, and of what is too small to matter.
const ZERO: i32 = 0;
const SMALLEST: f64 = 1e-9;
/// Places are counted from here on, so that those of positive values are positive and those of negative ones negative.
const OFFSET: i32 = 2_000;

/// The units that CloudWatch knows, in the order of its model.
pub(crate) const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// A unit, by its place in [`UNITS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit(u8);

impl Unit {
    pub(crate) const NONE: Self = Self(26);
    pub(crate) const COUNT: Self = Self(14);
    pub(crate) const MILLISECONDS: Self = Self(2);

    /// The unit called so.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let place = UNITS.iter().position(|unit| *unit == name)?;
        u8::try_from(place).ok().map(Self)
    }

    pub(crate) fn name(self) -> &'static str {
        UNITS.get(usize::from(self.0)).copied().unwrap_or("None")
    }
}

/// A summary of at least one value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) unit: Unit,
    pub(crate) count: f64,
    pub(crate) sum: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// How many values are in each place, sorted by place; empty where only the numbers above are known.
    places: Vec<(i32, f64)>,
}

impl Summary {
    /// `count` times the same value.
    pub(crate) fn of(value: f64, count: f64, unit: Unit) -> Self {
        Self {
            unit,
            count,
            sum: value * count,
            min: value,
            max: value,
            places: vec![(place(value), count)],
        }
    }

    /// A set of values of which no more is known. Percentiles follow from it only if all are the same.
    pub(crate) fn of_set(count: f64, sum: f64, bounds: Range<f64>, unit: Unit) -> Self {
        let same = bounds.start >= bounds.end || count <= 1.0;
        Self {
            unit,
            count,
            sum,
            min: bounds.start,
            max: bounds.end,
            places: if same {
                vec![(place(bounds.start), count)]
            } else {
                Vec::new()
            },
        }
    }

    /// Adds one value.
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1.0;
        self.sum += value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        if !self.places.is_empty() {
            weigh(&mut self.places, place(value), 1.0);
        }
    }

    /// Adds all values of another.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        if other.places.is_empty() {
            self.places.clear();
        } else if !self.places.is_empty() {
            for (place, weight) in &other.places {
                weigh(&mut self.places, *place, *weight);
            }
        }
    }

    /// The value below which `percent` of the values are; `None` where their distribution is not known.
    pub(crate) fn percentile(&self, percent: f64) -> Option<f64> {
        if self.places.is_empty() {
            return None;
        }
        if percent <= 0.0 || percent >= 100.0 {
            return Some(if percent <= 0.0 { self.min } else { self.max });
        }
        let rank = (percent / 100.0 * self.count).max(f64::MIN_POSITIVE);
        let mut below = 0.0;
        let found = self.places.iter().find(|(_, weight)| {
            below += weight;
            below >= rank * (1.0 - 1e-12)
        });
        let found = found.or(self.places.last());
        found.map(|(place, _)| value(*place).clamp(self.min, self.max))
    }

    /// Values with their weights, in order; `None` where their distribution is not known.
    pub(crate) fn distribution(&self) -> Option<impl Iterator<Item = (f64, f64)>> {
        let bounded = |(place, weight): &(i32, f64)| (value(*place).clamp(self.min, self.max), *weight);
        (!self.places.is_empty()).then(|| self.places.iter().map(bounded))
    }

    /// As bytes, for [`Self::read`].
    pub(crate) fn written(&self) -> Vec<u8> {
        let mut bytes = vec![self.unit.0];
        for number in [self.count, self.sum, self.min, self.max] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for (place, weight) in &self.places {
            bytes.extend_from_slice(&place.to_le_bytes());
            bytes.extend_from_slice(&weight.to_le_bytes());
        }
        bytes
    }

    /// From bytes; `None` if nobody wrote them.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (unit, rest) = bytes.split_first()?;
        let (numbers, places) = rest.split_at_checked(32)?;
        let number = |bytes: &[u8]| bytes.first_chunk().map(|chunk| f64::from_le_bytes(*chunk));
        let place = |bytes: &[u8]| {
            let place = i32::from_le_bytes(*bytes.first_chunk()?);
            Some((place, number(bytes.get(4..)?)?))
        };
        Some(Self {
            unit: Unit(*unit),
            count: number(numbers)?,
            sum: number(numbers.get(8..)?)?,
            min: number(numbers.get(16..)?)?,
            max: number(numbers.get(24..)?)?,
            places: places.chunks(12).map(place).collect::<Option<_>>()?,
        })
    }
}

fn weigh(places: &mut Vec<(i32, f64)>, place: i32, weight: f64) {
    // Most values of one metric are alike: the place is there already.
    match places.binary_search_by_key(&place, |(place, _)| *place) {
        Ok(index) => places[index].1 += weight,
        Err(index) => places.insert(index, (place, weight)),
    }
}

/// Where a value stands in the distribution.
fn place(value: f64) -> i32 {
    if value.abs() < SMALLEST {
        return ZERO;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "bounded: the logarithm of a double is below 36,000 steps"
    )]
    let steps = (value.abs().ln() / GAMMA.ln()).ceil() as i32 + OFFSET;
    if value < 0.0 { -steps } else { steps }
}

/// The middle of a place.
fn value(place: i32) -> f64 {
    if place == ZERO {
        return 0.0;
    }
    let magnitude = GAMMA.powi(place.abs() - OFFSET) * 2.0 / (1.0 + GAMMA);
    if place < 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn summary(values: &[f64]) -> Summary {
        let mut all = Summary::of(values[0], 1.0, Unit::COUNT);
        values[1..].iter().for_each(|value| all.add(*value));
        all
    }

    proptest! {
        #[test]
        fn percentiles_are_close(mut values in prop::collection::vec(-1e9..1e9f64, 1..200), percent in 0.0..100.0f64) {
            let found = summary(&values).percentile(percent).unwrap();
            values.sort_by(f64::total_cmp);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "small")]
            let rank = ((percent / 100.0 * values.len() as f64).ceil() as usize).clamp(1, values.len());
            let exact = values[rank - 1];
            prop_assert!((found - exact).abs() <= exact.abs() * 0.011 + 1e-8, "{} for {}", found, exact);
        }

        #[test]
        fn merging_is_as_good_as_adding(left in prop::collection::vec(-1e3..1e3f64, 1..50), right in prop::collection::vec(-1e3..1e3f64, 1..50)) {
            let mut merged = summary(&left);
            merged.merge(&summary(&right));
            let together = summary(&[left, right].concat());
            prop_assert_eq!(&merged.places, &together.places);
            prop_assert!((merged.sum - together.sum).abs() < 1e-6 && merged.count == together.count);
            prop_assert_eq!(Summary::read(&merged.written()), Some(merged));
        }

        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = Summary::read(&bytes);
        }
    }

    #[test]
    fn a_set_has_percentiles_only_if_all_values_are_the_same() {
        assert_eq!(
            Summary::of_set(3.0, 6.0, 2.0..2.0, Unit::NONE).percentile(50.0),
            Some(2.0)
        );
        let mut set = Summary::of_set(3.0, 6.0, 1.0..3.0, Unit::NONE);
        assert_eq!(set.percentile(50.0), None);
        set.merge(&Summary::of(1.0, 1.0, Unit::NONE));
        assert_eq!((set.percentile(50.0), set.count, set.max), (None, 4.0, 3.0));
    }

    #[test]
    fn units_have_the_names_of_the_model() {
        for unit in [Unit::NONE, Unit::COUNT, Unit::MILLISECONDS] {
            assert_eq!(Unit::named(unit.name()), Some(unit));
        }
        let modelled = lambent_models::cloudwatch::schema::STANDARD_UNIT.rules.values;
        assert_eq!(modelled, UNITS);
    }
}
