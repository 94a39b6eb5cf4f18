//! Where functions' logs go: into the log store, and on standard error where an operator wants to see them.

use lambent_iam::{Iam, KnownRole, RoleArn};
use lambent_invoker::{LogSink, LogStream, LogWriter};
use lambent_log_store::{LogGroupKey, LogStore, Outlet};
use lambent_metrics::Metrics;
use lambent_sandbox::BoxFuture;
use lambent_types::{Clock, Scope};
use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Poll},
    thread,
};

/// Events that wait to be printed; more are dropped and counted, so that a terminal that stands still stops nobody.
const WAITING: usize = 4_096;
/// How many bytes they may have together. One event may have 256 KiB.
const WAITING_BYTES: usize = 8 << 20;

/// Keeps every event, and prints it as well.
pub(crate) struct FunctionLog {
    pub(crate) store: Arc<dyn LogStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    /// Execution roles, which have to allow that a log is written.
    pub(crate) roles: Iam,
    pub(crate) printed: Option<Arc<Printed>>,
}

/// The log of one environment.
struct Writer {
    /// `None` where the function's role does not allow that its log is written.
    outlet: Option<Arc<dyn Outlet>>,
    clock: Arc<dyn Clock>,
    /// For lines that say some.
    metrics: Metrics,
    scope: Scope,
    /// With the function's name.
    printed: Option<(Arc<Printed>, String)>,
}

impl LogSink for FunctionLog {
    fn open<'a>(&'a self, stream: &'a LogStream) -> BoxFuture<'a, Box<dyn LogWriter>> {
        Box::pin(self.writer(stream))
    }
}

impl FunctionLog {
    async fn writer(&self, stream: &LogStream) -> Box<dyn LogWriter> {
        let group = LogGroupKey {
            scope: stream.function.scope.clone(),
            name: stream.group.clone(),
        };
        let allowed = may_write(&self.roles, stream, self.store.group(&group).is_some()).await;
        let name = || stream.function.name.as_str().to_owned();
        Box::new(Writer {
            outlet: allowed.then(|| self.store.outlet(&group, &stream.stream)),
            clock: Arc::clone(&self.clock),
            metrics: self.metrics.clone(),
            scope: stream.function.scope.clone(),
            printed: self.printed.as_ref().map(|printed| (Arc::clone(printed), name())),
        })
    }
}

impl LogWriter for Writer {
    fn event(&mut self, event: &[u8]) {
        let millis = u64::try_from(self.clock.now().as_millis()).unwrap_or(0);
        // Events that are lines end as lines do, as AWS has them.
        if let Some(outlet) = &self.outlet {
            outlet.event(millis, &[event, b"\n"]);
            self.metrics.embedded(&self.scope, event);
        }
        if let Some((printed, name)) = &self.printed {
            printed.event(name, event);
        }
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.outlet
            .as_ref()
            .map_or(Poll::Ready(()), |outlet| outlet.poll_room(cx))
    }
}

/// Whether a function's role allows that its log is written, as far as the role was made here. That is asked when an environment starts.
async fn may_write(roles: &Iam, stream: &LogStream, group_is_there: bool) -> bool {
    let Some(arn) = RoleArn::read(&stream.role) else {
        return true;
    };
    match roles.role(arn).await {
        Ok(role) => role.is_none_or(|role| allows(&role, stream, group_is_there)),
        Err(error) => {
            tracing::warn!(%error, role = stream.role, "a role could not be read, so its function's log is written");
            true
        }
    }
}

/// The group is made where it is missing, then the stream, then events are put; each is an action of its own, on ARNs as CloudWatch Logs
/// names them when it refuses one.
fn allows(role: &KnownRole, stream: &LogStream, group_is_there: bool) -> bool {
    let Scope { account, region } = &stream.function.scope;
    let group = format!(
        "arn:{}:logs:{region}:{account}:log-group:{}:log-stream:",
        region.partition(),
        stream.group
    );
    (group_is_there || role.may("logs:CreateLogGroup", &group, &[]))
        && role.may("logs:CreateLogStream", &group, &[])
        && role.may("logs:PutLogEvents", &format!("{group}{}", stream.stream), &[])
}

/// Prints every event behind its function's name.
pub(crate) struct Printed {
    lines: mpsc::SyncSender<Vec<u8>>,
    counts: Arc<Counts>,
}

/// What the sink and the thread that prints both know.
#[derive(Default)]
struct Counts {
    /// Bytes that wait.
    waiting: AtomicUsize,
    /// Events that were dropped and not told of yet.
    dropped: AtomicU64,
}

impl Printed {
    /// Starts the thread that prints; it ends with the sink.
    pub(crate) fn start() -> io::Result<Self> {
        Self::start_on(io::stderr())
    }

    fn start_on(mut out: impl Write + Send + 'static) -> io::Result<Self> {
        let (lines, waiting) = mpsc::sync_channel::<Vec<u8>>(WAITING);
        let counts = Arc::new(Counts::default());
        let shared = Arc::clone(&counts);
        thread::Builder::new().name("function-log".to_owned()).spawn(move || {
            for line in waiting {
                // A terminal that is gone is no reason to stop anything.
                let _ = out.write_all(&line);
                shared.waiting.fetch_sub(line.len(), Ordering::Relaxed);
                let count = shared.dropped.swap(0, Ordering::Relaxed);
                if count > 0 {
                    let _ = writeln!(
                        out,
                        "[{count} log events were dropped: they came faster than they could be printed]"
                    );
                }
            }
        })?;
        Ok(Self { lines, counts })
    }
}

impl Printed {
    /// Prints an event of the function of this name, unless too many wait.
    fn event(&self, name: &str, event: &[u8]) {
        let name = name.as_bytes();
        let length = name.len() + event.len() + "[] \n".len();
        if self.counts.waiting.fetch_add(length, Ordering::Relaxed) > WAITING_BYTES {
            self.counts.waiting.fetch_sub(length, Ordering::Relaxed);
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut line = Vec::with_capacity(length);
        for part in [b"[", name, b"] ", event, b"\n"] {
            line.extend_from_slice(part);
        }
        if self.lines.try_send(line).is_err() {
            self.counts.waiting.fetch_sub(length, Ordering::Relaxed);
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Writes nothing until it may.
    #[derive(Clone)]
    struct Stalled(Arc<Mutex<Vec<u8>>>);

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_waits_for_a_terminal_that_stands_still_is_limited_in_bytes() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let standstill = written.lock().unwrap();
        let printed = Printed::start_on(Stalled(Arc::clone(&written))).unwrap();
        for _ in 0..100 {
            printed.event("f", &[b'x'; 1 << 18]);
        }
        let waiting = printed.counts.waiting.load(Ordering::Relaxed);
        assert!(waiting <= WAITING_BYTES + (1 << 19), "{waiting}");
        assert!(printed.counts.dropped.load(Ordering::Relaxed) > 60);
        drop(standstill);
        while printed.counts.waiting.load(Ordering::Relaxed) > 0 {
            thread::yield_now();
        }
        printed.event("f", b"again");
        while !written.lock().unwrap().ends_with(b"[f] again\n") {
            thread::yield_now();
        }
        assert!(String::from_utf8_lossy(&written.lock().unwrap()).contains(" log events were dropped"));
    }
}
