//! `PutFunctionEventInvokeConfig`.

use crate::{
    Core, Refusal,
    event_invoke::{self, EventInvokeConfig, Settings},
    naming::Target,
};
use lambent_models::lambda::{FunctionEventInvokeConfig, PutFunctionEventInvokeConfigRequest};
use lambent_wire::RequestContext;

/// Replaces what was set before.
pub(crate) async fn put_function_event_invoke_config(
    core: &Core,
    cx: &RequestContext,
    input: PutFunctionEventInvokeConfigRequest,
) -> Result<FunctionEventInvokeConfig, Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let settings = Settings {
        maximum_retry_attempts: input.maximum_retry_attempts,
        maximum_event_age_in_seconds: input.maximum_event_age_in_seconds,
        destination_config: input.destination_config,
    };
    settings.check()?;
    let found = core.find(&target).await?.ok_or_else(event_invoke::no_function)?;
    let function = &found.key.function;
    let value = settings
        .over(EventInvokeConfig::default(), core, cx, function)
        .await?;
    let key = event_invoke::key(function, target.qualifier.as_deref());
    let stored = core.store_event_invoke_config(function, key, value, None).await?;
    Ok(event_invoke::shown(&stored, function))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{
            delete_function_event_invoke_config::delete_function_event_invoke_config,
            get_function_event_invoke_config::get_function_event_invoke_config,
            list_function_event_invoke_configs::list_function_event_invoke_configs,
            update_function_event_invoke_config::update_function_event_invoke_config,
        },
        testing::{context, core, record, refused},
    };
    use lambent_models::lambda::{
        DeleteFunctionEventInvokeConfigRequest, DestinationConfig, GetFunctionEventInvokeConfigRequest,
        ListFunctionEventInvokeConfigsRequest, OnFailure, OnSuccess, UpdateFunctionEventInvokeConfigRequest,
    };
    use lambent_types::Version;
    use std::time::Duration;

    const ARN: &str = "arn:aws:lambda:us-east-1:111111111111:function";

    fn request(qualifier: Option<&str>) -> PutFunctionEventInvokeConfigRequest {
        PutFunctionEventInvokeConfigRequest {
            function_name: Some("f".to_owned()),
            qualifier: qualifier.map(str::to_owned),
            ..PutFunctionEventInvokeConfigRequest::default()
        }
    }

    fn to(destination: &str) -> PutFunctionEventInvokeConfigRequest {
        let on_success = Some(OnSuccess {
            destination: Some(destination.to_owned()),
        });
        let config = DestinationConfig {
            on_success,
            on_failure: None,
        };
        PutFunctionEventInvokeConfigRequest {
            destination_config: Some(config),
            ..request(None)
        }
    }

    #[tokio::test]
    async fn put_replaces_update_changes_and_the_dispatcher_follows() {
        let (core, cx) = (core(), context());
        core.given(record("f")).await;
        let input = PutFunctionEventInvokeConfigRequest {
            maximum_retry_attempts: Some(1),
            maximum_event_age_in_seconds: Some(60),
            ..request(None)
        };
        let put = put_function_event_invoke_config(&core, &cx, input).await.unwrap();
        assert_eq!(put.function_arn, Some(format!("{ARN}:f:$LATEST")));
        let empty = DestinationConfig {
            on_success: Some(OnSuccess::default()),
            on_failure: Some(OnFailure::default()),
        };
        assert_eq!(put.destination_config, Some(empty));
        let input = UpdateFunctionEventInvokeConfigRequest {
            function_name: Some("f".to_owned()),
            maximum_retry_attempts: Some(0),
            ..UpdateFunctionEventInvokeConfigRequest::default()
        };
        let updated = update_function_event_invoke_config(&core, &cx, input).await.unwrap();
        assert_eq!(
            (updated.maximum_retry_attempts, updated.maximum_event_age_in_seconds),
            (Some(0), Some(60))
        );
        let key = record("f").key.function;
        let limits = core.retry_limits(&key, None).await.unwrap();
        assert_eq!(
            (limits.maximum_retry_attempts, limits.maximum_event_age),
            (0, Some(Duration::from_secs(60)))
        );
        let other = core.retry_limits(&key, Some("1")).await.unwrap();
        assert_eq!((other.maximum_retry_attempts, other.maximum_event_age), (2, None));
        let input = PutFunctionEventInvokeConfigRequest {
            maximum_retry_attempts: Some(2),
            ..request(None)
        };
        let replaced = put_function_event_invoke_config(&core, &cx, input).await.unwrap();
        assert_eq!(replaced.maximum_event_age_in_seconds, None);
    }

    #[tokio::test]
    async fn each_qualifier_has_its_own_until_it_is_deleted() {
        let (core, cx) = (core(), context());
        let mut version = record("f");
        version.key.version = Version::Published(1);
        core.given(record("f")).await;
        core.given(version).await;
        for qualifier in [Some("1"), None] {
            let input = PutFunctionEventInvokeConfigRequest {
                maximum_retry_attempts: Some(1),
                ..request(qualifier)
            };
            put_function_event_invoke_config(&core, &cx, input).await.unwrap();
        }
        let list = async || {
            let input = ListFunctionEventInvokeConfigsRequest {
                function_name: Some("f".to_owned()),
                ..ListFunctionEventInvokeConfigsRequest::default()
            };
            let page = list_function_event_invoke_configs(&core, &cx, input).await.unwrap();
            let configs = page.function_event_invoke_configs.unwrap().into_iter();
            configs.map(|config| config.function_arn.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(list().await, [format!("{ARN}:f:$LATEST"), format!("{ARN}:f:1")]);
        let delete = DeleteFunctionEventInvokeConfigRequest {
            function_name: Some("f".to_owned()),
            qualifier: Some("1".to_owned()),
        };
        delete_function_event_invoke_config(&core, &cx, delete.clone())
            .await
            .unwrap();
        assert_eq!(list().await, [format!("{ARN}:f:$LATEST")]);
        let text = format!("The function {ARN}:f:1 doesn't have an EventInvokeConfig");
        assert_eq!(
            refused(delete_function_event_invoke_config(&core, &cx, delete).await).1,
            text
        );
        let get = GetFunctionEventInvokeConfigRequest {
            function_name: Some("f".to_owned()),
            qualifier: Some("1".to_owned()),
        };
        assert_eq!(
            refused(get_function_event_invoke_config(&core, &cx, get).await).1,
            text
        );
    }

    #[tokio::test]
    async fn what_aws_refuses_is_refused_in_recorded_words() {
        let (core, cx) = (core(), context());
        let message = async |input| refused(put_function_event_invoke_config(&core, &cx, input).await).1;
        assert_eq!(
            message(to("arn:aws:sqs:us-east-1:111111111111:q")).await,
            "The function doesn't exist."
        );
        core.given(record("f")).await;
        let nothing = "You must specify at least one of error handling or destination setting.";
        assert_eq!(message(request(None)).await, nothing);
        assert_eq!(
            message(to(&format!("{ARN}:doesnotexist"))).await,
            format!("The destination ARN {ARN}:doesnotexist is invalid.")
        );
        assert_eq!(
            message(to(&format!("{ARN}:f"))).await,
            "You can't specify the function as a destination for itself."
        );
        assert!(
            message(to("arn:aws:iam:us-east-1:111111111111:function:f"))
                .await
                .starts_with("The provided destination config")
        );
        // A bucket is told of failures only, and there is none without a store.
        assert_eq!(
            message(to("arn:aws:s3:::b")).await,
            "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination=arn:aws:s3:::b), onFailure=null) is invalid."
        );
        let failures = DestinationConfig {
            on_success: None,
            on_failure: Some(OnFailure {
                destination: Some("arn:aws:s3:::b".to_owned()),
            }),
        };
        let failures = PutFunctionEventInvokeConfigRequest {
            destination_config: Some(failures),
            ..request(None)
        };
        assert!(message(failures).await.ends_with("start the server with --s3-endpoint."));
        let unknown = PutFunctionEventInvokeConfigRequest {
            maximum_retry_attempts: Some(1),
            ..request(Some("noalias"))
        };
        assert_eq!(message(unknown).await, "The function doesn't exist.");
    }
}
