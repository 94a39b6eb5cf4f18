//! `PutRuntimeManagementConfig`.

use crate::{
    Control, Refusal,
    naming::Target,
    settings::{self, RuntimeManagement, Setting},
};
use lambent_models::lambda::{PutRuntimeManagementConfigRequest, PutRuntimeManagementConfigResponse};
use lambent_wire::RequestContext;

/// The setting is kept and returned. It has no effect on a single host, whose interpreters are the operator's: a function runs on the
/// one that is installed.
pub(crate) async fn put_runtime_management_config(
    control: &Control,
    cx: &RequestContext,
    input: PutRuntimeManagementConfigRequest,
) -> Result<PutRuntimeManagementConfigResponse, Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let management = RuntimeManagement {
        update_runtime_on: input.update_runtime_on.unwrap_or_default(),
        runtime_version_arn: input.runtime_version_arn,
    };
    check(&management)?;
    let record = control
        .find(&target)
        .await?
        .ok_or_else(|| Refusal::FunctionNotFound(target.arn()))?;
    let key = settings::runtime_management(&record.key.function, record.key.version);
    control
        .set(&record, key, &Setting::RuntimeManagement(management.clone()))
        .await?;
    Ok(PutRuntimeManagementConfigResponse {
        update_runtime_on: Some(management.update_runtime_on),
        function_arn: Some(target.arn()),
        runtime_version_arn: management.runtime_version_arn,
    })
}

/// A version is named if, and only if, it is to be pinned. AWS's words are not recorded.
fn check(management: &RuntimeManagement) -> Result<(), Refusal> {
    let manual = management.update_runtime_on == RuntimeManagement::MANUAL;
    let text = match (manual, &management.runtime_version_arn) {
        (true, None) => "RuntimeVersionArn is required when UpdateRuntimeOn is Manual.",
        (false, Some(_)) => "RuntimeVersionArn is allowed only when UpdateRuntimeOn is Manual.",
        (true, Some(_)) | (false, None) => return Ok(()),
    };
    Err(Refusal::InvalidParameter(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{
            get_runtime_management_config::get_runtime_management_config,
            update_function_configuration::update_function_configuration,
        },
        testing::{context, control, record, refused},
    };
    use lambent_models::lambda::{GetRuntimeManagementConfigRequest, UpdateFunctionConfigurationRequest};

    fn put(mode: &str, arn: Option<&str>) -> PutRuntimeManagementConfigRequest {
        PutRuntimeManagementConfigRequest {
            function_name: Some("f".to_owned()),
            qualifier: None,
            update_runtime_on: Some(mode.to_owned()),
            runtime_version_arn: arn.map(str::to_owned),
        }
    }

    #[tokio::test]
    async fn a_pinned_runtime_keeps_its_identifier() {
        let (control, cx) = (control(), context());
        control.given(record("f")).await;
        let mode = async || {
            let get = GetRuntimeManagementConfigRequest {
                function_name: Some("f".to_owned()),
                qualifier: None,
            };
            get_runtime_management_config(&control, &cx, get)
                .await
                .unwrap()
                .update_runtime_on
                .unwrap()
        };
        assert_eq!(mode().await, "Auto");
        let arn = "arn:aws:lambda:us-east-1::runtime:0123";
        put_runtime_management_config(&control, &cx, put("Manual", Some(arn)))
            .await
            .unwrap();
        assert_eq!(mode().await, "Manual");
        let change = UpdateFunctionConfigurationRequest {
            function_name: Some("f".to_owned()),
            runtime: Some("python3.13".to_owned()),
            ..UpdateFunctionConfigurationRequest::default()
        };
        let message = refused(update_function_configuration(&control, &cx, change.clone()).await).1;
        assert!(message.starts_with("Cannot change runtime identifier"), "{message}");
        put_runtime_management_config(&control, &cx, put("FunctionUpdate", None))
            .await
            .unwrap();
        update_function_configuration(&control, &cx, change).await.unwrap();
    }

    #[tokio::test]
    async fn a_version_is_named_only_to_pin_it() {
        let (control, cx) = (control(), context());
        control.given(record("f")).await;
        for input in [
            put("Manual", None),
            put("Auto", Some("arn:aws:lambda:us-east-1::runtime:0123")),
        ] {
            let answer = put_runtime_management_config(&control, &cx, input).await;
            assert_eq!(refused(answer).0, "InvalidParameterValueException");
        }
    }
}
