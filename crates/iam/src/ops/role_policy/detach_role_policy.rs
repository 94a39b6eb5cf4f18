//! `DetachRolePolicy`.

use crate::{Iam, Refusal};
use lambent_models::iam::{DetachRolePolicyRequest};
use lambent_wire::RequestContext;

pub(crate) async fn detach_role_policy(
    iam: &Iam,
    cx: &RequestContext,
    input: DetachRolePolicyRequest,
) -> Result<(), Refusal> {
    let name = input.role_name.unwrap_or_default();
    let policy = input.policy_arn.unwrap_or_default();
    let changed = iam.change_role(cx, &name, |role| {
        if role.attached.remove(&policy) { Ok(()) } else { Err(Refusal::NoPolicy(policy.clone())) }
    });
    changed.await.map(|_| ())
}
