//! What an environment writes: lines for the log, and the end of it for callers who ask.

use crate::{
    LogWriter,
    frames::{Frames, Piece},
};
use lambent_runtime_api::{RuntimeApi, TelemetryRecord};
use lambent_types::limits;
use std::{future::poll_fn, io, os::fd::OwnedFd, sync::Arc};
use tokio::net::unix::pipe;

/// Read at once; also the size of a pipe.
const CHUNK: usize = 65_536;
/// The most that is read at the end of an invocation: what a full pipe of the largest size can hold. A background process that
/// keeps writing cannot hold up the answer.
const DRAIN: usize = 1 << 20;
/// A line longer than this is cut into several events, as CloudWatch Logs has it.
const LONGEST_EVENT: usize = 262_118;

/// What an environment's processes write, and what is said about them.
pub(crate) struct Output {
    function: Source,
    extensions: Option<Source>,
    log: Log,
}

/// The read end of a pipe.
struct Source {
    pipe: pipe::Receiver,
    closed: bool,
    writer: Writer,
    /// The beginning of a line whose end has not come yet.
    partial: Vec<u8>,
    frames: Frames,
}

/// Who writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writer {
    Function,
    Extension,
    Platform,
}

/// Splits what is written into events and remembers the end of it.
struct Log {
    writer: Box<dyn LogWriter>,
    tail: Vec<u8>,
    /// Told of what functions and extensions write.
    telemetry: Option<Arc<RuntimeApi>>,
}

impl Output {
    pub(crate) fn new(pipe: OwnedFd, writer: Box<dyn LogWriter>) -> io::Result<Self> {
        let log = Log {
            writer,
            tail: Vec::new(),
            telemetry: None,
        };
        Ok(Self {
            function: Source::new(pipe, Writer::Function)?,
            extensions: None,
            log,
        })
    }

    /// One of an environment in which nothing ever ran.
    pub(crate) fn silent(writer: Box<dyn LogWriter>) -> io::Result<Self> {
        let (pipe, _nobody_writes) = io::pipe()?;
        let pipe = OwnedFd::from(pipe);
        Self::new(pipe, writer)
    }

    /// Takes what external extensions write as well.
    pub(crate) fn with_extensions(mut self, pipe: Option<OwnedFd>) -> io::Result<Self> {
        self.extensions = pipe.map(|pipe| Source::new(pipe, Writer::Extension)).transpose()?;
        Ok(self)
    }

    /// Tells `api` of every line from now on.
    pub(crate) fn tell(&mut self, api: Arc<RuntimeApi>) {
        self.log.telemetry = Some(api);
    }

    /// Reads for as long as it is polled. Never returns; dropping it loses nothing.
    ///
    /// A function may write as fast as this reads, and for ever: whoever polls it gets to do something else after every piece.
    pub(crate) async fn pump(&mut self) -> std::convert::Infallible {
        let Self {
            function,
            extensions,
            log,
        } = self;
        loop {
            log.room().await;
            match extensions {
                None => {
                    function.readable().await;
                    function.read(log);
                }
                Some(extensions) => tokio::select! {
                    () = function.readable() => function.read(log),
                    () = extensions.readable() => extensions.read(log),
                },
            }
            tokio::task::yield_now().await;
        }
    }

    /// Waits until the log can take more.
    pub(crate) async fn room(&mut self) {
        self.log.room().await;
    }

    /// Takes what is in the pipes at this moment: the runtime wrote it before it answered. Asks the kernel itself, since the reactor
    /// may not have heard of it yet.
    pub(crate) fn drain(&mut self) {
        if let Some(extensions) = &mut self.extensions {
            extensions.drain(&mut self.log);
        }
        self.function.drain(&mut self.log);
    }

    /// Adds a line of the platform's own.
    pub(crate) fn platform(&mut self, line: &str) {
        self.function.end_line(&mut self.log);
        self.log.remember(line.as_bytes());
        for line in line.as_bytes().split(|byte| *byte == b'\n') {
            self.log.emit(Writer::Platform, line);
        }
    }

