//! `DeleteQueue`: gone at once, with all its messages.

use crate::{Refusal, Sqs, address};
use lambent_models::sqs::DeleteQueueRequest;
use lambent_wire::RequestContext;

pub(crate) async fn delete_queue(sqs: &Sqs, cx: &RequestContext, input: DeleteQueueRequest) -> Result<(), Refusal> {
    let key = address::queue(cx, input.queue_url)?;
    sqs.authorize(cx, &key, "DeleteQueue").await?;
    sqs.delete_queue(&key).await
}
