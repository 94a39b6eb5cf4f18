//! Operations whose input and output are documents.

use crate::{
    body::{BodyError, DECODED, Read},
    edge::{Answer, Edge, whole},
};
use http::{HeaderMap, request};
use hyper::body::Incoming;
use lambent_models::lambda::{self, errors};
use lambent_wire::{
    RequestContext, ServiceError, Value, error, rest_json, route::Routed, schema::Operation, sigv4::SignedRequest,
    validate,
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
        let read = self.read(body, operation).await?;
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
        let owner = self.control.on_behalf(cx, operation.name, &input).await?;
        let output = lambda::dispatch(&self.control, owner.as_ref().unwrap_or(cx), operation, input).await?;
        let encoded = rest_json::encode_response(operation, &output);
        encoded.map(whole).map_err(|cause| {
            tracing::error!(%cause, operation = operation.name, "an answer could not be encoded");
            error::INTERNAL_FAILURE.with("The answer could not be encoded.")
        })
    }

    /// A body as large as `operation` takes.
    pub(crate) async fn read(&self, body: Incoming, operation: &Operation) -> Result<Read, ServiceError> {
        self.bodies
            .read(body, operation.max_body, DECODED)
            .await
            .map_err(|failed| match failed {
                BodyError::TooLarge(_) => rest_json::too_large(operation),
                BodyError::Broken => error::SERIALIZATION.with("The request body could not be read."),
                BodyError::NoRoom => no_room(),
            })
    }
}

/// Too many large bodies at once: SDKs come back.
pub(crate) fn no_room() -> ServiceError {
    let error = errors::TOO_MANY_REQUESTS_EXCEPTION.with("Rate Exceeded.");
    error.member("Reason", "CallerRateLimitExceeded")
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
