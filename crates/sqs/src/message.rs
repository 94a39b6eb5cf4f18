//! Messages as they come in, as they are kept, and as they go out.

use crate::{
    Refusal,
    attributes::{LARGEST_MESSAGE, Settings},
    digest,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lambent_types::{Message, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::collections::BTreeMap;

/// A message has at most so many attributes.
const MOST_ATTRIBUTES: usize = 10;
/// The longest delay, in seconds.
const LONGEST_DELAY: u32 = 900;
/// What AWS says of parameters that belong to the other type of queue.
const OTHER_TYPE: &str = "The request include parameter that is not valid for this queue type.";

/// A message attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// `String`, `Number` or `Binary`, with a label of the client's own behind a dot if it likes.
    pub data_type: String,
    /// Its value.
    pub value: AttributeValue,
}

/// The value of a message attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttributeValue {
    /// Text, which numbers are too.
    Text(String),
    /// Bytes.
    Binary(#[serde(serialize_with = "as_base64", deserialize_with = "from_base64")] Vec<u8>),
}

fn as_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(de::Error::custom)
}

impl AttributeValue {
    const fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

/// A message on its way in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// What it says.
    pub body: String,
    /// Seconds before it can be received; the queue's own delay if there is none.
    pub delay: Option<u32>,
    /// Its attributes.
    pub attributes: BTreeMap<String, Attribute>,
    /// `AWSTraceHeader`.
    pub trace_header: Option<String>,
    /// Its message group, which a FIFO queue needs.
    pub group: Option<String>,
    /// Its deduplication id.
    pub deduplication: Option<String>,
    /// Who sends it: shown as `SenderId`.
    pub sender: String,
}

/// What is told of a message that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Names it.
    pub message_id: String,
    /// The MD5 of its body.
    pub md5_of_body: String,
    /// The MD5 of its attributes, if it has some.
    pub md5_of_attributes: Option<String>,
    /// The MD5 of its system attributes, if it has some.
    pub md5_of_system_attributes: Option<String>,
    /// Its place in a FIFO queue.
    pub sequence_number: Option<String>,
}

/// What is kept beside the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) id: String,
    pub(crate) sent_at: Timestamp,
    pub(crate) sender: String,
    pub(crate) md5: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) attributes: BTreeMap<String, Attribute>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trace_header: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deduplication: Option<String>,
}

impl Header {
    pub(crate) fn read(message: &Message) -> Result<Self, Refusal> {
        serde_json::from_str(&message.header).map_err(|error| Refusal::Internal(error.to_string()))
    }

    pub(crate) fn text(&self) -> Result<String, Refusal> {
        serde_json::to_string(self).map_err(|error| Refusal::Internal(error.to_string()))
    }
}

/// A message that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Names it.
    pub message_id: String,
    /// Names this receive of it: for deleting it and for changing its visibility.
    pub receipt_handle: String,
    /// What was sent.
    pub body: String,
    /// The MD5 of that.
    pub md5_of_body: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, Attribute>,
    /// Its system attributes, by name.
    pub system: BTreeMap<&'static str, String>,
}

impl Received {
    /// The MD5 of its attributes, if it has some.
    #[must_use]
    pub fn md5_of_attributes(&self) -> Option<String> {
        digest::of_attributes(&self.attributes)
    }

    /// A message as who received it sees it.
    pub(crate) fn new(message: Message, receipt_handle: String) -> Result<Self, Refusal> {
        let header = Header::read(&message)?;
        let first = message.first_received_at.unwrap_or_default();
        let mut system = BTreeMap::from([
            ("SenderId", header.sender),
            ("SentTimestamp", header.sent_at.as_millis().to_string()),
            ("ApproximateReceiveCount", message.receives.to_string()),
            ("ApproximateFirstReceiveTimestamp", first.as_millis().to_string()),
        ]);
        let ordered = message.group.is_some();
        let more = [
            ("MessageGroupId", header.group),
            ("MessageDeduplicationId", header.deduplication),
            (
                "SequenceNumber",
                ordered.then(|| sequence_number(message.sequence.number())),
            ),
            ("AWSTraceHeader", header.trace_header),
            ("DeadLetterQueueSourceArn", message.dead_letter_source),
        ];
        system.extend(more.into_iter().filter_map(|(name, value)| Some((name, value?))));
        Ok(Self {
            message_id: header.id,
            receipt_handle,
            body: message.body,
            md5_of_body: header.md5,
            attributes: header.attributes,
            system,
        })
    }
}

