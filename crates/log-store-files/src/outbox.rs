//! What environments wrote and is not in files yet: a buffer of each one's own, and the list of those that have something.
//!
//! Taking an event costs a lock that nobody else wants and a copy. The writer is woken by the first event after a pause and then waits a
//! moment, so that many invocations become one write.

use lambent_log_store::{LogGroupKey, Outlet};
use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, Waker},
    time::Duration,
};

/// What one environment may have waiting before it is told to pause.
const ROOM: usize = 256 << 10;
/// With so much waiting the writer does not wait for more.
const HURRY: usize = 64 << 10;
/// How long the writer waits for more.
const COLLECTING: Duration = Duration::from_millis(100);
/// A buffer that has grown larger is not kept.
const KEPT: usize = 4 << 10;
/// Moment and length before each message.
const FRAME: usize = 12;

/// The buffer of one environment.
pub(crate) struct Outbox {
    pub(crate) key: LogGroupKey,
    pub(crate) stream: String,
    list: Arc<Outboxes>,
    buffer: Mutex<Buffer>,
    this: Weak<Self>,
}

#[derive(Default)]
struct Buffer {
    frames: Vec<u8>,
    /// Bytes that were taken and are being written.
    writing: usize,
    /// Whether the list has it.
    listed: bool,
    waiting: Option<Waker>,
}

/// Those that have something.
#[derive(Default)]
pub(crate) struct Outboxes {
    list: Mutex<List>,
    changed: Condvar,
}

#[derive(Default)]
struct List {
    boxes: Vec<Arc<Outbox>>,
    hurry: bool,
    stopping: bool,
}

impl Outbox {
    pub(crate) fn new(key: &LogGroupKey, stream: &str, list: &Arc<Outboxes>) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            key: key.clone(),
            stream: stream.to_owned(),
            list: Arc::clone(list),
            buffer: Mutex::default(),
            this: this.clone(),
        })
    }

    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what waits. [`written`](Self::written) follows, whatever becomes of it.
    pub(crate) fn take(&self) -> Vec<u8> {
        let mut buffer = self.buffer();
        buffer.listed = false;
        let frames = std::mem::take(&mut buffer.frames);
        buffer.writing += frames.len();
        frames
    }

    /// What was taken has been written.
    pub(crate) fn written(&self, mut frames: Vec<u8>) {
        let mut buffer = self.buffer();
        buffer.writing -= frames.len();
        if buffer.frames.capacity() == 0 && frames.capacity() <= KEPT {
            frames.clear();
            buffer.frames = frames;
        }
        let waker = if buffer.has_room() { buffer.waiting.take() } else { None };
        drop(buffer);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Buffer {
    fn has_room(&self) -> bool {
        self.frames.len() + self.writing < ROOM
    }
}

impl Outlet for Outbox {
    fn event(&self, millis: u64, message: &[&[u8]]) {
        let mut buffer = self.buffer();
        let before = buffer.frames.len();
        let length = message.iter().map(|part| part.len()).sum::<usize>();
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        buffer.frames.extend_from_slice(&millis.to_le_bytes());
        buffer.frames.extend_from_slice(&length.to_le_bytes());
        for part in message {
            buffer.frames.extend_from_slice(part);
        }
        let hurry = before < HURRY && buffer.frames.len() >= HURRY;
        let list = !std::mem::replace(&mut buffer.listed, true);
        drop(buffer);
        if list || hurry {
            self.list.add(list.then(|| self.this.upgrade()).flatten(), hurry);
        }
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut buffer = self.buffer();
        if buffer.has_room() {
            return Poll::Ready(());
        }
        buffer.waiting = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// The events in what was taken.
pub(crate) fn events(mut frames: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    std::iter::from_fn(move || {
        let (head, rest) = frames.split_first_chunk::<FRAME>()?;
        let (millis, length) = head.split_first_chunk::<8>()?;
        let length = u32::from_le_bytes(length.try_into().ok()?);
        let (message, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        frames = rest;
        Some((u64::from_le_bytes(*millis), message))
    })
}

impl Outboxes {
    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, outbox: Option<Arc<Outbox>>, hurry: bool) {
        let mut list = self.list();
        let wake = list.boxes.is_empty() || (hurry && !list.hurry);
        list.boxes.extend(outbox);
        list.hurry |= hurry;
        drop(list);
        if wake {
            self.changed.notify_one();
        }
    }

    /// Those that have something.
    pub(crate) fn take(&self) -> Vec<Arc<Outbox>> {
        let mut list = self.list();
        list.hurry = false;
        std::mem::take(&mut list.boxes)
    }

    /// Waits until there is something, and then for a moment, unless much of it is there. False when it is time to stop.
    pub(crate) fn wait(&self) -> bool {
        let mut list = self.list();
        while list.boxes.is_empty() && !list.stopping {
            list = self.changed.wait(list).unwrap_or_else(PoisonError::into_inner);
        }
        if !list.hurry && !list.stopping {
            let waited = self
                .changed
                .wait_timeout_while(list, COLLECTING, |list| !list.hurry && !list.stopping);
            list = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        !list.stopping
    }

    pub(crate) fn stop(&self) {
        self.list().stopping = true;
        self.changed.notify_all();
    }
}
