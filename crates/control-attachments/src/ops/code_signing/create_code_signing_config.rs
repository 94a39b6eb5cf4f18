//! `CreateCodeSigningConfig`.

use crate::{
    Core, Refusal,
    code_signing::{self, CodeSigning, Untrusted},
    documents,
    tags::{self, TagSet},
};
use lambent_models::lambda::{CreateCodeSigningConfigRequest, CreateCodeSigningConfigResponse};
use lambent_store::{Condition, Transaction};
use lambent_types::RevisionId;
use lambent_wire::RequestContext;

/// `csc-` and seventeen of these make an id.
const ID_DIGITS: usize = 17;

pub(crate) async fn create_code_signing_config(
    core: &Core,
    cx: &RequestContext,
    input: CreateCodeSigningConfigRequest,
) -> Result<CreateCodeSigningConfigResponse, Refusal> {
    let (ids, scope) = (core.ids.as_ref(), &cx.scope);
    let publishers = input
        .allowed_publishers
        .and_then(|allowed| allowed.signing_profile_version_arns);
    let config = CodeSigning {
        description: input.description.unwrap_or_default(),
        publishers: publishers.unwrap_or_default(),
        untrusted: Untrusted::read(input.code_signing_policies).unwrap_or_default(),
        last_modified: core.clock.now(),
    };
    // The end of a UUID, where those of tests differ too.
    let digits = ids.uuid().simple().to_string();
    let id = format!("csc-{}", &digits[digits.len() - ID_DIGITS..]);
    let key = code_signing::config_key(scope, &id);
    let absent = Condition::DocumentAbsent(key.clone());
    let mut transaction = Transaction::of(documents::put(key, RevisionId::new(ids), &config)?).when(absent);
    let tags: tags::Tags = input.tags.unwrap_or_default().into_iter().collect();
    tags::check(&tags)?;
    if !tags.is_empty() {
        let key = documents::key::<TagSet>(scope, "", &code_signing::arn(scope, &id));
        transaction = transaction.and(documents::put(key, RevisionId::new(ids), &TagSet(tags))?);
    }
    core.store.commit(transaction).await?;
    Ok(CreateCodeSigningConfigResponse {
        code_signing_config: Some(config.shown(scope, &id)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{
            delete_code_signing_config::delete_code_signing_config,
            delete_function_code_signing_config::delete_function_code_signing_config,
            get_function_code_signing_config::get_function_code_signing_config,
            list_functions_by_code_signing_config::list_functions_by_code_signing_config,
            put_function_code_signing_config::put_function_code_signing_config,
            update_code_signing_config::update_code_signing_config,
        },
        testing::{context, core, record, refused},
    };
    use lambent_models::lambda::{
        AllowedPublishers, CodeSigningPolicies, DeleteCodeSigningConfigRequest, DeleteFunctionCodeSigningConfigRequest,
        GetFunctionCodeSigningConfigRequest, ListFunctionsByCodeSigningConfigRequest,
        PutFunctionCodeSigningConfigRequest, UpdateCodeSigningConfigRequest,
    };

    fn policies(name: &str) -> Option<CodeSigningPolicies> {
        Some(CodeSigningPolicies {
            untrusted_artifact_on_deployment: Some(name.to_owned()),
        })
    }

    async fn create(core: &Core, policy: &str) -> String {
        let input = CreateCodeSigningConfigRequest {
            allowed_publishers: Some(AllowedPublishers {
                signing_profile_version_arns: Some(vec!["profile".to_owned()]),
            }),
            code_signing_policies: policies(policy),
            ..CreateCodeSigningConfigRequest::default()
        };
        let created = create_code_signing_config(core, &context(), input).await.unwrap();
        created.code_signing_config.unwrap().code_signing_config_arn.unwrap()
    }

    async fn assign(core: &Core, function: &str, arn: &str) -> Result<(), Refusal> {
        let input = PutFunctionCodeSigningConfigRequest {
            code_signing_config_arn: Some(arn.to_owned()),
            function_name: Some(function.to_owned()),
        };
        put_function_code_signing_config(core, &context(), input)
            .await
            .map(drop)
    }

    async fn assigned(core: &Core, function: &str) -> Option<String> {
        let input = GetFunctionCodeSigningConfigRequest {
            function_name: Some(function.to_owned()),
        };
        let found = get_function_code_signing_config(core, &context(), input)
            .await
            .unwrap();
        assert_eq!(found.function_name.is_some(), found.code_signing_config_arn.is_some());
        found.code_signing_config_arn
    }

    async fn functions(core: &Core, arn: &str) -> Vec<String> {
        let input = ListFunctionsByCodeSigningConfigRequest {
            code_signing_config_arn: Some(arn.to_owned()),
            ..ListFunctionsByCodeSigningConfigRequest::default()
        };
        let listed = list_functions_by_code_signing_config(core, &context(), input)
            .await
            .unwrap();
        let names = listed.function_arns.unwrap();
        names
            .iter()
            .filter_map(|arn| arn.rsplit(':').next().map(str::to_owned))
            .collect()
    }

    async fn delete(core: &Core, arn: &str) -> Result<(), Refusal> {
        let input = DeleteCodeSigningConfigRequest {
            code_signing_config_arn: Some(arn.to_owned()),
        };
        delete_code_signing_config(core, &context(), input).await
    }

    #[tokio::test]
    async fn a_function_has_one_configuration_and_a_used_one_stays() {
        let core = core();
        for name in ["f", "g"] {
            core.given(record(name)).await;
        }
        let (one, two) = (create(&core, "Warn").await, create(&core, "Warn").await);
        assert_eq!(assigned(&core, "f").await, None);
        assign(&core, "f", &one).await.unwrap();
        assign(&core, "g", &one).await.unwrap();
        assign(&core, "f", &two).await.unwrap();
        assert_eq!(assigned(&core, "f").await, Some(two.clone()));
        assert_eq!(
            (functions(&core, &one).await, functions(&core, &two).await),
            (vec!["g".to_owned()], vec!["f".to_owned()])
        );
        assert_eq!(refused(delete(&core, &two).await).0, "ResourceConflictException");
        for _ in 0..2 {
            let input = DeleteFunctionCodeSigningConfigRequest {
                function_name: Some("f".to_owned()),
            };
            delete_function_code_signing_config(&core, &context(), input)
                .await
                .unwrap();
        }
        delete(&core, &two).await.unwrap();
        let missing = format!("The Lambda code signing configuration {two} can not be found.");
        assert_eq!(
            refused(delete(&core, &two).await),
            ("ResourceNotFoundException", missing)
        );
        let missing = format!(
            "The code signing configuration cannot be found. Check that the provided configuration is not deleted: {two}."
        );
        assert_eq!(
            refused(assign(&core, "nothing", &two).await),
            ("CodeSigningConfigNotFoundException", missing)
        );
    }

    #[tokio::test]
    async fn a_configuration_that_enforces_signatures_admits_no_code() {
        let core = core();
        core.given(record("f")).await;
        let function = record("f").key.function;
        let arn = create(&core, "Warn").await;
        assign(&core, "f", &arn).await.unwrap();
        core.check_signatures(&function, true, &[]).await.unwrap();
        let input = UpdateCodeSigningConfigRequest {
            code_signing_config_arn: Some(arn),
            code_signing_policies: policies("Enforce"),
            ..UpdateCodeSigningConfigRequest::default()
        };
        let updated = update_code_signing_config(&core, &context(), input).await.unwrap();
        let publishers = updated.code_signing_config.unwrap().allowed_publishers.unwrap();
        assert_eq!(
            publishers.signing_profile_version_arns.unwrap(),
            ["profile"],
            "what is not given stays"
        );
        let (code, text) = refused(core.check_signatures(&function, true, &[]).await);
        assert_eq!(code, "CodeVerificationFailedException");
        assert!(text.ends_with("Check the provided signature for f."), "{text}");
        core.check_signatures(&function, false, &[]).await.unwrap();
    }
}
