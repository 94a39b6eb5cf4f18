//! `ChangeMessageVisibilityBatch`.

use crate::{Refusal, Sqs, address, batch};
use futures_util::future::join_all;
use lambent_models::sqs::{
    ChangeMessageVisibilityBatchRequest, ChangeMessageVisibilityBatchResult, ChangeMessageVisibilityBatchResultEntry,
};
use lambent_wire::RequestContext;

pub(crate) async fn change_message_visibility_batch(
    sqs: &Sqs,
    cx: &RequestContext,
    input: ChangeMessageVisibilityBatchRequest,
) -> Result<ChangeMessageVisibilityBatchResult, Refusal> {
    let key = address::queue(cx, input.queue_url)?;
    sqs.authorize(cx, &key, "ChangeMessageVisibility").await?;
    sqs.queue(&key).await?;
    let entries = input.entries.unwrap_or_default();
    let ids = entries.iter().map(|entry| entry.id.as_deref().unwrap_or_default());
    batch::check("ChangeMessageVisibilityBatchRequestEntry", ids)?;
    let changing = entries.into_iter().map(async |entry| {
        let (id, handle) = (entry.id.unwrap_or_default(), entry.receipt_handle.unwrap_or_default());
        let seconds = entry.visibility_timeout.unwrap_or_default();
        let changed = sqs.change_visibility(&key, &handle, seconds).await;
        let answered = changed.map(|()| ChangeMessageVisibilityBatchResultEntry { id: Some(id.clone()) });
        (id, answered)
    });
    let (successful, failed) = batch::sorted(join_all(changing).await);
    Ok(ChangeMessageVisibilityBatchResult {
        successful: Some(successful),
        failed,
    })
}
