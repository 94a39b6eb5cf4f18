//! Answers one request.

use crate::{
    answer::{self, Answer},
    api::RuntimeApi,
    core::Next,
    extension_service,
    headers::{self, ErrorPhase},
    invocation::{InitFailure, InvocationResult, ResponseMode},
    pipeline::Parked,
    route::Route,
    state::{Event, Refusal},
    stream::ResponseSink,
};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request};
use http_body::Body;
use http_body_util::BodyExt;
use lambent_types::{
    RequestId,
    limits::{STREAMED_PAYLOAD_BYTES, SYNC_PAYLOAD_BYTES},
};

/// How much of an unwanted body is read and thrown away so that a client which only reads after writing gets its answer. Whoever sends
/// more finds the connection closed.
const DISCARD_BYTES: usize = 8 * SYNC_PAYLOAD_BYTES;

/// Answers one request of the runtime or of an extension.
pub(crate) async fn handle<B>(api: &RuntimeApi, parked: &Parked, request: Request<B>) -> Answer
where
    B: Body<Data = Bytes> + Unpin,
{
    let (head, mut body) = request.into_parts();
    match Route::of(&head.method, head.uri.path()) {
        Route::Next => next(api, parked).await,
        Route::Response(id) => response(api, id, &head.headers, &mut body).await,
        Route::Error(id) => error(api, id, &head.headers, &mut body).await,
        Route::InitError => init_error(api, &head.headers, &mut body).await,
        Route::Register => extension_service::register(api, &head.headers, &mut body).await,
        Route::NextEvent => extension_service::next(api, &head.headers).await,
        Route::ExtensionError(kind) => extension_service::report(api, kind, &head.headers, &mut body).await,
        Route::Subscribe { is_telemetry } => {
            extension_service::subscribe(api, is_telemetry, &head.headers, &mut body).await
        }
        Route::Ping => answer::pong(),
        Route::MethodNotAllowed => discarding(&mut body, answer::method_not_allowed()).await,
        Route::NotFound => discarding(&mut body, answer::not_found()).await,
    }
}

async fn next(api: &RuntimeApi, parked: &Parked) -> Answer {
    let next = api.core().next();
    api.notify();
    match next {
        Ok(Next::Now(invocation)) => answer::invocation(&invocation),
        Ok(Next::Later(invocation)) => {
            let _parked = parked.hold();
            invocation
                .await
                .map_or_else(|_| answer::gone(), |it| answer::invocation(&it))
        }
        Err(refusal) => answer::refused(refusal),
    }
}

async fn response<B>(api: &RuntimeApi, id: Option<RequestId>, head: &HeaderMap, body: &mut B) -> Answer
where
    B: Body<Data = Bytes> + Unpin,
{
    let open = match OpenAnswer::begin(api, id, Event::Response(id)) {
        Ok(open) => open,
        Err(refusal) => return discarding(body, answer::refused(refusal)).await,
    };
    let Some(mode) = headers::response_mode(head) else {
        let answer = open.finish(InvocationResult::InvalidResponseMode, answer::invalid_response_mode());
        return discarding(body, answer).await;
    };
    let sink = match mode {
        ResponseMode::Buffered => None,
        ResponseMode::Streaming => api.core().take_sink(),
    };
    if let Some(sink) = sink {
        return stream(open, head, sink, body).await;
    }
    match collect(body, SYNC_PAYLOAD_BYTES).await {
        Collected::Whole { body, trailers } => {
            open.finish(response_result(head, mode, body, trailers.as_ref()), answer::accepted())
        }
        Collected::TooLarge => {
            let answer = open.finish(InvocationResult::ResponseTooLarge, answer::too_large());
            discarding(body, answer).await
        }
        Collected::Broken => open.finish(InvocationResult::Truncated, answer::truncated()),
    }
}

/// Passes a response on while it comes; nothing of it is kept.
async fn stream<B>(open: OpenAnswer<'_>, head: &HeaderMap, sink: ResponseSink, body: &mut B) -> Answer
where
    B: Body<Data = Bytes> + Unpin,
{
    sink.begin(headers::content_type(head)).await;
    let (mut left, mut trailers) = (STREAMED_PAYLOAD_BYTES, None);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return open.finish(InvocationResult::Truncated, answer::truncated());
        };
        match frame.into_data() {
            Ok(data) if data.len() > left => {
                sink.pass_on(data.slice(..left)).await;
                drop(sink);
                let answer = open.finish(InvocationResult::StreamTooLarge, answer::too_large());
                return discarding(body, answer).await;
            }
            Ok(data) => {
                left -= data.len();
                sink.pass_on(data).await;
            }
            Err(other) => trailers = other.into_trailers().ok().or(trailers),
        }
    }
    let result = match trailers.as_ref().and_then(headers::trailing_error) {
        Some((error_type, body)) => InvocationResult::Error {
            error_type: Some(error_type),
            body,
        },
        None => InvocationResult::Streamed,
    };
    open.finish(result, answer::accepted())
}

fn response_result(
    head: &HeaderMap,
    mode: ResponseMode,
    body: Bytes,
    trailers: Option<&HeaderMap>,
) -> InvocationResult {
    match trailers.and_then(headers::trailing_error) {
        Some((error_type, body)) => InvocationResult::Error {
            error_type: Some(error_type),
            body,
        },
        None => InvocationResult::Response {
            content_type: headers::content_type(head),
            mode,
            body,
        },
    }
}

