//! A message as functions and filters see it (recorded: `test_message_body_and_attributes_passed_correctly`).

use crate::queue::Received;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lambent_engine::pattern::Pattern;
use lambent_types::{Attribute, AttributeValue};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The payload of an invocation.
#[derive(Serialize)]
pub(crate) struct Batch<'a> {
    #[serde(rename = "Records")]
    pub(crate) records: &'a [Record],
}

/// One message.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    pub(crate) message_id: String,
    pub(crate) receipt_handle: String,
    pub(crate) body: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) message_attributes: BTreeMap<String, Shown>,
    /// The outer `None` is left out, the inner one is `null`.
    #[serde(skip_serializing_if = "Option::is_none")]
    md5_of_message_attributes: Option<Option<String>>,
    md5_of_body: String,
    event_source: &'static str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: String,
    aws_region: String,
}

/// A message attribute.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
    string_list_values: [String; 0],
    binary_list_values: [String; 0],
    data_type: String,
}

impl Record {
    /// A message of this queue in this region. AWS leaves the digest of attributes out where there are none, but says `null` to
    /// functions whose batches are gathered for a while (recorded throughout `event_source_sqs.json`).
    pub(crate) fn new(received: Received, source: &str, region: &str, gathered: bool) -> Self {
        let shown = |(name, attribute): (String, Attribute)| {
            let (text, bytes) = match attribute.value {
                AttributeValue::Text(text) => (Some(text), None),
                AttributeValue::Binary(bytes) => (None, Some(STANDARD.encode(bytes))),
            };
            let shown = Shown {
                string_value: text,
                binary_value: bytes,
                string_list_values: [],
                binary_list_values: [],
                data_type: attribute.data_type,
            };
            (name, shown)
        };
        let md5 = received.md5_of_attributes;
        Self {
            message_id: received.message_id,
            receipt_handle: received.receipt_handle,
            body: received.body,
            attributes: received.system,
            message_attributes: received.attributes.into_iter().map(shown).collect(),
            md5_of_message_attributes: (md5.is_some() || gathered).then_some(md5),
            md5_of_body: received.md5_of_body,
            event_source: "aws:sqs",
            event_source_arn: source.to_owned(),
            aws_region: region.to_owned(),
        }
    }

    /// Whether one of the patterns fits, if there are some. A body that is a JSON object is looked into.
    pub(crate) fn wanted(&self, filters: &[Pattern]) -> bool {
        if filters.is_empty() {
            return true;
        }
        let Ok(Value::Object(mut event)) = serde_json::to_value(self) else {
            return false;
        };
        if let Ok(body @ Value::Object(_)) = serde_json::from_str(&self.body) {
            event.insert("body".to_owned(), body);
        }
        let event = Value::Object(event);
        filters.iter().any(|filter| filter.matches(&event))
    }

    /// What it adds to a payload.
    pub(crate) fn bytes(&self) -> usize {
        serde_json::to_vec(self).map_or(0, |text| text.len() + 1)
    }
}
