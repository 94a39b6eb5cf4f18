//! `ListQueueTags`.

use crate::{Refusal, Sqs, address};
use lambent_models::sqs::{ListQueueTagsRequest, ListQueueTagsResult};
use lambent_wire::RequestContext;

pub(crate) async fn list_queue_tags(
    sqs: &Sqs,
    cx: &RequestContext,
    input: ListQueueTagsRequest,
) -> Result<ListQueueTagsResult, Refusal> {
    let key = address::queue(cx, input.queue_url)?;
    sqs.authorize(cx, &key, "ListQueueTags").await?;
    let tags = sqs.queue(&key).await?.tags;
    Ok(ListQueueTagsResult {
        tags: Some(tags.into_iter().collect()),
    })
}
