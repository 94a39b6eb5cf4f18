//! SQS in JSON: `application/x-amz-json-1.0`.

use super::{Answer, Ask, Failure, excerpt};
use crate::queue::{NO_QUEUE, Received, Trouble};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::Response;
use lambent_types::{Attribute, AttributeValue};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{collections::BTreeMap, time::Duration};

/// The members of all requests that are made.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Members<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_name: Option<&'a str>,
    #[serde(rename = "QueueOwnerAWSAccountId", skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute_names: Option<[&'a str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_system_attribute_names: Option<[&'a str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_attribute_names: Option<[&'a str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_number_of_messages: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait_time_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<Vec<Entry<'a>>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    id: String,
    receipt_handle: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    visibility_timeout: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueUrl {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    attributes: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Messages {
    messages: Option<Vec<Message>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    message_id: String,
    receipt_handle: String,
    body: String,
    #[serde(rename = "MD5OfBody", default)]
    md5_of_body: String,
    #[serde(rename = "MD5OfMessageAttributes")]
    md5_of_attributes: Option<String>,
    attributes: Option<BTreeMap<String, String>>,
    message_attributes: Option<BTreeMap<String, MessageAttribute>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MessageAttribute {
    data_type: String,
    string_value: Option<String>,
    binary_value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Batch {
    failed: Option<Vec<Failed>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    id: String,
    code: String,
    message: Option<String>,
}

#[derive(Deserialize)]
struct Refused {
    #[serde(rename = "__type")]
    kind: String,
    #[serde(alias = "Message", default)]
    message: String,
}

/// A request of the queue with this URL.
pub(super) fn encode(url: &str, ask: Ask<'_>) -> Result<Bytes, Trouble> {
    let of_queue = Members {
        queue_url: Some(url),
        ..Members::default()
    };
    let text = match ask {
        Ask::QueueUrl(key) => serde_json::to_vec(&Members {
            queue_name: Some(&key.name),
            owner: Some(key.scope.account.to_string()),
            ..Members::default()
        }),
        Ask::VisibilityTimeout => serde_json::to_vec(&Members {
            attribute_names: Some(["VisibilityTimeout"]),
            ..of_queue
        }),
        Ask::Receive { most, wait } => serde_json::to_vec(&Members {
            // The older name of the second, for older servers.
            attribute_names: Some(["All"]),
            message_system_attribute_names: Some(["All"]),
            message_attribute_names: Some(["All"]),
            max_number_of_messages: Some(most),
            wait_time_seconds: Some(wait.as_secs()),
            ..of_queue
        }),
        Ask::Delete(handles) => serde_json::to_vec(&Members {
            entries: entries(handles, None),
            ..of_queue
        }),
        Ask::GiveBack(handles) => serde_json::to_vec(&Members {
            entries: entries(handles, Some(0)),
            ..of_queue
        }),
    };
    text.map(Bytes::from)
        .map_err(|error| Trouble::Garbled(error.to_string()))
}

/// The entries of a batch, named after their places.
fn entries<'a>(handles: &[&'a str], visibility_timeout: Option<u32>) -> Option<Vec<Entry<'a>>> {
    let entry = |(place, handle): (usize, &&'a str)| Entry {
        id: place.to_string(),
        receipt_handle: handle,
        visibility_timeout,
    };
    Some(handles.iter().enumerate().map(entry).collect())
}

/// Reads the answer to a request.
pub(super) fn decode(ask: Ask<'_>, answer: &Response<Bytes>) -> Result<Answer, Failure> {
    if !answer.status().is_success() {
        return Err(refused(answer));
    }
    Ok(match ask {
        Ask::QueueUrl(_) => Answer::QueueUrl(read::<QueueUrl>(answer)?.queue_url),
        Ask::VisibilityTimeout => {
            let attributes = read::<Attributes>(answer)?.attributes.unwrap_or_default();
            let seconds = attributes.get("VisibilityTimeout").and_then(|text| text.parse().ok());
            let seconds = seconds.ok_or_else(|| Trouble::Garbled(excerpt(answer)))?;
            Answer::VisibilityTimeout(Duration::from_secs(seconds))
        }
        Ask::Receive { .. } => {
            let messages = read::<Messages>(answer)?.messages.unwrap_or_default();
            let messages: Option<_> = messages.into_iter().map(received).collect();
            Answer::Messages(messages.ok_or_else(|| Trouble::Garbled(excerpt(answer)))?)
        }
        Ask::Delete(_) | Ask::GiveBack(_) => {
            let failed = read::<Batch>(answer)?.failed.unwrap_or_default();
            let failed = failed.into_iter().filter_map(|each| {
                let (code, message) = (each.code, each.message.unwrap_or_default());
                Some((each.id.parse().ok()?, Trouble::Refused { code, message }))
            });
            Answer::Failed(failed.collect())
        }
    })
}

/// A success that is no JSON is of a server that speaks another protocol, or none.
fn read<T: DeserializeOwned>(answer: &Response<Bytes>) -> Result<T, Failure> {
    // A batch without failures may be answered with nothing.
    let body = if answer.body().is_empty() {
        b"{}"
    } else {
        answer.body().as_ref()
    };
    serde_json::from_slice(body).map_err(|_| Failure::OtherProtocol(excerpt(answer)))
}

fn refused(answer: &Response<Bytes>) -> Failure {
    let Ok(Refused { kind, message }) = serde_json::from_slice(answer.body()) else {
        let what = excerpt(answer);
        return match answer.status().is_server_error() {
            true => Trouble::Unreachable(what).into(),
            false => Failure::OtherProtocol(what),
        };
    };
    let header = answer
        .headers()
        .get("x-amzn-query-error")
        .and_then(|value| value.to_str().ok());
    let code = match (
        header.and_then(|value| value.split(';').next()),
        kind.rsplit('#').next(),
    ) {
        (Some(code), _) if !code.is_empty() => code,
        (_, Some("QueueDoesNotExist")) => NO_QUEUE,
        (_, code) => code.unwrap_or_default(),
    };
    let code = code.to_owned();
    Trouble::Refused { code, message }.into()
}

fn received(message: Message) -> Option<Received> {
    let attribute = |(name, each): (String, MessageAttribute)| {
        let value = match (each.string_value, each.binary_value) {
            (_, Some(bytes)) if each.data_type.starts_with("Binary") => {
                AttributeValue::Binary(STANDARD.decode(bytes).ok()?)
            }
            (text, _) => AttributeValue::Text(text.unwrap_or_default()),
        };
        let data_type = each.data_type;
        Some((name, Attribute { data_type, value }))
    };
    let attributes = message.message_attributes.unwrap_or_default();
    Some(Received {
        message_id: message.message_id,
        receipt_handle: message.receipt_handle,
        body: message.body,
        md5_of_body: message.md5_of_body,
        md5_of_attributes: message.md5_of_attributes,
        attributes: attributes.into_iter().map(attribute).collect::<Option<_>>()?,
        system: message.attributes.unwrap_or_default(),
    })
}
