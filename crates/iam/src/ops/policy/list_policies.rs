//! `ListPolicies`.

use crate::{
    Iam, Refusal,
    attached::Uses,
    aws,
    managed::ManagedPolicy,
    name::home_of,
    page::page,
};
use lambent_models::iam::{ListPoliciesRequest, ListPoliciesResponse, Policy};
use lambent_wire::RequestContext;

/// The account's own, AWS's, or both.
pub(crate) async fn list_policies(
    iam: &Iam,
    cx: &RequestContext,
    input: ListPoliciesRequest,
) -> Result<ListPoliciesResponse, Refusal> {
    let scope = home_of(cx);
    let partition = scope.region.partition();
    let (own, awss) = match input.scope.as_deref() {
        Some("AWS") => (false, true),
        Some("Local") => (true, false),
        _ => (true, true),
    };
    let stored = if own { iam.list_all::<ManagedPolicy>(&scope, "").await? } else { Vec::new() };
    let own = stored.iter().map(|stored| (&stored.value, scope.account.as_str()));
    let awss = aws::policies().iter().filter(|_| awss).map(|policy| (policy, "aws"));
    let roles = iam.roles(cx).await?;
    let prefix = input.path_prefix.unwrap_or_default();
    let only_attached = input.only_attached.unwrap_or_default();
    let mut shown: Vec<(String, Policy)> = own
        .chain(awss)
        .filter(|(policy, _)| policy.path.starts_with(&prefix))
        .filter_map(|(policy, owner)| {
            let arn = policy.arn(partition, owner);
            let (attached, bounds) = (Uses(&roles).attachments(&arn), Uses(&roles).boundaries(&arn));
            let used = match input.policy_usage_filter.as_deref() {
                Some("PermissionsPolicy") => attached > 0 || !only_attached,
                Some("PermissionsBoundary") => bounds > 0,
                _ => attached + bounds > 0 || !only_attached,
            };
            let key = format!("{}\0{owner}", policy.name.to_lowercase());
            used.then(|| (key, policy.listed(arn, attached, bounds)))
        })
        .collect();
    shown.sort_by(|(one, _), (other, _)| one.cmp(other));
    let page = page(shown, |(key, _)| key, input.marker.as_deref(), input.max_items)?;
    Ok(ListPoliciesResponse {
        is_truncated: page.is_truncated(),
        policies: Some(page.items.into_iter().map(|(_, policy)| policy).collect()),
        marker: page.marker,
    })
}
