//! AWS `ListMetrics`.

use crate::{Metrics, refusal::Refusal, select};
use lambent_models::cloudwatch::{DimensionFilter, ListMetricsInput, ListMetricsOutput};
use lambent_store::Series;
use lambent_wire::RequestContext;

/// Metrics of one answer.
const PAGE: usize = 500;
/// A metric without values for so long is no longer listed: two weeks.
const LISTED_MINUTES: i64 = 14 * 24 * 60;
/// `RecentlyActive=PT3H`.
const ACTIVE_MINUTES: i64 = 3 * 60;

pub(crate) async fn list_metrics(
    metrics: &Metrics,
    cx: &RequestContext,
    input: ListMetricsInput,
) -> Result<ListMetricsOutput, Refusal> {
    let minutes = if input.recently_active.is_some() { ACTIVE_MINUTES } else { LISTED_MINUTES };
    let skip = match &input.next_token {
        Some(token) => token.parse().map_err(|_| Refusal::Token)?,
        None => 0,
    };
    let known = metrics.keeper.series(&cx.scope, metrics.keeper.minute() - minutes).await?;
    let mut meant = known.iter().filter(|series| is_meant(series, &input)).skip(skip);
    let page: Vec<_> = meant.by_ref().take(PAGE).map(|series| select::metric(series)).collect();
    Ok(ListMetricsOutput {
        metrics: Some(page),
        next_token: meant.next().map(|_| (skip + PAGE).to_string()),
        owning_accounts: None,
    })
}

fn is_meant(series: &Series, input: &ListMetricsInput) -> bool {
    let same = |wanted: &Option<String>, own: &str| wanted.as_ref().is_none_or(|wanted| wanted == own);
    let has = |filter: &DimensionFilter| {
        let fits = |(name, value): &(String, String)| {
            filter.name.as_ref() == Some(name) && filter.value.as_ref().is_none_or(|wanted| wanted == value)
        };
        series.dimensions.iter().any(fits)
    };
    same(&input.namespace, &series.namespace)
        && same(&input.metric_name, &series.name)
        && input.dimensions.iter().flatten().all(has)
}
