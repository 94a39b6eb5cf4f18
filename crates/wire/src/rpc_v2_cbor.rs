//! The `smithy-rpc-v2-cbor` protocol, on the server's side: `POST /service/<target prefix>/operation/<operation>` with CBOR both ways.

use crate::{
    aws_json::{add_headers, query_error, status, type_of},
    cbor,
    error::{self, ServiceError},
    schema::Operation,
    service::Service,
    value::Value,
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, header::CONTENT_TYPE};

const CBOR: HeaderValue = HeaderValue::from_static("application/cbor");
const PROTOCOL: HeaderName = HeaderName::from_static("smithy-protocol");
const NAME: HeaderValue = HeaderValue::from_static("rpc-v2-cbor");
/// Without it, clients do not know the error by the code of the query protocol, which was there before.
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

/// The name of the operation in a path.
#[must_use]
pub fn operation_name(path: &str) -> &str {
    path.rsplit_once("/operation/").map_or("", |(_, name)| name)
}

/// Decodes the input of an operation.
///
/// # Errors
/// `SerializationException` when the body does not have the input's shape.
pub fn decode_request(operation: &Operation, body: &[u8]) -> Result<Value, ServiceError> {
    if body.is_empty() {
        return Ok(Value::Map(Vec::new()));
    }
    cbor::read(operation.input, body).map_err(|mismatch| error::SERIALIZATION.with(mismatch.into_message()))
}

/// Encodes the answer of an operation. The edge adds `x-amzn-RequestId`.
#[must_use]
pub fn encode_response(operation: &Operation, output: &Value) -> Response<Bytes> {
    let mut body = Vec::new();
    if let Some(shape) = operation.output {
        cbor::write(&mut body, shape, output);
    }
    answer(body)
}

/// Encodes an error: a map with `__type` and the message.
#[must_use]
pub fn encode_error(service: &Service, error: &ServiceError) -> Response<Bytes> {
    let kind = type_of(service, error);
    let mut body = Vec::new();
    cbor::head(&mut body, 5, 2);
    for text in ["__type", &kind, error.shape.message_member, &error.message] {
        cbor::text(&mut body, text);
    }
    let mut response = answer(body);
    *response.status_mut() = status(error);
    if let Some(known) = query_error(service, error) {
        response.headers_mut().insert(QUERY_ERROR, known);
    }
    add_headers(response.headers_mut(), error);
    response
}

fn answer(body: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    response.headers_mut().insert(CONTENT_TYPE, CBOR);
    response.headers_mut().insert(PROTOCOL, NAME);
    response
}
