//! Trying an asynchronous event.

use crate::{Control, Refusal, invocation::Call, naming::Target};
use bytes::Bytes;
use lambent_engine::{Attempt, RetryLimits};
use lambent_events::EventRunner;
use lambent_store::{BoxFuture, Unavailable};
use lambent_types::AsyncEvent;
use lambent_wire::RequestContext;

impl EventRunner for Control {
    fn limits<'a>(&'a self, event: &'a AsyncEvent) -> BoxFuture<'a, Result<RetryLimits, Unavailable>> {
        Box::pin(async {
            let limits = self.retry_limits(&event.function, event.qualifier.as_deref()).await;
            limits.map_err(|refusal| Unavailable(format!("{refusal:?}")))
        })
    }

    fn run(&self, event: AsyncEvent) -> BoxFuture<'_, Attempt> {
        Box::pin(self.attempt(event))
    }
}

impl Control {
    /// The qualifier is resolved anew at each try, so that a moved alias is followed.
    async fn attempt(&self, event: AsyncEvent) -> Attempt {
        let cx = RequestContext {
            scope: event.function.scope.clone(),
            access_key: None,
            request_id: event.id,
            host: None,
            secure: false,
        };
        let target = match Target::read(&cx, Some(event.function.name.to_string()), event.qualifier) {
            Ok(target) => target,
            Err(_) => return Attempt::Obsolete,
        };
        let resolved = match self.resolve(&target).await {
            Ok(resolved) => resolved,
            Err(Refusal::FunctionNotFound(_)) => return Attempt::Obsolete,
            Err(_) => return Attempt::NotRun,
        };
        match self.shares(&event.function.scope).await {
            Ok(shares) if shares.reserved(&event.function) == Some(0) => return Attempt::SwitchedOff,
            _ => {}
        }
        let call = Call {
            request_id: event.id,
            payload: Bytes::from(event.payload),
            client_context: event.client_context,
            trace_id: None,
            tail: false,
            under_way: None,
        };
        match self.run(&target, resolved, call).await {
            Ok(invoked) if invoked.response.function_error.is_none() => Attempt::Success,
            Ok(_) => Attempt::FunctionError,
            Err(_) => Attempt::NotRun,
        }
    }
}
