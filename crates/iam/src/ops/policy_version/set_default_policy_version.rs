//! `SetDefaultPolicyVersion`.

use crate::{Iam, Refusal};
use lambent_models::iam::{SetDefaultPolicyVersionRequest};
use lambent_wire::RequestContext;

pub(crate) async fn set_default_policy_version(
    iam: &Iam,
    cx: &RequestContext,
    input: SetDefaultPolicyVersionRequest,
) -> Result<(), Refusal> {
    let arn = input.policy_arn.unwrap_or_default();
    let (id, now) = (input.version_id.unwrap_or_default(), iam.clock.now());
    let changed = iam.change_policy(cx, &arn, "SetDefaultPolicyVersion", |policy| {
        let number = policy.version(&id).map(|version| version.number);
        policy.default = number.ok_or_else(|| Refusal::NoVersion(arn.clone(), id.clone()))?;
        policy.updated = now;
        Ok(())
    });
    changed.await
}
