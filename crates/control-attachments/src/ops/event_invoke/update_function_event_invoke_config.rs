//! `UpdateFunctionEventInvokeConfig`.

use crate::{
    Core, Refusal, TRIES,
    event_invoke::{self, EventInvokeConfig, Settings},
    naming::Target,
};
use lambent_models::lambda::{FunctionEventInvokeConfig, UpdateFunctionEventInvokeConfigRequest};
use lambent_wire::RequestContext;

/// What the request leaves out stays as it is.
pub(crate) async fn update_function_event_invoke_config(
    core: &Core,
    cx: &RequestContext,
    input: UpdateFunctionEventInvokeConfigRequest,
) -> Result<FunctionEventInvokeConfig, Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let settings = || Settings {
        maximum_retry_attempts: input.maximum_retry_attempts,
        maximum_event_age_in_seconds: input.maximum_event_age_in_seconds,
        destination_config: input.destination_config.clone(),
    };
    settings().check()?;
    let found = core.find(&target).await?.ok_or_else(event_invoke::no_function)?;
    let function = &found.key.function;
    let key = event_invoke::key(function, target.qualifier.as_deref());
    for _ in 0..TRIES {
        let before = core.load::<EventInvokeConfig>(&key).await?;
        let before = before.ok_or_else(|| event_invoke::not_found(&target))?;
        let unchanged = before.unchanged();
        let value = settings().over(before.value, core, cx, function).await?;
        match core
            .store_event_invoke_config(function, key.clone(), value, Some(unchanged))
            .await
        {
            // Someone changed it just now: look again.
            Err(Refusal::RevisionMismatch) => {}
            stored => return Ok(event_invoke::shown(&stored?, function)),
        }
    }
    Err(Refusal::RevisionMismatch)
}
