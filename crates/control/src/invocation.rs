//! Finding what an invocation is for, and running it.

use crate::{Control, Refusal, naming::Target, ops};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use lambent_invoker::{Answer, InvokeError, InvokeRequest};
use lambent_models::lambda::{InvocationRequest, InvocationResponse, InvokeAsyncRequest, InvokeAsyncResponse};
use lambent_types::{FunctionRecord, RequestId, State};
use lambent_wire::{RequestContext, ServiceError};
use std::sync::Arc;

/// A function that is updated again and again is looked up this often before the caller is told to try later.
const TRIES: usize = 20;

/// The version an invocation will run.
pub(crate) struct Resolved {
    pub(crate) record: Arc<FunctionRecord>,
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

    /// `InvokeAsync`: takes an event.
    ///
    /// # Errors
    /// What is refused; an event that is accepted is stored.
    pub async fn invoke_async(
        &self,
        cx: &RequestContext,
        input: InvokeAsyncRequest,
        payload: Bytes,
    ) -> Result<InvokeAsyncResponse, ServiceError> {
        ops::invoke_async::invoke_async(self, cx, input, payload)
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
            State::Active | State::Inactive => Ok(Resolved { record }),
            state @ (State::Pending | State::Failed { .. }) => Err(Refusal::WrongState(state.as_str())),
        }
    }

    /// Runs a version and waits for its answer.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is its own part of an invocation and most are handed on as they are"
    )]
    pub(crate) async fn run(
        &self,
        target: &Target,
        mut resolved: Resolved,
        request_id: RequestId,
        payload: Bytes,
        client_context: Option<String>,
        trace_id: Option<String>,
        tail: bool,
    ) -> Result<Invoked, Refusal> {
        for _ in 0..TRIES {
            let record = Arc::clone(&resolved.record);
            let request = InvokeRequest {
                function: Arc::clone(&record),
                admission: self.admission(&record.key).await?,
                invoked_arn: target.arn(),
                request_id,
                payload: payload.clone(),
                client_context: client_context.clone(),
                trace_id: trace_id.clone(),
                tail,
            };
            match self.0.invoker.invoke(request).await {
                Ok(answer) => return Ok(invoked(&record, answer)),
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
