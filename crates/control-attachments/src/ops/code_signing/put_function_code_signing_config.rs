//! `PutFunctionCodeSigningConfig`. The code a function has stays; only new code is checked.

use crate::{
    Core, Refusal,
    code_signing::{SigningOf, setting_key, unassign},
    naming::Target,
};
use lambent_models::lambda::{PutFunctionCodeSigningConfigRequest, PutFunctionCodeSigningConfigResponse};
use lambent_store::{CommitError, Condition, Transaction};
use lambent_wire::RequestContext;

pub(crate) async fn put_function_code_signing_config(
    core: &Core,
    cx: &RequestContext,
    input: PutFunctionCodeSigningConfigRequest,
) -> Result<PutFunctionCodeSigningConfigResponse, Refusal> {
    let target = Target::read(cx, input.function_name, None)?;
    let arn = input.code_signing_config_arn.unwrap_or_default();
    loop {
        // A configuration that is missing is told before a function that is.
        let config = core.code_signing_for(&cx.scope, &arn).await?;
        let found = core.find_latest(&target).await?;
        let record = found.ok_or_else(|| Refusal::FunctionNotFound(target.unqualified_arn()))?;
        let function = &record.key.function;
        let before = core.load::<SigningOf>(&setting_key(function)).await?;
        let transaction = before.map_or_else(Transaction::default, |setting| unassign(function, &setting));
        let transaction = transaction.when(Condition::VersionPresent(record.key.clone()));
        let transaction = core.assign_code_signing(transaction, function, &config)?;
        match core.store.commit(transaction).await {
            // Someone changed the function or the configuration just now.
            Err(CommitError::Condition(_)) => continue,
            committed => committed?,
        }
        return Ok(PutFunctionCodeSigningConfigResponse {
            code_signing_config_arn: Some(arn),
            function_name: Some(function.name.to_string()),
        });
    }
}
