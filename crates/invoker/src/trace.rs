//! What is told of a traced invocation's environment.

use crate::request::{Answer, FunctionTrace, InvokeRequest};
use lambent_types::{
    Clock, Fault, FunctionKey, RequestId, Span, Timestamp,
    trace::{Exception, FunctionSpan, Place},
};
use serde::Deserialize;
use std::time::Duration;

/// Errors that are larger are not looked into.
const LARGEST_ERROR: usize = 64 << 10;

/// A traced invocation that has been answered.
pub(crate) struct Answered {
    trace: FunctionTrace,
    function: FunctionKey,
    invoked_arn: String,
    request: RequestId,
    /// Microseconds of the initialisation before, if there was one.
    init: Option<u64>,
    /// Microseconds until the answer.
    duration: u64,
    answered: Timestamp,
    fault: Option<Fault>,
}

impl Answered {
    /// What is to be told of a request that is answered now; nothing of one that is not traced.
    pub(crate) fn of(
        request: &mut InvokeRequest,
        init: Option<u64>,
        duration: u64,
        answer: &Answer,
        clock: &dyn Clock,
    ) -> Option<Self> {
        let trace = *request.traced.take()?;
        let failed = !answer.outcome.is_success();
        Some(Self {
            trace,
            function: request.function.key.function.clone(),
            invoked_arn: request.invoked_arn.clone(),
            request: request.request_id,
            init,
            duration,
            answered: clock.now(),
            fault: failed.then(|| fault(answer.error_type.as_deref(), &answer.payload)),
        })
    }

    /// The segment, now that all is over.
    pub(crate) fn over(self, now: Timestamp) -> Span {
        let before = |micros: u64, at: Timestamp| at.minus(Duration::from_micros(micros));
        let invoked = before(self.duration, self.answered);
        let initialised = self.init.map(|init| before(init, invoked));
        Span::Function(Box::new(FunctionSpan {
            place: Place {
                trace: self.trace.trace,
                id: self.trace.segment,
                parent: Some(self.trace.parent),
                began: initialised.unwrap_or(invoked),
                ended: now,
            },
            function: self.function,
            invoked_arn: self.invoked_arn,
            request: self.request,
            invocation: self.trace.invocation,
            initialised,
            invoked,
            answered: self.answered,
            fault: self.fault,
        }))
    }
}

/// What an error answers: "Lambda function errors".
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Told {
    error_message: Option<String>,
    error_type: Option<String>,
}

/// What a function failed with, as far as its answer tells.
fn fault(error_type: Option<&str>, payload: &[u8]) -> Fault {
    let told: Told = Some(payload)
        .filter(|payload| payload.len() <= LARGEST_ERROR)
        .and_then(|payload| serde_json::from_slice(payload).ok())
        .unwrap_or_default();
    Fault::Failed(Some(Exception {
        kind: told.error_type.or_else(|| error_type.map(str::to_owned)),
        message: told.error_message,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_as_the_function_tells_it() {
        let of = |kind: Option<&str>, message: Option<&str>| {
            Fault::Failed(Some(Exception {
                kind: kind.map(str::to_owned),
                message: message.map(str::to_owned),
            }))
        };
        let payload = br#"{"errorMessage":"no","errorType":"ValueError","stackTrace":[]}"#;
        assert_eq!(fault(Some("Unhandled"), payload), of(Some("ValueError"), Some("no")));
        assert_eq!(
            fault(Some("Sandbox.Timedout"), b"{}"),
            of(Some("Sandbox.Timedout"), None)
        );
        assert_eq!(fault(None, b"\xff"), of(None, None));
    }
}
