//! Statistics by name: `Average`, `p99.9`, `tm90`, `TM(10%:90%)`, `PR(:300)`; see "CloudWatch statistics definitions".

use crate::summary::Summary;

/// What is asked of the values of a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Statistic {
    SampleCount,
    Sum,
    Average,
    Minimum,
    Maximum,
    /// The value below which so many percent are.
    Percentile(f64),
    /// Of the values within bounds.
    Within(Of, Bounds),
}

/// What is asked of values within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// `TM`: their mean.
    Mean,
    /// `WM`: the mean of all, those outside taken for the bound.
    Winsorized,
    /// `TC`: how many they are.
    Count,
    /// `TS`: their sum.
    Sum,
    /// `PR`: which share of all they are, in percent.
    Rank,
}

/// Bounds of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bounds {
    /// By rank, in percent.
    Percent(f64, f64),
    /// By value.
    Value(f64, f64),
}

impl Statistic {
    /// Reads a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "SampleCount" => Self::SampleCount,
            "Sum" => Self::Sum,
            "Average" => Self::Average,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            "IQM" => Self::Within(Of::Mean, Bounds::Percent(25.0, 75.0)),
            other => return Self::extended(other),
        })
    }

    /// Reads one that is not among the five plain ones.
    pub(crate) fn extended(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        if let Some(percent) = lower.strip_prefix('p').and_then(|number| number.parse().ok()) {
            return (0.0..=100.0).contains(&percent).then_some(Self::Percentile(percent));
        }
        let (kind, rest) = lower.split_at_checked(2)?;
        let of = match kind {
            "tm" => Of::Mean,
            "wm" => Of::Winsorized,
            "tc" => Of::Count,
            "ts" => Of::Sum,
            "pr" => Of::Rank,
            _ => return None,
        };
        let bounds = match rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            Some(range) => bounds(range)?,
            None => Bounds::Percent(
                0.0,
                rest.parse().ok().filter(|percent| (0.0..=100.0).contains(percent))?,
            ),
        };
        // The rank of values among themselves says nothing.
        (of != Of::Rank || matches!(bounds, Bounds::Value(..))).then_some(Self::Within(of, bounds))
    }

    /// The statistic of the values; `None` where it does not follow from what is known of them.
    pub(crate) fn of(self, values: &Summary) -> Option<f64> {
        match self {
            Self::SampleCount => Some(values.count),
            Self::Sum => Some(values.sum),
            Self::Average => Some(values.sum / values.count),
            Self::Minimum => Some(values.min),
            Self::Maximum => Some(values.max),
            Self::Percentile(percent) => values.percentile(percent),
            Self::Within(of, bounds) => within(values, of, bounds),
        }
    }
}

/// `10%:90%`, `:90%`, `100:`, `:300`.
fn bounds(range: &str) -> Option<Bounds> {
    let (low, high) = range.split_once(':')?;
    let by_rank = low.ends_with('%') || high.ends_with('%');
    let number = |text: &str, default: f64| match text.trim_end_matches('%').trim() {
        "" => Some(default),
        digits => digits.parse().ok().filter(|number: &f64| number.is_finite()),
    };
    Some(if by_rank {
        Bounds::Percent(number(low, 0.0)?, number(high, 100.0)?)
    } else {
        Bounds::Value(number(low, f64::NEG_INFINITY)?, number(high, f64::INFINITY)?)
    })
}

fn within(values: &Summary, of: Of, bounds: Bounds) -> Option<f64> {
    let (mut count, mut sum, mut winsorized, mut below) = (0.0, 0.0, 0.0, 0.0);
    let (low, high) = match bounds {
        Bounds::Percent(low, high) => (values.percentile(low)?, values.percentile(high)?),
        Bounds::Value(low, high) => (low, high),
    };
    for (value, weight) in values.distribution()? {
        let inside = match bounds {
            // A part of the values that are alike may be inside.
            Bounds::Percent(from, to) => {
                let share = |percent: f64| percent / 100.0 * values.count;
                ((below + weight).min(share(to)) - below.max(share(from))).max(0.0)
            }
            Bounds::Value(from, to) if (from..=to).contains(&value) => weight,
            Bounds::Value(..) => 0.0,
        };
        below += weight;
        count += inside;
        sum += value * inside;
        winsorized += value.clamp(low, high.max(low)) * weight;
    }
    match of {
        Of::Mean => (count > 0.0).then(|| sum / count),
        Of::Winsorized => Some(winsorized / values.count),
        Of::Count => Some(count),
        Of::Sum => Some(sum),
        Of::Rank => Some(count / values.count * 100.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::Unit;

    fn hundred() -> Summary {
        let mut values = Summary::of(1.0, 1.0, Unit::COUNT);
        (2..=100).for_each(|value| values.add(f64::from(value)));
        values
    }

    fn of(name: &str) -> f64 {
        Statistic::named(name).unwrap().of(&hundred()).unwrap()
    }

    #[test]
    fn statistics_follow_from_the_values() {
        assert_eq!((of("SampleCount"), of("Sum"), of("Average")), (100.0, 5_050.0, 50.5));
        assert_eq!(
            (of("Minimum"), of("Maximum"), of("p100"), of("p0")),
            (1.0, 100.0, 100.0, 1.0)
        );
        for (name, expected) in [
            ("p99", 99.0),
            ("p50.5", 51.0),
            ("tm90", 45.5),
            ("TM(10%:90%)", 50.5),
            ("IQM", 50.5),
            ("TC(:50)", 50.0),
            ("ts50", 1_275.0),
            ("PR(:30)", 30.0),
            ("PR(0.5:1000)", 100.0),
            ("WM(10%:90%)", 50.5),
        ] {
            assert!((of(name) - expected).abs() / expected < 0.025, "{name}: {}", of(name));
        }
    }

    #[test]
    fn what_is_no_statistic_is_none() {
        for name in [
            "",
            "average",
            "p",
            "p101",
            "pp",
            "tm",
            "tm101",
            "xx90",
            "TM(10)",
            "PR(10%:20%)",
            "pNaN",
            "é",
        ] {
            assert_eq!(Statistic::named(name), None, "{name}");
        }
    }
}
