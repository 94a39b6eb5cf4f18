//! Metrics as clients name them.

use crate::refusal::Refusal;
use lambent_models::cloudwatch::{Dimension, Metric};
use lambent_store::Series;
use lambent_types::Scope;

/// The series that a client means.
pub(crate) fn series(
    scope: &Scope,
    namespace: Option<String>,
    name: Option<String>,
    dimensions: Option<Vec<Dimension>>,
) -> Result<Series, Refusal> {
    Ok(Series {
        scope: scope.clone(),
        namespace: namespace.ok_or(Refusal::Missing("Namespace"))?,
        name: name.ok_or(Refusal::Missing("MetricName"))?,
        dimensions: sorted(dimensions)?,
    })
}

/// Dimensions in the order in which they are kept: clients name them in any.
fn sorted(dimensions: Option<Vec<Dimension>>) -> Result<Vec<(String, String)>, Refusal> {
    let pair = |dimension: Dimension| {
        let name = dimension.name.ok_or(Refusal::Missing("Dimensions.member.1.Name"))?;
        let value = dimension.value.ok_or(Refusal::Missing("Dimensions.member.1.Value"))?;
        Ok((name, value))
    };
    let mut pairs: Vec<_> = dimensions
        .unwrap_or_default()
        .into_iter()
        .map(pair)
        .collect::<Result<_, Refusal>>()?;
    pairs.sort();
    Ok(pairs)
}

/// A series as clients are told of it.
pub(crate) fn metric(series: &Series) -> Metric {
    let dimension = |(name, value): &(String, String)| Dimension {
        name: Some(name.clone()),
        value: Some(value.clone()),
    };
    Metric {
        namespace: Some(series.namespace.clone()),
        metric_name: Some(series.name.clone()),
        dimensions: Some(series.dimensions.iter().map(dimension).collect()),
    }
}
