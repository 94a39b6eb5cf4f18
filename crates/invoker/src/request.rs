//! What an invocation asks for and what comes back.

use bytes::Bytes;
use lambent_engine::{Admission, Lease, trace};
use lambent_runtime_api::{ResponsePieces, ResponseSink};
use lambent_types::{FunctionRecord, Outcome, RequestId, SegmentId, Subject, TraceId};
use std::{borrow::Cow, sync::Arc};
use tokio::sync::oneshot;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::{Span, field};

/// One invocation of a version that has been looked up.
#[derive(Clone, Debug)]
pub struct InvokeRequest {
    /// The version.
    pub function: Arc<FunctionRecord>,
    /// The limits it meets: the account's and the function's.
    pub admission: Admission,
    /// The function's ARN as the caller named it, with the qualifier if one was given.
    pub invoked_arn: String,
    /// Names the invocation in logs and headers.
    pub request_id: RequestId,
    /// The event; neither parsed nor copied.
    pub payload: Bytes,
    /// Client context as JSON.
    pub client_context: Option<String>,
    /// The caller's X-Ray header.
    pub trace_id: Option<String>,
    /// Where it belongs in its trace, if it is traced.
    pub traced: Option<Box<FunctionTrace>>,
    /// Whether the answer carries the end of the log.
    pub tail: bool,
    /// Held until the function has answered, for those who wait for that.
    pub under_way: Option<TaskTrackerToken>,
}

/// Where an invocation of a function belongs in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionTrace {
    /// The trace.
    pub trace: TraceId,
    /// The function's segment in it.
    pub segment: SegmentId,
    /// Who called the service, as far as its header says.
    pub caller: Option<SegmentId>,
    /// What called the function: a part of the service.
    pub parent: SegmentId,
    /// The part of the segment in which the function runs: the parent of what it tells itself.
    pub invocation: SegmentId,
}

impl InvokeRequest {
    /// The invocation, for who traces it. A server that traces nothing makes none of its spans.
    pub(crate) fn span(&self) -> Span {
        tracing::debug_span!(
            "invocation",
            faas.invocation_id = %self.request_id,
            aws.lambda.invoked_arn = self.invoked_arn,
            trace = self.callers_trace().as_deref(),
            outcome = field::Empty,
        )
    }

    /// The X-Ray header as the caller meant it: below the caller, not below what X-Ray is told of.
    fn callers_trace(&self) -> Option<Cow<'_, str>> {
        let header = self.trace_id.as_deref()?;
        Some(match &self.traced {
            Some(traced) => Cow::Owned(trace::called_by(header, &traced.trace, traced.caller, true)),
            None => Cow::Borrowed(header),
        })
    }

    /// Whom it is counted for.
    pub(crate) fn subject(&self) -> Subject<'_> {
        subject(&self.function, &self.invoked_arn)
    }
}

/// Whom an invocation of `function` under this ARN is counted for.
pub(crate) fn subject<'a>(function: &'a FunctionRecord, invoked_arn: &'a str) -> Subject<'a> {
    // arn:aws:lambda:region:account:function:name, and the qualifier if one was named.
    Subject {
        function: &function.key.function,
        qualifier: invoked_arn.splitn(8, ':').nth(7),
        version: Some(function.key.version),
    }
}

/// What a function, or the platform in its place, answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// What kind of error it is, as the function or the platform names it.
    pub error_type: Option<String>,
    /// What the runtime said the payload is.
    pub content_type: Option<String>,
    /// The function's result, or the error's JSON. Empty where the result was streamed.
    pub payload: Bytes,
    /// The end of the invocation's log, if it was asked for: at most 4 KB.
    pub log_tail: Option<Bytes>,
}

/// The answer to an invocation whose caller takes it while it comes.
#[derive(Debug)]
pub enum Streamed {
    /// The function did not stream.
    Whole(Answer),
    /// It streams.
    Pieces(AnswerStream),
}

/// An answer that has begun. A caller who stops taking it slows the function down; one who drops it does not stop it.
#[derive(Debug)]
pub struct AnswerStream {
    /// What the runtime said the answer is.
    pub content_type: Option<String>,
    pieces: ResponsePieces,
    answered: oneshot::Receiver<Result<Answer, InvokeError>>,
}

impl AnswerStream {
    /// The next bytes; `None` when there are no more, for whatever reason.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.pieces.next().await
    }

    /// How it ended. Its payload is an error's, or empty.
    ///
    /// # Errors
    /// When the environment was lost.
    pub async fn end(self) -> Result<Answer, InvokeError> {
        self.answered.await.unwrap_or(Err(InvokeError::Lost))
    }

    /// Waits for the answer's first word.
    pub(crate) async fn begin(
        mut pieces: ResponsePieces,
        answered: oneshot::Receiver<Result<Answer, InvokeError>>,
    ) -> Result<Streamed, InvokeError> {
        match pieces.begin().await {
            Some(content_type) => Ok(Streamed::Pieces(Self {
                content_type,
                pieces,
                answered,
            })),
            None => answered.await.unwrap_or(Err(InvokeError::Lost)).map(Streamed::Whole),
        }
    }
}

/// Why an invocation did not reach an environment, or got no answer from it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// A concurrency limit is reached.
    #[error("throttled: {0:?}")]
    Throttled(ThrottleReason),
    /// The version was updated after it was looked up: look it up again.
    #[error("the function was updated meanwhile")]
    Stale,
    /// The server is stopping.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The server failed.
    #[error("the environment was lost")]
    Lost,
}

/// Which limit throttled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThrottleReason {
    /// The account's, or how fast the function may grow: no recording tells which reason AWS gives for that.
    ConcurrentInvocationLimitExceeded,
    /// The function's own.
    ReservedFunctionConcurrentInvocationLimitExceeded,
}

impl ThrottleReason {
    /// The `Reason` of `TooManyRequestsException`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConcurrentInvocationLimitExceeded => "ConcurrentInvocationLimitExceeded",
            Self::ReservedFunctionConcurrentInvocationLimitExceeded => {
                "ReservedFunctionConcurrentInvocationLimitExceeded"
            }
        }
    }
}

/// A request on its way, with the right to run and the one to be told.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) request: InvokeRequest,
    pub(crate) lease: Lease,
    /// Where the answer goes while it comes, if its caller wants it so.
    pub(crate) sink: Option<ResponseSink>,
    pub(crate) reply: oneshot::Sender<Result<Answer, InvokeError>>,
    /// The invocation, for who traces it: it ends with this job.
    pub(crate) span: Span,
}

impl Job {
    /// Answers. The lease goes back first, so that a caller who was at the limit can call again at once.
    pub(crate) fn answer(self, result: Result<Answer, InvokeError>) {
        drop(self.lease);
        // A caller that has gone away does not matter: the function ran.
        let _ = self.reply.send(result);
    }
}
