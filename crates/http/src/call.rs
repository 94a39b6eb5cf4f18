//! Operations whose input and output are documents.

use crate::{
    body::{BodyError, DECODED, Read},
    edge::{Answer, Edge, whole},
};
use http::{HeaderMap, request};
use hyper::body::{Body as _, Incoming};
use lambent_models::lambda;
use lambent_wire::{
    RequestContext, ServiceError, Value, error, rest_json, route::Routed, sigv4::SignedRequest, validate,
};

/// Larger documents are decoded on a thread where that may take long.
const LARGE: usize = 256 << 10;

impl Edge {
    /// Reads, decodes, checks, calls, encodes.
    pub(crate) async fn call(
        &self,
        cx: &RequestContext,
        parts: &request::Parts,
        query: &str,
        routed: &Routed,
        body: Incoming,
    ) -> Result<Answer, ServiceError> {
        let operation = routed.operation;
        let read = self.read(body, operation.max_body).await?;
        self.auth.verify(
            &SignedRequest {
                method: parts.method.as_str(),
                path: parts.uri.path(),
                query,
                headers: &parts.headers,
                body: &read.bytes,
            },
            self.clock.now(),
        )?;
        let input = decode(routed, &parts.headers, read).await?;
        let output = lambda::dispatch(&self.control, cx, operation, input).await?;
        let encoded = rest_json::encode_response(operation, &output);
        encoded.map(whole).map_err(|cause| {
            tracing::error!(%cause, operation = operation.name, "an answer could not be encoded");
            error::INTERNAL_FAILURE.with("The answer could not be encoded.")
        })
    }

    /// A body of at most `limit` bytes; the error for a larger one names its size where that is known.
    pub(crate) async fn read(&self, body: Incoming, limit: usize) -> Result<Read, ServiceError> {
        let announced = body.size_hint().exact().and_then(|size| usize::try_from(size).ok());
        self.bodies
            .read(body, limit, DECODED)
            .await
            .map_err(|failed| match failed {
                BodyError::TooLarge(read) => too_large(announced.unwrap_or(read), limit),
                BodyError::Broken => error::SERIALIZATION.with("The request body could not be read."),
            })
    }
}

fn too_large(size: usize, limit: usize) -> ServiceError {
    error::REQUEST_ENTITY_TOO_LARGE.with(format!("Request of {size} bytes must be smaller than {limit} bytes"))
}

async fn decode(routed: &Routed, headers: &HeaderMap, read: Read) -> Result<Value, ServiceError> {
    if read.bytes.len() <= LARGE {
        return decode_now(routed, headers, &read);
    }
    let (routed, headers) = (routed.clone(), headers.clone());
    let decoded = tokio::task::spawn_blocking(move || decode_now(&routed, &headers, &read)).await;
    decoded.unwrap_or_else(|_| Err(error::INTERNAL_FAILURE.with("The request could not be decoded.")))
}

fn decode_now(routed: &Routed, headers: &HeaderMap, read: &Read) -> Result<Value, ServiceError> {
    let input = rest_json::decode_request(routed, headers, &read.bytes)?;
    validate::validate(routed.operation.input, &input)?;
    Ok(input)
}
