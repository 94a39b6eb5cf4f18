//! `GetFunctionConcurrency`.

use crate::{Core, Refusal, naming::Target};
use lambent_models::lambda::{GetFunctionConcurrencyRequest, GetFunctionConcurrencyResponse};
use lambent_wire::RequestContext;

pub(crate) async fn get_function_concurrency(
    core: &Core,
    cx: &RequestContext,
    input: GetFunctionConcurrencyRequest,
) -> Result<GetFunctionConcurrencyResponse, Refusal> {
    let target = Target::read(cx, input.function_name, None)?.unqualified()?;
    let latest = core.find_latest(&target).await?;
    let latest = latest.ok_or_else(|| Refusal::FunctionNotFound(target.unqualified_arn()))?;
    let shares = core.shares(&cx.scope).await?;
    let reserved = shares.reserved(&latest.key.function);
    Ok(GetFunctionConcurrencyResponse {
        reserved_concurrent_executions: reserved.map(i64::from),
    })
}
