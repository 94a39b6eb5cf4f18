//! `AddLayerVersionPermission`.

use crate::{
    Control, Refusal, layer,
    policy::{Condition, Effect, Equals, Policy, Principal, Statement},
};
use lambent_models::lambda::{AddLayerVersionPermissionRequest, AddLayerVersionPermissionResponse};
use lambent_wire::RequestContext;

pub(crate) async fn add_layer_version_permission(
    control: &Control,
    cx: &RequestContext,
    input: AddLayerVersionPermissionRequest,
) -> Result<AddLayerVersionPermissionResponse, Refusal> {
    let version = control
        .layer_version_with_policy(cx, input.layer_name, input.version_number)
        .await?;
    let owner = layer::policy_owner(&version);
    let (sid, action) = (input.statement_id.unwrap_or_default(), input.action.unwrap_or_default());
    let principal = input.principal.unwrap_or_default();
    let add = |policy: Option<Policy>| {
        let mut policy = policy.unwrap_or_default();
        let organization = input.organization_id.clone();
        let text = policy.add(&Statement {
            sid: &sid,
            effect: Effect::Allow,
            principal: Principal::read(&principal, &cx.scope)?,
            action: &action,
            resource: &owner.arn,
            condition: Condition {
                string_equals: Equals {
                    organization,
                    ..Equals::default()
                },
                ..Condition::default()
            },
        })?;
        Ok((Some(policy), text))
    };
    let (statement, revision) = control.change_policy(&owner, input.revision_id.as_deref(), add).await?;
    Ok(AddLayerVersionPermissionResponse {
        statement: Some(statement),
        revision_id: Some(revision.to_string()),
    })
}
