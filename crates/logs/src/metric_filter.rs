//! Metric filters: what events of a group say of a metric. Decisions only; who reads the events is in `counter.rs`.

use crate::{
    Refusal,
    pattern::{Matched, Pattern, Reference},
};
use lambent_control_core::documents::Noun;
use lambent_models::logs::{MetricTransformation, PutMetricFilterRequest};
use lambent_store::Kind;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A metric has at most this many dimensions ("Creating metric filters").
const MOST_DIMENSIONS: usize = 3;
/// A filter makes no more metrics than this in an hour: what is beyond is left out. AWS disables the filter then ("PutMetricFilter").
const MOST_SERIES: usize = 1_000;
const MINUTE_MILLIS: u64 = 60_000;
const HOUR_MILLIS: u64 = 60 * MINUTE_MILLIS;

/// A metric filter as it is stored. Its group is the document's parent, its name the document's id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MetricFilter {
    pub(crate) pattern: String,
    pub(crate) namespace: String,
    pub(crate) metric: String,
    /// A number, or what names one in an event.
    pub(crate) value: String,
    pub(crate) default: Option<f64>,
    /// The names of dimensions, and what names their values in an event.
    pub(crate) dimensions: BTreeMap<String, String>,
    pub(crate) unit: Option<String>,
    /// Milliseconds since the epoch.
    pub(crate) created: u64,
    /// When it was put the last time.
    pub(crate) put: u64,
    /// The number of the newest event then: it is about those that came later.
    pub(crate) since: u64,
}

impl Noun for MetricFilter {
    const KIND: Kind = Kind::LogMetricFilter;
}

impl MetricFilter {
    /// What a request asks for, for events behind `since`.
    pub(crate) fn read(input: PutMetricFilterRequest, now: u64, since: u64) -> Result<Self, Refusal> {
        let missing = || Refusal::Unavailable("validation let a request without a transformation pass".to_owned());
        let transformation = input
            .metric_transformations
            .into_iter()
            .flatten()
            .next()
            .ok_or_else(missing)?;
        let MetricTransformation {
            metric_name,
            metric_namespace,
            metric_value,
            default_value,
            dimensions,
            unit,
        } = transformation;
        let filter = Self {
            pattern: input.filter_pattern.unwrap_or_default(),
            namespace: metric_namespace.unwrap_or_default(),
            metric: metric_name.unwrap_or_default(),
            value: metric_value.unwrap_or_default(),
            default: default_value,
            dimensions: dimensions.into_iter().flatten().collect(),
            unit,
            created: now,
            put: now,
            since,
        };
        filter.check()?;
        Ok(filter)
    }

    fn check(&self) -> Result<(), Refusal> {
        let reading = Reading::new(self)?;
        let wrong = |text: &str| Err(Refusal::InvalidParameter(text.to_owned()));
        if self.dimensions.is_empty() {
            return Ok(());
        }
        if self.default.is_some() {
            return wrong(
                "Invalid metric transformation: dimensions and default value are mutually exclusive properties",
            );
        }
        if matches!(reading.pattern, Pattern::All | Pattern::Terms(_)) {
            return wrong("The specified filter pattern does not support dimensions");
        }
        if self.dimensions.len() > MOST_DIMENSIONS {
            return wrong("Invalid metric transformation: a metric can have at most 3 dimensions");
        }
        Ok(())
    }

    pub(crate) fn show(self) -> MetricTransformation {
        MetricTransformation {
            metric_name: Some(self.metric),
            metric_namespace: Some(self.namespace),
            metric_value: Some(self.value),
            default_value: self.default,
            dimensions: Some(self.dimensions)
                .filter(|dimensions| !dimensions.is_empty())
                .map(|dimensions| dimensions.into_iter().collect()),
            unit: self.unit,
        }
    }
}

/// What a metric's value is.
#[derive(Debug)]
enum Source {
    Number(f64),
    Named(Reference),
}

/// A filter, ready to be asked of events.
#[derive(Debug)]
pub(crate) struct Reading {
    pattern: Pattern,
    value: Source,
    dimensions: Vec<(String, Reference)>,
    default: Option<f64>,
    /// Minutes of which there were events, and whether one of them matched. Only where there is a default.
    minutes: BTreeMap<u64, bool>,
    /// Which dimensions there were in this hour.
    series: BTreeSet<Vec<(String, String)>>,
    hour: u64,
}

