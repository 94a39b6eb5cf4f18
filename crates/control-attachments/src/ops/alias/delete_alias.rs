//! `DeleteAlias`.

use crate::{Core, Refusal, alias, naming::Target};
use lambent_models::lambda::DeleteAliasRequest;
use lambent_store::{Change, Transaction};
use lambent_wire::RequestContext;

/// An alias that is not there is deleted already, as recorded (`test_non_existent_alias_deletion`). What was set for the alias goes
/// with it, except a function URL, which stays and answers 403 (recorded: `test_lambda_url_persists_after_alias_delete`).
pub(crate) async fn delete_alias(
    core: &Core,
    cx: &RequestContext,
    input: DeleteAliasRequest,
) -> Result<(), Refusal> {
    let target = Target::read(cx, input.function_name, None)?;
    let latest = core.find_latest(&target).await?;
    let latest = latest.ok_or_else(|| Refusal::FunctionNotFound(target.unqualified_arn()))?;
    let function = &latest.key.function;
    let Ok(name) = input.name.unwrap_or_default().parse() else {
        return Ok(());
    };
    let delete = Transaction::of(Change::DeleteDocument(alias::key(function, &name)));
    let settings = alias::settings_of(function, name.as_str());
    let delete = settings
        .into_iter()
        .map(Change::DeleteDocument)
        .fold(delete, Transaction::and);
    core.store.commit(delete).await?;
    core.provisioned_changed(function).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, core, record};

    #[tokio::test]
    async fn deleting_what_is_not_there_succeeds() {
        let core = core();
        core.given(record("f")).await;
        let request = DeleteAliasRequest {
            function_name: Some("f".to_owned()),
            name: Some("gone".to_owned()),
        };
        delete_alias(&core, &context(), request).await.unwrap();
    }
}
