//! Finding what an invocation is for, and running it.

use crate::{
    Control, Refusal,
    naming::Target,
    ops,
    settings::{self, Setting},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use lambent_engine::lineage;
use lambent_invoker::{Answer, InvokeError, InvokeRequest, Streamed};
use lambent_models::lambda::{
    InvocationRequest, InvocationResponse, InvokeAsyncRequest, InvokeAsyncResponse, InvokeWithResponseStreamRequest,
};
use lambent_types::{FunctionKey, FunctionRecord, RequestId, State, Version};
use lambent_wire::{RequestContext, ServiceError};
use std::sync::Arc;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// A function that is updated again and again is looked up this often before the caller is told to try later.
const TRIES: usize = 20;

/// The version an invocation will run.
pub(crate) struct Resolved {
    pub(crate) record: Arc<FunctionRecord>,
}

/// What a function is called with.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) request_id: RequestId,
    /// The event, JSON.
    pub(crate) payload: Bytes,
    pub(crate) client_context: Option<String>,
    pub(crate) trace_id: Option<String>,
    /// Whether the end of the log is wanted.
    pub(crate) tail: bool,
    /// Held until the function has answered.
    pub(crate) under_way: Option<TaskTrackerToken>,
}

/// The answer to `InvokeWithResponseStream`, which has begun.
#[derive(Debug)]
pub struct InvokedStream {
    /// The version that runs.
    pub executed_version: Version,
    /// What it says.
    pub answer: Streamed,
}

/// The answer to `Invoke`: what goes into headers, and the body.
#[derive(Debug)]
pub struct Invoked {
    /// Status and headers.
    pub response: InvocationResponse,
    /// The body, as the function wrote it.
    pub payload: Bytes,
}

impl Control {
    /// `Invoke`. The payload is handed on as it came.
    ///
    /// # Errors
    /// What is refused before the function runs; what the function does wrong is in the answer.
    pub async fn invoke(
        &self,
        cx: &RequestContext,
        input: InvocationRequest,
        trace_id: Option<String>,
        payload: Bytes,
    ) -> Result<Invoked, ServiceError> {
        ops::invoke::invoke(self, cx, input, trace_id, payload)
            .await
            .map_err(ServiceError::from)
    }

    /// `InvokeWithResponseStream`. `None` for a dry run. The token is held until the function has answered to the end.
    ///
    /// # Errors
    /// What is refused before the function runs; what the function does wrong is in the answer, or at its end.
    pub async fn invoke_with_response_stream(
        &self,
        cx: &RequestContext,
        input: InvokeWithResponseStreamRequest,
        trace_id: Option<String>,
        payload: Bytes,
        under_way: Option<TaskTrackerToken>,
    ) -> Result<Option<InvokedStream>, ServiceError> {
        ops::invoke_with_response_stream::invoke_with_response_stream(self, cx, input, trace_id, payload, under_way)
            .await
            .map_err(ServiceError::from)
    }

    /// `InvokeAsync`: takes an event.
    ///
    /// # Errors
    /// What is refused; an event that is accepted is stored.
    pub async fn invoke_async(
        &self,
        cx: &RequestContext,
        input: InvokeAsyncRequest,
        trace_id: Option<String>,
        payload: Bytes,
    ) -> Result<InvokeAsyncResponse, ServiceError> {
        ops::invoke_async::invoke_async(self, cx, input, trace_id, payload)
            .await
            .map_err(ServiceError::from)
    }

    /// The version that an invocation runs, once it can be invoked. Where an alias has a route, each call chooses anew.
    pub(crate) async fn resolve(&self, target: &Target) -> Result<Resolved, Refusal> {
        let found = self.find_for_invocation(target).await?;
        let found = found.ok_or_else(|| Refusal::FunctionNotFound(target.qualified_arn()))?;
        // An update in progress does not stop invocations; a creation does.
        let record = if found.state == State::Pending {
            self.settled(found).await?
        } else {
            found
        };
        match &record.state {
            State::Active | State::Inactive => {
                self.runnable(&record)?;
                Ok(Resolved { record })
            }
            state @ (State::Pending | State::Failed { .. }) => Err(Refusal::WrongState(state.as_str())),
        }
    }

