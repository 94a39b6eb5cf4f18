//! `DeleteRolePolicy`.

use crate::{Iam, Refusal};
use lambent_models::iam::{DeleteRolePolicyRequest};
use lambent_wire::RequestContext;

pub(crate) async fn delete_role_policy(
    iam: &Iam,
    cx: &RequestContext,
    input: DeleteRolePolicyRequest,
) -> Result<(), Refusal> {
    let name = input.role_name.unwrap_or_default();
    let policy = input.policy_name.unwrap_or_default();
    let changed = iam.change_role(cx, &name, |role| match role.policies.remove(&policy) {
        Some(_) => Ok(()),
        None => Err(Refusal::NoRolePolicy(policy.clone())),
    });
    changed.await.map(|_| ())
}
