//! `SendMessage`.

use crate::{Attribute, AttributeValue, Outgoing, Refusal, Sqs, address};
use lambent_models::sqs::{
    MessageAttributeValue, MessageSystemAttributeValue, SendMessageBatchRequestEntry, SendMessageRequest,
    SendMessageResult,
};
use lambent_wire::{Map, RequestContext};
use std::collections::BTreeMap;

pub(crate) async fn send_message(
    sqs: &Sqs,
    cx: &RequestContext,
    input: SendMessageRequest,
) -> Result<SendMessageResult, Refusal> {
    let key = address::queue(cx, input.queue_url)?;
    sqs.authorize(cx, &key, "SendMessage").await?;
    let entry = SendMessageBatchRequestEntry {
        id: None,
        message_body: input.message_body,
        delay_seconds: input.delay_seconds,
        message_attributes: input.message_attributes,
        message_system_attributes: input.message_system_attributes,
        message_deduplication_id: input.message_deduplication_id,
        message_group_id: input.message_group_id,
    };
    let sent = sqs.send(&key, &outgoing(cx, entry)?).await?;
    Ok(SendMessageResult {
        md5_of_message_body: Some(sent.md5_of_body),
        md5_of_message_attributes: sent.md5_of_attributes,
        md5_of_message_system_attributes: sent.md5_of_system_attributes,
        message_id: Some(sent.message_id),
        sequence_number: sent.sequence_number,
    })
}

/// A message as a request describes it.
pub(crate) fn outgoing(cx: &RequestContext, entry: SendMessageBatchRequestEntry) -> Result<Outgoing, Refusal> {
    let delay = entry.delay_seconds.map(|seconds| {
        u32::try_from(seconds).map_err(|_| {
            let reason = "DelaySeconds must be >= 0 and <= 900.".to_owned();
            Refusal::InvalidValue(seconds.to_string(), "DelaySeconds", reason)
        })
    });
    Ok(Outgoing {
        body: entry.message_body.unwrap_or_default(),
        delay: delay.transpose()?,
        attributes: attributes(entry.message_attributes)?,
        // An SDK in a function sends on what its invocation came with: by it, loops of functions are found.
        trace_header: trace_header(entry.message_system_attributes)?.or_else(|| cx.trace_id.clone()),
        group: entry.message_group_id,
        deduplication: entry.message_deduplication_id,
        sender: cx.access_key.clone().unwrap_or_else(|| cx.scope.account.to_string()),
    })
}

fn attributes(given: Option<Map<MessageAttributeValue>>) -> Result<BTreeMap<String, Attribute>, Refusal> {
    let read = given.unwrap_or_default().into_iter().map(|(name, given)| {
        let lists = given.string_list_values.is_some_and(|list| !list.is_empty())
            || given.binary_list_values.is_some_and(|list| !list.is_empty());
        if lists {
            let text = "Message attribute list values in SendMessage operation are not supported.";
            return Err(Refusal::InvalidParameter(text.to_owned()));
        }
        let value = match (given.string_value, given.binary_value) {
            (Some(text), _) => AttributeValue::Text(text),
            (None, Some(bytes)) => AttributeValue::Binary(bytes.0.to_vec()),
            (None, None) => AttributeValue::Text(String::new()),
        };
        let data_type = given.data_type.unwrap_or_default();
        Ok((name, Attribute { data_type, value }))
    });
    read.collect()
}

/// The one system attribute that can be sent.
fn trace_header(given: Option<Map<MessageSystemAttributeValue>>) -> Result<Option<String>, Refusal> {
    let mut trace = None;
    for (name, given) in given.unwrap_or_default() {
        if name != "AWSTraceHeader" || given.data_type.as_deref() != Some("String") {
            return Err(Refusal::InvalidParameter(format!(
                "Message system attribute name '{name}' is invalid."
            )));
        }
        trace = given.string_value;
    }
    Ok(trace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, context, key, url};

    #[tokio::test]
    async fn what_is_sent_is_what_is_received() {
        let (sqs, _) = testing::service().await;
        testing::queue(&sqs, "q", &[]).await;
        let text = |value: &str| MessageAttributeValue {
            string_value: Some(value.to_owned()),
            data_type: Some("String".to_owned()),
            ..MessageAttributeValue::default()
        };
        let trace = MessageSystemAttributeValue {
            string_value: Some("Root=1".to_owned()),
            data_type: Some("String".to_owned()),
            ..MessageSystemAttributeValue::default()
        };
        let input = SendMessageRequest {
            queue_url: url("q"),
            message_body: Some("msg".to_owned()),
            message_attributes: Some([("Hello".to_owned(), text("There"))].into_iter().collect()),
            message_system_attributes: Some([("AWSTraceHeader".to_owned(), trace)].into_iter().collect()),
            ..SendMessageRequest::default()
        };
        let sent = send_message(&sqs, &context(), input).await.unwrap();
        assert_eq!(sent.md5_of_message_body.as_deref(), Some("6e2baaf3b97dbeef01c0043275f9a0e7"));
        assert_eq!(sent.md5_of_message_attributes.as_deref(), Some("a311262e065454b75da111d535b8dacd"));
        let received = sqs.receive(&key("q"), &crate::Receive::default()).await.unwrap().remove(0);
        assert_eq!((received.body.as_str(), received.system["AWSTraceHeader"].as_str()), ("msg", "Root=1"));
        assert_eq!(received.attributes["Hello"].value, AttributeValue::Text("There".to_owned()));
        let traced = RequestContext {
            trace_id: Some("Root=2".to_owned()),
            ..context()
        };
        let plain = SendMessageRequest {
            queue_url: url("q"),
            message_body: Some("msg".to_owned()),
            ..SendMessageRequest::default()
        };
        send_message(&sqs, &traced, plain).await.unwrap();
        let received = sqs.receive(&key("q"), &crate::Receive::default()).await.unwrap().remove(0);
        assert_eq!(received.system["AWSTraceHeader"], "Root=2");
    }
}
