//! A response that is passed on while it comes: from the runtime's connection to the caller, piece by piece, at the slower one's pace.

use bytes::Bytes;
use tokio::sync::mpsc;

/// Pieces on their way. A caller who does not take them stops the runtime's connection from being read, and so the function from writing.
const PIECES: usize = 4;

/// What comes through, in this order: one head, then data.
#[derive(Debug)]
enum Piece {
    Head(Option<String>),
    Data(Bytes),
}

/// Where a response that the runtime streams goes.
#[derive(Debug)]
pub struct ResponseSink(mpsc::Sender<Piece>);

/// A response as the caller gets it. It is empty if the runtime does not stream: its answer is then the invocation's result.
#[derive(Debug)]
pub struct ResponsePieces(mpsc::Receiver<Piece>);

/// The two ends of a response.
#[must_use]
pub fn response_stream() -> (ResponseSink, ResponsePieces) {
    let (sender, receiver) = mpsc::channel(PIECES);
    (ResponseSink(sender), ResponsePieces(receiver))
}

impl ResponseSink {
    /// The stream begins. A caller who has gone is no reason to stop: the function runs to its end.
    pub(crate) async fn begin(&self, content_type: Option<String>) {
        let _ = self.0.send(Piece::Head(content_type)).await;
    }

    pub(crate) async fn pass_on(&self, data: Bytes) {
        let _ = self.0.send(Piece::Data(data)).await;
    }
}

impl ResponsePieces {
    /// Resolves when the runtime begins to stream, with its `Content-Type`; `None` when it will not.
    pub async fn begin(&mut self) -> Option<Option<String>> {
        match self.0.recv().await? {
            Piece::Head(content_type) => Some(content_type),
            // The sink begins with the head, whatever is polled when.
            Piece::Data(_) => None,
        }
    }

    /// The next bytes, after [`begin`](Self::begin); `None` at the end, good or bad: which, the invocation's result says.
    pub async fn next(&mut self) -> Option<Bytes> {
        match self.0.recv().await? {
            Piece::Data(data) => Some(data),
            Piece::Head(_) => None,
        }
    }
}
