//! `ListTagsForResource`.

use crate::{Logs, Refusal, tags};
use lambent_models::logs::{ListTagsForResourceRequest, ListTagsForResourceResponse};
use lambent_wire::RequestContext;

pub(crate) async fn list_tags_for_resource(
    logs: &Logs,
    cx: &RequestContext,
    input: ListTagsForResourceRequest,
) -> Result<ListTagsForResourceResponse, Refusal> {
    let key = logs.tagged(cx, input.resource_arn)?;
    let settings = logs.settings(&key).await?;
    Ok(ListTagsForResourceResponse {
        tags: Some(tags::shown(settings.tags)),
    })
}
