//! `DeleteFunctionCodeSigningConfig`. Where there is none, nothing is done.

use crate::{
    Core, Refusal,
    code_signing::{SigningOf, setting_key, unassign},
    naming::Target,
};
use lambent_models::lambda::DeleteFunctionCodeSigningConfigRequest;
use lambent_store::CommitError;
use lambent_wire::RequestContext;

pub(crate) async fn delete_function_code_signing_config(
    core: &Core,
    cx: &RequestContext,
    input: DeleteFunctionCodeSigningConfigRequest,
) -> Result<(), Refusal> {
    let target = Target::read(cx, input.function_name, None)?;
    loop {
        let found = core.find_latest(&target).await?;
        let record = found.ok_or_else(|| Refusal::FunctionNotFound(target.unqualified_arn()))?;
        let function = &record.key.function;
        let Some(setting) = core.load::<SigningOf>(&setting_key(function)).await? else {
            return Ok(());
        };
        match core.store.commit(unassign(function, &setting)).await {
            // It was changed just now.
            Err(CommitError::Condition(_)) => continue,
            committed => return Ok(committed?),
        }
    }
}