    /// Adds a line that is about the environment: no caller gets it with its invocation's log (recorded: `test_invocation_with_logs`).
    pub(crate) fn note(&mut self, line: &str) {
        self.function.end_line(&mut self.log);
        self.log.emit(Writer::Platform, line.trim_end().as_bytes());
    }

    /// The last 4 KB since the last call.
    pub(crate) fn take_tail(&mut self) -> Vec<u8> {
        let mut tail = std::mem::take(&mut self.log.tail);
        let over = tail.len().saturating_sub(limits::LOG_TAIL_BYTES);
        tail.drain(..over);
        tail
    }
}

impl Source {
    fn new(pipe: OwnedFd, writer: Writer) -> io::Result<Self> {
        Ok(Self {
            pipe: pipe::Receiver::from_owned_fd(pipe)?,
            closed: false,
            writer,
            partial: Vec::new(),
            frames: Frames::default(),
        })
    }

    /// Pending for ever once it is closed.
    async fn readable(&self) {
        if self.closed || self.pipe.readable().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    fn read(&mut self, log: &mut Log) {
        // Made only now: most invocations write nothing.
        let mut chunk = vec![0; CHUNK];
        match self.pipe.try_read(&mut chunk) {
            Ok(count) if count > 0 => self.take(&chunk[..count], log),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Ok(_) | Err(_) => self.closed = true,
        }
    }

    fn drain(&mut self, log: &mut Log) {
        let mut chunk = [0; 4_096];
        let mut taken = 0;
        while taken < DRAIN && !self.closed {
            match rustix::io::read(&self.pipe, &mut chunk) {
                Ok(0) => self.closed = true,
                Ok(count) => {
                    self.take(&chunk[..count], log);
                    taken += count;
                }
                Err(_) => break,
            }
        }
        let held = self.frames.give_up();
        self.take_lines(&held, log);
        self.end_line(log);
    }

    fn take(&mut self, bytes: &[u8], log: &mut Log) {
        let mut frames = std::mem::take(&mut self.frames);
        frames.feed(bytes, &mut |piece| match piece {
            Piece::Text(text) => self.take_lines(text, log),
            Piece::Event(event) => self.take_event(event, log),
        });
        self.frames = frames;
    }

    /// A framed event is one, whatever it holds.
    fn take_event(&mut self, event: &[u8], log: &mut Log) {
        self.end_line(log);
        log.remember(event);
        log.emit(self.writer, event.trim_ascii_end());
    }

    fn take_lines(&mut self, bytes: &[u8], log: &mut Log) {
        log.remember(bytes);
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, behind) = (&rest[..end], &rest[end + 1..]);
            if self.partial.is_empty() {
                log.emit(self.writer, line);
            } else {
                self.partial.extend_from_slice(line);
                self.end_line(log);
            }
            rest = behind;
        }
        self.partial.extend_from_slice(rest);
        if self.partial.len() > LONGEST_EVENT {
            self.end_line(log);
        }
    }

    /// An unfinished line becomes an event of its own.
    fn end_line(&mut self, log: &mut Log) {
        if !self.partial.is_empty() {
            let line = std::mem::take(&mut self.partial);
            log.emit(self.writer, &line);
        }
    }
}

impl Log {
    async fn room(&mut self) {
        poll_fn(|cx| self.writer.poll_room(cx)).await;
    }

    fn emit(&mut self, writer: Writer, line: &[u8]) {
        for event in line.chunks(LONGEST_EVENT).filter(|event| !event.is_empty()) {
            self.writer.event(event);
            self.tell(writer, event);
        }
    }

    fn tell(&self, writer: Writer, event: &[u8]) {
        let Some(api) = self.telemetry.as_ref().filter(|api| api.is_listened_to()) else {
            return;
        };
        let text = || format!("{}\n", String::from_utf8_lossy(event));
        match writer {
            Writer::Function => api.tell(TelemetryRecord::FunctionLine(text())),
            Writer::Extension => api.tell(TelemetryRecord::ExtensionLine(text())),
            // The platform's lines have records of their own.
            Writer::Platform => {}
        }
    }

