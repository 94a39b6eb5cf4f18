//! `PutFunctionConcurrency`.

use crate::{Core, Refusal, naming::Target};
use lambent_models::lambda::{Concurrency, PutFunctionConcurrencyRequest};
use lambent_wire::RequestContext;

pub(crate) async fn put_function_concurrency(
    core: &Core,
    cx: &RequestContext,
    input: PutFunctionConcurrencyRequest,
) -> Result<Concurrency, Refusal> {
    let target = Target::read(cx, input.function_name, None)?.unqualified()?;
    let latest = core.find_latest(&target).await?;
    let latest = latest.ok_or_else(|| Refusal::FunctionNotFound(target.qualified_arn()))?;
    let wanted = input.reserved_concurrent_executions.unwrap_or_default();
    // More than can be counted is more than any account has.
    core
        .reserve(&latest, u32::try_from(wanted).unwrap_or(u32::MAX))
        .await?;
    Ok(Concurrency {
        reserved_concurrent_executions: Some(wanted),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{
            delete_function_concurrency::delete_function_concurrency,
            get_function_concurrency::get_function_concurrency,
        },
        testing::{context, core, record, refused},
    };
    use lambent_engine::OnDemand;
    use lambent_models::lambda::{DeleteFunctionConcurrencyRequest, GetFunctionConcurrencyRequest};

    fn request(name: &str, reserved: i64) -> PutFunctionConcurrencyRequest {
        PutFunctionConcurrencyRequest {
            function_name: Some(name.to_owned()),
            reserved_concurrent_executions: Some(reserved),
        }
    }

    #[tokio::test]
    async fn a_share_is_given_and_taken_back() {
        let (core, cx) = (core(), context());
        core.given(record("f")).await;
        let limits = async || core.admission(&record("f").key).await.unwrap().on_demand;
        let reserved = async || {
            let input = GetFunctionConcurrencyRequest {
                function_name: Some("f".to_owned()),
            };
            get_function_concurrency(&core, &cx, input)
                .await
                .unwrap()
                .reserved_concurrent_executions
        };
        assert_eq!((limits().await, reserved().await), (OnDemand::Unreserved(1_000), None));
        put_function_concurrency(&core, &cx, request("f", 3)).await.unwrap();
        assert_eq!((limits().await, reserved().await), (OnDemand::Reserved(3), Some(3)));
        for _ in 0..2 {
            let input = DeleteFunctionConcurrencyRequest {
                function_name: Some("f".to_owned()),
            };
            delete_function_concurrency(&core, &cx, input).await.unwrap();
            assert_eq!((limits().await, reserved().await), (OnDemand::Unreserved(1_000), None));
        }
    }

    #[tokio::test]
    async fn what_aws_refuses_is_refused_in_recorded_words() {
        let (core, cx) = (core(), context());
        core.given(record("f")).await;
        let message =
            async |name, reserved| refused(put_function_concurrency(&core, &cx, request(name, reserved)).await).1;
        assert_eq!(
            message("doesnotexist", 1).await,
            "Function not found: arn:aws:lambda:us-east-1:111111111111:function:doesnotexist:$LATEST"
        );
        assert_eq!(
            message("f:$LATEST", 1).await,
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. \
             Please specify either a function name or an unqualified function ARN."
        );
        assert_eq!(
            message("f", 901).await,
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution \
             below its minimum value of [100]."
        );
    }
}
