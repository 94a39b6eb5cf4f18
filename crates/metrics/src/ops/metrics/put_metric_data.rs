//! AWS `PutMetricData`.

use crate::{
    Metrics,
    keeper::MINUTE_MICROS,
    refusal::Refusal,
    select,
    summary::{Summary, Unit},
};
use lambent_models::cloudwatch::{MetricDatum, PutMetricDataInput, StatisticSet};
use lambent_store::Series;
use lambent_types::Timestamp;
use lambent_wire::RequestContext;
use std::sync::Arc;

/// Metrics of one request.
const MOST: usize = 1_000;
/// Values of one metric of a request.
const MOST_VALUES: usize = 150;
/// How old a value may be, and how far ahead: two weeks and two hours.
pub(crate) const OLDEST_MINUTES: i64 = 14 * 24 * 60;
pub(crate) const AHEAD_MINUTES: i64 = 120;
/// What CloudWatch takes: no more than 2 to the 360th.
pub(crate) const LARGEST: f64 = 2.348_542_582_773_833_3e108;

pub(crate) async fn put_metric_data(metrics: &Metrics, cx: &RequestContext, input: PutMetricDataInput) -> Result<(), Refusal> {
    let namespace = input.namespace.ok_or(Refusal::Missing("Namespace"))?;
    if namespace.starts_with("AWS/") {
        return Err(Refusal::Value("The value AWS/ for parameter Namespace is invalid.".to_owned()));
    }
    let of_entities = input.entity_metric_data.into_iter().flatten().filter_map(|data| data.metric_data);
    let data: Vec<MetricDatum> = input.metric_data.into_iter().chain(of_entities).flatten().collect();
    if data.is_empty() {
        return Err(Refusal::Missing("MetricData"));
    }
    if data.len() > MOST {
        return Err(Refusal::Value(format!(
            "The collection MetricData must not have a size greater than {MOST}."
        )));
    }
    let now = metrics.keeper.minute();
    let read = |(index, datum)| Datum::read(cx, &namespace, index + 1, datum, now);
    // All or nothing: a request that is refused has changed nothing.
    let data: Vec<Datum> = data.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
    for datum in data {
        datum.summaries.iter().for_each(|summary| metrics.keeper.add(&datum.series, datum.minute, summary));
    }
    Ok(())
}

/// What one metric of a request says.
struct Datum {
    series: Arc<Series>,
    minute: i64,
    summaries: Vec<Summary>,
}

impl Datum {
    fn read(cx: &RequestContext, namespace: &str, index: usize, datum: MetricDatum, now: i64) -> Result<Self, Refusal> {
        let unit = match datum.unit.as_deref() {
            None => Unit::NONE,
            Some(name) => Unit::named(name).ok_or_else(|| {
                Refusal::Value(format!("The value {name} for parameter MetricData.member.{index}.Unit is invalid."))
            })?,
        };
        let summaries = match (datum.value, datum.statistic_values, datum.values) {
            (Some(value), None, None) => vec![Summary::of(sound(index, "Value", value)?, 1.0, unit)],
            (None, Some(set), None) => vec![of_set(index, &set, unit)?],
            (None, None, Some(values)) => of_values(index, &values, datum.counts, unit)?,
            (None, None, None) => {
                return Err(Refusal::Combination(format!(
                    "At least one of the parameters must be specified: MetricData.member.{index}.Value, Values or StatisticValues."
                )));
            }
            _ => {
                return Err(Refusal::Combination(format!(
                    "The parameters MetricData.member.{index}.Value, Values and StatisticValues are mutually exclusive and you have \
                     specified more than one."
                )));
            }
        };
        let minute = datum.timestamp.map_or(Ok(now), |moment| minute_of(index, moment.0, now))?;
        let series = select::series(&cx.scope, Some(namespace.to_owned()), datum.metric_name, datum.dimensions)?;
        Ok(Self {
            series: Arc::new(series),
            minute,
            summaries,
        })
    }
}

