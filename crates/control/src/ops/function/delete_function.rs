//! `DeleteFunction`.

use crate::{Control, Refusal, naming::Target};
use lambent_models::lambda::{DeleteFunctionRequest, DeleteFunctionResponse};
use lambent_store::{Change, CommitError, Condition, Transaction};
use lambent_types::{Qualifier, Version};
use lambent_wire::RequestContext;

pub(crate) async fn delete_function(
    control: &Control,
    cx: &RequestContext,
    input: DeleteFunctionRequest,
) -> Result<DeleteFunctionResponse, Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    match target.qualifier.as_deref().map(str::parse::<Qualifier>) {
        None => {}
        Some(Ok(Qualifier::Version(Version::Latest))) => {
            let text = "$LATEST version cannot be deleted without deleting the function.";
            return Err(Refusal::InvalidParameter(text.to_owned()));
        }
        Some(Ok(Qualifier::Alias(_))) => {
            return Err(Refusal::InvalidParameter("Deletion of aliases is not currently supported.".to_owned()));
        }
        Some(Ok(Qualifier::Version(Version::Published(_)))) => {
            return Err(Refusal::NotImplemented("Deleting a single version"));
        }
        Some(Err(_)) => return Err(Refusal::FunctionNotFound(target.unqualified_arn())),
    }
    loop {
        let found = control.find_latest(&target).await?;
        let record = found.ok_or_else(|| Refusal::FunctionNotFound(target.unqualified_arn()))?;
        let function = record.key.function.clone();
        let unchanged = Condition::Revision(record.key.clone(), record.revision);
        match control.0.store.commit(Transaction::of(Change::DeleteFunction(function)).when(unchanged)).await {
            // Someone changed it just now: delete what it has become.
            Err(CommitError::Condition(_)) => continue,
            committed => committed?,
        }
        // A function made anew under this name begins at a later generation.
        control.0.invoker.retire(&record.key, record.generation + 1);
        record.packages().for_each(|package| control.discard_unused_soon(package));
        return Ok(DeleteFunctionResponse { status_code: Some(204) });
    }
}
