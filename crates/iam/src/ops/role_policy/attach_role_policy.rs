//! `AttachRolePolicy`.

use crate::{Iam, Refusal};
use lambent_models::iam::{AttachRolePolicyRequest};
use lambent_wire::RequestContext;

/// One that is attached already stays so.
pub(crate) async fn attach_role_policy(
    iam: &Iam,
    cx: &RequestContext,
    input: AttachRolePolicyRequest,
) -> Result<(), Refusal> {
    let (role, policy) = (input.role_name.unwrap_or_default(), input.policy_arn.unwrap_or_default());
    iam.attach(cx, &role, &policy).await
}