/// A value of the metric.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    /// Milliseconds since the epoch.
    pub(crate) millis: u64,
    pub(crate) value: f64,
    /// Sorted by name.
    pub(crate) dimensions: Vec<(String, String)>,
}

impl Reading {
    pub(crate) fn new(filter: &MetricFilter) -> Result<Self, Refusal> {
        let reference = |text: &str| {
            let wrong = || Refusal::InvalidParameter(format!("Invalid metric transformation: {text} names no field"));
            Reference::read(text).ok_or_else(wrong)
        };
        let number = filter.value.parse::<f64>().ok().filter(|number| number.is_finite());
        let dimensions = filter.dimensions.iter();
        Ok(Self {
            pattern: Pattern::read(&filter.pattern)?,
            value: number.map_or_else(
                || reference(&filter.value).map(Source::Named),
                |number| Ok(Source::Number(number)),
            )?,
            dimensions: dimensions
                .map(|(name, text)| Ok((name.clone(), reference(text)?)))
                .collect::<Result<_, Refusal>>()?,
            default: filter.default,
            minutes: BTreeMap::new(),
            series: BTreeSet::new(),
            hour: 0,
        })
    }

    /// What an event says, if it is wanted and has what the filter names.
    pub(crate) fn event(&mut self, millis: u64, message: &[u8]) -> Option<Value> {
        let matched = self.pattern.matched(message);
        if self.default.is_some() {
            let minute = self.minutes.entry(millis / MINUTE_MILLIS).or_default();
            *minute |= matched.is_some();
        }
        let matched = matched?;
        let value = match &self.value {
            Source::Number(number) => *number,
            Source::Named(reference) => matched
                .text(reference)?
                .trim()
                .parse()
                .ok()
                .filter(|value: &f64| value.is_finite())?,
        };
        let dimensions = self.dimensions(&matched)?;
        self.is_let(millis, &dimensions).then_some(Value {
            millis,
            value,
            dimensions,
        })
    }

    fn dimensions(&self, matched: &Matched) -> Option<Vec<(String, String)>> {
        let value = |reference| matched.text(reference).filter(|text| !text.trim().is_empty());
        let dimensions = self.dimensions.iter();
        dimensions
            .map(|(name, reference)| Some((name.clone(), value(reference)?)))
            .collect()
    }

    /// Whether there may be a metric of these dimensions.
    fn is_let(&mut self, millis: u64, dimensions: &Vec<(String, String)>) -> bool {
        let hour = millis / HOUR_MILLIS;
        if hour > self.hour {
            self.hour = hour;
            self.series.clear();
        }
        if self.series.contains(dimensions) {
            return true;
        }
        self.series.len() < MOST_SERIES && self.series.insert(dimensions.clone())
    }

