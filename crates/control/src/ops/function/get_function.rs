//! `GetFunction`.

use crate::{Control, Refusal, convert, naming::Target};
use lambent_models::lambda::{Concurrency, FunctionCodeLocation, GetFunctionRequest, GetFunctionResponse};
use lambent_types::{Code, Version};
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
        code: Some(match &record.code {
            Code::Zip(code) => FunctionCodeLocation {
                repository_type: Some("S3".to_owned()),
                location: Some(control.location(cx, code.digest)),
                ..FunctionCodeLocation::default()
            },
            Code::Image(image) => FunctionCodeLocation {
                repository_type: Some("ECR".to_owned()),
                image_uri: Some(image.uri.to_string()),
                resolved_image_uri: Some(image.resolved_uri()),
                ..FunctionCodeLocation::default()
            },
        }),
        concurrency: reserved
            .map(|executions| Concurrency { reserved_concurrent_executions: Some(i64::from(executions)) }),
        tags: (!tags.is_empty()).then(|| tags.into_iter().collect()),
        ..GetFunctionResponse::default()
    })
}
