//! `InvokeWithResponseStream`.

use crate::{
    Control, Refusal,
    invocation::{Call, InvokedStream},
    naming::Target,
    ops::invoke::{check_payload, client_context, invocation_type},
};
use bytes::Bytes;
use lambent_models::lambda::InvokeWithResponseStreamRequest;
use lambent_types::InvocationType;
use lambent_wire::RequestContext;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Like `Invoke`, except that the answer is handed on while it comes. `None` for a dry run.
pub(crate) async fn invoke_with_response_stream(
    control: &Control,
    cx: &RequestContext,
    input: InvokeWithResponseStreamRequest,
    trace_id: Option<String>,
    payload: Bytes,
    under_way: Option<TaskTrackerToken>,
) -> Result<Option<InvokedStream>, Refusal> {
    if input.tenant_id.is_some() {
        return Err(Refusal::NotImplemented("TenantId in InvokeWithResponseStream"));
    }
    let kind = invocation_type(input.invocation_type.as_deref());
    let target = Target::read(cx, input.function_name, input.qualifier)?;
    let resolved = control.resolve(&target).await?;
    check_payload(kind, &payload)?;
    let client_context = input.client_context.map(client_context).transpose()?;
    if kind == InvocationType::DryRun {
        return Ok(None);
    }
    let call = Call {
        request_id: cx.request_id,
        payload: if payload.is_empty() { Bytes::from_static(b"{}") } else { payload },
        client_context,
        trace_id,
        event: None,
        tail: input.log_type.as_deref() == Some("Tail"),
        under_way,
    };
    control.run_streaming(&target, resolved, call).await.map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, control, record, refused};

    fn request(kind: &str) -> InvokeWithResponseStreamRequest {
        InvokeWithResponseStreamRequest {
            function_name: Some("f".to_owned()),
            invocation_type: Some(kind.to_owned()),
            ..InvokeWithResponseStreamRequest::default()
        }
    }

    #[tokio::test]
    async fn the_same_is_refused_as_of_invoke() {
        let (control, cx) = (control(), context());
        let ask = |payload: &'static [u8]| {
            invoke_with_response_stream(&control, &cx, request("DryRun"), None, Bytes::from_static(payload), None)
        };
        assert_eq!(refused(ask(b"{}").await).0, "ResourceNotFoundException");
        control.given(record("f")).await;
        assert_eq!(refused(ask(b"{").await).0, "InvalidRequestContentException");
        assert!(ask(b"").await.unwrap().is_none());
    }
}