fn minute_of(index: usize, moment: Timestamp, now: i64) -> Result<i64, Refusal> {
    let minute = moment.as_micros().div_euclid(MINUTE_MICROS);
    let wrong = |rule: &str| {
        Err(Refusal::Value(format!(
            "The parameter MetricData.member.{index}.Timestamp must specify a time {rule}."
        )))
    };
    match minute - now {
        late if late < -OLDEST_MINUTES => wrong("no more than two weeks in the past"),
        ahead if ahead > AHEAD_MINUTES => wrong("no more than two hours in the future"),
        _ => Ok(minute),
    }
}

fn sound(index: usize, member: &str, value: f64) -> Result<f64, Refusal> {
    if value.is_finite() && value.abs() <= LARGEST {
        Ok(value)
    } else {
        Err(Refusal::Value(format!(
            "The value {value} for parameter MetricData.member.{index}.{member} is invalid."
        )))
    }
}

fn of_set(index: usize, set: &StatisticSet, unit: Unit) -> Result<Summary, Refusal> {
    let number = |value: Option<f64>| sound(index, "StatisticValues", value.unwrap_or_default());
    let (count, sum) = (number(set.sample_count)?, number(set.sum)?);
    let (min, max) = (number(set.minimum)?, number(set.maximum)?);
    if count <= 0.0 || min > max {
        return Err(Refusal::Value(format!(
            "The values of parameter MetricData.member.{index}.StatisticValues are invalid."
        )));
    }
    Ok(Summary::of_set(count, sum, min..max, unit))
}

fn of_values(index: usize, values: &[f64], counts: Option<Vec<f64>>, unit: Unit) -> Result<Vec<Summary>, Refusal> {
    let counts = counts.unwrap_or_else(|| vec![1.0; values.len()]);
    if values.is_empty() || values.len() > MOST_VALUES {
        return Err(Refusal::Value(format!(
            "The collection MetricData.member.{index}.Values must have a size from 1 to {MOST_VALUES}."
        )));
    }
    if counts.len() != values.len() {
        return Err(Refusal::Value(format!(
            "The parameters MetricData.member.{index}.Values and MetricData.member.{index}.Counts must be of the same size."
        )));
    }
    let one = |(value, count): (&f64, f64)| {
        let count = sound(index, "Counts", count).and_then(|count| {
            let wrong = || Refusal::Value(format!("The value {count} for parameter MetricData.member.{index}.Counts is invalid."));
            (count > 0.0).then_some(count).ok_or_else(wrong)
        })?;
        Ok(Summary::of(sound(index, "Values", *value)?, count, unit))
    };
    values.iter().zip(counts).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_none_are_refused() {
        assert!(sound(1, "Value", f64::NAN).is_err() && sound(1, "Value", f64::INFINITY).is_err());
        assert!(sound(1, "Value", -1.5).is_ok());
        let set = |count, min, max| StatisticSet {
            sample_count: Some(count),
            sum: Some(4.0),
            minimum: Some(min),
            maximum: Some(max),
        };
        assert!(of_set(1, &set(0.0, 1.0, 1.0), Unit::NONE).is_err() && of_set(1, &set(2.0, 3.0, 1.0), Unit::NONE).is_err());
        assert!(of_set(1, &set(2.0, 1.0, 3.0), Unit::NONE).is_ok());
        assert!(of_values(1, &[1.0], Some(vec![1.0, 2.0]), Unit::NONE).is_err());
        assert!(of_values(1, &[1.0], Some(vec![-1.0]), Unit::NONE).is_err());
    }

    #[test]
    fn times_are_neither_long_ago_nor_far_ahead() {
        let minute = |minute: i64| Timestamp::from_micros(minute * MINUTE_MICROS);
        assert_eq!(minute_of(1, minute(100_000), 100_000), Ok(100_000));
        assert!(minute_of(1, minute(100_000), 100_000 + OLDEST_MINUTES + 1).is_err());
        assert!(minute_of(1, minute(100_000), 100_000 - AHEAD_MINUTES - 1).is_err());
    }
}
