//! Operations whose input and output are documents, in each of the protocols.

use crate::{
    body::{self, BodyError, DECODED, Read},
    edge::{Answer, Edge, TARGET, whole},
    stream,
};
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{
    header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap},
    request,
};
use hyper::body::Incoming;
use lambent_models::lambda::errors;
use lambent_types::RequestId;
use lambent_wire::{
    RequestContext, ServiceError, Value, aws_json, error,
    query::{self, Form},
    rest_json,
    route::Routed,
    rpc_v2_cbor,
    schema::Operation,
    service::{Api, Events, Protocol},
    validate,
};
use std::io::Read as _;

/// Larger documents are decoded on a thread where that may take long.
const LARGE: usize = 256 << 10;
/// The largest form: a document of the usual size, each of whose bytes may take three.
const LARGEST_FORM: usize = 16 << 20;

/// A request whose sender and service are known.
#[derive(Clone, Copy)]
pub(crate) struct Addressed<'a> {
    pub(crate) parts: &'a request::Parts,
    pub(crate) query: &'a str,
    pub(crate) cx: &'a RequestContext,
    /// Whether everybody may make it: it is unsigned, and what it asks for is in its query string alone.
    pub(crate) open: bool,
}

/// A service, and the protocol in which a request speaks to it and will be answered.
pub(crate) struct Spoken<'a> {
    pub(crate) api: &'a dyn Api,
    pub(crate) protocol: Protocol,
}

impl<'a> Spoken<'a> {
    /// Services with several protocols are told apart by what each protocol alone has; the first of the model is the usual one.
    pub(crate) fn new(api: &'a dyn Api, parts: &request::Parts) -> Self {
        let service = api.service();
        let says = |name, start: &str| {
            let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
            value.is_some_and(|value| value.starts_with(start))
        };
        let form = says(CONTENT_TYPE, "application/x-www-form-urlencoded")
            || parts.uri.query().is_some_and(|query| query.contains("Action="));
        let marks = [
            (Protocol::RpcV2Cbor, parts.uri.path().starts_with("/service/")),
            (Protocol::AwsJson, says(TARGET, "")),
            (Protocol::Query, form),
        ];
        let marked = marks
            .into_iter()
            .find(|(protocol, there)| *there && service.speaks(*protocol));
        let usual = service.protocols.first().copied().unwrap_or(Protocol::RestJson);
        Self {
            api,
            protocol: marked.map_or(usual, |(protocol, _)| protocol),
        }
    }

    /// An error as this request's sender can read it.
    pub(crate) fn refusal(&self, error: &ServiceError, id: RequestId) -> Answer {
        let service = self.api.service();
        whole(match self.protocol {
            Protocol::AwsJson => aws_json::encode_error(service, error),
            Protocol::Query => query::encode_error(service, error, id),
            Protocol::RpcV2Cbor => rpc_v2_cbor::encode_error(service, error),
            Protocol::RestJson | Protocol::RestXml => rest_json::encode_error(error),
        })
    }

    /// The operation, if it is there.
    fn there(&self, operation: &'static Operation) -> Result<&'static Operation, ServiceError> {
        if self.api.implements(operation.name) {
            Ok(operation)
        } else {
            Err(error::not_implemented(operation.name))
        }
    }

    /// Runs an operation whose input has been decoded.
    async fn run(
        &self,
        cx: &RequestContext,
        operation: &'static Operation,
        input: Value,
    ) -> Result<Value, ServiceError> {
        validate::validate(operation.input, &input).map_err(|refused| self.api.invalid(refused))?;
        self.api.call(cx, operation, input).await
    }

    /// The same for one whose answer is a stream of events.
    async fn open(
        &self,
        cx: &RequestContext,
        operation: &'static Operation,
        input: Value,
    ) -> Result<Events, ServiceError> {
        validate::validate(operation.input, &input).map_err(|refused| self.api.invalid(refused))?;
        self.api.open(cx, operation, input).await
    }
}

impl Edge {
    /// `rest-json`: method and path name the operation, and say where the input's members are.
    pub(crate) async fn rest(
        &self,
        spoken: &Spoken<'_>,
        request: &Addressed<'_>,
        body: Incoming,
    ) -> Result<Answer, ServiceError> {
        let routed = self.route(spoken.api.service(), request);
        let routed = match routed.and_then(|routed| spoken.there(routed.operation).map(|_| routed)) {
            Ok(routed) => routed,
            Err(refused) => {
                body::discard(body).await;
                return Err(refused);
            }
        };
        if routed.operation.raw_payload {
            return self.pass_on(request.cx, request.parts, &routed, body).await;
        }
        let operation = routed.operation;
        let read = self.read(body, operation).await?;
        let read = self.verified(request, read, operation.max_body)?;
        let headers = &request.parts.headers;
        let input = if read.bytes.len() <= LARGE {
            rest_json::decode_request(&routed, headers, &read.bytes)?
        } else {
            decode_large(routed, headers.clone(), read).await?
        };
        let output = spoken.run(request.cx, operation, input).await?;
        let encoded = rest_json::encode_response(operation, &output);
        encoded.map(whole).map_err(|cause| {
            tracing::error!(%cause, operation = operation.name, "an answer could not be encoded");
            error::INTERNAL_FAILURE.with("The answer could not be encoded.")
        })
    }