    /// Runs a version and waits for its answer.
    pub(crate) async fn run(&self, target: &Target, resolved: Resolved, call: Call) -> Result<Invoked, Refusal> {
        let ran = self.attempt_until_fresh(target, resolved, call, |request| self.0.invoker.invoke(request));
        let (record, answer) = ran.await?;
        Ok(invoked(&record, answer))
    }

    /// Runs a version and waits for its answer to begin.
    pub(crate) async fn run_streaming(
        &self,
        target: &Target,
        resolved: Resolved,
        call: Call,
    ) -> Result<InvokedStream, Refusal> {
        let ran = self.attempt_until_fresh(target, resolved, call, |request| {
            self.0.invoker.invoke_streaming(request)
        });
        let (record, answer) = ran.await?;
        Ok(InvokedStream {
            executed_version: record.key.version,
            answer,
        })
    }

    /// Runs what the target stands for; looks it up anew where it was updated in between.
    async fn attempt_until_fresh<T, F>(
        &self,
        target: &Target,
        mut resolved: Resolved,
        call: Call,
        attempt: impl Fn(InvokeRequest) -> F + Send,
    ) -> Result<(Arc<FunctionRecord>, T), Refusal>
    where
        F: Future<Output = Result<T, InvokeError>> + Send,
    {
        let trace_id = match call.trace_id {
            Some(header) => Some(self.next_link(&resolved.record.key.function, &header).await?),
            None => None,
        };
        for _ in 0..TRIES {
            let record = Arc::clone(&resolved.record);
            let request = InvokeRequest {
                function: Arc::clone(&record),
                admission: self.admission(&record.key).await?,
                invoked_arn: target.arn(),
                request_id: call.request_id,
                payload: call.payload.clone(),
                client_context: call.client_context.clone(),
                trace_id: trace_id.clone(),
                tail: call.tail,
                under_way: call.under_way.clone(),
            };
            match attempt(request).await {
                Ok(answer) => return Ok((record, answer)),
                Err(InvokeError::Stale) => resolved = self.resolve(target).await?,
                Err(InvokeError::Throttled(reason)) => return Err(Refusal::Throttled(reason)),
                Err(error @ (InvokeError::ShuttingDown | InvokeError::Lost)) => {
                    return Err(Refusal::Internal(error.to_string()));
                }
            }
        }
        Err(Refusal::UpdateInProgress(target.arn()))
    }
}

impl Control {
    /// The X-Ray header a function is called with, one link further in its chain; refused where the function was called too often in it,
    /// unless its loops are allowed.
    async fn next_link(&self, function: &FunctionKey, header: &str) -> Result<String, Refusal> {
        let arn = function.arn();
        if let Ok(next) = lineage::call(header, &arn, false) {
            return Ok(next);
        }
        let setting = self.setting(&settings::recursive_loop(function)).await?;
        let allowed = matches!(setting, Some(Setting::RecursiveLoop(loops)) if loops == "Allow");
        lineage::call(header, &arn, allowed).map_err(|lineage::TooDeep| Refusal::RecursiveInvocation)
    }
}

fn invoked(record: &FunctionRecord, answer: Answer) -> Invoked {
    Invoked {
        response: InvocationResponse {
            status_code: Some(200),
            function_error: (!answer.outcome.is_success()).then(|| "Unhandled".to_owned()),
            log_result: answer.log_tail.map(|tail| STANDARD.encode(tail)),
            executed_version: Some(record.key.version.to_string()),
            durable_execution_arn: None,
        },
        payload: answer.payload,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, control, record};
    use lambent_types::{Code, Image};

    #[tokio::test]
    async fn an_image_is_not_run_in_any_way() {
        let (control, cx) = (control(), context());
        let image = Image::named("localhost:5000/image:latest".parse().unwrap());
        let code = Code::Image(image);
        control.given(FunctionRecord { code, ..record("f") }).await;
        for kind in ["RequestResponse", "Event", "DryRun"] {
            let input = InvocationRequest {
                function_name: Some("f".to_owned()),
                invocation_type: Some(kind.to_owned()),
                ..InvocationRequest::default()
            };
            let refused = control.invoke(&cx, input, None, Bytes::new()).await.unwrap_err();
            assert_eq!(refused.code(), "NotImplementedException", "{kind}");
        }
        assert_eq!(control.store.event_count().await, Ok(0));
    }
}
