//! `GetFunctionRecursionConfig`.

use crate::{
    Control, Refusal,
    naming::Target,
    settings::{self, Setting},
};
use lambent_models::lambda::{GetFunctionRecursionConfigRequest, GetFunctionRecursionConfigResponse};
use lambent_wire::RequestContext;

pub(crate) async fn get_function_recursion_config(
    control: &Control,
    cx: &RequestContext,
    input: GetFunctionRecursionConfigRequest,
) -> Result<GetFunctionRecursionConfigResponse, Refusal> {
    let target = Target::read(cx, input.function_name, None)?.unqualified()?;
    let latest = control.find_latest(&target).await?;
    let latest = latest.ok_or_else(|| Refusal::FunctionNotFound(target.unqualified_arn()))?;
    let value = match control.setting(&settings::recursive_loop(&latest.key.function)).await? {
        Some(Setting::RecursiveLoop(value)) => value,
        Some(Setting::RuntimeManagement(_)) | None => "Terminate".to_owned(),
    };
    Ok(GetFunctionRecursionConfigResponse {
        recursive_loop: Some(value),
    })
}
