//! `PutFunctionRecursionConfig`.

use crate::{
    Control, Refusal,
    naming::Target,
    settings::{self, Setting},
};
use lambent_models::lambda::{PutFunctionRecursionConfigRequest, PutFunctionRecursionConfigResponse};
use lambent_wire::RequestContext;

/// `Terminate` stops a function that is called too often in one chain of calls, `Allow` does not.
pub(crate) async fn put_function_recursion_config(
    control: &Control,
    cx: &RequestContext,
    input: PutFunctionRecursionConfigRequest,
) -> Result<PutFunctionRecursionConfigResponse, Refusal> {
    let target = Target::read(cx, input.function_name, None)?.unqualified()?;
    let latest = control.find_latest(&target).await?;
    let latest = latest.ok_or_else(|| Refusal::FunctionNotFound(target.unqualified_arn()))?;
    let value = input.recursive_loop.unwrap_or_default();
    let key = settings::recursive_loop(&latest.key.function);
    control
        .set(&latest, key, &Setting::RecursiveLoop(value.clone()))
        .await?;
    Ok(PutFunctionRecursionConfigResponse {
        recursive_loop: Some(value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::get_function_recursion_config::get_function_recursion_config,
        testing::{context, control, record, refused},
    };
    use lambent_models::lambda::GetFunctionRecursionConfigRequest;

    #[tokio::test]
    async fn loops_are_terminated_unless_allowed() {
        let (control, cx) = (control(), context());
        let get = GetFunctionRecursionConfigRequest {
            function_name: Some("f".to_owned()),
        };
        let put = PutFunctionRecursionConfigRequest {
            function_name: Some("f".to_owned()),
            recursive_loop: Some("Allow".to_owned()),
        };
        let missing = put_function_recursion_config(&control, &cx, put.clone()).await;
        assert_eq!(refused(missing).0, "ResourceNotFoundException");
        control.given(record("f")).await;
        let seen = async || {
            get_function_recursion_config(&control, &cx, get.clone())
                .await
                .unwrap()
                .recursive_loop
        };
        assert_eq!(seen().await.as_deref(), Some("Terminate"));
        put_function_recursion_config(&control, &cx, put).await.unwrap();
        assert_eq!(seen().await.as_deref(), Some("Allow"));
    }
}