    /// The default values that are due: of minutes that are over, in which there were events and none was wanted.
    pub(crate) fn defaults(&mut self, now: u64) -> Vec<Value> {
        let Some(value) = self.default else { return Vec::new() };
        let rest = self.minutes.split_off(&(now / MINUTE_MILLIS));
        let over = std::mem::replace(&mut self.minutes, rest);
        let unmatched = over.into_iter().filter(|(_, matched)| !matched);
        let due = unmatched.map(|(minute, _)| Value {
            millis: minute * MINUTE_MILLIS,
            value,
            dimensions: Vec::new(),
        });
        due.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(pattern: &str, value: &str, dimensions: &[(&str, &str)], default: Option<f64>) -> PutMetricFilterRequest {
        let dimensions = dimensions
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let transformation = MetricTransformation {
            metric_name: Some("m".to_owned()),
            metric_namespace: Some("N".to_owned()),
            metric_value: Some(value.to_owned()),
            default_value: default,
            dimensions: Some(dimensions.collect()),
            unit: None,
        };
        PutMetricFilterRequest {
            filter_pattern: Some(pattern.to_owned()),
            metric_transformations: Some(vec![transformation]),
            ..PutMetricFilterRequest::default()
        }
    }

    fn reading(pattern: &str, value: &str, dimensions: &[(&str, &str)], default: Option<f64>) -> Reading {
        Reading::new(&MetricFilter::read(input(pattern, value, dimensions, default), 1, 0).unwrap()).unwrap()
    }

    #[test]
    fn values_are_numbers_or_what_an_event_has() {
        let says = |reading: &mut Reading, message: &str| reading.event(5, message.as_bytes()).map(|value| value.value);
        let mut counting = reading("ERROR", "1", &[], None);
        assert_eq!(
            (says(&mut counting, "an ERROR"), says(&mut counting, "fine")),
            (Some(1.0), None)
        );
        let mut column = reading("[ip, size > 10, status]", "$size", &[], None);
        assert_eq!(
            (says(&mut column, "1.2.3.4 12 404"), says(&mut column, "1.2.3.4 9 404")),
            (Some(12.0), None)
        );
        let mut json = reading("{ $.level = ERROR }", "$.took.ms", &[], None);
        assert_eq!(says(&mut json, r#"{"level": "ERROR", "took": {"ms": 1.5}}"#), Some(1.5));
        assert_eq!(says(&mut json, r#"{"level": "ERROR", "took": {"ms": "long"}}"#), None);
        assert_eq!(says(&mut json, r#"{"level": "ERROR"}"#), None);
    }

    #[test]
    fn dimensions_are_what_an_event_has() {
        let mut reading = reading(
            "{ $.n > 0 }",
            "$.n",
            &[("Shop", "$.shop"), ("Area", "$.where[0]")],
            None,
        );
        let value = reading
            .event(5, br#"{"n": 2, "shop": "s", "where": ["north"]}"#)
            .unwrap();
        let pairs = [("Area", "north"), ("Shop", "s")];
        assert_eq!(
            value.dimensions,
            pairs.map(|(name, text)| (name.to_owned(), text.to_owned()))
        );
        assert_eq!(reading.event(5, br#"{"n": 2, "shop": "s"}"#), None);
    }

    #[test]
    fn there_are_not_many_series_an_hour() {
        let mut reading = reading("{ $.n = * }", "1", &[("N", "$.n")], None);
        let mut says = |millis, number: usize| {
            reading
                .event(millis, format!("{{\"n\": {number}}}").as_bytes())
                .is_some()
        };
        assert!((0..MOST_SERIES).all(|number| says(5, number)));
        assert!(!says(5, MOST_SERIES) && says(5, 0));
        assert!(says(HOUR_MILLIS, MOST_SERIES));
    }

    #[test]
    fn a_minute_of_which_nothing_is_wanted_has_the_default() {
        let mut reading = reading("ERROR", "1", &[], Some(0.0));
        for (millis, message) in [
            (5, "fine"),
            (6, "fine"),
            (MINUTE_MILLIS, "ERROR"),
            (MINUTE_MILLIS + 1, "fine"),
            (2 * MINUTE_MILLIS, "fine"),
        ] {
            reading.event(millis, message.as_bytes());
        }
        let due = reading.defaults(2 * MINUTE_MILLIS + 5);
        assert_eq!(
            due,
            [Value {
                millis: 0,
                value: 0.0,
                dimensions: Vec::new()
            }]
        );
        assert_eq!(reading.defaults(3 * MINUTE_MILLIS).len(), 1);
        assert!(reading.defaults(9 * MINUTE_MILLIS).is_empty());
    }

    #[test]
    fn what_cannot_be_is_refused_in_awss_words() {
        let refused = |pattern, value, dimensions: &[(&str, &str)], default| {
            let input = input(pattern, value, dimensions, default);
            crate::testing::refused(MetricFilter::read(input, 1, 0)).1
        };
        let exclusive = "Invalid metric transformation: dimensions and default value are mutually exclusive properties";
        assert_eq!(refused("{ $.a = 1 }", "1", &[("A", "$.a")], Some(0.0)), exclusive);
        let unsupported = "The specified filter pattern does not support dimensions";
        assert_eq!(refused("ERROR", "1", &[("A", "$.a")], None), unsupported);
        refused("{ $.a = 1", "1", &[], None);
        refused("ERROR", "one", &[], None);
        refused("{ $.a = 1 }", "1", &[("A", "a")], None);
        refused(
            "{ $.a = 1 }",
            "1",
            &[("A", "$.a"), ("B", "$.a"), ("C", "$.a"), ("D", "$.a")],
            None,
        );
    }
}
