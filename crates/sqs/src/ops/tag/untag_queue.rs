//! `UntagQueue`.

use crate::{Refusal, Sqs, address};
use lambent_models::sqs::UntagQueueRequest;
use lambent_wire::RequestContext;

pub(crate) async fn untag_queue(sqs: &Sqs, cx: &RequestContext, input: UntagQueueRequest) -> Result<(), Refusal> {
    let key = address::queue(cx, input.queue_url)?;
    sqs.authorize(cx, &key, "UntagQueue").await?;
    let gone = input.tag_keys.unwrap_or_default();
    sqs.change(&key, |queue| {
        queue.tags.retain(|key, _| !gone.contains(key));
        Ok(())
    })
    .await
}
