//! `DeleteFunctionUrlConfig`.

use crate::{Core, Refusal, function_url, naming::Target};
use lambent_models::lambda::DeleteFunctionUrlConfigRequest;
use lambent_store::{Change, Transaction};
use lambent_wire::RequestContext;

pub(crate) async fn delete_function_url_config(
    core: &Core,
    cx: &RequestContext,
    input: DeleteFunctionUrlConfigRequest,
) -> Result<(), Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let (_, stored) = function_url::find(core, &target).await?;
    let delete = Transaction::of(Change::DeleteDocument(stored.key));
    Ok(core.store.commit(delete).await?)
}
