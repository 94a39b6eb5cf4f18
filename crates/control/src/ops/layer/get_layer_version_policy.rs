//! `GetLayerVersionPolicy`.

use crate::{Control, Refusal, layer, policy::Policy};
use lambent_models::lambda::{GetLayerVersionPolicyRequest, GetLayerVersionPolicyResponse};
use lambent_wire::RequestContext;

pub(crate) async fn get_layer_version_policy(
    control: &Control,
    cx: &RequestContext,
    input: GetLayerVersionPolicyRequest,
) -> Result<GetLayerVersionPolicyResponse, Refusal> {
    let version = control
        .layer_version_with_policy(cx, input.layer_name, input.version_number)
        .await?;
    let owner = layer::policy_owner(&version);
    let found = control.load::<Policy>(&owner.policy).await?;
    let found = found.ok_or_else(crate::permission::no_policy)?;
    Ok(GetLayerVersionPolicyResponse {
        policy: Some(found.value.text()?),
        revision_id: Some(found.revision.to_string()),
    })
}
