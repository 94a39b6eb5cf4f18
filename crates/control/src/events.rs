//! Trying an asynchronous event.

use crate::{Control, Refusal, invocation::Call, naming::Target};
use bytes::Bytes;
use lambent_control_core::source::Source;
use lambent_engine::{Attempt, RetryLimits};
use lambent_events::{Destinations, EventRunner, Response, Tried, Undelivered};
use lambent_store::{BoxFuture, Unavailable};
use lambent_types::{AsyncEvent, Delivery, FunctionReference, Scope, limits};
use lambent_wire::ServiceError;

impl EventRunner for Control {
    fn limits<'a>(&'a self, event: &'a AsyncEvent) -> BoxFuture<'a, Result<RetryLimits, Unavailable>> {
        Box::pin(async {
            let limits = self.retry_limits(&event.function, event.qualifier.as_deref()).await;
            limits.map_err(unavailable)
        })
    }

    fn run(&self, event: AsyncEvent) -> BoxFuture<'_, Tried> {
        Box::pin(self.attempt(event))
    }

    fn destinations<'a>(&'a self, event: &'a AsyncEvent) -> BoxFuture<'a, Result<Destinations, Unavailable>> {
        Box::pin(async {
            let qualifier = event.qualifier.as_deref();
            let (on_success, on_failure) = self
                .event_destinations(&event.function, qualifier)
                .await
                .map_err(unavailable)?;
            let version = match target_of(event) {
                Ok(target) => self.find_for_invocation(&target).await.map_err(unavailable)?,
                Err(_) => None,
            };
            Ok(Destinations {
                on_success,
                on_failure,
                dead_letter: version.and_then(|version| version.config.dead_letter_target.clone()),
            })
        })
    }
}

fn unavailable(refusal: Refusal) -> Unavailable {
    Unavailable(format!("{refusal:?}"))
}

fn target_of(event: &AsyncEvent) -> Result<Target, Refusal> {
    let name = Some(event.function.name.to_string());
    Target::within(&event.function.scope, name, event.qualifier.clone())
}

/// The function of an ARN, in whichever account it is.
fn target_of_arn(arn: &str) -> Result<Target, Refusal> {
    let unknown = || Refusal::FunctionNotFound(arn.to_owned());
    let reference: FunctionReference = arn.parse().map_err(|_| unknown())?;
    let scope = Scope {
        account: reference.account.ok_or_else(unknown)?,
        region: reference.region.ok_or_else(unknown)?,
    };
    Target::within(&scope, Some(arn.to_owned()), None)
}

/// What a delivery to a function meets with.
fn undelivered(refusal: Refusal) -> Undelivered {
    let kind = if matches!(refusal, Refusal::Internal(_) | Refusal::UpdateInProgress(_)) {
        Undelivered::Unreachable
    } else if matches!(refusal, Refusal::FunctionNotFound(_)) {
        Undelivered::Missing
    } else {
        Undelivered::Refused
    };
    kind(ServiceError::from(refusal).to_string())
}

impl Control {
    /// The qualifier is resolved anew at each try, so that a moved alias is followed.
    async fn attempt(&self, event: AsyncEvent) -> Tried {
        let target = match target_of(&event) {
            Ok(target) => target,
            Err(_) => return Attempt::Obsolete.into(),
        };
        let resolved = match self.resolve(&target).await {
            Ok(resolved) => resolved,
            Err(Refusal::FunctionNotFound(_)) => return Attempt::Obsolete.into(),
            Err(_) => return Attempt::NotRun.into(),
        };
        match self.shares(&event.function.scope).await {
            Ok(shares) if shares.reserved(&event.function) == Some(0) => return Attempt::SwitchedOff.into(),
            _ => {}
        }
        let call = Call {
            request_id: event.id,
            payload: Bytes::from(event.payload),
            client_context: event.client_context,
            // A chain is followed from wherever it can be.
            trace_id: Some(event.trace_id.unwrap_or_default()),
            tail: false,
            under_way: None,
        };
        match self.run(&target, resolved, call).await {
            Ok(invoked) => Tried {
                attempt: match invoked.response.function_error {
                    None => Attempt::Success,
                    Some(_) => Attempt::FunctionError,
                },
                response: Some(Response {
                    executed_version: invoked.response.executed_version.unwrap_or_default(),
                    function_error: invoked.response.function_error,
                    payload: invoked.payload,
                }),
            },
            Err(Refusal::RecursiveInvocation) => Attempt::Recursive.into(),
            Err(_) => Attempt::NotRun.into(),
        }
    }

    /// Takes a delivery for a function: an asynchronous invocation whose request id is the delivery's. What a subscription brings must
    /// be allowed by the function's policy; a function's own destinations are reached with its role.
    ///
    /// # Errors
    /// When the function is not there, or refuses, or the event could not be stored.
    pub async fn take(&self, delivery: &Delivery, arn: &str) -> Result<(), Undelivered> {
        let target = target_of_arn(arn).map_err(undelivered)?;
        if let Some(source) = delivery.origin.service_source() {
            let source = Source::of(source);
            let policy = self.policy(&target).await.map_err(undelivered)?;
            if !policy.is_some_and(|policy| policy.value.lets_service(&source)) {
                let text = format!("the policy of {arn} does not let {} invoke it", source.service);
                return Err(Undelivered::Forbidden(text));
            }
        }
        let resolved = self.resolve(&target).await.map_err(undelivered)?;
        if delivery.payload.len() > limits::ASYNC_PAYLOAD_BYTES {
            return Err(Undelivered::Refused(format!(
                "{} bytes are too many",
                delivery.payload.len()
            )));
        }
        let now = self.clock.now();
        let event = AsyncEvent {
            id: delivery.id,
            function: resolved.record.key.function.clone(),
            qualifier: target.qualifier,
            payload: delivery.payload.clone(),
            client_context: None,
            trace_id: delivery.trace_id.clone(),
            accepted_at: now,
            failures: 0,
            deferrals: 0,
            due_at: now,
        };
        let accepted = self.events.accept(event).await;
        accepted.map_err(|error| Undelivered::Unreachable(error.to_string()))
    }
}
