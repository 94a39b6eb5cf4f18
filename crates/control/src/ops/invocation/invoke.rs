//! `Invoke`.

use crate::{
    Control, Refusal,
    invocation::{Call, Invoked, Resolved},
    json,
    naming::Target,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use lambent_models::lambda::{InvocationRequest, InvocationResponse};
use lambent_types::{AsyncEvent, InvocationType, limits};
use lambent_wire::RequestContext;

pub(crate) async fn invoke(
    control: &Control,
    cx: &RequestContext,
    input: InvocationRequest,
    trace_id: Option<String>,
    payload: Bytes,
) -> Result<Invoked, Refusal> {
    if input.durable_execution_name.is_some() {
        return Err(Refusal::NotImplemented("DurableExecutionName in Invoke"));
    }
    if input.tenant_id.is_some() {
        return Err(Refusal::NotImplemented("TenantId in Invoke"));
    }
    let kind = invocation_type(input.invocation_type.as_deref());
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let resolved = control.resolve(&target).await?;
    check_payload(kind, &payload)?;
    let client_context = input.client_context.map(client_context).transpose()?;
    match kind {
        InvocationType::DryRun => Ok(Invoked::status(204)),
        InvocationType::Event => {
            let trace_id = accept(control, cx, &target, resolved, client_context, trace_id, payload).await?;
            Ok(Invoked { trace_id, ..Invoked::status(202) })
        }
        InvocationType::RequestResponse => {
            let call = Call {
                request_id: cx.request_id,
                payload: if payload.is_empty() { Bytes::from_static(b"{}") } else { payload },
                client_context,
                trace_id,
                event: None,
                tail: input.log_type.as_deref() == Some("Tail"),
                under_way: None,
            };
            control.run(&target, resolved, call).await
        }
    }
}

pub(crate) fn invocation_type(text: Option<&str>) -> InvocationType {
    match text {
        Some("Event") => InvocationType::Event,
        Some("DryRun") => InvocationType::DryRun,
        _ => InvocationType::RequestResponse,
    }
}

pub(crate) fn check_payload(kind: InvocationType, payload: &[u8]) -> Result<(), Refusal> {
    let (name, limit) = match kind {
        InvocationType::RequestResponse => ("RequestResponse", limits::SYNC_REQUEST_BYTES),
        InvocationType::DryRun => ("DryRun", limits::SYNC_REQUEST_BYTES),
        InvocationType::Event => ("Event", limits::ASYNC_PAYLOAD_BYTES),
    };
    if payload.len() > limit {
        return Err(Refusal::PayloadTooLarge(payload.len(), name, limit));
    }
    json::check(payload).map_err(|fault| {
        Refusal::InvalidContent(format!("Could not parse request body into json: Could not parse payload into json: {fault}"))
    })
}

pub(crate) fn client_context(encoded: String) -> Result<String, Refusal> {
    let decoded = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let object = decoded.filter(|text| text.trim_start().starts_with('{') && json::check(text.as_bytes()).is_ok());
    object.ok_or_else(|| Refusal::InvalidContent("Client context must be a valid Base64-encoded JSON object.".to_owned()))
}

async fn accept(
    control: &Control,
    cx: &RequestContext,
    target: &Target,
    resolved: Resolved,
    client_context: Option<String>,
    trace_id: Option<String>,
    payload: Bytes,
) -> Result<Option<String>, Refusal> {
    let now = control.0.clock.now();
    let mut header = trace_id;
    let traced = header.as_mut().and_then(|header| control.traced(&resolved.record, cx.request_id, header, None));
    let event = AsyncEvent {
        id: cx.request_id,
        function: resolved.record.key.function.clone(),
        qualifier: target.qualifier.clone(),
        payload: if payload.is_empty() { b"{}".to_vec() } else { payload.to_vec() },
        client_context,
        trace_id: header.clone(),
        accepted_at: now,
        failures: 0,
        deferrals: 0,
        due_at: now,
    };
    control.0.events.accept(event).await?;
    let Some(traced) = traced else {
        return Ok(header);
    };
    control.tell_accepted(&traced, &resolved.record, cx.request_id);
    Ok(Some(traced.answered()))
}

impl Invoked {
    fn status(code: i64) -> Self {
        let response = InvocationResponse { status_code: Some(code), ..InvocationResponse::default() };
        Self { response, payload: Bytes::new(), trace_id: None }
    }
}
