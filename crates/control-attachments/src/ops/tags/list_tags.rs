//! `ListTags`.

use crate::{Core, Refusal};
use lambent_models::lambda::{ListTagsRequest, ListTagsResponse};
use lambent_wire::RequestContext;

pub(crate) async fn list_tags(
    core: &Core,
    cx: &RequestContext,
    input: ListTagsRequest,
) -> Result<ListTagsResponse, Refusal> {
    let tags = core.tags(cx, input.resource.unwrap_or_default()).await?;
    Ok(ListTagsResponse {
        tags: Some(tags.into_iter().collect()),
    })
}
