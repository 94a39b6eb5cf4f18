//! `ListTagsForResource`.

use crate::{Refusal, Sns, ops::tag_resource::as_resource};
use lambent_models::sns::{ListTagsForResourceRequest, ListTagsForResourceResponse, Tag};
use lambent_wire::RequestContext;

pub(crate) async fn list_tags_for_resource(
    sns: &Sns,
    cx: &RequestContext,
    input: ListTagsForResourceRequest,
) -> Result<ListTagsForResourceResponse, Refusal> {
    let found = sns.topic(cx, input.resource_arn, "ListTagsForResource").await;
    let (_, topic) = found.map_err(as_resource)?;
    let tags = topic.value.tags.into_iter().map(|(key, value)| Tag {
        key: Some(key),
        value: Some(value),
    });
    Ok(ListTagsForResourceResponse {
        tags: Some(tags.collect()),
    })
}
