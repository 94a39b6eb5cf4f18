//! `DeleteFunction`.

use crate::{Control, Refusal, alias, naming::Target};
use lambent_models::lambda::{DeleteFunctionRequest, DeleteFunctionResponse};
use lambent_store::{Change, CommitError, Condition, Transaction};
use lambent_types::{FunctionKey, FunctionRecord, Qualifier, Version, VersionKey};
use lambent_wire::RequestContext;
use std::sync::Arc;

/// Versions read at a time.
const PAGE: usize = 1_000;

pub(crate) async fn delete_function(
    control: &Control,
    cx: &RequestContext,
    input: DeleteFunctionRequest,
) -> Result<DeleteFunctionResponse, Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    match target.qualifier() {
        None => delete_all(control, &target).await?,
        Some(Ok(Qualifier::Version(version @ Version::Published(_)))) => {
            delete_version(control, &target, version).await?;
        }
        Some(Ok(Qualifier::Version(Version::Latest))) => {
            let text = "$LATEST version cannot be deleted without deleting the function.";
            return Err(Refusal::InvalidParameter(text.to_owned()));
        }
        Some(Ok(Qualifier::Alias(_))) => {
            return Err(Refusal::InvalidParameter(
                "Deletion of aliases is not currently supported.".to_owned(),
            ));
        }
        Some(Err(_)) => return Err(Refusal::FunctionNotFound(target.unqualified_arn())),
    }
    Ok(DeleteFunctionResponse { status_code: Some(204) })
}

/// Deletes the function with all that belongs to it.
async fn delete_all(control: &Control, target: &Target) -> Result<(), Refusal> {
    loop {
        let found = control.find_latest(target).await?;
        let record = found.ok_or_else(|| Refusal::FunctionNotFound(target.unqualified_arn()))?;
        let function = &record.key.function;
        let versions = versions(control, function).await?;
        // A version that is published meanwhile changes this revision.
        let unchanged = Condition::Revision(record.key.clone(), record.revision);
        let delete = Transaction::of(Change::DeleteFunction(function.clone())).when(unchanged);
        match control.0.store.commit(delete).await {
            // Someone changed it just now: delete what it has become.
            Err(CommitError::Condition(_)) => continue,
            committed => committed?,
        }
        control.provisioned_changed(function).await?;
        versions.iter().for_each(|version| clean_up(control, version));
        return Ok(());
    }
}

async fn versions(control: &Control, function: &FunctionKey) -> Result<Vec<Arc<FunctionRecord>>, Refusal> {
    let (mut all, mut after): (Vec<Arc<FunctionRecord>>, Option<VersionKey>) = (Vec::new(), None);
    loop {
        let (scope, name) = (&function.scope, Some(&function.name));
        let page = control.0.store.versions(scope, name, after.as_ref(), PAGE).await?;
        after = page.functions.last().map(|last| last.key.clone());
        all.extend(page.functions);
        if !page.more {
            return Ok(all);
        }
    }
}

/// Deletes one version, unless an alias stands for it. One that is not there is deleted already.
async fn delete_version(control: &Control, target: &Target, version: Version) -> Result<(), Refusal> {
    let latest = control.find_latest(target).await?;
    let latest = latest.ok_or_else(|| Refusal::FunctionNotFound(target.unqualified_arn()))?;
    let function = &latest.key.function;
    let _nobody_refers = control.0.references.write().await;
    let Some(record) = control.0.store.function(&function.version(version)).await? else {
        return Ok(());
    };
    let aliases = control.aliases(function).await?;
    let users: Vec<_> = aliases
        .iter()
        .filter(|alias| alias.value.refers_to(version))
        .map(|alias| alias.key.id.as_str())
        .collect();
    if !users.is_empty() {
        return Err(Refusal::Conflict(format!(
            "Unable to delete version because the following aliases reference it: [{}]",
            users.join(", ")
        )));
    }
    let delete = Transaction::of(Change::DeleteVersion(record.key.clone()));
    let settings = alias::settings_of(function, &version.to_string());
    let delete = settings
        .into_iter()
        .map(Change::DeleteDocument)
        .fold(delete, Transaction::and);
    control.0.store.commit(delete).await?;
    control.provisioned_changed(function).await?;
    clean_up(control, &record);
    Ok(())
}

/// Ends what runs a version that is gone, and lets go of its code.
fn clean_up(control: &Control, gone: &FunctionRecord) {
    // A function made anew under this name begins at a later generation.
    control.0.invoker.retire(&gone.key, gone.generation + 1);
    gone.packages().for_each(|package| control.discard_unused_soon(package));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, control, record, refused};
    use lambent_control_attachments::create_alias;
    use lambent_models::lambda::CreateAliasRequest;

    fn request(qualifier: Option<&str>) -> DeleteFunctionRequest {
        DeleteFunctionRequest {
            function_name: Some("f".to_owned()),
            qualifier: qualifier.map(str::to_owned),
        }
    }

    async fn given_versions(control: &Control) {
        for version in [Version::Latest, Version::Published(1), Version::Published(2)] {
            let mut each = record("f");
            each.key.version = version;
            control.given(each).await;
        }
    }

    #[tokio::test]
    async fn a_version_that_an_alias_stands_for_stays() {
        let (control, cx) = (control(), context());
        given_versions(&control).await;
        let alias = CreateAliasRequest {
            function_name: Some("f".to_owned()),
            name: Some("live".to_owned()),
            function_version: Some("1".to_owned()),
            ..CreateAliasRequest::default()
        };
        create_alias(&control, &cx, alias).await.unwrap();
        assert_eq!(
            refused(delete_function(&control, &cx, request(Some("1"))).await),
            (
                "ResourceConflictException",
                "Unable to delete version because the following aliases reference it: [live]".to_owned()
            )
        );
        delete_function(&control, &cx, request(Some("2"))).await.unwrap();
        delete_function(&control, &cx, request(Some("2"))).await.unwrap();
        let left = versions(&control, &record("f").key.function).await.unwrap();
        assert_eq!(left.len(), 2, "$LATEST and 1");
        delete_function(&control, &cx, request(None)).await.unwrap();
        assert!(versions(&control, &record("f").key.function).await.unwrap().is_empty());
        assert!(control.aliases(&record("f").key.function).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_cannot_be_deleted_is_refused_in_recorded_words() {
        let (control, cx) = (control(), context());
        let message = |answer| refused::<DeleteFunctionResponse>(answer).1;
        let not_found = "Function not found: arn:aws:lambda:us-east-1:111111111111:function:f";
        assert_eq!(message(delete_function(&control, &cx, request(None)).await), not_found);
        assert_eq!(
            message(delete_function(&control, &cx, request(Some("1221"))).await),
            not_found
        );
        assert_eq!(
            message(delete_function(&control, &cx, request(Some("$LATEST"))).await),
            "$LATEST version cannot be deleted without deleting the function."
        );
    }
}
