//! `ListPolicyVersions`.

use crate::{Iam, Refusal, page::page};
use lambent_models::iam::{ListPolicyVersionsRequest, ListPolicyVersionsResponse};
use lambent_wire::RequestContext;

/// The newest first.
pub(crate) async fn list_policy_versions(
    iam: &Iam,
    cx: &RequestContext,
    input: ListPolicyVersionsRequest,
) -> Result<ListPolicyVersionsResponse, Refusal> {
    let arn = input.policy_arn.unwrap_or_default();
    let found = iam.policy(cx, &arn).await?;
    let policy = found.policy();
    let keyed = policy.versions.iter().rev();
    let keyed = keyed.map(|version| (format!("{:010}", u32::MAX - version.number), version));
    let page = page(keyed, |(key, _)| key, input.marker.as_deref(), input.max_items)?;
    Ok(ListPolicyVersionsResponse {
        is_truncated: page.is_truncated(),
        versions: Some(page.items.iter().map(|(_, version)| version.shown(policy)).collect()),
        marker: page.marker,
    })
}
