//! `Invoke`, `InvokeWithResponseStream` and `InvokeAsync`: the payload passes through.

use crate::{
    body::{BodyError, PASSED_ON, Read},
    call::no_room,
    edge::{Answer, Edge, whole},
    stream::{self, under_way},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header::CONTENT_TYPE, request};
use hyper::body::{Body as _, Incoming};
use lambent_control::Invoked;
use lambent_models::lambda::{InvocationRequest, errors};
use lambent_types::limits;
use lambent_wire::{RequestContext, ServiceError, Value, error, rest_json, route::Routed, service, validate};
use std::fmt::Write as _;

pub(crate) const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");
const INVOCATION_TYPE: HeaderName = HeaderName::from_static("x-amz-invocation-type");
const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");
const LOG_RESULT: HeaderName = HeaderName::from_static("x-amz-log-result");
const EXECUTED_VERSION: HeaderName = HeaderName::from_static("x-amz-executed-version");

impl Edge {
    /// Serves the operations whose body is an event.
    pub(crate) async fn pass_on(
        &self,
        cx: &RequestContext,
        parts: &request::Parts,
        routed: &Routed,
        body: Incoming,
    ) -> Result<Answer, ServiceError> {
        // Read whatever the rest says, so that the connection can carry another request, and held until the answer: payloads of
        // running invocations count too.
        let payload = self.signed_payload(parts, body).await?;
        let input = input(routed, &parts.headers)?;
        let owner = self.control.on_behalf(cx, routed.operation.name, &input).await?;
        let cx = owner.as_ref().unwrap_or(cx);
        match routed.operation.name {
            "Invoke" => self.invoke(cx, parts, input, &payload).await,
            "InvokeWithResponseStream" => self.invoke_streaming(cx, parts, input, &payload).await,
            "InvokeAsync" => self.invoke_async(cx, parts, input, &payload).await,
            other => Err(error::not_implemented(other)),
        }
    }

    /// Hands the payload on as it came.
    async fn invoke(
        &self,
        cx: &RequestContext,
        parts: &request::Parts,
        input: Value,
        payload: &Read,
    ) -> Result<Answer, ServiceError> {
        let input: InvocationRequest = service::typed(input)?;
        let trace_id = self.trace_id(&parts.headers);
        let invoked = self
            .control
            .invoke(cx, input, Some(trace_id), payload.bytes.clone())
            .await?;
        Ok(encode(invoked))
    }

    /// Hands the answer on while it comes.
    async fn invoke_streaming(
        &self,
        cx: &RequestContext,
        parts: &request::Parts,
        input: Value,
        payload: &Read,
    ) -> Result<Answer, ServiceError> {
        let input = service::typed(input)?;
        let trace_id = self.trace_id(&parts.headers);
        let invoked = self
            .control
            .invoke_with_response_stream(cx, input, Some(trace_id), payload.bytes.clone(), under_way(parts))
            .await?;
        let Some(invoked) = invoked else {
            let mut dry = Response::new(Bytes::new());
            *dry.status_mut() = StatusCode::NO_CONTENT;
            return Ok(whole(dry));
        };
        let mut answer = stream::events(invoked.answer);
        let texts = [
            (EXECUTED_VERSION, invoked.executed_version.to_string()),
            (TRACE_ID, invoked.trace_id.unwrap_or_default()),
        ];
        for (name, text) in texts {
            if let Ok(value) = HeaderValue::from_str(&text) {
                answer.headers_mut().insert(name, value);
            }
        }
        Ok(answer)
    }

    /// Takes an event the old way. The status is in the body too: clients of that time look there.
    async fn invoke_async(
        &self,
        cx: &RequestContext,
        parts: &request::Parts,
        input: Value,
        payload: &Read,
    ) -> Result<Answer, ServiceError> {
        let input = service::typed(input)?;
        let trace_id = Some(self.trace_id(&parts.headers));
        self.control
            .invoke_async(cx, input, trace_id, payload.bytes.clone())
            .await?;
        let mut answer = Response::new(Bytes::from_static(br#"{"Status":202}"#));
        *answer.status_mut() = StatusCode::ACCEPTED;
        answer
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(whole(answer))
    }

    /// The payload, once it is known to be the caller's.
    async fn signed_payload(&self, parts: &request::Parts, body: Incoming) -> Result<Read, ServiceError> {
        let payload = self.payload(body, parts.headers.get(INVOCATION_TYPE)).await?;
        self.verify(parts, &payload.bytes)?;
        Ok(payload)
    }

    async fn payload(&self, body: Incoming, kind: Option<&HeaderValue>) -> Result<Read, ServiceError> {
        let kind = kind.and_then(|value| value.to_str().ok()).unwrap_or("RequestResponse");
        let limit = limits::SYNC_REQUEST_BYTES;
        let announced = body.size_hint().exact().and_then(|size| usize::try_from(size).ok());
        self.bodies
            .read(body, limit, PASSED_ON)
            .await
            .map_err(|failed| match failed {
                BodyError::TooLarge(read) => errors::REQUEST_TOO_LARGE_EXCEPTION.with(format!(
                    "{} byte payload is too large for the {kind} invocation type (limit {limit} bytes)",
                    announced.unwrap_or(read)
                )),
                BodyError::Broken => errors::INVALID_REQUEST_CONTENT_EXCEPTION.with("The payload could not be read."),
                BodyError::NoRoom => no_room(),
            })
    }

    /// The caller's trace, or a new one of which nobody has decided whether it is sampled.
    pub(crate) fn trace_id(&self, headers: &HeaderMap) -> String {
        let given = headers.get(TRACE_ID).and_then(|value| value.to_str().ok());
        given.map_or_else(
            || {
                let seconds = self.clock.now().as_millis() / 1_000;
                let chance = self.ids.uuid().simple().to_string();
                // Room for what will be decided.
                let mut trace_id = String::with_capacity(80);
                // Writing to a text does not fail.
                let _ = write!(trace_id, "Root=1-{seconds:08x}-{}", &chance[..24]);
                trace_id
            },
            str::to_owned,
        )
    }
}

/// What a request says beside its body.
fn input(routed: &Routed, headers: &HeaderMap) -> Result<Value, ServiceError> {
    let input = rest_json::decode_request(routed, headers, b"")?;
    validate::validate(routed.operation.input, &input)?;
    Ok(input)
}

fn encode(invoked: Invoked) -> Answer {
    let Invoked {
        response,
        payload,
        trace_id,
    } = invoked;
    let status = response.status_code.and_then(|code| u16::try_from(code).ok());
    let mut answer = Response::new(payload);
    *answer.status_mut() = status
        .and_then(|code| StatusCode::from_u16(code).ok())
        .unwrap_or_default();
    let headers = answer.headers_mut();
    if !matches!(status, Some(204)) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let members = [
        (FUNCTION_ERROR, response.function_error),
        (LOG_RESULT, response.log_result),
        (EXECUTED_VERSION, response.executed_version),
        (TRACE_ID, trace_id),
    ];
    for (name, value) in members {
        if let Some(value) = value.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(name, value);
        }
    }
    whole(answer)
}
