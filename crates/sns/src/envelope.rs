//! What a subscriber is sent: "Parsing Amazon SNS message formats" and "Invoking Lambda functions with Amazon SNS notifications" of the
//! developer guides.
//!
//! AWS signs what it sends with a certificate of its own. There is none here, so the fields that tell of a signature are left out.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lambent_types::{Attribute, AttributeValue};
use serde::Serialize;
use std::collections::BTreeMap;

/// A message on its way to one subscriber.
pub(crate) struct Notice<'a> {
    pub(crate) message_id: &'a str,
    pub(crate) topic_arn: &'a str,
    pub(crate) subscription_arn: &'a str,
    pub(crate) subject: Option<&'a str>,
    pub(crate) body: &'a str,
    pub(crate) timestamp: &'a str,
    pub(crate) sequence_number: Option<&'a str>,
    pub(crate) unsubscribe_url: &'a str,
    pub(crate) attributes: &'a BTreeMap<String, Attribute>,
}

/// What queues and web servers get.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Notification<'a> {
    r#type: &'static str,
    message_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<&'a str>,
    topic_arn: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    message: &'a str,
    timestamp: &'a str,
    #[serde(rename = "UnsubscribeURL")]
    unsubscribe_url: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    message_attributes: BTreeMap<&'a str, Shown<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown<'a> {
    r#type: &'a str,
    value: String,
}

/// What a function gets.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Event<'a> {
    records: [Record<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Record<'a> {
    event_source: &'static str,
    event_version: &'static str,
    event_subscription_arn: &'a str,
    sns: ForFunctions<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ForFunctions<'a> {
    r#type: &'static str,
    message_id: &'a str,
    topic_arn: &'a str,
    subject: Option<&'a str>,
    message: &'a str,
    timestamp: &'a str,
    unsubscribe_url: &'a str,
    message_attributes: BTreeMap<&'a str, Shown<'a>>,
}

/// What a web server gets that has yet to say that it wants to subscribe.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Confirmation<'a> {
    pub(crate) r#type: &'static str,
    pub(crate) message_id: &'a str,
    pub(crate) token: &'a str,
    pub(crate) topic_arn: &'a str,
    pub(crate) message: String,
    #[serde(rename = "SubscribeURL")]
    pub(crate) subscribe_url: String,
    pub(crate) timestamp: &'a str,
}

fn shown(attributes: &BTreeMap<String, Attribute>) -> BTreeMap<&str, Shown<'_>> {
    let value = |attribute: &Attribute| match &attribute.value {
        AttributeValue::Text(text) => text.clone(),
        AttributeValue::Binary(bytes) => STANDARD.encode(bytes),
    };
    let mut all = BTreeMap::new();
    for (name, attribute) in attributes {
        let shown = Shown {
            r#type: &attribute.data_type,
            value: value(attribute),
        };
        all.insert(name.as_str(), shown);
    }
    all
}

/// As JSON.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

impl Notice<'_> {
    /// For queues and web servers.
    pub(crate) fn notification(&self) -> Vec<u8> {
        json(&Notification {
            r#type: "Notification",
            message_id: self.message_id,
            sequence_number: self.sequence_number,
            topic_arn: self.topic_arn,
            subject: self.subject,
            message: self.body,
            timestamp: self.timestamp,
            unsubscribe_url: self.unsubscribe_url,
            message_attributes: shown(self.attributes),
        })
    }

    /// For functions.
    pub(crate) fn event(&self) -> Vec<u8> {
        json(&Event {
            records: [Record {
                event_source: "aws:sns",
                event_version: "1.0",
                event_subscription_arn: self.subscription_arn,
                sns: ForFunctions {
                    r#type: "Notification",
                    message_id: self.message_id,
                    topic_arn: self.topic_arn,
                    subject: self.subject,
                    message: self.body,
                    timestamp: self.timestamp,
                    unsubscribe_url: self.unsubscribe_url,
                    message_attributes: shown(self.attributes),
                },
            }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscriber_gets_what_it_can_read() {
        let attributes = BTreeMap::from([
            ("a".to_owned(), Attribute::text("x")),
            (
                "b".to_owned(),
                Attribute {
                    data_type: "Binary".to_owned(),
                    value: AttributeValue::Binary(vec![1, 2]),
                },
            ),
        ]);
        let notice = Notice {
            message_id: "m",
            topic_arn: "t",
            subscription_arn: "t:1",
            subject: None,
            body: "hello",
            timestamp: "2026-11-23T12:05:34.123Z",
            sequence_number: None,
            unsubscribe_url: "u",
            attributes: &attributes,
        };
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let attributes =
            r#""MessageAttributes":{"a":{"Type":"String","Value":"x"},"b":{"Type":"Binary","Value":"AQI="}}"#;
        assert_eq!(
            text(notice.notification()),
            format!(
                r#"{{"Type":"Notification","MessageId":"m","TopicArn":"t","Message":"hello","Timestamp":"2026-11-23T12:05:34.123Z","UnsubscribeURL":"u",{attributes}}}"#
            )
        );
        assert_eq!(
            text(notice.event()),
            format!(
                r#"{{"Records":[{{"EventSource":"aws:sns","EventVersion":"1.0","EventSubscriptionArn":"t:1","Sns":{{"Type":"Notification","MessageId":"m","TopicArn":"t","Subject":null,"Message":"hello","Timestamp":"2026-11-23T12:05:34.123Z","UnsubscribeUrl":"u",{attributes}}}}}]}}"#
            )
        );
    }
}