    /// `aws-json`, where a header names the operation, and `smithy-rpc-v2-cbor`, where the path does.
    pub(crate) async fn targeted(
        &self,
        spoken: &Spoken<'_>,
        request: &Addressed<'_>,
        body: Incoming,
    ) -> Result<Answer, ServiceError> {
        let service = spoken.api.service();
        let cbor = spoken.protocol == Protocol::RpcV2Cbor;
        let target = request
            .parts
            .headers
            .get(TARGET)
            .and_then(|target| target.to_str().ok());
        let name = if cbor {
            rpc_v2_cbor::operation_name(request.parts.uri.path())
        } else {
            aws_json::operation_name(target.unwrap_or_default())
        };
        let operation = match service.operation(name).and_then(|operation| spoken.there(operation)) {
            Ok(operation) => operation,
            Err(refused) => {
                body::discard(body).await;
                return Err(refused);
            }
        };
        let read = self.read(body, operation).await?;
        let read = self.verified(request, read, operation.max_body)?;
        let input = if cbor {
            rpc_v2_cbor::decode_request(operation, &read.bytes)?
        } else {
            aws_json::decode_request(operation, &read.bytes)?
        };
        drop(read);
        if operation.event_stream {
            return spoken.open(request.cx, operation, input).await.map(stream::led_in);
        }
        let output = spoken.run(request.cx, operation, input).await?;
        Ok(whole(if cbor {
            rpc_v2_cbor::encode_response(operation, &output)
        } else {
            aws_json::encode_response(service, operation, &output)
        }))
    }

    /// `query`: a parameter names the operation.
    pub(crate) async fn form(
        &self,
        spoken: &Spoken<'_>,
        request: &Addressed<'_>,
        body: Incoming,
    ) -> Result<Answer, ServiceError> {
        let service = spoken.api.service();
        let too_large = || error::REQUEST_ENTITY_TOO_LARGE.with("Request size exceeded the limit.");
        let read = self.read_within(body, LARGEST_FORM, too_large).await?;
        let read = self.verified(request, read, LARGEST_FORM)?;
        let body: &[u8] = if request.open { b"" } else { &read.bytes };
        let form = Form::read(request.query, body)?;
        drop(read);
        let operation = spoken.there(service.operation(form.action().unwrap_or_default())?)?;
        let input = form.decode(operation)?;
        let output = spoken.run(request.cx, operation, input).await?;
        Ok(whole(query::encode_response(
            service,
            operation,
            &output,
            request.cx.request_id,
        )))
    }

    /// Verifies the signature, now that the body is there, and unpacks a body that was compressed, to at most `limit` bytes.
    fn verified(&self, request: &Addressed<'_>, read: Read, limit: usize) -> Result<Read, ServiceError> {
        if !request.open {
            self.verify(request.parts, &read.bytes)?;
        }
        match request.parts.headers.get(CONTENT_ENCODING) {
            Some(encoding) if encoding == "gzip" => Ok(Read {
                bytes: inflated(&read.bytes, limit)?,
                ..read
            }),
            _ => Ok(read),
        }
    }

    /// A body as large as `operation` takes.
    async fn read(&self, body: Incoming, operation: &Operation) -> Result<Read, ServiceError> {
        self.read_within(body, operation.max_body, || rest_json::too_large(operation))
            .await
    }

    async fn read_within(
        &self,
        body: Incoming,
        limit: usize,
        too_large: impl FnOnce() -> ServiceError,
    ) -> Result<Read, ServiceError> {
        self.bodies
            .read(body, limit, DECODED)
            .await
            .map_err(|failed| match failed {
                BodyError::TooLarge(_) => too_large(),
                BodyError::Broken => error::SERIALIZATION.with("The request body could not be read."),
                BodyError::NoRoom => no_room(),
            })
    }
}

/// What a compressed body holds. botocore compresses `PutMetricData` from 10,240 bytes on.
fn inflated(body: &[u8], limit: usize) -> Result<Bytes, ServiceError> {
    let mut plain = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = GzDecoder::new(body).take(most).read_to_end(&mut plain);
    match read {
        Ok(size) if size <= limit => Ok(plain.into()),
        Ok(_) => Err(error::REQUEST_ENTITY_TOO_LARGE.with(format!("Request must be smaller than {limit} bytes"))),
        Err(_) => Err(error::SERIALIZATION.with("The request body could not be decompressed.")),
    }
}

/// Too many large bodies at once: SDKs come back.
pub(crate) fn no_room() -> ServiceError {
    let error = errors::TOO_MANY_REQUESTS_EXCEPTION.with("Rate Exceeded.");
    error.member("Reason", "CallerRateLimitExceeded")
}

/// Decodes a package, which takes long enough to hold others up.
async fn decode_large(routed: Routed, headers: HeaderMap, read: Read) -> Result<Value, ServiceError> {
    let decoding = move || rest_json::decode_request(&routed, &headers, &read.bytes);
    let decoded = tokio::task::spawn_blocking(decoding).await;
    decoded.unwrap_or_else(|_| Err(error::INTERNAL_FAILURE.with("The request could not be decoded.")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write as _;

    #[test]
    fn a_compressed_body_is_no_bomb() {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&vec![0; 1 << 20]).unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!(inflated(&packed, 1 << 20).unwrap().len(), 1 << 20);
        assert_eq!(
            inflated(&packed, (1 << 20) - 1).unwrap_err().code(),
            "RequestEntityTooLargeException"
        );
        assert_eq!(
            inflated(&packed[..20], 1 << 20).unwrap_err().code(),
            "SerializationException"
        );
    }
}