async fn error<B>(api: &RuntimeApi, id: Option<RequestId>, head: &HeaderMap, body: &mut B) -> Answer
where
    B: Body<Data = Bytes> + Unpin,
{
    let open = match OpenAnswer::begin(api, id, Event::Error(id)) {
        Ok(open) => open,
        Err(refusal) => return discarding(body, answer::refused(refusal)).await,
    };
    match collect(body, SYNC_PAYLOAD_BYTES).await {
        Collected::Whole { body, .. } => {
            let error_type = headers::error_type(head, ErrorPhase::Invoke);
            open.finish(InvocationResult::Error { error_type, body }, answer::accepted())
        }
        Collected::TooLarge => {
            let answer = open.finish(InvocationResult::ResponseTooLarge, answer::too_large());
            discarding(body, answer).await
        }
        Collected::Broken => open.finish(InvocationResult::Truncated, answer::truncated()),
    }
}

async fn init_error<B>(api: &RuntimeApi, head: &HeaderMap, body: &mut B) -> Answer
where
    B: Body<Data = Bytes> + Unpin,
{
    let open = match OpenReport::begin(api) {
        Ok(open) => open,
        Err(refusal) => return discarding(body, answer::refused(refusal)).await,
    };
    match collect(body, SYNC_PAYLOAD_BYTES).await {
        Collected::Whole { body, .. } => open.finish(InitFailure {
            error_type: headers::error_type(head, ErrorPhase::Init),
            body,
        }),
        Collected::TooLarge => {
            drop(open);
            discarding(body, answer::too_large()).await
        }
        Collected::Broken => answer::truncated(),
    }
}

/// A report of a failed initialisation whose head has come. Going away without being finished means that it does not count.
struct OpenReport<'a> {
    api: &'a RuntimeApi,
    finished: bool,
}

impl<'a> OpenReport<'a> {
    fn begin(api: &'a RuntimeApi) -> Result<Self, Refusal> {
        api.core().begin_init_error()?;
        Ok(Self { api, finished: false })
    }

    fn finish(mut self, failure: InitFailure) -> Answer {
        self.finished = true;
        let reported = self.api.core().finish_init_error(Some(failure));
        self.api.notify();
        reported.map_or_else(answer::refused, |()| answer::accepted())
    }
}

impl Drop for OpenReport<'_> {
    fn drop(&mut self) {
        if !self.finished {
            // Nothing to refuse: nothing is reported.
            let _ = self.api.core().finish_init_error(None);
        }
    }
}

/// An answer whose head has come. Going away without being finished means that its connection is gone.
struct OpenAnswer<'a> {
    api: &'a RuntimeApi,
    id: RequestId,
    finished: bool,
}

impl<'a> OpenAnswer<'a> {
    fn begin(api: &'a RuntimeApi, id: Option<RequestId>, event: Event) -> Result<Self, Refusal> {
        api.core().begin_answer(event)?;
        let id = id.ok_or(Refusal::InvalidRequestId)?;
        Ok(Self {
            api,
            id,
            finished: false,
        })
    }

    /// Gives the caller `result`, and the runtime `answer` unless the caller has gone.
    fn finish(mut self, result: InvocationResult, answer: Answer) -> Answer {
        self.finished = true;
        let finished = self.api.core().finish_answer(self.id, result);
        finished.map_or_else(answer::refused, |()| answer)
    }
}

impl Drop for OpenAnswer<'_> {
    fn drop(&mut self) {
        if !self.finished {
            // Refused only when the caller has given up, who then needs no result.
            let _ = self.api.core().finish_answer(self.id, InvocationResult::Truncated);
        }
    }
}

/// A body that was read up to a limit.
pub(crate) enum Collected {
    Whole { body: Bytes, trailers: Option<HeaderMap> },
    TooLarge,
    Broken,
}

/// Reads a body of at most `limit` bytes. A body that came in one piece is handed on without a copy.
pub(crate) async fn collect<B>(body: &mut B, limit: usize) -> Collected
where
    B: Body<Data = Bytes> + Unpin,
{
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        return Collected::TooLarge;
    }
    let (mut first, mut joined, mut trailers) = (Bytes::new(), BytesMut::new(), None);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Collected::Broken };
        match frame.into_data() {
            Ok(data) if first.len() + joined.len() + data.len() > limit => return Collected::TooLarge,
            Ok(data) if first.is_empty() && joined.is_empty() => first = data,
            Ok(data) => {
                if joined.is_empty() {
                    joined.reserve(announced.max(first.len() + data.len()));
                    joined.extend_from_slice(&std::mem::take(&mut first));
                }
                joined.extend_from_slice(&data);
            }
            Err(other) => trailers = other.into_trailers().ok().or(trailers),
        }
    }
    Collected::Whole {
        body: if joined.is_empty() { first } else { joined.freeze() },
        trailers,
    }
}

/// Reads what is left of `body`, keeping nothing, before `answer` is given.
pub(crate) async fn discarding<B>(body: &mut B, answer: Answer) -> Answer
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut left = DISCARD_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        if left == 0 {
            break;
        }
    }
    answer
}
