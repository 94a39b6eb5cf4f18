//! `RemovePermission`.

use crate::{Core, Refusal, naming::Target, permission::no_policy, policy::Policy};
use lambent_models::lambda::RemovePermissionRequest;
use lambent_wire::RequestContext;

pub(crate) async fn remove_permission(
    core: &Core,
    cx: &RequestContext,
    input: RemovePermissionRequest,
) -> Result<(), Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let absent = |arn| Refusal::NotFound(format!("No policy found for: {arn}"));
    let owner = core.policy_owner(&target, absent).await?;
    let sid = input.statement_id.unwrap_or_default();
    let remove = |policy: Option<Policy>| {
        let mut policy = policy.ok_or_else(no_policy)?;
        policy.remove(&sid)?;
        Ok((Some(policy), ()))
    };
    core
        .change_policy(&owner, input.revision_id.as_deref(), remove)
        .await?;
    Ok(())
}
