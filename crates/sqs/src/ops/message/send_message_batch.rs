//! `SendMessageBatch`: each entry succeeds or fails on its own; they share one wait for the disk.

use crate::{Refusal, Sqs, address, attributes::LARGEST_MESSAGE, batch, ops::send_message::outgoing};
use futures_util::future::join_all;
use lambent_models::sqs::{SendMessageBatchRequest, SendMessageBatchResult, SendMessageBatchResultEntry};
use lambent_wire::RequestContext;

pub(crate) async fn send_message_batch(
    sqs: &Sqs,
    cx: &RequestContext,
    input: SendMessageBatchRequest,
) -> Result<SendMessageBatchResult, Refusal> {
    let key = address::queue(cx, input.queue_url)?;
    sqs.authorize(cx, &key, "SendMessage").await?;
    let queue = sqs.queue(&key).await?;
    let entries = input.entries.unwrap_or_default();
    let ids = entries.iter().map(|entry| entry.id.as_deref().unwrap_or_default());
    batch::check("SendMessageBatchRequestEntry", ids)?;
    let entries = entries.into_iter().map(|mut entry| {
        let id = entry.id.take().unwrap_or_default();
        Ok((id, outgoing(cx, entry)?))
    });
    let entries = entries.collect::<Result<Vec<_>, Refusal>>()?;
    let size = entries.iter().map(|(_, message)| message.size()).sum();
    if size > LARGEST_MESSAGE as usize {
        return Err(Refusal::BatchTooLong(size));
    }
    // What no message of a FIFO queue may lack fails the whole batch.
    let lacking = |fault: Refusal| {
        if let Refusal::Missing(name) = fault {
            Refusal::InvalidParameter(format!("The request must contain the parameter {name}."))
        } else {
            fault
        }
    };
    if queue.is_fifo() {
        let check = |(_, message): &(_, crate::Outgoing)| message.check_for(&queue.settings).map_err(lacking);
        entries.iter().try_for_each(check)?;
    }
    // In their order: the store commits them as they come.
    let sending = entries.into_iter().map(async |(id, message)| {
        let sent = sqs.send(&key, &message).await;
        let answered = sent.map(|sent| SendMessageBatchResultEntry {
            id: Some(id.clone()),
            message_id: Some(sent.message_id),
            md5_of_message_body: Some(sent.md5_of_body),
            md5_of_message_attributes: sent.md5_of_attributes,
            md5_of_message_system_attributes: sent.md5_of_system_attributes,
            sequence_number: sent.sequence_number,
        });
        (id, answered)
    });
    let (successful, failed) = batch::sorted(join_all(sending).await);
    Ok(SendMessageBatchResult {
        successful: Some(successful),
        failed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, context, received, url};
    use lambent_models::sqs::SendMessageBatchRequestEntry;

    fn request(queue: &str, bodies: &[&str], group: Option<&str>) -> SendMessageBatchRequest {
        let entry = |(index, body): (usize, &&str)| SendMessageBatchRequestEntry {
            id: Some(index.to_string()),
            message_body: Some((*body).to_owned()),
            message_group_id: group.map(str::to_owned),
            ..SendMessageBatchRequestEntry::default()
        };
        SendMessageBatchRequest {
            queue_url: url(queue),
            entries: Some(bodies.iter().enumerate().map(entry).collect()),
        }
    }

    #[tokio::test]
    async fn entries_stand_for_themselves() {
        let (sqs, _) = testing::service().await;
        testing::queue(&sqs, "q", &[("MaximumMessageSize", "1024")]).await;
        let large = "l".repeat(1_025);
        let answer = send_message_batch(&sqs, &context(), request("q", &["one", &large, "two"], None)).await.unwrap();
        let failed = answer.failed.unwrap().remove(0);
        assert_eq!((failed.id.as_deref(), failed.code.as_deref()), (Some("1"), Some("InvalidParameterValue")));
        assert_eq!((answer.successful.unwrap().len(), failed.sender_fault), (2, Some(true)));
        assert_eq!(received(&sqs, "q").await, ["one", "two"]);
        let half = "h".repeat(600_000);
        let refused = send_message_batch(&sqs, &context(), request("q", &[&half, &half], None)).await;
        assert_eq!(refused, Err(Refusal::BatchTooLong(1_200_000)));
    }

    #[tokio::test]
    async fn a_fifo_queue_keeps_the_batches_order() {
        let (sqs, _) = testing::service().await;
        testing::queue(&sqs, "q.fifo", &[("FifoQueue", "true"), ("ContentBasedDeduplication", "true")]).await;
        let bodies = ["a", "b", "c", "a", "d"];
        let answer = send_message_batch(&sqs, &context(), request("q.fifo", &bodies, Some("g"))).await.unwrap();
        assert_eq!(answer.successful.unwrap().len(), 5);
        assert_eq!(received(&sqs, "q.fifo").await, ["a", "b", "c", "d"]);
        let refused = send_message_batch(&sqs, &context(), request("q.fifo", &["x"], None)).await;
        assert_eq!(
            refused,
            Err(Refusal::InvalidParameter("The request must contain the parameter MessageGroupId.".to_owned()))
        );
    }
}
