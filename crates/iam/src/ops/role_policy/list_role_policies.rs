//! `ListRolePolicies`.

use crate::{Iam, Refusal, page::page};
use lambent_models::iam::{ListRolePoliciesRequest, ListRolePoliciesResponse};
use lambent_wire::RequestContext;

pub(crate) async fn list_role_policies(
    iam: &Iam,
    cx: &RequestContext,
    input: ListRolePoliciesRequest,
) -> Result<ListRolePoliciesResponse, Refusal> {
    let name = input.role_name.unwrap_or_default();
    let role = iam.stored_role(cx, &name).await?.value;
    let names = role.policies.into_keys();
    let page = page(names, String::as_str, input.marker.as_deref(), input.max_items)?;
    Ok(ListRolePoliciesResponse {
        is_truncated: page.is_truncated(),
        policy_names: Some(page.items),
        marker: page.marker,
    })
}
