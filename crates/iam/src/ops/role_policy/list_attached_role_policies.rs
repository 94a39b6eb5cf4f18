//! `ListAttachedRolePolicies`.

use crate::{Iam, Refusal, name::parts, page::page};
use lambent_models::iam::{AttachedPolicy, ListAttachedRolePoliciesRequest, ListAttachedRolePoliciesResponse};
use lambent_wire::RequestContext;

pub(crate) async fn list_attached_role_policies(
    iam: &Iam,
    cx: &RequestContext,
    input: ListAttachedRolePoliciesRequest,
) -> Result<ListAttachedRolePoliciesResponse, Refusal> {
    let name = input.role_name.unwrap_or_default();
    let prefix = input.path_prefix.unwrap_or_default();
    let role = iam.stored_role(cx, &name).await?.value;
    let below = |arn: &String| parts(arn, "policy").is_some_and(|(_, _, path, _)| path.starts_with(&prefix));
    let arns = role.attached.into_iter().filter(below);
    let page = page(arns, String::as_str, input.marker.as_deref(), input.max_items)?;
    let shown = |arn: &String| AttachedPolicy {
        policy_name: parts(arn, "policy").map(|(_, _, _, name)| name.to_owned()),
        policy_arn: Some(arn.clone()),
    };
    Ok(ListAttachedRolePoliciesResponse {
        is_truncated: page.is_truncated(),
        attached_policies: Some(page.items.iter().map(shown).collect()),
        marker: page.marker,
    })
}
