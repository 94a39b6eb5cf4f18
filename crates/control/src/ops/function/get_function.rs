//! `GetFunction`.

use crate::{Control, Refusal, convert, naming::Target};
use lambent_models::lambda::{Concurrency, FunctionCodeLocation, GetFunctionRequest, GetFunctionResponse};
use lambent_types::Version;
use lambent_wire::RequestContext;

pub(crate) async fn get_function(
    control: &Control,
    cx: &RequestContext,
    input: GetFunctionRequest,
) -> Result<GetFunctionResponse, Refusal> {
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let found = control.find(&target).await?;
    let record = found.ok_or_else(|| Refusal::FunctionNotFound(target.arn()))?;
    // Tags are the function's, wherever they are asked for.
    let tags = match record.key.version {
        Version::Latest => record.tags.clone(),
        Version::Published(_) => control.find_latest(&target).await?.map(|latest| latest.tags.clone()).unwrap_or_default(),
    };
    let reserved = control.shares(&cx.scope).await?.reserved(&record.key.function);
    Ok(GetFunctionResponse {
        configuration: Some(convert::configuration(&record, target.arn())),
        code: Some(FunctionCodeLocation {
            repository_type: Some("S3".to_owned()),
            location: Some(control.location(cx, record.code.digest)),
            ..FunctionCodeLocation::default()
        }),
        concurrency: reserved
            .map(|executions| Concurrency { reserved_concurrent_executions: Some(i64::from(executions)) }),
        tags: (!tags.is_empty()).then(|| tags.into_iter().collect()),
        ..GetFunctionResponse::default()
    })
}
