//! `GetFunctionEventInvokeConfig`.

use crate::{Core, Refusal, event_invoke, naming::Target};
use lambent_models::lambda::{FunctionEventInvokeConfig, GetFunctionEventInvokeConfigRequest};
use lambent_wire::RequestContext;

pub(crate) async fn get_function_event_invoke_config(
    core: &Core,
    cx: &RequestContext,
    input: GetFunctionEventInvokeConfigRequest,
) -> Result<FunctionEventInvokeConfig, Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let not_found = || event_invoke::not_found(&target);
    let function = target.key.as_ref().ok_or_else(not_found)?;
    let stored = core
        .load(&event_invoke::key(function, target.qualifier.as_deref()))
        .await?;
    Ok(event_invoke::shown(&stored.ok_or_else(not_found)?, function))
}
