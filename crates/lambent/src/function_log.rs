//! Function logs on standard error.

use lambent_invoker::{LogSink, LogStream};
use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

/// Events that wait to be printed; more are dropped and counted, so that a terminal that stands still stops nobody.
const WAITING: usize = 4_096;

/// Shows nothing.
pub(crate) struct Silent;

impl LogSink for Silent {
    fn event(&self, _stream: &Arc<LogStream>, _event: &[u8]) {}
}

/// Prints every event behind its function's name.
pub(crate) struct Printed {
    lines: mpsc::SyncSender<Vec<u8>>,
    dropped: Arc<AtomicU64>,
}

impl Printed {
    /// Starts the thread that prints; it ends with the sink.
    pub(crate) fn start() -> std::io::Result<Self> {
        let (lines, waiting) = mpsc::sync_channel::<Vec<u8>>(WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let missing = Arc::clone(&dropped);
        thread::Builder::new().name("function-log".to_owned()).spawn(move || {
            for line in waiting {
                let mut out = std::io::stderr().lock();
                let _ = out.write_all(&line);
                let count = missing.swap(0, Ordering::Relaxed);
                if count > 0 {
                    let _ = writeln!(
                        out,
                        "[{count} log events were dropped: they came faster than they could be printed]"
                    );
                }
            }
        })?;
        Ok(Self { lines, dropped })
    }
}

impl LogSink for Printed {
    fn event(&self, stream: &Arc<LogStream>, event: &[u8]) {
        let mut line = format!("[{}] ", stream.function.name).into_bytes();
        line.extend_from_slice(event);
        line.push(b'\n');
        if self.lines.try_send(line).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}
