//! `GetRuntimeManagementConfig`.

use crate::{Control, Refusal, naming::Target};
use lambent_models::lambda::{GetRuntimeManagementConfigRequest, GetRuntimeManagementConfigResponse};
use lambent_wire::RequestContext;

pub(crate) async fn get_runtime_management_config(
    control: &Control,
    cx: &RequestContext,
    input: GetRuntimeManagementConfigRequest,
) -> Result<GetRuntimeManagementConfigResponse, Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let record = control
        .find(&target)
        .await?
        .ok_or_else(|| Refusal::FunctionNotFound(target.arn()))?;
    let management = control.runtime_management(&record).await?;
    Ok(GetRuntimeManagementConfigResponse {
        update_runtime_on: Some(management.update_runtime_on),
        function_arn: Some(target.arn()),
        runtime_version_arn: management.runtime_version_arn,
    })
}
