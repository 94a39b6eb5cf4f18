//! `DeleteCodeSigningConfig`. One that functions use stays.

use crate::{Core, Refusal, code_signing, documents, tags::TagSet};
use lambent_models::lambda::DeleteCodeSigningConfigRequest;
use lambent_store::{Change, CommitError, Transaction};
use lambent_wire::RequestContext;

pub(crate) async fn delete_code_signing_config(
    core: &Core,
    cx: &RequestContext,
    input: DeleteCodeSigningConfigRequest,
) -> Result<(), Refusal> {
    loop {
        let found = core
            .code_signing(&cx.scope, input.code_signing_config_arn.clone())
            .await?;
        let id = &found.key.id;
        let (users, _) = core.functions_signed_by(&cx.scope, id, None, 1).await?;
        let arn = code_signing::arn(&cx.scope, id);
        if let Some(user) = users.first() {
            // AWS refuses this too; its words are not known.
            return Err(Refusal::Conflict(format!(
                "The code signing configuration {arn} cannot be deleted because it is used by the function {}.",
                user.arn()
            )));
        }
        let tags = documents::key::<TagSet>(&cx.scope, "", &arn);
        let delete = Transaction::of(Change::DeleteDocument(found.key.clone())).and(Change::DeleteDocument(tags));
        match core.store.commit(delete.when(found.unchanged())).await {
            // A function was given it just now.
            Err(CommitError::Condition(_)) => continue,
            committed => committed?,
        }
        return Ok(());
    }
}
