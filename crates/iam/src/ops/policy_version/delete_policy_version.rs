//! `DeletePolicyVersion`.

use crate::{Iam, Refusal};
use lambent_models::iam::{DeletePolicyVersionRequest};
use lambent_wire::RequestContext;

pub(crate) async fn delete_policy_version(
    iam: &Iam,
    cx: &RequestContext,
    input: DeletePolicyVersionRequest,
) -> Result<(), Refusal> {
    let arn = input.policy_arn.unwrap_or_default();
    let id = input.version_id.unwrap_or_default();
    let changed = iam.change_policy(cx, &arn, "DeletePolicyVersion", |policy| {
        let number = policy.version(&id).map(|version| version.number);
        let number = number.ok_or_else(|| Refusal::NoVersion(arn.clone(), id.clone()))?;
        if number == policy.default {
            return Err(Refusal::Conflict("Cannot delete the default version of a policy."));
        }
        policy.versions.retain(|version| version.number != number);
        Ok(())
    });
    changed.await
}
