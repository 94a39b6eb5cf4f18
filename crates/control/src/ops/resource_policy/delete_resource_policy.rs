//! `DeleteResourcePolicy`.

use crate::{Control, Refusal, naming::Target, policy::Policy};
use lambent_models::lambda::DeleteResourcePolicyRequest;
use lambent_wire::RequestContext;

pub(crate) async fn delete_resource_policy(
    control: &Control,
    cx: &RequestContext,
    input: DeleteResourcePolicyRequest,
) -> Result<(), Refusal> {
    let target = Target::read(cx, input.resource_arn, None)?;
    let owner = control.policy_owner(&target, Refusal::FunctionNotFound).await?;
    let delete = |policy: Option<Policy>| match policy {
        Some(_) => Ok((None, ())),
        None => Err(Refusal::NotFound(
            "The resource you requested does not exist.".to_owned(),
        )),
    };
    // Without a policy there is none whose revision could differ.
    let expected = match control.policy(&target).await? {
        Some(_) => input.revision_id.as_deref(),
        None => None,
    };
    control.change_policy(&owner, expected, delete).await?;
    Ok(())
}
