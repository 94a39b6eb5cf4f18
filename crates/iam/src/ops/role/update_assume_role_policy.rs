//! `UpdateAssumeRolePolicy`.

use crate::{Iam, Refusal, document};
use lambent_models::iam::{UpdateAssumeRolePolicyRequest};
use lambent_wire::RequestContext;

pub(crate) async fn update_assume_role_policy(
    iam: &Iam,
    cx: &RequestContext,
    input: UpdateAssumeRolePolicyRequest,
) -> Result<(), Refusal> {
    let name = input.role_name.unwrap_or_default();
    let trust = input.policy_document.unwrap_or_default();
    document::check_trust(&trust)?;
    let changed = iam.change_role(cx, &name, |role| {
        role.trust.clone_from(&trust);
        Ok(())
    });
    changed.await.map(|_| ())
}
