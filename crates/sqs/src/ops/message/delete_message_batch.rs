//! `DeleteMessageBatch`.

use crate::{Refusal, Sqs, address, batch};
use futures_util::future::join_all;
use lambent_models::sqs::{DeleteMessageBatchRequest, DeleteMessageBatchResult, DeleteMessageBatchResultEntry};
use lambent_wire::RequestContext;

pub(crate) async fn delete_message_batch(
    sqs: &Sqs,
    cx: &RequestContext,
    input: DeleteMessageBatchRequest,
) -> Result<DeleteMessageBatchResult, Refusal> {
    let key = address::queue(cx, input.queue_url)?;
    sqs.authorize(cx, &key, "DeleteMessage").await?;
    sqs.queue(&key).await?;
    let entries = input.entries.unwrap_or_default();
    let ids = entries.iter().map(|entry| entry.id.as_deref().unwrap_or_default());
    batch::check("DeleteMessageBatchRequestEntry", ids)?;
    let deleting = entries.into_iter().map(async |entry| {
        let id = entry.id.unwrap_or_default();
        let deleted = sqs.delete(&key, &entry.receipt_handle.unwrap_or_default()).await;
        let answered = deleted.map(|()| DeleteMessageBatchResultEntry { id: Some(id.clone()) });
        (id, answered)
    });
    let (successful, failed) = batch::sorted(join_all(deleting).await);
    Ok(DeleteMessageBatchResult {
        successful: Some(successful),
        failed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Receive,
        testing::{self, context, key, received, text, url},
    };
    use lambent_models::sqs::DeleteMessageBatchRequestEntry;

    #[tokio::test]
    async fn a_wrong_handle_does_not_keep_the_others() {
        let (sqs, _) = testing::service().await;
        testing::queue(&sqs, "q", &[]).await;
        sqs.send(&key("q"), &text("x")).await.unwrap();
        let given = Receive {
            visibility_timeout: Some(0),
            ..Receive::default()
        };
        let handle = sqs.receive(&key("q"), &given).await.unwrap().remove(0).receipt_handle;
        let entry = |id: &str, handle: &str| DeleteMessageBatchRequestEntry {
            id: Some(id.to_owned()),
            receipt_handle: Some(handle.to_owned()),
        };
        let input = DeleteMessageBatchRequest {
            queue_url: url("q"),
            entries: Some(vec![entry("a", "garbage"), entry("b", &handle)]),
        };
        let answer = delete_message_batch(&sqs, &context(), input).await.unwrap();
        assert_eq!(answer.successful.unwrap().remove(0).id.as_deref(), Some("b"));
        assert_eq!(answer.failed.unwrap().remove(0).code.as_deref(), Some("ReceiptHandleIsInvalid"));
        assert!(received(&sqs, "q").await.is_empty());
    }
}
