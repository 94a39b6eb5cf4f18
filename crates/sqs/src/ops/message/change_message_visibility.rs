//! `ChangeMessageVisibility`.

use crate::{Refusal, Sqs, address};
use lambent_models::sqs::ChangeMessageVisibilityRequest;
use lambent_wire::RequestContext;

pub(crate) async fn change_message_visibility(
    sqs: &Sqs,
    cx: &RequestContext,
    input: ChangeMessageVisibilityRequest,
) -> Result<(), Refusal> {
    let key = address::queue(cx, input.queue_url)?;
    sqs.authorize(cx, &key, "ChangeMessageVisibility").await?;
    let handle = input.receipt_handle.unwrap_or_default();
    let seconds = input.visibility_timeout.unwrap_or_default();
    sqs.change_visibility(&key, &handle, seconds).await
}
