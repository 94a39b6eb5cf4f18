//! `GetFunctionUrlConfig`.

use crate::{Core, Refusal, function_url, naming::Target};
use lambent_models::lambda::{GetFunctionUrlConfigRequest, GetFunctionUrlConfigResponse};
use lambent_wire::RequestContext;

pub(crate) async fn get_function_url_config(
    core: &Core,
    cx: &RequestContext,
    input: GetFunctionUrlConfigRequest,
) -> Result<GetFunctionUrlConfigResponse, Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let (function, stored) = function_url::find(core, &target).await?;
    let shown = function_url::shown(cx, &stored, &function);
    Ok(GetFunctionUrlConfigResponse {
        function_url: shown.function_url,
        function_arn: shown.function_arn,
        auth_type: shown.auth_type,
        cors: shown.cors,
        creation_time: shown.creation_time,
        last_modified_time: shown.last_modified_time,
        invoke_mode: shown.invoke_mode,
    })
}
