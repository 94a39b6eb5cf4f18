//! `PutProvisionedConcurrencyConfig`.

use crate::{
    Core, Refusal,
    documents::Stored,
    naming::Target,
    provisioned::{self, ProvisionedConcurrency},
};
use lambent_models::lambda::{PutProvisionedConcurrencyConfigRequest, PutProvisionedConcurrencyConfigResponse};
use lambent_types::RevisionId;
use lambent_wire::RequestContext;

/// The environments are started at once and kept, with `AWS_LAMBDA_INITIALIZATION_TYPE` saying so.
pub(crate) async fn put_provisioned_concurrency_config(
    core: &Core,
    cx: &RequestContext,
    input: PutProvisionedConcurrencyConfigRequest,
) -> Result<PutProvisionedConcurrencyConfigResponse, Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let latest = "Provisioned Concurrency Configs cannot be applied to unpublished function versions.";
    let found = core.find_provisioned(&target, latest).await?;
    core.runnable(&found.version)?;
    let executions = input.provisioned_concurrent_executions.unwrap_or_default();
    let value = ProvisionedConcurrency {
        // More than can be counted is more than any account has.
        executions: u32::try_from(executions).unwrap_or(u32::MAX),
        last_modified: core.clock.now(),
    };
    let key = provisioned::key(&found.version.key.function, &found.qualifier);
    let stored = Stored {
        key,
        revision: RevisionId::new(core.ids.as_ref()),
        value,
    };
    // What is there when it is asked for: an environment may be ready before this is answered.
    let shown = core.shown_provisioned(&stored, &found.version.key);
    core.provision(&found.version, &found.qualifier, &stored.value).await?;
    Ok(PutProvisionedConcurrencyConfigResponse {
        requested_provisioned_concurrent_executions: shown.requested_provisioned_concurrent_executions,
        allocated_provisioned_concurrent_executions: shown.allocated_provisioned_concurrent_executions,
        available_provisioned_concurrent_executions: shown.available_provisioned_concurrent_executions,
        status: shown.status,
        status_reason: shown.status_reason,
        last_modified: shown.last_modified,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{
            create_alias::create_alias, delete_alias::delete_alias,
            delete_provisioned_concurrency_config::delete_provisioned_concurrency_config,
            get_provisioned_concurrency_config::get_provisioned_concurrency_config,
            list_provisioned_concurrency_configs::list_provisioned_concurrency_configs,
        },
        testing::{context, core, record, refused},
    };
    use lambent_models::lambda::{
        CreateAliasRequest, DeleteAliasRequest, DeleteProvisionedConcurrencyConfigRequest,
        GetProvisionedConcurrencyConfigRequest, ListProvisionedConcurrencyConfigsRequest,
    };
    use lambent_types::Version;

    const ARN: &str = "arn:aws:lambda:us-east-1:111111111111:function";

    fn put(name: &str, qualifier: &str, executions: i64) -> PutProvisionedConcurrencyConfigRequest {
        PutProvisionedConcurrencyConfigRequest {
            function_name: Some(name.to_owned()),
            qualifier: Some(qualifier.to_owned()),
            provisioned_concurrent_executions: Some(executions),
        }
    }

    fn delete(qualifier: &str) -> DeleteProvisionedConcurrencyConfigRequest {
        DeleteProvisionedConcurrencyConfigRequest {
            function_name: Some("f".to_owned()),
            qualifier: Some(qualifier.to_owned()),
        }
    }

    async fn given(core: &Core) {
        let mut version = record("f");
        version.key.version = Version::Published(1);
        core.given(record("f")).await;
        core.given(version).await;
        let alias = CreateAliasRequest {
            function_name: Some("f".to_owned()),
            name: Some("live".to_owned()),
            function_version: Some("1".to_owned()),
            ..CreateAliasRequest::default()
        };
        create_alias(core, &context(), alias).await.unwrap();
    }

    #[tokio::test]
    async fn a_version_is_provisioned_by_one_name() {
        let (core, cx) = (core(), context());
        given(&core).await;
        let version = record("f").key.function.version(Version::Published(1));
        let revision = async || core.store.function(&version).await.unwrap().unwrap().revision;
        let before = revision().await;
        let answer = put_provisioned_concurrency_config(&core, &cx, put("f", "1", 1))
            .await
            .unwrap();
        assert_ne!(revision().await, before);
        assert_eq!(
            (
                answer.status.as_deref(),
                answer.allocated_provisioned_concurrent_executions
            ),
            (Some("IN_PROGRESS"), Some(0))
        );
        let message = async |input| refused(put_provisioned_concurrency_config(&core, &cx, input).await).1;
        assert_eq!(
            message(put("f", "live", 1)).await,
            "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
        );
        delete_provisioned_concurrency_config(&core, &cx, delete("1"))
            .await
            .unwrap();
        delete_provisioned_concurrency_config(&core, &cx, delete("1"))
            .await
            .unwrap();
        put_provisioned_concurrency_config(&core, &cx, put("f", "live", 1))
            .await
            .unwrap();
        assert_eq!(
            message(put("f", "1", 1)).await,
            "Version is pointed by a Provisioned Concurrency alias"
        );
        let list = async || {
            let input = ListProvisionedConcurrencyConfigsRequest {
                function_name: Some("f".to_owned()),
                ..ListProvisionedConcurrencyConfigsRequest::default()
            };
            let page = list_provisioned_concurrency_configs(&core, &cx, input)
                .await
                .unwrap();
            let configs = page.provisioned_concurrency_configs.unwrap_or_default().into_iter();
            configs.filter_map(|config| config.function_arn).collect::<Vec<_>>()
        };
        assert_eq!(list().await, [format!("{ARN}:f:live")]);
        assert_eq!(
            core
                .admission(&version)
                .await
                .unwrap()
                .provisioned,
            1
        );
        let alias = DeleteAliasRequest {
            function_name: Some("f".to_owned()),
            name: Some("live".to_owned()),
        };
        delete_alias(&core, &cx, alias).await.unwrap();
        assert!(list().await.is_empty());
    }

    #[tokio::test]
    async fn what_aws_refuses_is_refused_in_recorded_words() {
        let (core, cx) = (core(), context());
        given(&core).await;
        let message = async |input| refused(put_provisioned_concurrency_config(&core, &cx, input).await).1;
        assert_eq!(
            message(put("g", "noalias", 1)).await,
            format!("Cannot find alias arn: {ARN}:g:noalias")
        );
        assert_eq!(
            message(put("g", "1", 1)).await,
            format!("Function not found: {ARN}:g:1")
        );
        assert_eq!(
            message(put("f", "10", 1)).await,
            format!("Function not found: {ARN}:f:10")
        );
        assert_eq!(
            message(put("f", "$LATEST", 1)).await,
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
        );
        assert!(
            message(put("f", "1", 1_001))
                .await
                .contains("greater than account's unreserved concurrency [1000].")
        );
        assert!(
            message(put("f", "1", 901))
                .await
                .contains("below its minimum value of [100].")
        );
        let get = |qualifier: &str| GetProvisionedConcurrencyConfigRequest {
            function_name: Some("f".to_owned()),
            qualifier: Some(qualifier.to_owned()),
        };
        assert_eq!(
            refused(get_provisioned_concurrency_config(&core, &cx, get("1")).await),
            (
                "ProvisionedConcurrencyConfigNotFoundException",
                "No Provisioned Concurrency Config found for this function".to_owned()
            )
        );
        assert_eq!(
            refused(get_provisioned_concurrency_config(&core, &cx, get("$LATEST")).await).1,
            "The function resource provided must be an alias or a published version."
        );
    }
}
