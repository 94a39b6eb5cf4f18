//! `PublishVersion`.

use crate::{
    Control, Refusal, TRIES, convert,
    naming::Target,
    publication::Publication,
    update::Update,
};
use lambent_models::lambda::{FunctionConfiguration, PublishVersionRequest};
use lambent_store::{Change, CommitError, Condition, Transaction};
use lambent_types::{FunctionRecord, RevisionId};
use lambent_wire::RequestContext;
use std::sync::Arc;

pub(crate) async fn publish_version(
    control: &Control,
    cx: &RequestContext,
    input: PublishVersionRequest,
) -> Result<FunctionConfiguration, Refusal> {
    if input.publish_to.is_some() {
        return Err(Refusal::NotImplemented("PublishTo"));
    }
    let target = Target::read(cx, input.function_name, None)?;
    let update = Update::of(control, &target, input.revision_id);
    for _ in 0..TRIES {
        let latest = update.begin().await?;
        check_code(&latest, input.code_sha256.as_deref())?;
        let publication = match control.publication(&latest).await? {
            Publication::New(version) => Publication::New(described(version, input.description.clone())),
            unchanged @ Publication::Unchanged(_) => unchanged,
        };
        match control
            .0
            .store
            .commit(transaction(control, &latest, &publication))
            .await
        {
            Err(CommitError::Condition(_)) => {}
            committed => {
                committed?;
                let version = publication.into_version();
                return Ok(convert::configuration(&version, convert::arn(&version)));
            }
        }
    }
    Err(Refusal::UpdateInProgress(target.unqualified_arn()))
}

/// The client may insist on the code it has tested.
fn check_code(latest: &FunctionRecord, expected: Option<&str>) -> Result<(), Refusal> {
    let present = latest.code.sha256();
    match expected.filter(|expected| !expected.is_empty() && *expected != present) {
        None => Ok(()),
        Some(expected) => Err(Refusal::InvalidParameter(format!(
            "CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST ({present}). \
             Please try again with the CodeSHA256 in $LATEST."
        ))),
    }
}

fn described(mut version: Box<FunctionRecord>, description: Option<String>) -> Box<FunctionRecord> {
    if let Some(description) = description.filter(|text| !text.is_empty()) {
        version.config.description = description;
    }
    version
}

/// A new version is counted on `$LATEST`, whose revision changes with that, as recorded (`test_function_revisions_version_and_alias`).
fn transaction(control: &Control, latest: &FunctionRecord, publication: &Publication) -> Transaction {
    let unchanged = Transaction::default().when(Condition::Revision(latest.key.clone(), latest.revision));
    let counted = match publication {
        Publication::Unchanged(_) => unchanged,
        Publication::New(_) => unchanged.and(Change::PutFunction(Arc::new(FunctionRecord {
            newest_version: latest.newest_version + 1,
            revision: RevisionId::new(control.0.ids.as_ref()),
            ..latest.clone()
        }))),
    };
    publication.add_to(counted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::update_function_configuration::update_function_configuration,
        testing::{context, control, record, refused},
    };
    use lambent_models::lambda::UpdateFunctionConfigurationRequest;
    use lambent_types::Version;

    fn request() -> PublishVersionRequest {
        PublishVersionRequest {
            function_name: Some("f".to_owned()),
            ..PublishVersionRequest::default()
        }
    }

    async fn describe(control: &Control, description: &str) {
        let input = UpdateFunctionConfigurationRequest {
            function_name: Some("f".to_owned()),
            description: Some(description.to_owned()),
            ..UpdateFunctionConfigurationRequest::default()
        };
        update_function_configuration(control, &context(), input).await.unwrap();
    }

    #[tokio::test]
    async fn nothing_new_is_published_until_something_changes() {
        let (control, cx) = (control(), context());
        control.given(record("f")).await;
        let described = PublishVersionRequest {
            description: Some("first".to_owned()),
            ..request()
        };
        let first = publish_version(&control, &cx, described).await.unwrap();
        assert_eq!(
            (
                first.version.as_deref(),
                first.description.as_deref(),
                first.state.as_deref()
            ),
            (Some("1"), Some("first"), Some("Active"))
        );
        assert!(first.function_arn.unwrap().ends_with(":f:1"));
        let again = publish_version(&control, &cx, request()).await.unwrap();
        assert_eq!(
            (again.version.as_deref(), again.revision_id),
            (Some("1"), first.revision_id)
        );
        describe(&control, "other").await;
        let second = publish_version(&control, &cx, request()).await.unwrap();
        assert_eq!(second.version.as_deref(), Some("2"));
        describe(&control, "other").await;
        let same = publish_version(&control, &cx, request()).await.unwrap();
        assert_eq!(
            same.version.as_deref(),
            Some("2"),
            "an update that changes nothing makes no version"
        );
    }

    #[tokio::test]
    async fn a_version_that_is_gone_leaves_its_number_behind() {
        let (control, cx) = (control(), context());
        control.given(record("f")).await;
        publish_version(&control, &cx, request()).await.unwrap();
        let key = record("f").key.function.version(Version::Published(1));
        control
            .0
            .store
            .commit(Transaction::of(Change::DeleteVersion(key)))
            .await
            .unwrap();
        let next = publish_version(&control, &cx, request()).await.unwrap();
        assert_eq!(next.version.as_deref(), Some("2"));
    }

    #[tokio::test]
    async fn preconditions_are_checked() {
        let (control, cx) = (control(), context());
        control.given(record("f")).await;
        let wrong = PublishVersionRequest {
            revision_id: Some("00000000-0000-0000-0000-000000000000".to_owned()),
            ..request()
        };
        assert_eq!(
            refused(publish_version(&control, &cx, wrong).await).0,
            "PreconditionFailedException"
        );
        let other = PublishVersionRequest {
            code_sha256: Some("other".to_owned()),
            ..request()
        };
        let present = record("f").code.sha256();
        assert_eq!(
            refused(publish_version(&control, &cx, other).await).1,
            format!(
                "CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ({present}). \
                 Please try again with the CodeSHA256 in $LATEST."
            )
        );
    }
}
