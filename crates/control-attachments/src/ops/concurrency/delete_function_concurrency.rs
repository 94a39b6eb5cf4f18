//! `DeleteFunctionConcurrency`.

use crate::{Core, Refusal, naming::Target};
use lambent_models::lambda::DeleteFunctionConcurrencyRequest;
use lambent_wire::RequestContext;

/// A function that has no reservation has lost it already: tools call this after every deployment.
pub(crate) async fn delete_function_concurrency(
    core: &Core,
    cx: &RequestContext,
    input: DeleteFunctionConcurrencyRequest,
) -> Result<(), Refusal> {
    let target = Target::read(cx, input.function_name, None)?.unqualified()?;
    let latest = core.find_latest(&target).await?;
    let latest = latest.ok_or_else(|| Refusal::FunctionNotFound(target.unqualified_arn()))?;
    core.unreserve(&latest.key.function).await
}
