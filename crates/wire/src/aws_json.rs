//! The `aws-json` protocols 1.0 and 1.1, on the server's side: every request is a `POST /` that names its operation in `X-Amz-Target`.

use crate::{
    error::{self, ServiceError},
    json,
    schema::Operation,
    service::Service,
    value::Value,
};
use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderMap},
};

/// By it, clients of services that once spoke query find the code that they know.
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

/// The name of the operation in a target: `AmazonSQS.SendMessage`.
#[must_use]
pub fn operation_name(target: &str) -> &str {
    target.rsplit_once('.').map_or(target, |(_, name)| name)
}

/// Decodes the input of an operation.
///
/// # Errors
/// `SerializationException` when the body does not have the input's shape.
pub fn decode_request(operation: &Operation, body: &[u8]) -> Result<Value, ServiceError> {
    json::read_empty_as_structure(operation.input, body)
        .map_err(|mismatch| error::SERIALIZATION.with(mismatch.into_message()))
}

/// Encodes the answer of an operation. The edge adds `x-amzn-RequestId`.
#[must_use]
pub fn encode_response(service: &Service, operation: &Operation, output: &Value) -> Response<Bytes> {
    let mut body = Vec::new();
    if let Some(shape) = operation.output {
        json::write(&mut body, shape, output);
    } else if service.json_version == "1.0" {
        // 1.1 has no body then; both are what the services were seen to answer.
        body.extend_from_slice(b"{}");
    }
    let mut response = Response::new(Bytes::from(body));
    response.headers_mut().insert(CONTENT_TYPE, content_type(service));
    response
}

/// Encodes an error: `{"__type": …, "message": …}`.
#[must_use]
pub fn encode_error(service: &Service, error: &ServiceError) -> Response<Bytes> {
    let kind = type_of(service, error);
    let mut body = Vec::new();
    let members = [("__type", kind.as_str()), (error.shape.message_member, &error.message)];
    let members = members
        .into_iter()
        .chain(error.members.iter().map(|(name, value)| (*name, value.as_str())));
    for (index, (name, value)) in members.enumerate() {
        body.push(if index == 0 { b'{' } else { b',' });
        json::text(&mut body, name);
        body.push(b':');
        json::text(&mut body, value);
    }
    body.push(b'}');
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status(error);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type(service));
    if let Some(known) = query_error(service, error) {
        headers.insert(QUERY_ERROR, known);
    }
    add_headers(headers, error);
    response
}

/// The `__type` of an error.
pub(crate) fn type_of(service: &Service, error: &ServiceError) -> String {
    let (code, namespace) = (error.shape.code, service.error_namespace);
    namespace.map_or_else(|| code.to_owned(), |namespace| format!("{namespace}#{code}"))
}

/// A target that nobody knows is the client's mistake here, not a missing page.
pub(crate) fn status(error: &ServiceError) -> StatusCode {
    match error.shape.http_status {
        404 if error.shape == &error::UNKNOWN_OPERATION => StatusCode::BAD_REQUEST,
        status => StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Services that have a namespace of XML have once spoken query, or still do.
pub(crate) fn query_error(service: &Service, error: &ServiceError) -> Option<HeaderValue> {
    service.xml_namespace?;
    let fault = if error.is_senders() { "Sender" } else { "Receiver" };
    HeaderValue::from_str(&format!("{};{fault}", error.query_code())).ok()
}

pub(crate) fn add_headers(headers: &mut HeaderMap, error: &ServiceError) {
    for (name, value) in &error.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
}

fn content_type(service: &Service) -> HeaderValue {
    HeaderValue::from_static(match service.json_version {
        "1.0" => "application/x-amz-json-1.0",
        _ => "application/x-amz-json-1.1",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ErrorShape, ErrorType,
        schema::{EMPTY_STRUCTURE, Kind, Member, Shape},
        service::Protocol,
    };

    static TEXT: Shape = Shape::new("Text", Kind::String);
    static NAMED: Shape = Shape::new("Named", Kind::Structure(&[Member::new("Name", &TEXT)]));
    static NO_QUEUE: ErrorShape = ErrorShape {
        code: "QueueDoesNotExist",
        http_status: 400,
        error_type: ErrorType::Absent,
        message_member: "message",
        query_code: Some("AWS.SimpleQueueService.NonExistentQueue"),
    };
    static OPERATIONS: &[Operation] = &[operation("Name", Some(&NAMED)), operation("Purge", None)];
    static SERVICE: Service = Service {
        id: "Names",
        signing_name: "names",
        api_version: "2012-11-05",
        target_prefix: Some("Names"),
        json_version: "1.0",
        error_namespace: Some("com.amazonaws.names"),
        xml_namespace: Some("http://names/"),
        protocols: &[Protocol::AwsJson, Protocol::Query],
        operations: OPERATIONS,
        unserved: &["Rename"],
    };

    const fn operation(name: &'static str, output: Option<&'static Shape>) -> Operation {
        Operation {
            name,
            method: "POST",
            uri: "/",
            status: 200,
            input: if output.is_some() { &NAMED } else { &EMPTY_STRUCTURE },
            output,
            errors: &[],
            raw_payload: false,
            event_stream: false,
            max_body: 1_000,
        }
    }

    #[test]
    fn the_target_names_the_operation() {
        let found = SERVICE
            .operation(operation_name("Names.Purge"))
            .map(|operation| operation.name);
        assert_eq!(found.unwrap(), "Purge");
        let refused = |name| SERVICE.operation(name).unwrap_err().code();
        assert_eq!(refused("Rename"), "NotImplementedException");
        assert_eq!(refused("Nothing"), "UnknownOperationException");
    }

    #[test]
    fn documents_go_both_ways() {
        let value = decode_request(&OPERATIONS[0], br#"{"Name": "n", "More": []}"#).unwrap();
        let answer = encode_response(&SERVICE, &OPERATIONS[0], &value);
        assert_eq!(answer.body(), r#"{"Name":"n"}"#);
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/x-amz-json-1.0");
        assert_eq!(decode_request(&OPERATIONS[1], b"").unwrap(), Value::Map(Vec::new()));
        assert_eq!(
            encode_response(&SERVICE, &OPERATIONS[1], &Value::Map(Vec::new())).body(),
            "{}"
        );
    }

    #[test]
    fn errors_carry_the_code_of_both_protocols() {
        let answer = encode_error(&SERVICE, &NO_QUEUE.with("gone"));
        assert_eq!(answer.status(), 400);
        assert_eq!(
            answer.body(),
            r#"{"__type":"com.amazonaws.names#QueueDoesNotExist","message":"gone"}"#
        );
        assert_eq!(
            answer.headers()[QUERY_ERROR],
            "AWS.SimpleQueueService.NonExistentQueue;Sender"
        );
        assert_eq!(
            encode_error(&SERVICE, &SERVICE.operation("?").unwrap_err()).status(),
            400
        );
    }
}
