//! `GetRolePolicy`.

use crate::{Iam, Refusal, document};
use lambent_models::iam::{GetRolePolicyRequest, GetRolePolicyResponse};
use lambent_wire::RequestContext;

pub(crate) async fn get_role_policy(
    iam: &Iam,
    cx: &RequestContext,
    input: GetRolePolicyRequest,
) -> Result<GetRolePolicyResponse, Refusal> {
    let name = input.role_name.unwrap_or_default();
    let policy = input.policy_name.unwrap_or_default();
    let role = iam.stored_role(cx, &name).await?.value;
    let text = role.policies.get(&policy).map(|text| document::shown(text));
    let text = text.ok_or_else(|| Refusal::NoRolePolicy(policy.clone()))?;
    Ok(GetRolePolicyResponse {
        role_name: Some(role.name),
        policy_name: Some(policy),
        policy_document: Some(text),
    })
}
