//! `DeleteFunctionUrlConfig`.

use crate::{Control, Refusal, naming::Target};
use lambent_models::lambda::DeleteFunctionUrlConfigRequest;
use lambent_store::{Change, Transaction};
use lambent_wire::RequestContext;

pub(crate) async fn delete_function_url_config(
    control: &Control,
    cx: &RequestContext,
    input: DeleteFunctionUrlConfigRequest,
) -> Result<(), Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let (_, stored) = control.function_url(&target).await?;
    let delete = Transaction::of(Change::DeleteDocument(stored.key));
    Ok(control.0.store.commit(delete).await?)
}
