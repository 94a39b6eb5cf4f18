//! `SetQueueAttributes`. Everything is in force at once; AWS takes up to a minute.

use crate::{Refusal, Sqs, address};
use lambent_models::sqs::SetQueueAttributesRequest;
use lambent_wire::RequestContext;

pub(crate) async fn set_queue_attributes(
    sqs: &Sqs,
    cx: &RequestContext,
    input: SetQueueAttributesRequest,
) -> Result<(), Refusal> {
    let key = address::queue(cx, input.queue_url)?;
    sqs.authorize(cx, &key, "SetQueueAttributes").await?;
    let attributes: Vec<_> = input.attributes.unwrap_or_default().into_iter().collect();
    sqs.set_attributes(&key, &attributes).await
}
