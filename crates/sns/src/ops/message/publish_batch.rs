//! `PublishBatch`.

use crate::{Message, Refusal, Sns, TopicKey, deduplication::Published, message, publish::Publisher};
use lambent_models::sns::{
    BatchResultErrorEntry, PublishBatchInput, PublishBatchRequestEntry, PublishBatchResponse, PublishBatchResultEntry,
};
use lambent_wire::{RequestContext, ServiceError};
use std::collections::BTreeSet;

/// Entries of a batch.
const MOST: usize = 10;

/// Each entry stands for itself: some may be published and others not.
pub(crate) async fn publish_batch(
    sns: &Sns,
    cx: &RequestContext,
    input: PublishBatchInput,
) -> Result<PublishBatchResponse, Refusal> {
    let entries = input.publish_batch_request_entries.unwrap_or_default();
    check(&entries)?;
    let (topic, _) = sns.topic(cx, input.topic_arn, "PublishBatch").await?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        let id = entry.id.clone();
        match publish_one(sns, cx, &topic, entry).await {
            Ok(published) => successful.push(PublishBatchResultEntry {
                id,
                message_id: Some(published.message_id),
                sequence_number: published.sequence_number,
            }),
            Err(refusal) => {
                let error = ServiceError::from(refusal);
                failed.push(BatchResultErrorEntry {
                    id,
                    code: Some(error.shape.code.to_owned()),
                    message: Some(error.message.to_string()),
                    sender_fault: Some(error.shape.http_status < 500),
                });
            }
        }
    }
    Ok(PublishBatchResponse {
        successful: Some(successful),
        failed: Some(failed),
    })
}

fn check(entries: &[PublishBatchRequestEntry]) -> Result<(), Refusal> {
    let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_deref().unwrap_or_default()).collect();
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if entries.is_empty() {
        return Err(Refusal::EmptyBatch);
    }
    if entries.len() > MOST {
        return Err(Refusal::TooManyEntries);
    }
    if ids.iter().any(|id| id.is_empty() || id.len() > 80 || !id.bytes().all(letter)) {
        return Err(Refusal::InvalidEntryId);
    }
    if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
        return Err(Refusal::SameEntryIds);
    }
    let length = |entry: &PublishBatchRequestEntry| entry.message.as_ref().map_or(0, String::len);
    if entries.iter().map(length).sum::<usize>() > message::LONGEST {
        return Err(Refusal::BatchTooLong);
    }
    Ok(())
}

async fn publish_one(
    sns: &Sns,
    cx: &RequestContext,
    topic: &TopicKey,
    entry: PublishBatchRequestEntry,
) -> Result<Published, Refusal> {
    let message = Message {
        body: entry.message.unwrap_or_default(),
        subject: entry.subject,
        attributes: message::attributes(entry.message_attributes)?,
        group: entry.message_group_id,
        deduplication: entry.message_deduplication_id,
        ..Message::default()
    };
    let message = message.structured(entry.message_structure.as_deref())?;
    sns.publish(topic, &message, Publisher::of(cx)).await
}