/// A place as clients see it: twenty digits.
pub(crate) fn sequence_number(place: i64) -> String {
    format!("{place:020}")
}

impl Outgoing {
    /// Its bytes as they count against limits: the body, and names, types and values of attributes.
    pub(crate) fn size(&self) -> usize {
        let attribute =
            |(name, attribute): (&String, &Attribute)| name.len() + attribute.data_type.len() + attribute.value.len();
        self.body.len() + self.attributes.iter().map(attribute).sum::<usize>()
    }

    /// Refuses what no queue takes.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        if self.body.is_empty() {
            return Err(Refusal::Missing("MessageBody".to_owned()));
        }
        let forbidden =
            |c: &char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
        if let Some(found) = self.body.chars().find(forbidden) {
            return Err(Refusal::InvalidContents(found));
        }
        if self.attributes.len() > MOST_ATTRIBUTES {
            let count = self.attributes.len();
            return Err(Refusal::InvalidParameter(format!(
                "Number of message attributes [{count}] exceeds the allowed maximum [{MOST_ATTRIBUTES}]."
            )));
        }
        self.attributes
            .iter()
            .try_for_each(|(name, attribute)| check_attribute(name, attribute))?;
        if let Some(delay) = self.delay.filter(|delay| *delay > LONGEST_DELAY) {
            let reason = format!("DelaySeconds must be >= 0 and <= {LONGEST_DELAY}.");
            return Err(Refusal::InvalidValue(delay.to_string(), "DelaySeconds", reason));
        }
        let ids = [
            ("MessageGroupId", &self.group),
            ("MessageDeduplicationId", &self.deduplication),
        ];
        ids.into_iter()
            .try_for_each(|(name, id)| id.as_deref().map_or(Ok(()), |id| check_id(name, id)))
    }

    /// Refuses what a queue with these settings does not take.
    pub(crate) fn check_for(&self, settings: &Settings) -> Result<(), Refusal> {
        let limit = settings.maximum_message_size.min(LARGEST_MESSAGE);
        if self.size() > limit as usize {
            return Err(Refusal::InvalidParameter(format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
            )));
        }
        let other_type = |value: String, name| Err(Refusal::InvalidValue(value, name, OTHER_TYPE.to_owned()));
        let Some(fifo) = &settings.fifo else {
            return match &self.deduplication {
                Some(id) => other_type(id.clone(), "MessageDeduplicationId"),
                None => Ok(()),
            };
        };
        if let Some(delay) = self.delay.filter(|delay| *delay > 0) {
            return other_type(delay.to_string(), "DelaySeconds");
        }
        if self.group.is_none() {
            return Err(Refusal::Missing("MessageGroupId".to_owned()));
        }
        if self.deduplication.is_none() && !fifo.content_based {
            return Err(Refusal::InvalidParameter(
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
                 explicitly"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// What is kept of it beside the body.
    pub(crate) fn header(&self, id: String, now: Timestamp, deduplication: Option<String>) -> Header {
        Header {
            id,
            sent_at: now,
            sender: self.sender.clone(),
            md5: digest::of_body(&self.body),
            attributes: self.attributes.clone(),
            trace_header: self.trace_header.clone(),
            group: self.group.clone(),
            deduplication,
        }
    }

    /// The MD5 of its system attributes: there is one, which is text.
    pub(crate) fn md5_of_system_attributes(&self) -> Option<String> {
        let trace = Attribute {
            data_type: "String".to_owned(),
            value: AttributeValue::Text(self.trace_header.clone()?),
        };
        digest::of_attributes([(&"AWSTraceHeader".to_owned(), &trace)])
    }
}

fn check_id(name: &'static str, id: &str) -> Result<(), Refusal> {
    let fits = (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        return Ok(());
    }
    let reason = format!("{name} can only include alphanumeric and punctuation characters. 1 to 128 in length.");
    Err(Refusal::InvalidValue(id.to_owned(), name, reason))
}

fn check_attribute(name: &str, attribute: &Attribute) -> Result<(), Refusal> {
    let refuse = |text: String| Err(Refusal::InvalidParameter(text));
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if name.is_empty() || name.len() > 256 || !name.bytes().all(allowed) {
        return refuse(format!(
            "The message attribute name '{name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, \
             underscore (_), hyphen (-), and period (.) characters."
        ));
    }
    let lower = name.to_ascii_lowercase();
    let reserved = lower.starts_with("aws.") || lower.starts_with("amazon.");
    if reserved || name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        return refuse(format!(
            "The message attribute name '{name}' is invalid. Attribute name cannot start with AWS. or Amazon., start \
             or end with a period, or have successive periods."
        ));
    }
    let kind = attribute.data_type.split('.').next().unwrap_or_default();
    let text = match (kind, &attribute.value) {
        ("String" | "Number" | "Binary", value) if value.len() == 0 => {
            return refuse(format!(
                "Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
            ));
        }
        ("Binary", AttributeValue::Binary(_)) => return Ok(()),
        ("String" | "Number", AttributeValue::Text(text)) => text,
        ("String" | "Number" | "Binary", _) => {
            return refuse(format!(
                "Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
            ));
        }
        _ => {
            return refuse(format!(
                "The type of message (user) attribute '{name}' is invalid. You must use only the following supported \
                 type prefixes: Binary, Number, String."
            ));
        }
    };
    if kind == "Number" && !text.trim().parse::<f64>().is_ok_and(f64::is_finite) {
        return refuse(format!(
            "Can't cast the value of message (user) attribute '{name}' to a number."
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(data_type: &str, value: &str) -> Attribute {
        Attribute {
            data_type: data_type.to_owned(),
            value: AttributeValue::Text(value.to_owned()),
        }
    }

    fn with(name: &str, attribute: Attribute) -> Result<(), Refusal> {
        let outgoing = Outgoing {
            body: "b".to_owned(),
            attributes: [(name.to_owned(), attribute)].into(),
            ..Outgoing::default()
        };
        outgoing.check()
    }

    #[test]
    fn attributes_are_what_their_type_says() {
        assert_eq!(with("A", text("String.json", "{}")), Ok(()));
        assert_eq!(with("A", text("Number", "-1.5e3")), Ok(()));
        assert_eq!(
            with("ErrorDetails", text("String", "")),
            Err(Refusal::InvalidParameter(
                "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type 'String'.".to_owned()
            ))
        );
        for (name, attribute) in [
            ("A", text("Number", "many")),
            ("A", text("Number", "NaN")),
            ("A", text("Binary", "no bytes")),
            ("A", text("Text", "x")),
            ("AWS.A", text("String", "x")),
            ("a b", text("String", "x")),
        ] {
            assert!(with(name, attribute).is_err(), "{name}");
        }
    }

    #[test]
    fn bodies_are_text_that_xml_can_carry() {
        let check = |body: &str| {
            let outgoing = Outgoing {
                body: body.to_owned(),
                ..Outgoing::default()
            };
            outgoing.check()
        };
        assert_eq!(check("tab\t line\n return\r \u{1f600}"), Ok(()));
        assert_eq!(check("a\u{1}"), Err(Refusal::InvalidContents('\u{1}')));
        assert_eq!(check(""), Err(Refusal::Missing("MessageBody".to_owned())));
    }

    #[test]
    fn each_type_of_queue_takes_what_is_its() {
        let (standard, mut fifo) = (Settings::new(false), Settings::new(true));
        let message = Outgoing {
            body: "b".to_owned(),
            ..Outgoing::default()
        };
        let grouped = Outgoing {
            group: Some("g".to_owned()),
            ..message.clone()
        };
        assert_eq!(message.check_for(&standard), Ok(()));
        assert_eq!(grouped.check_for(&standard), Ok(()), "groups are for fairness there");
        assert_eq!(
            message.check_for(&fifo),
            Err(Refusal::Missing("MessageGroupId".to_owned()))
        );
        assert!(grouped.check_for(&fifo).is_err());
        fifo.set("ContentBasedDeduplication", "true").unwrap();
        assert_eq!(grouped.check_for(&fifo), Ok(()));
        let delayed = Outgoing {
            delay: Some(2),
            ..grouped
        };
        assert_eq!(
            delayed.check_for(&fifo),
            Err(Refusal::InvalidValue(
                "2".to_owned(),
                "DelaySeconds",
                OTHER_TYPE.to_owned()
            ))
        );
    }

    #[test]
    fn headers_come_back_as_they_were() {
        let outgoing = Outgoing {
            body: "b".to_owned(),
            attributes: [(
                "A".to_owned(),
                Attribute {
                    data_type: "Binary".to_owned(),
                    value: AttributeValue::Binary(vec![0, 255]),
                },
            )]
            .into(),
            ..Outgoing::default()
        };
        let header = outgoing.header("id".to_owned(), Timestamp::from_micros(5), None);
        assert_eq!(serde_json::from_str::<Header>(&header.text().unwrap()).unwrap(), header);
    }
}
