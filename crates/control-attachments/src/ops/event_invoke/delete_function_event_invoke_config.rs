//! `DeleteFunctionEventInvokeConfig`.

use crate::{
    Core, Refusal,
    event_invoke::{self, EventInvokeConfig},
    naming::Target,
};
use lambent_models::lambda::DeleteFunctionEventInvokeConfigRequest;
use lambent_store::{Change, Transaction};
use lambent_wire::RequestContext;

pub(crate) async fn delete_function_event_invoke_config(
    core: &Core,
    cx: &RequestContext,
    input: DeleteFunctionEventInvokeConfigRequest,
) -> Result<(), Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let not_found = || event_invoke::not_found(&target);
    let function = target.key.as_ref().ok_or_else(not_found)?;
    let key = event_invoke::key(function, target.qualifier.as_deref());
    core.load::<EventInvokeConfig>(&key).await?.ok_or_else(not_found)?;
    Ok(core.store
        .commit(Transaction::of(Change::DeleteDocument(key)))
        .await?)
}
