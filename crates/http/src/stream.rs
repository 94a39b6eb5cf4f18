//! Answers that are sent while the function writes them.

use crate::edge::{Answer, whole};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use http::{HeaderValue, Response, header::CONTENT_TYPE, request};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use lambent_control::{AnswerStream, InvocationAnswer, InvokeError, Streamed};
use lambent_models::lambda::errors;
use lambent_wire::{
    event_stream::{self, Payload, event},
    service::Events,
};
use serde::Serialize;
use std::{future::ready, io};
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Counts a request as under way for as long as it is held. The invocation has it, not the answer: the server waits until the function has
/// written all, and not for a client that does not read.
#[derive(Clone, Debug)]
pub(crate) struct UnderWay(pub(crate) TaskTrackerToken);

/// The token of a request.
pub(crate) fn under_way(parts: &request::Parts) -> Option<TaskTrackerToken> {
    parts.extensions.get().map(|UnderWay(token)| token.clone())
}

/// An answer that is sent piece by piece, at the pace of the client.
pub(crate) fn piecewise(pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Answer {
    use futures_util::TryStreamExt as _;
    Response::new(StreamBody::new(pieces.map_ok(Frame::data)).boxed_unsync())
}

/// `InvokeComplete`: how it ended.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Complete {
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_details: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_result: Option<String>,
}

/// The answer to `InvokeWithResponseStream`: `PayloadChunk`s, then `InvokeComplete`.
pub(crate) fn events(streamed: Streamed) -> Answer {
    as_events(match streamed {
        Streamed::Whole(answer) => whole(Response::new(at_once(&answer))),
        Streamed::Pieces(pieces) => piecewise(while_it_comes(pieces)),
    })
}

/// The answer of a protocol in which a stream of events begins with the output's other members.
pub(crate) fn led_in(events: Events) -> Answer {
    let first = stream::once(ready(event_stream::initial_response()));
    as_events(piecewise(first.chain(events).map(Ok)))
}

fn as_events(mut answer: Answer) -> Answer {
    let content_type = HeaderValue::from_static(event_stream::CONTENT_TYPE);
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}

/// A function that does not stream is one chunk; the error of one that failed is in the end alone.
fn at_once(answer: &InvocationAnswer) -> Bytes {
    let chunk = answer.outcome.is_success().then(|| chunk(answer.payload.clone()));
    let messages: Vec<Bytes> = chunk.into_iter().chain([complete(answer)]).collect();
    messages.concat().into()
}

fn while_it_comes(pieces: AnswerStream) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
    stream::unfold(Some(pieces), |state| async {
        let mut pieces: AnswerStream = state?;
        Some(match pieces.next().await {
            Some(data) => (Ok(chunk(data)), Some(pieces)),
            None => (
                Ok(pieces
                    .end()
                    .await
                    .map_or_else(|lost| complete_lost(&lost), |end| complete(&end))),
                None,
            ),
        })
    })
}

fn chunk(data: Bytes) -> Bytes {
    event("PayloadChunk", &Payload::Bytes(data))
}

fn complete(end: &InvocationAnswer) -> Bytes {
    let failed = !end.outcome.is_success();
    ended(&Complete {
        error_code: failed.then(|| end.error_type.clone().unwrap_or_else(|| "Unhandled".to_owned())),
        error_details: failed.then(|| String::from_utf8_lossy(&end.payload).into_owned()),
        log_result: end.log_tail.as_ref().map(|tail| STANDARD.encode(tail)),
    })
}

fn complete_lost(lost: &InvokeError) -> Bytes {
    ended(&Complete {
        error_code: Some(errors::SERVICE_EXCEPTION.code.to_owned()),
        error_details: Some(lost.to_string()),
        log_result: None,
    })
}

fn ended(complete: &Complete) -> Bytes {
    let json = serde_json::to_vec(complete).unwrap_or_else(|_| b"{}".to_vec());
    event("InvokeComplete", &Payload::Json(json.into()))
}
