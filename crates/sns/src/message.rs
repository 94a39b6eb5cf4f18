//! Messages, as they are published.

use crate::Refusal;
use lambent_models::sns::MessageAttributeValue;
use lambent_types::{Attribute, AttributeValue};
use lambent_wire::Map;
use serde_json::Value;
use std::collections::BTreeMap;

/// The longest message, with its attributes.
pub(crate) const LONGEST: usize = 262_144;
/// The longest subject, in characters.
const LONGEST_SUBJECT: usize = 100;

/// Something to publish.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// What it says.
    pub body: String,
    /// What it is about.
    pub subject: Option<String>,
    /// What is said beside it.
    pub attributes: BTreeMap<String, Attribute>,
    /// The group whose order is kept, in a FIFO topic.
    pub group: Option<String>,
    /// What tells it from others, in a FIFO topic.
    pub deduplication: Option<String>,
    /// What each protocol's subscribers get in place of the body.
    pub(crate) by_protocol: BTreeMap<String, String>,
}

impl Message {
    /// Its length, as AWS counts it.
    pub(crate) fn length(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, attribute)| {
            let value = match &attribute.value {
                AttributeValue::Text(text) => text.len(),
                AttributeValue::Binary(bytes) => bytes.len(),
            };
            name.len() + attribute.data_type.len() + value
        });
        self.body.len() + attributes.sum::<usize>()
    }

    /// Checks it on its own.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let invalid = |text: &str| Err(Refusal::Invalid(text.to_owned()));
        if self.body.is_empty() {
            return invalid("Empty message");
        }
        if self.length() > LONGEST {
            return invalid("Message too long");
        }
        match &self.subject {
            Some(subject) if subject.is_empty() || subject.chars().count() > LONGEST_SUBJECT => invalid("Subject"),
            Some(subject) if subject.contains(['\n', '\r']) => invalid("Subject"),
            _ => Ok(()),
        }
    }

    /// Takes the body for what each protocol's subscribers get: `MessageStructure` is `json`.
    pub(crate) fn structured(mut self, structure: Option<&str>) -> Result<Self, Refusal> {
        let invalid = |text: &str| Refusal::Invalid(format!("Message Structure - {text}"));
        match structure {
            None => return Ok(self),
            Some("json") => {}
            Some(_) => return Err(Refusal::Invalid("MessageStructure".to_owned())),
        }
        let parts: BTreeMap<String, Value> =
            serde_json::from_str(&self.body).map_err(|_| invalid("JSON message body failed to parse"))?;
        let texts = parts
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
        self.by_protocol = texts.collect();
        let usual = self.by_protocol.remove("default");
        self.body = usual.ok_or_else(|| invalid("No default entry in JSON message body"))?;
        Ok(self)
    }

    /// What the subscribers of a protocol get.
    pub(crate) fn body_for(&self, protocol: &str) -> &str {
        self.by_protocol.get(protocol).unwrap_or(&self.body)
    }

    /// The attributes as a filter sees them: a list is each of its elements.
    pub(crate) fn filtered_attributes(&self) -> Value {
        let value = |attribute: &Attribute| {
            let AttributeValue::Text(text) = &attribute.value else {
                return None;
            };
            match attribute.data_type.as_str() {
                "String.Array" => serde_json::from_str(text).ok(),
                number if number.starts_with("Number") => serde_json::from_str(text).ok(),
                _ => Some(Value::String(text.clone())),
            }
        };
        let attributes = self.attributes.iter();
        Value::Object(
            attributes
                .filter_map(|(name, each)| value(each).map(|value| (name.clone(), value)))
                .collect(),
        )
    }
}

/// Reads and checks the attributes of a request.
pub(crate) fn attributes(given: Option<Map<MessageAttributeValue>>) -> Result<BTreeMap<String, Attribute>, Refusal> {
    given
        .into_iter()
        .flatten()
        .map(|(name, value)| attribute(&name, value).map(|read| (name, read)))
        .collect()
}

fn attribute(name: &str, value: MessageAttributeValue) -> Result<Attribute, Refusal> {
    let data_type = value.data_type.unwrap_or_default();
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.is_empty() || name.len() > 256 || !name.bytes().all(named) {
        return Err(Refusal::InvalidValue(format!(
            "The message attribute name '{name}' is invalid."
        )));
    }
    let empty = || {
        Refusal::InvalidValue(format!(
            "The message attribute '{name}' must contain non-empty message attribute value for message attribute type '{data_type}'."
        ))
    };
    let value = match data_type.split('.').next().unwrap_or_default() {
        "String" | "Number" => {
            AttributeValue::Text(value.string_value.filter(|text| !text.is_empty()).ok_or_else(empty)?)
        }
        "Binary" => AttributeValue::Binary(
            value
                .binary_value
                .map(|blob| blob.0.to_vec())
                .filter(|bytes| !bytes.is_empty())
                .ok_or_else(empty)?,
        ),
        _ => {
            let text = format!(
                "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."
            );
            return Err(Refusal::InvalidValue(text));
        }
    };
    if let AttributeValue::Text(text) = &value
        && data_type.starts_with("Number")
        && text.parse::<f64>().is_err()
    {
        let text = format!("Could not cast message attribute '{name}' value to number.");
        return Err(Refusal::InvalidValue(text));
    }
    Ok(Attribute { data_type, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> Message {
        Message {
            body: body.to_owned(),
            ..Message::default()
        }
    }

    #[test]
    fn each_protocol_may_get_something_else() {
        let both = message(r#"{"default": "d", "sqs": "q", "odd": 1}"#)
            .structured(Some("json"))
            .unwrap();
        assert_eq!((both.body_for("sqs"), both.body_for("lambda")), ("q", "d"));
        assert_eq!(message("{}").structured(None).unwrap().body, "{}");
        for bad in ["no json", "{}", r#"{"default": 1}"#] {
            assert!(message(bad).structured(Some("json")).is_err(), "{bad}");
        }
        assert!(message("x").structured(Some("xml")).is_err());
    }

    #[test]
    fn what_is_wrong_with_a_message_is_told() {
        assert_eq!(message("").check(), Err(Refusal::Invalid("Empty message".to_owned())));
        assert!(message(&"x".repeat(LONGEST)).check().is_ok());
        assert!(message(&"x".repeat(LONGEST + 1)).check().is_err());
        for subject in ["", "two\nlines", &"x".repeat(101)] {
            let subject = Some(subject.to_owned());
            assert!(
                Message {
                    subject,
                    ..message("x")
                }
                .check()
                .is_err()
            );
        }
    }

    #[test]
    fn attributes_are_read_by_their_type() {
        let given = |data_type: &str, text: &str| MessageAttributeValue {
            data_type: Some(data_type.to_owned()),
            string_value: Some(text.to_owned()),
            binary_value: None,
        };
        assert!(attribute("n", given("Number.int", "7")).is_ok());
        for (name, bad) in [
            ("n", given("Number", "x")),
            ("n", given("Text", "x")),
            ("n", given("String", "")),
            ("n", given("Binary", "x")),
            ("a b", given("String", "x")),
        ] {
            assert!(attribute(name, bad).is_err());
        }
        let list = attribute("l", given("String.Array", r#"["a", 1]"#)).unwrap();
        let told = Message {
            attributes: [("l".to_owned(), list), ("n".to_owned(), Attribute::number(7))].into(),
            ..message("x")
        };
        assert_eq!(told.filtered_attributes(), serde_json::json!({"l": ["a", 1], "n": 7}));
    }
}
