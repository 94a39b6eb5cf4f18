//! Function URLs that pass the answer on while the function writes it: `InvokeMode` `RESPONSE_STREAM`.
//!
//! A function that writes the content type [`INTEGRATION`] begins with the answer's head as JSON and eight zero bytes ("Response streaming
//! for Lambda functions"; what `awslambda.HttpResponseStream.from` writes). Any other answer is the body alone.

use super::{
    Refused,
    response::{self, Malformed},
};
use crate::{
    edge::{Answer, whole},
    stream::piecewise,
};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use http::{HeaderValue, Response, header::CONTENT_TYPE};
use lambent_control::{AnswerStream, Streamed};
use std::io;

const INTEGRATION: &str = "application/vnd.awslambda.http-integration-response";
const UNKNOWN: HeaderValue = HeaderValue::from_static("application/octet-stream");
/// Between head and body.
const SEPARATOR: [u8; 8] = [0; 8];
/// More than all headers together may have.
const LONGEST_HEAD: usize = 128 << 10;

/// The head of an answer, as far as it has come.
#[derive(Default)]
struct Prelude(BytesMut);

impl Prelude {
    /// Adds what came; when the head is complete, it and the beginning of the body.
    fn push(&mut self, data: &Bytes) -> Result<Option<(Bytes, Bytes)>, Malformed> {
        let from = self.0.len().saturating_sub(SEPARATOR.len());
        self.0.extend_from_slice(data);
        let found = self.0[from..]
            .windows(SEPARATOR.len())
            .position(|window| window == SEPARATOR);
        match found {
            Some(at) => {
                let mut all = std::mem::take(&mut self.0).freeze();
                let body = all.split_off(from + at + SEPARATOR.len());
                all.truncate(from + at);
                Ok(Some((all, body)))
            }
            None if self.0.len() > LONGEST_HEAD => Err(Malformed("its head has no end")),
            None => Ok(None),
        }
    }
}

/// The answer, once its head is known.
pub(super) async fn respond(streamed: Streamed) -> Result<Answer, Refused> {
    let mut pieces = match streamed {
        Streamed::Whole(answer) if !answer.outcome.is_success() => return Err(Refused::Failed),
        // The answer of a function that does not stream is not looked into.
        Streamed::Whole(answer) => {
            return Ok(raw(
                answer.content_type.as_deref(),
                whole(Response::new(answer.payload)),
            ));
        }
        Streamed::Pieces(pieces) => pieces,
    };
    if pieces.content_type.as_deref() != Some(INTEGRATION) {
        let content_type = pieces.content_type.take();
        return Ok(raw(content_type.as_deref(), piecewise(body(Bytes::new(), pieces))));
    }
    let mut prelude = Prelude::default();
    while let Some(data) = pieces.next().await {
        if let Some((head, rest)) = prelude.push(&data)? {
            let (status, mut headers) = response::head(&head)?;
            headers.entry(CONTENT_TYPE).or_insert(UNKNOWN);
            let mut answer = piecewise(body(rest, pieces));
            *answer.status_mut() = status;
            *answer.headers_mut() = headers;
            return Ok(answer);
        }
    }
    Err(Refused::Failed)
}

fn raw(content_type: Option<&str>, mut answer: Answer) -> Answer {
    let content_type = content_type.and_then(|text| HeaderValue::from_str(text).ok());
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, content_type.unwrap_or(UNKNOWN));
    answer
}

/// A function that fails in the middle has its answer broken off: there is no other way left to tell.
fn body(first: Bytes, pieces: AnswerStream) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
    stream::unfold(Some((first, pieces)), |state| async {
        let (first, mut pieces) = state?;
        if !first.is_empty() {
            return Some((Ok(first), Some((Bytes::new(), pieces))));
        }
        match pieces.next().await {
            Some(data) => Some((Ok(data), Some((Bytes::new(), pieces)))),
            None if pieces.end().await.is_ok_and(|end| end.outcome.is_success()) => None,
            None => Some((
                Err(io::Error::other("the function failed in the middle of its answer")),
                None,
            )),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pieces: &[&'static [u8]]) -> Option<(Bytes, Bytes)> {
        let mut prelude = Prelude::default();
        pieces
            .iter()
            .find_map(|piece| prelude.push(&Bytes::from_static(piece)).unwrap())
    }

    #[test]
    fn the_head_ends_at_eight_zeros_wherever_pieces_end() {
        let expected = Some((Bytes::from_static(b"{}"), Bytes::from_static(b"body")));
        assert_eq!(of(&[b"{}\0\0\0\0\0\0\0\0body"]), expected);
        assert_eq!(of(&[b"{", b"}\0\0\0", b"\0\0\0\0", b"\0body"]), expected);
        assert_eq!(
            of(&[b"{}", b"\0\0\0\0\0\0\0\0"]),
            Some((Bytes::from_static(b"{}"), Bytes::new()))
        );
        assert_eq!(of(&[b"{}\0\0\0\0\0\0\0", b"x"]), None);
    }

    #[test]
    fn a_head_without_end_is_malformed() {
        let mut prelude = Prelude::default();
        assert!(prelude.push(&Bytes::from(vec![b'x'; LONGEST_HEAD])).unwrap().is_none());
        assert!(prelude.push(&Bytes::from_static(b"x")).is_err());
    }
}
