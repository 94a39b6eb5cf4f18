//! A receipt that nobody waits for leaves together with what comes next.
//!
//! Runtime clients may send a response and the request for the next invocation in one go. The receipt of the response is of no use to them
//! before there is that invocation, so it is kept until then: one write of ours and one wake-up of theirs less for each invocation.

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context, Poll},
};
use tokio::net::TcpStream;

/// So many answers are kept for one write. A client that has sent more requests than that without listening once is let go.
const UNSENT: u32 = 1_000;

/// Whether the request that was read last from a connection is parked at `/next`, and how many answers have not been written.
#[derive(Clone, Default)]
pub(crate) struct Parked(Arc<AtomicBool>, Arc<AtomicU32>);

/// While it is held, the connection is parked.
pub(crate) struct ParkedGuard<'a>(&'a AtomicBool);

impl Parked {
    pub(crate) fn hold(&self) -> ParkedGuard<'_> {
        self.0.store(true, Ordering::Relaxed);
        ParkedGuard(&self.0)
    }

    /// One more request is answered: whether that is to be the last of the connection.
    pub(crate) fn is_last(&self) -> bool {
        self.1.fetch_add(1, Ordering::Relaxed) >= UNSENT
    }
}

impl Drop for ParkedGuard<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// A connection that writes nothing while it is parked, and reads nothing while its client does not take what is written: answers to
/// requests that are sent without end and never listened to would be kept here otherwise.
///
/// Parking is set and ended by the connection's own task while it answers requests, always before it comes to write, so that no wake-up
/// is missed: what is held back is written when the invocation is.
pub(crate) struct Pipeline {
    io: TokioIo<TcpStream>,
    parked: Parked,
    /// The client's end took nothing more when it was written to last.
    full: bool,
    /// Reading was put off for that.
    put_off: bool,
}

impl Pipeline {
    pub(crate) fn new(stream: TcpStream, parked: Parked) -> Self {
        Self {
            io: TokioIo::new(stream),
            parked,
            full: false,
            put_off: false,
        }
    }

    fn written(&mut self, cx: &Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.full = written.is_pending();
        if !self.full {
            self.parked.1.store(0, Ordering::Relaxed);
        }
        if !self.full && std::mem::take(&mut self.put_off) {
            // Nobody else would wake who wanted to read.
            cx.waker().wake_by_ref();
        }
        written
    }

    fn is_parked(&self) -> bool {
        self.parked.0.load(Ordering::Relaxed)
    }
}

impl Read for Pipeline {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        if self.full {
            self.put_off = true;
            return Poll::Pending;
        }
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Pipeline {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_parked() {
            return Poll::Pending;
        }
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.is_parked() {
            return Poll::Pending;
        }
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, parts);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
