//! AWS `GetMetricData`.

use crate::{
    Metrics,
    expression::{Expression, Points},
    periods::{Window, beginning},
    refusal::Refusal,
    select,
    statistic::Statistic,
    summary::Unit,
};
use lambent_models::cloudwatch::{GetMetricDataInput, GetMetricDataOutput, MetricDataQuery, MetricDataResult};
use lambent_wire::{RequestContext, Time};
use std::collections::{BTreeMap, HashSet};

/// Queries of one request.
const MOST_QUERIES: usize = 500;
/// Data points of one answer.
const MOST_POINTS: usize = 100_800;

pub(crate) async fn get_metric_data(
    metrics: &Metrics,
    cx: &RequestContext,
    input: GetMetricDataInput,
) -> Result<GetMetricDataOutput, Refusal> {
    let start = input.start_time.ok_or(Refusal::Missing("StartTime"))?.0;
    let end = input.end_time.ok_or(Refusal::Missing("EndTime"))?.0;
    let queries = input.metric_data_queries.unwrap_or_default();
    check_ids(&queries)?;
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    for query in queries.iter().filter(|query| query.expression.is_none()) {
        let id = query.id.clone().unwrap_or_default();
        found.insert(id, measured(metrics, cx, query, (start, end)).await?);
    }
    let mut pending: Vec<&MetricDataQuery> = queries.iter().filter(|query| query.expression.is_some()).collect();
    // An expression may refer to another: each round computes those that lack nothing any more.
    while !pending.is_empty() {
        let before = pending.len();
        let mut left = Vec::new();
        for query in pending {
            match computed(query, &found)? {
                Some(points) => drop(found.insert(query.id.clone().unwrap_or_default(), points)),
                None => left.push(query),
            }
        }
        pending = left;
        if pending.len() == before {
            return Err(Refusal::Expression("An expression refers to an id that is not in the request.".to_owned()));
        }
    }
    let ascending = input.scan_by.as_deref() == Some("TimestampAscending");
    let limit = input.max_datapoints.and_then(|most| usize::try_from(most).ok()).unwrap_or(MOST_POINTS);
    let skip = match &input.next_token {
        Some(token) => token.parse().map_err(|_| Refusal::Token)?,
        None => 0,
    };
    let shown = queries.iter().filter(|query| query.return_data.unwrap_or(true));
    let results = shown.filter_map(|query| Some((query, found.remove(query.id.as_deref()?)?)));
    Ok(page(results, ascending, skip, limit.clamp(1, MOST_POINTS)))
}

/// What became of a query.
struct Found {
    label: String,
    points: Points,
}

fn check_ids(queries: &[MetricDataQuery]) -> Result<(), Refusal> {
    if queries.is_empty() {
        return Err(Refusal::Missing("MetricDataQueries"));
    }
    if queries.len() > MOST_QUERIES {
        return Err(Refusal::Expression(format!(
            "The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}."
        )));
    }
    let mut seen = HashSet::new();
    for (index, query) in queries.iter().enumerate() {
        let id = query.id.as_deref().unwrap_or_default();
        let sound = id.starts_with(|c: char| c.is_ascii_lowercase()) && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !sound {
            return Err(Refusal::Expression(format!(
                "The value {id} for parameter MetricDataQueries.member.{}.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.",
                index + 1
            )));
        }
        if !seen.insert(id) {
            return Err(Refusal::Expression(format!("The values for parameter id in MetricDataQueries are not unique: {id}.")));
        }
        if query.metric_stat.is_some() == query.expression.is_some() {
            return Err(Refusal::Expression(format!(
                "Exactly one of MetricStat and Expression must be specified for MetricDataQueries.member.{}.",
                index + 1
            )));
        }
    }
    Ok(())
}