    fn remember(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        if self.tail.len() > 4 * CHUNK {
            let over = self.tail.len() - limits::LOG_TAIL_BYTES;
            self.tail.drain(..over);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::Write as _,
        sync::{
            Mutex,
            atomic::{AtomicBool, Ordering},
        },
        task::{Context, Poll},
        time::Duration,
    };

    /// What was kept, and whether more is taken.
    #[derive(Clone, Default)]
    struct Kept {
        events: Arc<Mutex<Vec<String>>>,
        full: Arc<AtomicBool>,
    }

    impl LogWriter for Kept {
        fn event(&mut self, event: &[u8]) {
            let event = String::from_utf8(event.to_vec()).unwrap();
            self.events.lock().unwrap().push(event);
        }

        fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()> {
            if self.full.load(Ordering::SeqCst) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        }
    }

    struct Nowhere;

    impl LogWriter for Nowhere {
        fn event(&mut self, _: &[u8]) {}

        fn poll_room(&mut self, _: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }

    async fn pump(output: &mut Output, time: Duration) {
        tokio::select! {
            biased;
            () = tokio::time::sleep(time) => {}
            never = output.pump() => match never {},
        }
    }

    #[tokio::test]
    async fn a_flood_lets_others_have_their_turn() {
        let (read, mut write) = io::pipe().unwrap();
        let flood = std::thread::spawn(move || while write.write_all(&[b'\n'; CHUNK]).is_ok() {});
        let mut output = Output::new(read.into(), Box::new(Nowhere)).unwrap();
        for _ in 0..100 {
            pump(&mut output, Duration::from_millis(1)).await;
        }
        drop(output);
        flood.join().unwrap();
    }

    #[tokio::test]
    async fn a_framed_event_keeps_its_lines_together() {
        let (read, mut write) = io::pipe().unwrap();
        let kept = Kept::default();
        let mut output = Output::new(read.into(), Box::new(kept.clone())).unwrap();
        let head = [0xa5_5a_00_03_u32, 8].map(u32::to_be_bytes).concat();
        let head = [head, 1_763_900_000_000_000_u64.to_be_bytes().to_vec()].concat();
        write
            .write_all(&[b"printed", &head[..], b"one\ntwo\n", b"line\n"].concat())
            .unwrap();
        output.drain();
        assert_eq!(output.take_tail(), b"printedone\ntwo\nline\n");
        assert_eq!(*kept.events.lock().unwrap(), ["printed", "one\ntwo", "line"]);
    }

    #[tokio::test]
    async fn what_is_written_waits_in_the_pipe_while_the_log_is_full() {
        let (read, mut write) = io::pipe().unwrap();
        let kept = Kept::default();
        let mut output = Output::new(read.into(), Box::new(kept.clone())).unwrap();
        kept.full.store(true, Ordering::SeqCst);
        write.write_all(b"a line\n").unwrap();
        pump(&mut output, Duration::from_millis(10)).await;
        assert!(kept.events.lock().unwrap().is_empty());
        kept.full.store(false, Ordering::SeqCst);
        output.room().await;
        while kept.events.lock().unwrap().is_empty() {
            pump(&mut output, Duration::from_millis(1)).await;
        }
        assert_eq!(*kept.events.lock().unwrap(), ["a line"]);
    }

    #[tokio::test]
    async fn a_note_is_for_the_log_alone() {
        let (read, mut write) = io::pipe().unwrap();
        let kept = Kept::default();
        let mut output = Output::new(read.into(), Box::new(kept.clone())).unwrap();
        output.note("INIT_START\n");
        write.write_all(b"printed").unwrap();
        output.drain();
        output.platform("END\n");
        assert_eq!(output.take_tail(), b"printedEND\n");
        assert_eq!(*kept.events.lock().unwrap(), ["INIT_START", "printed", "END"]);
    }
}
