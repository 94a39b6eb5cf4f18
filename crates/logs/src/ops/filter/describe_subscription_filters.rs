//! `DescribeSubscriptionFilters`.

use crate::{
    Logs, Refusal, group,
    service::{moment, required},
    subscription::Subscription,
    token,
};
use lambent_control_core::documents::{Stored, page_size};
use lambent_models::logs::{
    DescribeSubscriptionFiltersRequest, DescribeSubscriptionFiltersResponse, SubscriptionFilter,
};
use lambent_wire::RequestContext;

/// Filters on a page, unless fewer are asked for.
const PAGE: usize = 50;

pub(crate) async fn describe_subscription_filters(
    logs: &Logs,
    cx: &RequestContext,
    input: DescribeSubscriptionFiltersRequest,
) -> Result<DescribeSubscriptionFiltersResponse, Refusal> {
    let group = group::key(cx, required(input.log_group_name)?);
    logs.must_exist(&group)?;
    let prefix = input.filter_name_prefix.unwrap_or_default();
    let after = input.next_token.as_deref().map(token::read_of_list::<1>).transpose()?;
    let mut found = logs.subscriptions(&group).await?;
    found.retain(|stored| {
        stored.key.id.starts_with(&prefix) && after.as_ref().is_none_or(|[after]| stored.key.id > *after)
    });
    let most = page_size(input.limit, PAGE);
    let more = found.len() > most;
    found.truncate(most);
    let last = found.last().filter(|_| more);
    Ok(DescribeSubscriptionFiltersResponse {
        next_token: last.map(|last| token::of_list(&[&last.key.id])),
        subscription_filters: Some(found.into_iter().map(show).collect()),
    })
}

fn show(stored: Stored<Subscription>) -> SubscriptionFilter {
    SubscriptionFilter {
        filter_name: Some(stored.key.id),
        log_group_name: Some(stored.key.parent),
        filter_pattern: Some(stored.value.pattern),
        destination_arn: Some(stored.value.destination),
        role_arn: stored.value.role,
        distribution: Some(stored.value.distribution.unwrap_or_else(|| "ByLogStream".to_owned())),
        apply_on_transformed_logs: Some(false),
        creation_time: Some(moment(stored.value.created)),
        ..SubscriptionFilter::default()
    }
}