async fn measured(
    metrics: &Metrics,
    cx: &RequestContext,
    query: &MetricDataQuery,
    (start, end): (lambent_types::Timestamp, lambent_types::Timestamp),
) -> Result<Found, Refusal> {
    let wanted = query.metric_stat.clone().unwrap_or_default();
    let window = Window::of(start, end, wanted.period.ok_or(Refusal::Missing("Period"))?)?;
    let name = wanted.stat.ok_or(Refusal::Missing("Stat"))?;
    let statistic = Statistic::named(&name)
        .ok_or_else(|| Refusal::Value(format!("The value {name} for parameter MetricStat.Stat is not supported.")))?;
    let metric = wanted.metric.unwrap_or_default();
    let series = select::series(&cx.scope, metric.namespace, metric.metric_name, metric.dimensions)?;
    let minutes = metrics.keeper.read(&series, window.from, window.until).await?;
    let unit = wanted.unit.as_deref().and_then(Unit::named);
    let periods = window.gather(minutes).into_iter();
    let periods = periods.filter(|(_, summary)| unit.is_none_or(|unit| unit == summary.unit));
    Ok(Found {
        label: query.label.clone().unwrap_or(series.name),
        points: periods.filter_map(|(minute, summary)| Some((minute, statistic.of(&summary)?))).collect(),
    })
}

/// The points of an expression; nothing while what it refers to is not there.
fn computed(query: &MetricDataQuery, found: &BTreeMap<String, Found>) -> Result<Option<Found>, Refusal> {
    let text = query.expression.as_deref().unwrap_or_default();
    let expression = Expression::read(text).map_err(|what| {
        Refusal::Expression(format!("Error in expression '{}': {what}", query.id.as_deref().unwrap_or_default()))
    })?;
    let points = |id: &str| found.get(id).map(|found| &found.points);
    Ok(expression.points(&points).map(|points| Found {
        label: query.label.clone().unwrap_or_else(|| query.id.clone().unwrap_or_default()),
        points,
    }))
}

/// The part of the results that begins after `skip` points.
fn page<'a>(
    results: impl Iterator<Item = (&'a MetricDataQuery, Found)>,
    ascending: bool,
    skip: usize,
    limit: usize,
) -> GetMetricDataOutput {
    let (mut to_skip, mut room, mut shown, mut more) = (skip, limit, Vec::new(), false);
    for (query, found) in results {
        let mut points: Vec<(i64, f64)> = found.points.into_iter().collect();
        if !ascending {
            points.reverse();
        }
        let skipped = to_skip.min(points.len());
        to_skip -= skipped;
        let rest = points.split_off(skipped);
        let taken = rest.len().min(room);
        room -= taken;
        let complete = taken == rest.len();
        more |= !complete;
        let rest = rest.into_iter().take(taken);
        let (timestamps, values) = rest.map(|(minute, value)| (Time(beginning(minute)), value)).unzip();
        shown.push(MetricDataResult {
            id: query.id.clone(),
            label: Some(found.label),
            timestamps: Some(timestamps),
            values: Some(values),
            status_code: Some(if complete { "Complete" } else { "PartialData" }.to_owned()),
            messages: None,
        });
    }
    GetMetricDataOutput {
        metric_data_results: Some(shown),
        next_token: more.then(|| (skip + limit).to_string()),
        messages: Some(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(id: &str, expression: Option<&str>) -> MetricDataQuery {
        MetricDataQuery {
            id: Some(id.to_owned()),
            expression: expression.map(str::to_owned),
            ..MetricDataQuery::default()
        }
    }

    #[test]
    fn pages_follow_each_other() {
        let (a, b) = (query("a", None), query("b", None));
        let found = |count: i64| Found {
            label: String::new(),
            points: (0..count).map(|minute| (minute, 1.0)).collect(),
        };
        let pages = |skip| page([(&a, found(3)), (&b, found(2))].into_iter(), false, skip, 4);
        let sizes = |output: &GetMetricDataOutput| -> Vec<usize> {
            let results = output.metric_data_results.iter().flatten();
            results.map(|result| result.values.as_ref().unwrap().len()).collect()
        };
        let first = pages(0);
        assert_eq!((sizes(&first), first.next_token.as_deref()), (vec![3, 1], Some("4")));
        let second = pages(4);
        assert_eq!((sizes(&second), second.next_token), (vec![0, 1], None));
    }

    #[test]
    fn ids_are_checked() {
        let fine = query("a1", Some("1"));
        assert!(check_ids(std::slice::from_ref(&fine)).is_ok());
        assert!(check_ids(&[fine.clone(), fine]).is_err() && check_ids(&[]).is_err());
        assert!(check_ids(&[query("A", Some("1"))]).is_err() && check_ids(&[query("a", None)]).is_err());
    }
}
