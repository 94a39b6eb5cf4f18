//! `DeleteMessage`.

use crate::{Refusal, Sqs, address};
use lambent_models::sqs::DeleteMessageRequest;
use lambent_wire::RequestContext;

pub(crate) async fn delete_message(sqs: &Sqs, cx: &RequestContext, input: DeleteMessageRequest) -> Result<(), Refusal> {
    let key = address::queue(cx, input.queue_url)?;
    sqs.authorize(cx, &key, "DeleteMessage").await?;
    sqs.delete(&key, &input.receipt_handle.unwrap_or_default()).await
}
