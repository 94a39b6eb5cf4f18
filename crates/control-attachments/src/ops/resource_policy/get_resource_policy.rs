//! `GetResourcePolicy`: the same policy that `GetPolicy` shows, by ARN.

use crate::{Core, Refusal, naming::Target};
use lambent_models::lambda::{GetResourcePolicyRequest, GetResourcePolicyResponse};
use lambent_wire::RequestContext;

pub(crate) async fn get_resource_policy(
    core: &Core,
    cx: &RequestContext,
    input: GetResourcePolicyRequest,
) -> Result<GetResourcePolicyResponse, Refusal> {
    let target = Target::read(cx, input.resource_arn, None)?;
    let found = core.policy(&target).await?;
    let found = found.ok_or_else(|| Refusal::NotFound("The resource you requested does not exist.".to_owned()))?;
    Ok(GetResourcePolicyResponse {
        policy: Some(found.value.text()?),
        revision_id: Some(found.revision.to_string()),
    })
}
