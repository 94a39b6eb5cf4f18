//! `GetFunctionCodeSigningConfig`. A function without one is answered with nothing, as recorded.

use crate::{
    Core, Refusal,
    code_signing::{SigningOf, arn, setting_key},
    naming::Target,
};
use lambent_models::lambda::{GetFunctionCodeSigningConfigRequest, GetFunctionCodeSigningConfigResponse};
use lambent_wire::RequestContext;

pub(crate) async fn get_function_code_signing_config(
    core: &Core,
    cx: &RequestContext,
    input: GetFunctionCodeSigningConfigRequest,
) -> Result<GetFunctionCodeSigningConfigResponse, Refusal> {
    let target = Target::read(cx, input.function_name, None)?;
    let found = core.find_latest(&target).await?;
    let record = found.ok_or_else(|| Refusal::FunctionNotFound(target.unqualified_arn()))?;
    let setting = core.load::<SigningOf>(&setting_key(&record.key.function)).await?;
    Ok(GetFunctionCodeSigningConfigResponse {
        function_name: setting.as_ref().map(|_| record.key.function.name.to_string()),
        code_signing_config_arn: setting.map(|setting| arn(&cx.scope, &setting.value.config)),
    })
}
