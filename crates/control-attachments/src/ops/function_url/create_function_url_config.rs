//! `CreateFunctionUrlConfig`.

use crate::{
    Core, Refusal,
    documents::Stored,
    function_url::{self, FunctionUrl},
    naming::Target,
};
use lambent_models::lambda::{CreateFunctionUrlConfigRequest, CreateFunctionUrlConfigResponse};
use lambent_store::Condition;
use lambent_types::RevisionId;
use lambent_wire::RequestContext;

/// Requests to the URL are answered from then on.
pub(crate) async fn create_function_url_config(
    core: &Core,
    cx: &RequestContext,
    input: CreateFunctionUrlConfigRequest,
) -> Result<CreateFunctionUrlConfigResponse, Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let function = function_url::owner(core, &target).await?;
    let now = core.clock.now();
    let stored = Stored {
        key: function_url::key(&function, target.qualifier.as_deref()),
        revision: RevisionId::new(core.ids.as_ref()),
        value: FunctionUrl {
            url_id: core.ids.uuid().simple().to_string(),
            auth_type: input.auth_type.unwrap_or_default(),
            cors: function_url::meaningful(input.cors),
            invoke_mode: input.invoke_mode.clone(),
            created: now,
            last_modified: now,
        },
    };
    let absent = Condition::DocumentAbsent(stored.key.clone());
    function_url::store(core, &function, &stored, absent).await?;
    core.remember_url(&stored).await;
    let shown = function_url::shown(cx, &stored, &function);
    Ok(CreateFunctionUrlConfigResponse {
        function_url: shown.function_url,
        function_arn: shown.function_arn,
        auth_type: shown.auth_type,
        cors: shown.cors,
        creation_time: shown.creation_time,
        invoke_mode: input.invoke_mode,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{
            create_alias::create_alias, delete_function_url_config::delete_function_url_config,
            get_function_url_config::get_function_url_config, list_function_url_configs::list_function_url_configs,
            update_function_url_config::update_function_url_config,
        },
        testing::{context, core, record, refused},
    };
    use lambent_models::lambda::{
        Cors, CreateAliasRequest, DeleteFunctionUrlConfigRequest, GetFunctionUrlConfigRequest,
        ListFunctionUrlConfigsRequest, UpdateFunctionUrlConfigRequest,
    };

    fn create(qualifier: Option<&str>) -> CreateFunctionUrlConfigRequest {
        CreateFunctionUrlConfigRequest {
            function_name: Some("f".to_owned()),
            qualifier: qualifier.map(str::to_owned),
            auth_type: Some("NONE".to_owned()),
            ..CreateFunctionUrlConfigRequest::default()
        }
    }

    fn update() -> UpdateFunctionUrlConfigRequest {
        UpdateFunctionUrlConfigRequest {
            function_name: Some("f".to_owned()),
            ..UpdateFunctionUrlConfigRequest::default()
        }
    }

    #[tokio::test]
    async fn the_life_of_a_url() {
        let (core, cx) = (core(), context());
        core.given(record("f")).await;
        let made = create_function_url_config(&core, &cx, create(None)).await.unwrap();
        assert_eq!(made.invoke_mode, None);
        let again = create_function_url_config(&core, &cx, create(None)).await;
        assert_eq!(
            refused(again),
            (
                "ResourceConflictException",
                "Failed to create function url config for [functionArn = \
                 arn:aws:lambda:us-east-1:111111111111:function:f]. \
                 Error message:  FunctionUrlConfig exists for this Lambda function"
                    .to_owned()
            )
        );
        let cors = Cors {
            allow_origins: Some(vec!["*".to_owned()]),
            ..Cors::default()
        };
        let change = UpdateFunctionUrlConfigRequest {
            auth_type: Some("AWS_IAM".to_owned()),
            cors: Some(cors.clone()),
            ..update()
        };
        let updated = update_function_url_config(&core, &cx, change).await.unwrap();
        assert_eq!(
            (updated.auth_type.as_deref(), updated.cors),
            (Some("AWS_IAM"), Some(cors))
        );
        assert_eq!((updated.function_url, updated.invoke_mode), (made.function_url, None));
        let streaming = UpdateFunctionUrlConfigRequest {
            invoke_mode: Some("RESPONSE_STREAM".to_owned()),
            ..update()
        };
        for change in [streaming, update()] {
            let updated = update_function_url_config(&core, &cx, change).await.unwrap();
            assert_eq!(updated.invoke_mode.as_deref(), Some("RESPONSE_STREAM"));
        }
        let cleared = UpdateFunctionUrlConfigRequest {
            cors: Some(Cors::default()),
            ..update()
        };
        update_function_url_config(&core, &cx, cleared).await.unwrap();
        let get = GetFunctionUrlConfigRequest {
            function_name: Some("f".to_owned()),
            qualifier: None,
        };
        let found = get_function_url_config(&core, &cx, get.clone()).await.unwrap();
        assert_eq!((found.invoke_mode.as_deref(), found.cors), (Some("RESPONSE_STREAM"), None));
        let delete = DeleteFunctionUrlConfigRequest {
            function_name: Some("f".to_owned()),
            qualifier: None,
        };
        delete_function_url_config(&core, &cx, delete.clone()).await.unwrap();
        let gone = "The resource you requested does not exist.";
        assert_eq!(refused(delete_function_url_config(&core, &cx, delete).await).1, gone);
        assert_eq!(refused(get_function_url_config(&core, &cx, get).await).1, gone);
        assert_eq!(
            refused(update_function_url_config(&core, &cx, update()).await).1,
            gone
        );
    }

    #[tokio::test]
    async fn an_alias_has_a_url_of_its_own() {
        let (core, cx) = (core(), context());
        let missing = create_function_url_config(&core, &cx, create(None)).await;
        assert_eq!(refused(missing).1, "Function does not exist");
        core.given(record("f")).await;
        let missing = create_function_url_config(&core, &cx, create(Some("live"))).await;
        assert_eq!(refused(missing).1, "Function does not exist");
        let alias = CreateAliasRequest {
            function_name: Some("f".to_owned()),
            name: Some("live".to_owned()),
            function_version: Some("$LATEST".to_owned()),
            ..CreateAliasRequest::default()
        };
        create_alias(&core, &cx, alias).await.unwrap();
        for qualifier in [Some("live"), None] {
            create_function_url_config(&core, &cx, create(qualifier))
                .await
                .unwrap();
        }
        let (mut arns, mut marker) = (Vec::new(), None);
        loop {
            let input = ListFunctionUrlConfigsRequest {
                function_name: Some("f".to_owned()),
                max_items: Some(1),
                marker,
            };
            let page = list_function_url_configs(&core, &cx, input).await.unwrap();
            arns.extend(
                page.function_url_configs
                    .into_iter()
                    .flatten()
                    .filter_map(|config| config.function_arn),
            );
            marker = page.next_marker;
            if marker.is_none() {
                break;
            }
        }
        let arn = record("f").key.function.arn();
        assert_eq!(arns, [arn.clone(), format!("{arn}:live")]);
    }
}
