//! SQS in the query protocol: forms that are answered in XML.

use super::{Answer, Ask, Failure, excerpt, xml::Element};
use crate::queue::{Received, Trouble};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::Response;
use lambent_types::{Attribute, AttributeValue};
use lambent_wire::uri::percent_encode;
use std::time::Duration;

const VERSION: &str = "2012-11-05";

/// A request of the queue with this URL.
pub(super) fn encode(url: &str, ask: Ask<'_>) -> Bytes {
    let mut form = vec![
        ("Action".to_owned(), ask.operation().to_owned()),
        ("Version".to_owned(), VERSION.to_owned()),
    ];
    let mut add = |name: &str, value: String| form.push((name.to_owned(), value));
    if !url.is_empty() {
        add("QueueUrl", url.to_owned());
    }
    match ask {
        Ask::QueueUrl(key) => {
            add("QueueName", key.name.clone());
            add("QueueOwnerAWSAccountId", key.scope.account.to_string());
        }
        Ask::VisibilityTimeout => add("AttributeName.1", "VisibilityTimeout".to_owned()),
        Ask::Receive { most, wait } => {
            add("MaxNumberOfMessages", most.to_string());
            add("WaitTimeSeconds", wait.as_secs().to_string());
            add("AttributeName.1", "All".to_owned());
            add("MessageAttributeName.1", "All".to_owned());
        }
        Ask::Delete(handles) | Ask::GiveBack(handles) => {
            let give_back = matches!(ask, Ask::GiveBack(_));
            for (place, handle) in handles.iter().enumerate() {
                let entry = format!("{}RequestEntry.{}", ask.operation(), place + 1);
                add(&format!("{entry}.Id"), place.to_string());
                add(&format!("{entry}.ReceiptHandle"), (*handle).to_owned());
                if give_back {
                    add(&format!("{entry}.VisibilityTimeout"), "0".to_owned());
                }
            }
        }
    }
    let encoded: Vec<String> = form
        .iter()
        .map(|(name, value)| format!("{name}={}", percent_encode(value, false)))
        .collect();
    Bytes::from(encoded.join("&"))
}

/// Reads the answer to a request.
pub(super) fn decode(ask: Ask<'_>, answer: &Response<Bytes>) -> Result<Answer, Failure> {
    let root = std::str::from_utf8(answer.body()).ok().and_then(Element::parse);
    if !answer.status().is_success() {
        let error = root.as_ref().and_then(|root| root.find("Error"));
        return Err(match error.and_then(|error| Some((error, error.text_of("Code")?))) {
            Some((error, code)) => Trouble::Refused {
                code: code.to_owned(),
                message: error.text_of("Message").unwrap_or_default().to_owned(),
            }
            .into(),
            None if answer.status().is_server_error() => Trouble::Unreachable(excerpt(answer)).into(),
            None => Failure::OtherProtocol(excerpt(answer)),
        });
    }
    let garbled = || Failure::OtherProtocol(excerpt(answer));
    let root = root
        .filter(|root| root.name.starts_with(ask.operation()))
        .ok_or_else(garbled)?;
    let result = root.find(&format!("{}Result", ask.operation())).unwrap_or(&root);
    let read = match ask {
        Ask::QueueUrl(_) => result.text_of("QueueUrl").map(|url| Answer::QueueUrl(url.to_owned())),
        Ask::VisibilityTimeout => result
            .all("Attribute")
            .find(|attribute| attribute.text_of("Name") == Some("VisibilityTimeout"))
            .and_then(|attribute| attribute.text_of("Value")?.parse().ok())
            .map(|seconds| Answer::VisibilityTimeout(Duration::from_secs(seconds))),
        Ask::Receive { .. } => {
            let messages: Option<Vec<Received>> = result.all("Message").map(received).collect();
            messages.map(Answer::Messages)
        }
        Ask::Delete(_) | Ask::GiveBack(_) => {
            let failed = result.all("BatchResultErrorEntry").filter_map(|entry| {
                let code = entry.text_of("Code").unwrap_or_default().to_owned();
                let message = entry.text_of("Message").unwrap_or_default().to_owned();
                Some((entry.text_of("Id")?.parse().ok()?, Trouble::Refused { code, message }))
            });
            Some(Answer::Failed(failed.collect()))
        }
    };
    read.ok_or_else(|| Trouble::Garbled(excerpt(answer)).into())
}

fn received(message: &Element) -> Option<Received> {
    let text = |name: &str| message.text_of(name).map(str::to_owned);
    let system = message.all("Attribute").filter_map(|attribute| {
        let value = attribute.text_of("Value").unwrap_or_default();
        Some((attribute.text_of("Name")?.to_owned(), value.to_owned()))
    });
    Some(Received {
        message_id: text("MessageId")?,
        receipt_handle: text("ReceiptHandle")?,
        body: text("Body")?,
        md5_of_body: text("MD5OfBody").unwrap_or_default(),
        md5_of_attributes: text("MD5OfMessageAttributes"),
        attributes: message.all("MessageAttribute").map(attribute).collect::<Option<_>>()?,
        system: system.collect(),
    })
}

fn attribute(attribute: &Element) -> Option<(String, Attribute)> {
    let value = attribute.find("Value")?;
    let data_type = value.text_of("DataType")?.to_owned();
    let value = match value.text_of("BinaryValue") {
        Some(bytes) if data_type.starts_with("Binary") => AttributeValue::Binary(STANDARD.decode(bytes).ok()?),
        _ => AttributeValue::Text(value.text_of("StringValue").unwrap_or_default().to_owned()),
    };
    Some((attribute.text_of("Name")?.to_owned(), Attribute { data_type, value }))
}
