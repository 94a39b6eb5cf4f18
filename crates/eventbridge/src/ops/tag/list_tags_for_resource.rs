//! `ListTagsForResource`.

use crate::{Events, Refusal, ops::tag_resource::rule_in};
use lambent_models::eventbridge::{ListTagsForResourceRequest, ListTagsForResourceResponse, Tag};
use lambent_wire::RequestContext;

pub(crate) async fn list_tags_for_resource(
    events: &Events,
    cx: &RequestContext,
    input: ListTagsForResourceRequest,
) -> Result<ListTagsForResourceResponse, Refusal> {
    let (bus, name) = rule_in(input.resource_arn)?;
    let stored = events.rule(cx, &bus, &name).await?;
    let tags = stored.value.tags.into_iter().map(|(key, value)| Tag {
        key: Some(key),
        value: Some(value),
    });
    Ok(ListTagsForResourceResponse {
        tags: Some(tags.collect()),
    })
}
