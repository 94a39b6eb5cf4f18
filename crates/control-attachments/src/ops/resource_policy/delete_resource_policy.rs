//! `DeleteResourcePolicy`.

use crate::{Core, Refusal, naming::Target, policy::Policy};
use lambent_models::lambda::DeleteResourcePolicyRequest;
use lambent_wire::RequestContext;

pub(crate) async fn delete_resource_policy(
    core: &Core,
    cx: &RequestContext,
    input: DeleteResourcePolicyRequest,
) -> Result<(), Refusal> {
    let target = Target::read(cx, input.resource_arn, None)?;
    let owner = core.policy_owner(&target, Refusal::FunctionNotFound).await?;
    let delete = |policy: Option<Policy>| match policy {
        Some(_) => Ok((None, ())),
        None => Err(Refusal::NotFound(
            "The resource you requested does not exist.".to_owned(),
        )),
    };
    // Without a policy there is none whose revision could differ.
    let expected = match core.policy(&target).await? {
        Some(_) => input.revision_id.as_deref(),
        None => None,
    };
    core.change_policy(&owner, expected, delete).await?;
    Ok(())
}
