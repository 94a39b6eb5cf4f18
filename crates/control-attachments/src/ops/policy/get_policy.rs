//! `GetPolicy`.

use crate::{Core, Refusal, naming::Target};
use lambent_models::lambda::{GetPolicyRequest, GetPolicyResponse};
use lambent_wire::RequestContext;

pub(crate) async fn get_policy(
    core: &Core,
    cx: &RequestContext,
    input: GetPolicyRequest,
) -> Result<GetPolicyResponse, Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let found = core.policy(&target).await?;
    let found = found.ok_or_else(|| Refusal::NotFound("The resource you requested does not exist.".to_owned()))?;
    Ok(GetPolicyResponse {
        policy: Some(found.value.text()?),
        revision_id: Some(found.revision.to_string()),
    })
}
