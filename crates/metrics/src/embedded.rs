//! The embedded metric format: log lines that say metrics; see "Specification: Embedded metric format" of the CloudWatch guide.

use crate::summary::{Summary, Unit};
use lambent_store::Series;
use lambent_types::Scope;
use serde::Deserialize;
use serde_json::{Map, Value};

/// What the specification allows.
const MOST_METRICS: usize = 100;
const MOST_DIMENSIONS: usize = 30;
const MOST_VALUES: usize = 100;
/// Directives, and sets of dimensions, of one line: more would be a way to make a line of 256 KB cost without end.
const MOST_SETS: usize = 100;

/// A line as far as it speaks of metrics.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "_aws")]
    about: About,
    #[serde(flatten)]
    members: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct About {
    /// Milliseconds since the epoch.
    timestamp: i64,
    cloud_watch_metrics: Vec<Directive>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: String,
    #[serde(default)]
    dimensions: Vec<Vec<String>>,
    #[serde(default)]
    metrics: Vec<Definition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: String,
    unit: Option<String>,
}

/// Whether a line may say metrics, without reading it.
pub(crate) fn may_be(line: &[u8]) -> bool {
    const MARK: &[u8] = b"\"CloudWatchMetrics\"";
    line.first() == Some(&b'{') && line.windows(MARK.len()).any(|part| part == MARK)
}

/// The minute and the values of the metrics that a line says; nothing if it is in another form.
pub(crate) fn read(scope: &Scope, line: &[u8]) -> Option<(i64, Vec<(Series, Summary)>)> {
    let line: Line = serde_json::from_slice(line).ok()?;
    let mut found = Vec::new();
    for directive in line.about.cloud_watch_metrics.iter().take(MOST_SETS) {
        // AWS takes no dimensions at all for one set without any.
        let none = [Vec::new()];
        let sets = if directive.dimensions.is_empty() {
            none.as_slice()
        } else {
            directive.dimensions.as_slice()
        };
        for definition in directive.metrics.iter().take(MOST_METRICS) {
            let Some(summary) = summary(definition, &line.members) else {
                continue;
            };
            for dimensions in sets
                .iter()
                .take(MOST_SETS)
                .filter_map(|names| values(names, &line.members))
            {
                let series = Series {
                    scope: scope.clone(),
                    namespace: directive.namespace.clone(),
                    name: definition.name.clone(),
                    dimensions,
                };
                found.push((series, summary.clone()));
            }
        }
    }
    Some((line.about.timestamp.div_euclid(60_000), found))
}

/// The values of dimensions, sorted by name; nothing if one of them is missing or is no text.
fn values(names: &[String], members: &Map<String, Value>) -> Option<Vec<(String, String)>> {
    if names.len() > MOST_DIMENSIONS {
        return None;
    }
    let pair = |name: &String| Some((name.clone(), members.get(name)?.as_str()?.to_owned()));
    let mut pairs: Vec<_> = names.iter().map(pair).collect::<Option<_>>()?;
    pairs.sort();
    Some(pairs)
}

/// The value or the values of a metric.
fn summary(definition: &Definition, members: &Map<String, Value>) -> Option<Summary> {
    let unit = definition.unit.as_deref().map_or(Some(Unit::NONE), Unit::named)?;
    let value = members.get(&definition.name)?;
    let numbers = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let mut numbers = numbers.iter().take(MOST_VALUES).filter_map(Value::as_f64);
    let mut summary = Summary::of(numbers.next()?, 1.0, unit);
    numbers.for_each(|number| summary.add(number));
    Some(summary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_store::contract::scope;
    use proptest::prelude::*;

    const LINE: &str = r#"{"_aws": {"Timestamp": 1795435534123, "CloudWatchMetrics": [{"Namespace": "Shop", "Dimensions": [["area"], []],
        "Metrics": [{"Name": "orders", "Unit": "Count"}, {"Name": "time", "Unit": "Milliseconds"}, {"Name": "absent"}]}]},
        "area": "north", "orders": 2, "time": [1, 3.5], "requestId": "r"}"#;

    #[test]
    fn a_line_says_metrics_by_each_set_of_dimensions() {
        assert!(may_be(LINE.as_bytes()) && !may_be(b"{}") && !may_be(b"\"CloudWatchMetrics\""));
        let (minute, found) = read(&scope("111111111111"), LINE.as_bytes()).unwrap();
        assert_eq!(minute, 1_795_435_534_123 / 60_000);
        let said: Vec<_> = found
            .iter()
            .map(|(series, summary)| {
                (
                    series.name.as_str(),
                    series.dimensions.len(),
                    summary.sum,
                    summary.count,
                )
            })
            .collect();
        assert_eq!(
            said,
            [
                ("orders", 1, 2.0, 1.0),
                ("orders", 0, 2.0, 1.0),
                ("time", 1, 4.5, 2.0),
                ("time", 0, 4.5, 2.0)
            ]
        );
        assert_eq!(found[0].1.unit.name(), "Count");
    }

    #[test]
    fn what_is_in_another_form_says_nothing() {
        for line in [
            "{",
            "{}",
            r#"{"_aws": 1}"#,
            r#"{"_aws": {"Timestamp": "x", "CloudWatchMetrics": []}}"#,
        ] {
            assert!(read(&scope("111111111111"), line.as_bytes()).is_none(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            may_be(&bytes);
            let _ = read(&scope("111111111111"), &bytes);
        }
    }
}
