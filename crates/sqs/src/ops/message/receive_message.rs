//! `ReceiveMessage`.

use crate::{Attribute, AttributeValue, Receive, Received, Refusal, Sqs, address, digest, visibility};
use lambent_models::sqs::{Message, MessageAttributeValue, ReceiveMessageRequest, ReceiveMessageResult};
use lambent_wire::{Map, RequestContext};

/// The names of system attributes.
const SYSTEM: &[&str] = &[
    "All",
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
];

pub(crate) async fn receive_message(
    sqs: &Sqs,
    cx: &RequestContext,
    input: ReceiveMessageRequest,
) -> Result<ReceiveMessageResult, Refusal> {
    let key = address::queue(cx, input.queue_url)?;
    sqs.authorize(cx, &key, "ReceiveMessage").await?;
    let most = bounded("MaxNumberOfMessages", input.max_number_of_messages, 1, 10)?.unwrap_or(1);
    let wait = bounded("WaitTimeSeconds", input.wait_time_seconds, 0, 20)?;
    let ask = Receive {
        most: most as usize,
        visibility_timeout: input.visibility_timeout.map(visibility::timeout).transpose()?,
        wait,
        attempt: input.receive_request_attempt_id,
    };
    let mut system = input.message_system_attribute_names.unwrap_or_default();
    system.extend(input.attribute_names.unwrap_or_default());
    if let Some(unknown) = system.iter().find(|name| !SYSTEM.contains(&name.as_str())) {
        return Err(Refusal::UnknownAttribute(unknown.clone()));
    }
    let names = input.message_attribute_names.unwrap_or_default();
    let messages = sqs.receive(&key, &ask).await?;
    let shown: Vec<Message> = messages.into_iter().map(|message| show(message, &system, &names)).collect();
    Ok(ReceiveMessageResult {
        messages: Some(shown).filter(|shown| !shown.is_empty()),
    })
}

fn bounded(name: &'static str, given: Option<i64>, least: u32, most: u32) -> Result<Option<u32>, Refusal> {
    let Some(given) = given else { return Ok(None) };
    let fits = u32::try_from(given).ok().filter(|number| (least..=most).contains(number));
    fits.map(Some).ok_or_else(|| {
        let reason = match name {
            "WaitTimeSeconds" => format!("Must be >= {least} and <= {most}, if provided."),
            _ => format!("Must be between {least} and {most}, if provided."),
        };
        Refusal::InvalidValue(given.to_string(), name, reason)
    })
}

/// A message with the attributes that are asked for, by these names.
fn show(message: Received, system: &[String], names: &[String]) -> Message {
    let all = system.iter().any(|name| name == "All");
    let wanted_system = |name: &str| all || system.iter().any(|wanted| wanted == name);
    let system: Map<String> = message
        .system
        .into_iter()
        .filter(|(name, _)| wanted_system(name))
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let attributes: Vec<(String, Attribute)> =
        message.attributes.into_iter().filter(|(name, _)| is_wanted(name, names)).collect();
    Message {
        message_id: Some(message.message_id),
        receipt_handle: Some(message.receipt_handle),
        md5_of_body: Some(message.md5_of_body),
        body: Some(message.body),
        attributes: Some(system).filter(|system| !system.is_empty()),
        md5_of_message_attributes: digest::of_attributes(attributes.iter().map(|(name, value)| (name, value))),
        message_attributes: Some(attributes.into_iter().map(|(name, value)| (name, shown(value))).collect::<Map<_>>())
            .filter(|shown| !shown.is_empty()),
    }
}

/// Names are given as they are, as the beginning of some with `.*` or `*` behind it, or as all of them.
fn is_wanted(name: &str, wanted: &[String]) -> bool {
    wanted.iter().any(|wanted| {
        let beginning = wanted.strip_suffix('*').map(|stem| stem.strip_suffix('.').unwrap_or(stem));
        wanted == "All" || wanted == name || beginning.is_some_and(|beginning| name.starts_with(beginning))
    })
}

fn shown(attribute: Attribute) -> MessageAttributeValue {
    let (string_value, binary_value) = match attribute.value {
        AttributeValue::Text(text) => (Some(text), None),
        AttributeValue::Binary(bytes) => (None, Some(bytes.into())),
    };
    MessageAttributeValue {
        string_value,
        binary_value,
        data_type: Some(attribute.data_type),
        ..MessageAttributeValue::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, context, key, text, url};

    /// The names and digests are those of AWS's recorded answers.
    #[tokio::test]
    async fn attributes_are_shown_by_name() {
        let (sqs, _) = testing::service().await;
        testing::queue(&sqs, "q", &[("VisibilityTimeout", "0")]).await;
        let mut message = text("msg");
        for (name, value) in [("Help.Me", "Me"), ("Hello", "There"), ("General", "Kenobi")] {
            let value = AttributeValue::Text(value.to_owned());
            let data_type = "String".to_owned();
            message.attributes.insert(name.to_owned(), Attribute { data_type, value });
        }
        sqs.send(&key("q"), &message).await.unwrap();
        let digest = async |names: &[&str]| {
            let input = ReceiveMessageRequest {
                queue_url: url("q"),
                message_attribute_names: Some(names.iter().map(|name| (*name).to_owned()).collect()),
                ..ReceiveMessageRequest::default()
            };
            let messages = receive_message(&sqs, &context(), input).await.unwrap().messages;
            messages.unwrap().remove(0).md5_of_message_attributes
        };
        for all in ["All", "*", ".*"] {
            assert_eq!(digest(&[all]).await.as_deref(), Some("4c360f3fdafd970e05fae2f149d997f5"), "{all}");
        }
        assert_eq!(digest(&["Hel.*"]).await.as_deref(), Some("83fee93c1bcd8b9a5a923ffacdc636c7"));
        assert_eq!(digest(&["Hello", "Foo"]).await.as_deref(), Some("a311262e065454b75da111d535b8dacd"));
        assert_eq!(digest(&["Foo", "Help"]).await, None);
        assert_eq!(digest(&[]).await, None);
    }

    #[tokio::test]
    async fn numbers_have_bounds() {
        let (sqs, _) = testing::service().await;
        testing::queue(&sqs, "q", &[]).await;
        let refused = async |input: ReceiveMessageRequest| {
            let input = ReceiveMessageRequest {
                queue_url: url("q"),
                ..input
            };
            match receive_message(&sqs, &context(), input).await {
                Err(Refusal::InvalidValue(value, name, reason)) => format!("{value} {name} {reason}"),
                other => panic!("{other:?}"),
            }
        };
        let most = ReceiveMessageRequest {
            max_number_of_messages: Some(11),
            ..ReceiveMessageRequest::default()
        };
        assert_eq!(refused(most).await, "11 MaxNumberOfMessages Must be between 1 and 10, if provided.");
        let wait = ReceiveMessageRequest {
            wait_time_seconds: Some(21),
            ..ReceiveMessageRequest::default()
        };
        assert!(refused(wait).await.starts_with("21 WaitTimeSeconds"));
        let timeout = ReceiveMessageRequest {
            visibility_timeout: Some(-1),
            ..ReceiveMessageRequest::default()
        };
        assert!(refused(timeout).await.starts_with("-1 VisibilityTimeout"));
    }
}
