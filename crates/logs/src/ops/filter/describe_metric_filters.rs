//! `DescribeMetricFilters`.

use crate::{Logs, Refusal, group, metric_filter::MetricFilter, service::moment, token};
use lambent_control_core::documents::{Stored, page_size};
use lambent_models::logs::{self, DescribeMetricFiltersRequest, DescribeMetricFiltersResponse};
use lambent_wire::RequestContext;

/// Filters on a page, unless fewer are asked for.
const PAGE: usize = 50;

pub(crate) async fn describe_metric_filters(
    logs: &Logs,
    cx: &RequestContext,
    input: DescribeMetricFiltersRequest,
) -> Result<DescribeMetricFiltersResponse, Refusal> {
    if let Some(name) = &input.log_group_name {
        logs.must_exist(&group::key(cx, name.clone()))?;
    }
    let after = input.next_token.as_deref().map(token::read_of_list::<2>).transpose()?;
    let prefix = input.filter_name_prefix.unwrap_or_default();
    let mut found = logs.metric_filters(&cx.scope, input.log_group_name.as_deref()).await?;
    found.retain(|Stored { key, value, .. }| {
        key.id.starts_with(&prefix)
            && input.metric_name.as_ref().is_none_or(|name| *name == value.metric)
            && input.metric_namespace.as_ref().is_none_or(|name| *name == value.namespace)
            && after.as_ref().is_none_or(|[group, name]| (&key.parent, &key.id) > (group, name))
    });
    let most = page_size(input.limit, PAGE);
    let more = found.len() > most;
    found.truncate(most);
    let last = found.last().filter(|_| more);
    Ok(DescribeMetricFiltersResponse {
        next_token: last.map(|last| token::of_list(&[&last.key.parent, &last.key.id])),
        metric_filters: Some(found.into_iter().map(show).collect()),
    })
}

fn show(stored: Stored<MetricFilter>) -> logs::MetricFilter {
    logs::MetricFilter {
        filter_name: Some(stored.key.id),
        log_group_name: Some(stored.key.parent),
        filter_pattern: Some(stored.value.pattern.clone()),
        creation_time: Some(moment(stored.value.created)),
        apply_on_transformed_logs: Some(false),
        metric_transformations: Some(vec![stored.value.show()]),
        ..logs::MetricFilter::default()
    }
}
