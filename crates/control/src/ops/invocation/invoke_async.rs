//! `InvokeAsync`: what `Invoke` was before it could take events, kept for clients of 2014.

use crate::{Control, Refusal, ops::invoke::invoke};
use bytes::Bytes;
use lambent_models::lambda::{InvocationRequest, InvokeAsyncRequest, InvokeAsyncResponse};
use lambent_wire::RequestContext;

/// The event goes the way of every other.
pub(crate) async fn invoke_async(
    control: &Control,
    cx: &RequestContext,
    input: InvokeAsyncRequest,
    trace_id: Option<String>,
    payload: Bytes,
) -> Result<InvokeAsyncResponse, Refusal> {
    let event = InvocationRequest {
        function_name: input.function_name,
        invocation_type: Some("Event".to_owned()),
        ..InvocationRequest::default()
    };
    let accepted = invoke(control, cx, event, trace_id, payload).await?;
    Ok(InvokeAsyncResponse {
        status: accepted.response.status_code,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, control, record, refused};

    #[tokio::test]
    async fn an_event_is_stored() {
        let (control, cx) = (control(), context());
        let input = InvokeAsyncRequest {
            function_name: Some("f".to_owned()),
        };
        let missing = invoke_async(&control, &cx, input.clone(), None, Bytes::new()).await;
        assert_eq!(refused(missing).0, "ResourceNotFoundException");
        control.given(record("f")).await;
        let accepted = invoke_async(&control, &cx, input, None, Bytes::from_static(b"{}"))
            .await
            .unwrap();
        assert_eq!(
            (accepted.status, control.0.store.event_count().await),
            (Some(202), Ok(1))
        );
    }
}
