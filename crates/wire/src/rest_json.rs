//! The `rest-json` protocol, both ways: a server decodes requests and encodes answers, a client the reverse.

use crate::{
    error::{self, ErrorType, ServiceError},
    json::{self, Mismatch},
    route::Routed,
    schema::{Kind, Location, Member, Operation, Shape},
    text,
    uri::{percent_encode, print_query},
    value::Value,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use std::borrow::Cow;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// The header that carries an error's code.
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Decodes the input of an operation. The payload of an operation with [`Operation::raw_payload`] is not looked at.
///
/// # Errors
/// `SerializationException` when the request does not have the input's shape, `RequestEntityTooLargeException` when its body is larger
/// than [`Operation::max_body`].
pub fn decode_request(routed: &Routed, headers: &HeaderMap, body: &[u8]) -> Result<Value, ServiceError> {
    let operation = routed.operation;
    check_size(operation, body.len())?;
    let document = if operation.raw_payload {
        Value::Map(Vec::new())
    } else {
        read_body(operation.input, body)?
    };
    let Value::Map(mut entries) = document else {
        return Err(serialization(Mismatch::new("Unexpected field type")));
    };
    for member in operation.input.members() {
        let value = match member.location {
            Location::Uri => from_label(member, routed),
            Location::Query => from_query(member, routed),
            Location::Header => from_header(member, headers),
            Location::Body | Location::Payload | Location::StatusCode => Ok(None),
        };
        if let Some(value) = value.map_err(serialization)? {
            entries.push((Cow::Borrowed(member.name), value));
        }
    }
    Ok(Value::Map(entries))
}

/// Refuses a body that is too large for the operation; also callable before the body has been read, with its announced length.
///
/// # Errors
/// `RequestEntityTooLargeException`, in the words AWS was recorded with.
pub fn check_size(operation: &Operation, length: usize) -> Result<(), ServiceError> {
    if length <= operation.max_body {
        return Ok(());
    }
    Err(too_large(operation))
}

/// The refusal of a body that is larger than `operation` takes, in the words AWS was recorded with.
#[must_use]
pub fn too_large(operation: &Operation) -> ServiceError {
    let (limit, name) = (operation.max_body, operation.name);
    error::REQUEST_ENTITY_TOO_LARGE.with(format!(
        "Request must be smaller than {limit} bytes for the {name} operation"
    ))
}

fn serialization(mismatch: Mismatch) -> ServiceError {
    error::SERIALIZATION.with(mismatch.into_message())
}

fn payload_member(shape: &'static Shape) -> Option<&'static Member> {
    shape
        .members()
        .iter()
        .find(|member| member.location == Location::Payload)
}

fn has_body(shape: &Shape) -> bool {
    shape.members().iter().any(|member| member.location == Location::Body)
}

fn read_body(shape: &'static Shape, body: &[u8]) -> Result<Value, ServiceError> {
    let Some(member) = payload_member(shape) else {
        // Clients may send anything to an operation that reads no body.
        return if has_body(shape) {
            json::read_empty_as_structure(shape, body).map_err(serialization)
        } else {
            Ok(Value::Map(Vec::new()))
        };
    };
    if body.is_empty() {
        return Ok(Value::Map(Vec::new()));
    }
    let value = if matches!(member.shape.kind, Kind::Blob) {
        Ok(Value::Bytes(Bytes::copy_from_slice(body)))
    } else if matches!(member.shape.kind, Kind::String) {
        let text = String::from_utf8(body.to_vec()).map(Value::Str);
        text.map_err(|_| Mismatch::new("The payload is not valid UTF-8"))
    } else {
        json::read(member.shape, body)
    };
    Ok(Value::Map(vec![(
        Cow::Borrowed(member.name),
        value.map_err(serialization)?,
    )]))
}

fn from_label(member: &Member, routed: &Routed) -> Result<Option<Value>, Mismatch> {
    let found = routed.labels.iter().find(|(name, _)| *name == member.wire_name);
    found
        .map(|(_, value)| text::parse(member.shape, value.clone(), Location::Uri))
        .transpose()
}

fn from_query(member: &Member, routed: &Routed) -> Result<Option<Value>, Mismatch> {
    let mut values = routed
        .query
        .iter()
        .filter(|(key, _)| key == member.wire_name)
        .map(|(_, value)| value.clone());
    if let Kind::List { of, .. } = &member.shape.kind {
        let items: Vec<Value> = values
            .map(|value| text::parse(of, value, Location::Query))
            .collect::<Result<_, _>>()?;
        return Ok((!items.is_empty()).then_some(Value::List(items)));
    }
    values
        .next_back()
        .map(|value| text::parse(member.shape, value, Location::Query))
        .transpose()
}

fn from_header(member: &Member, headers: &HeaderMap) -> Result<Option<Value>, Mismatch> {
    let Some(value) = headers.get(member.wire_name) else {
        return Ok(None);
    };
    let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
    text::parse(member.shape, value, Location::Header).map(Some)
}

/// A value cannot be written as HTTP.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A member that must be in the path is absent.
    #[error("{0} must be set: it is part of the path")]
    MissingLabel(&'static str),
    /// A header's value has characters that headers cannot carry, or the status is none.
    #[error("{0} cannot be part of an HTTP message")]
    Unprintable(&'static str),
}

/// Encodes the answer of an operation. The edge adds `x-amzn-RequestId`.
///
/// # Errors
/// [`EncodeError`] when a header or the status cannot be written.
pub fn encode_response(operation: &Operation, output: &Value) -> Result<Response<Bytes>, EncodeError> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status(operation, output)?;
    let Some(shape) = operation.output else {
        return Ok(response);
    };
    write_headers(response.headers_mut(), shape, output)?;
    if response.status() != StatusCode::NO_CONTENT {
        let body = write_body(shape, output, response.headers_mut());
        *response.body_mut() = body;
    }
    Ok(response)
}

fn status(operation: &Operation, output: &Value) -> Result<StatusCode, EncodeError> {
    let bound = operation.output.and_then(|shape| {
        let member = shape
            .members()
            .iter()
            .find(|member| member.location == Location::StatusCode)?;
        if let Some(Value::Int(code)) = output.get(member.name) {
            u16::try_from(*code).ok()
        } else {
            None
        }
    });
    StatusCode::from_u16(bound.unwrap_or(operation.status)).map_err(|_| EncodeError::Unprintable("StatusCode"))
}

fn write_headers(headers: &mut HeaderMap, shape: &Shape, value: &Value) -> Result<(), EncodeError> {
    for member in shape
        .members()
        .iter()
        .filter(|member| member.location == Location::Header)
    {
        let Some(printed) = value
            .get(member.name)
            .and_then(|v| text::print(member.shape, v, Location::Header))
        else {
            continue;
        };
        let unprintable = EncodeError::Unprintable(member.name);
        let name = HeaderName::from_bytes(member.wire_name.as_bytes()).map_err(|_| unprintable.clone())?;
        headers.insert(name, HeaderValue::from_str(&printed).map_err(|_| unprintable)?);
    }
    Ok(())
}

/// The body, with its content type in `headers` unless a member has set one.
fn write_body(shape: &'static Shape, value: &Value, headers: &mut HeaderMap) -> Bytes {
    let mut out = Vec::new();
    match payload_member(shape) {
        Some(member) => match value.get(member.name) {
            Some(Value::Bytes(bytes)) => return bytes.clone(),
            Some(Value::Str(text)) => return text.clone().into(),
            Some(document) => json::write(&mut out, member.shape, document),
            None => return Bytes::new(),
        },
        None => json::write(&mut out, shape, value),
    }
    headers.entry(CONTENT_TYPE).or_insert(JSON);
    out.into()
}

/// Encodes an error: header `x-amzn-ErrorType`, body `{"Type": …, "Message" or "message": …}`. An error that says nothing has `null`
/// for its message (recorded of `AccessDeniedException`: `test_function_arns`).
#[must_use]
pub fn encode_error(error: &ServiceError) -> Response<Bytes> {
    let mut out = vec![b'{'];
    let error_type = match error.error_type {
        ErrorType::User => Some("User"),
        ErrorType::Service => Some("Service"),
        ErrorType::Absent => None,
    };
    let members = error_type.map(|text| ("Type", text)).into_iter();
    let members = members.chain([(error.shape.message_member, error.message.as_ref())]);
    let members = members.chain(error.members.iter().map(|(name, value)| (*name, value.as_str())));
    for (index, (name, value)) in members.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        json::text(&mut out, name);
        out.push(b':');
        match value {
            "" => out.extend_from_slice(b"null"),
            value => json::text(&mut out, value),
        }
    }
    out.push(b'}');
    let mut response = Response::new(Bytes::from(out));
    *response.status_mut() = StatusCode::from_u16(error.shape.http_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
        .headers_mut()
        .insert(ERROR_TYPE, HeaderValue::from_static(error.shape.code));
    for (name, value) in &error.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Encodes a request, for a client. The URI has a path and a query; host and signature are the caller's.
///
/// # Errors
/// [`EncodeError`] when a path member is absent or a header cannot be written.
pub fn encode_request(operation: &Operation, input: &Value) -> Result<Request<Bytes>, EncodeError> {
    let mut request = Request::new(Bytes::new());
    write_headers(request.headers_mut(), operation.input, input)?;
    if has_body(operation.input) || payload_member(operation.input).is_some() {
        let body = write_body(operation.input, input, request.headers_mut());
        *request.body_mut() = body;
    }
    let method = operation
        .method
        .parse()
        .map_err(|_| EncodeError::Unprintable(operation.name))?;
    *request.method_mut() = method;
    let target = path_and_query(operation, input)?;
    *request.uri_mut() = target.parse().map_err(|_| EncodeError::Unprintable(operation.name))?;
    Ok(request)
}

fn path_and_query(operation: &Operation, input: &Value) -> Result<String, EncodeError> {
    let (path, literals) = operation.uri.split_once('?').unwrap_or((operation.uri, ""));
    let mut path = path.to_owned();
    let mut pairs = Vec::new();
    for member in operation.input.members() {
        let value = input.get(member.name);
        match member.location {
            Location::Uri => {
                let printed = value.and_then(|v| text::print(member.shape, v, Location::Uri));
                let printed = printed
                    .filter(|p| !p.is_empty())
                    .ok_or(EncodeError::MissingLabel(member.name))?;
                path = path.replace(&format!("{{{}}}", member.wire_name), &percent_encode(&printed, false));
            }
            Location::Query => {
                let items = match (value, &member.shape.kind) {
                    (Some(Value::List(items)), Kind::List { of, .. }) => items
                        .iter()
                        .filter_map(|item| text::print(of, item, Location::Query))
                        .collect(),
                    (value, _) => Vec::from_iter(value.and_then(|v| text::print(member.shape, v, Location::Query))),
                };
                pairs.extend(items.into_iter().map(|item| (member.wire_name.to_owned(), item)));
            }
            Location::Body | Location::Header | Location::Payload | Location::StatusCode => {}
        }
    }
    let printed = print_query(&pairs);
    let query: Vec<&str> = [literals, &printed]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    Ok(if query.is_empty() {
        path
    } else {
        format!("{path}?{}", query.join("&"))
    })
}

/// Decodes a successful answer, for a client.
///
/// # Errors
/// `SerializationException` when the answer does not have the output's shape.
pub fn decode_response(operation: &Operation, response: &Response<Bytes>) -> Result<Value, ServiceError> {
    let Some(shape) = operation.output else {
        return Ok(Value::Map(Vec::new()));
    };
    let Value::Map(mut entries) = read_body(shape, response.body())? else {
        return Err(serialization(Mismatch::new("Unexpected field type")));
    };
    for member in shape.members() {
        let value = match member.location {
            Location::Header => from_header(member, response.headers()).map_err(serialization)?,
            Location::StatusCode => Some(Value::Int(response.status().as_u16().into())),
            Location::Body | Location::Payload | Location::Uri | Location::Query => None,
        };
        if let Some(value) = value {
            entries.push((Cow::Borrowed(member.name), value));
        }
    }
    Ok(Value::Map(entries))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_without_words_has_null_for_them() {
        let body = encode_error(&error::ACCESS_DENIED.with("")).into_body();
        assert_eq!(body, r#"{"Message":null}"#);
        let body = encode_error(&error::ACCESS_DENIED.with("no")).into_body();
        assert_eq!(body, r#"{"Message":"no"}"#);
    }
}
