//! The way in for a writer that does not wait.

use std::task::{Context, Poll};

/// Takes the events of one writer.
pub trait Outlet: Send + Sync + 'static {
    /// Takes one event, whose message is these parts. Never blocks and never refuses; who writes much asks
    /// [`poll_room`](Self::poll_room) first.
    fn event(&self, millis: u64, message: &[&[u8]]);

    /// Ready when more can be taken. Pending while as much waits to be written as one writer may have waiting.
    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()>;
}
