//! What the tests of operations share: a core without anything to run functions with, over any store.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::{Core, Pace, Parts, Readiness, Refusal, RuntimeSupport};
use bytes::Bytes;
use lambent_events::EventQueue;
use lambent_invoker::{
    AwsEndpoint, Initialization, Invoker, Launch, LaunchError, Launcher, LogSink, LogStream, LogWriter, Outside,
};
use lambent_sandbox::{Enforcement, EnvSpec, Gate, Program, Sandbox, SandboxProvider, StartError};
use lambent_store::{BoxFuture, Change, CodePin, CodeStore, IntakeError, Store, Transaction, contract};
use lambent_types::{
    CodeReference, FunctionRecord, Ids as _, ManualClock, RequestId, SeededIds, Sha256Digest, StateReasonCode,
    Timestamp, Uncounted, Version,
};
use lambent_wire::{RequestContext, ServiceError};
use std::{
    collections::BTreeMap,
    future::{pending, ready},
    io,
    net::TcpListener,
    path::PathBuf,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

/// A request of account 111111111111 in us-east-1.
pub fn context() -> RequestContext {
    let ids = SeededIds::default();
    ids.uuid();
    RequestContext {
        scope: contract::scope("111111111111"),
        access_key: None,
        session: None,
        request_id: RequestId::new(&ids),
        host: Some("127.0.0.1:4566".to_owned()),
        trace_id: None,
        secure: false,
    }
}

/// A settled function.
pub fn record(name: &str) -> FunctionRecord {
    contract::record("111111111111", name, Version::Latest, 1)
}

/// What operations work with, over a store of the caller's. It can do everything but run functions, which come to rest at that pace.
pub fn core(store: Arc<dyn Store>, pace: Pace) -> Core {
    let clock = Arc::new(ManualClock::new(Timestamp::from_micros(1_795_435_534_123_456)));
    let ids = Arc::new(SeededIds::default());
    let invoker = Invoker::new(
        lambent_invoker::Parts {
            launcher: Arc::new(Nothing),
            sandbox: Arc::new(Nothing),
            aws_endpoint: Arc::new(Nothing),
            outside: Arc::new(Nothing),
            meter: Arc::new(Uncounted),
            log: Arc::new(Nothing),
            clock: Arc::clone(&clock) as _,
            ids: Arc::clone(&ids) as _,
        },
        lambent_invoker::Options::default(),
    );
    Core::new(Parts {
        events: EventQueue::new(Arc::clone(&store), Arc::new(Uncounted)),
        store,
        code: Arc::new(FakeCode::default()),
        images: None,
        objects: None,
        sources: lambent_sources::Desk::default(),
        invoker,
        readiness: Arc::new(Nothing),
        clock,
        ids,
        runtime_support: RuntimeSupport::Guide,
        pace,
    })
}

impl Core {
    /// Stores a settled function without asking any operation.
    pub async fn given(&self, record: FunctionRecord) {
        let put = Transaction::of(Change::PutFunction(Arc::new(record)));
        self.store.commit(put).await.unwrap();
    }
}

/// What a refused request is answered: the error's code and message.
pub fn refused<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> (&'static str, String) {
    let error = ServiceError::from(answer.unwrap_err());
    (error.shape.code, error.message.into_owned())
}

/// Packages in memory; any bytes are one, whose unpacked size is their number.
#[derive(Default)]
struct FakeCode(Mutex<BTreeMap<Sha256Digest, Bytes>>);

impl CodeStore for FakeCode {
    fn put(&self, zip: Bytes) -> BoxFuture<'_, Result<(CodeReference, CodePin), IntakeError>> {
        let (digest, size) = (Sha256Digest::of(&zip), zip.len() as u64);
        self.0.lock().unwrap().insert(digest, zip);
        Box::pin(ready(Ok((CodeReference { digest, size }, Box::new(()) as CodePin))))
    }

    fn tree(&self, _: Sha256Digest) -> BoxFuture<'_, Result<(PathBuf, CodePin), IntakeError>> {
        Box::pin(ready(Err(IntakeError::Empty)))
    }

    fn unpacked_bytes(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<u64, IntakeError>> {
        let size = self.0.lock().unwrap().get(&digest).map(|zip| zip.len() as u64);
        Box::pin(ready(size.ok_or(IntakeError::Empty)))
    }

    fn zip(&self, _: Sha256Digest) -> BoxFuture<'_, Result<PathBuf, IntakeError>> {
        Box::pin(ready(Err(IntakeError::Empty)))
    }

    fn discard(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<(), IntakeError>> {
        self.0.lock().unwrap().remove(&digest);
        Box::pin(ready(Ok(())))
    }

    fn packages(&self) -> BoxFuture<'_, Result<Vec<Sha256Digest>, IntakeError>> {
        Box::pin(ready(Ok(self.0.lock().unwrap().keys().copied().collect())))
    }
}

/// Stands for the parts that run functions.
struct Nothing;

impl Readiness for Nothing {
    fn check(&self, _: &FunctionRecord) -> Result<(), (StateReasonCode, String)> {
        Ok(())
    }
}

impl Launcher for Nothing {
    fn prepare<'a>(
        &'a self,
        _: &'a FunctionRecord,
        _: &'a str,
        _: &'a LogStream,
        _: Initialization,
    ) -> BoxFuture<'a, Result<Launch, LaunchError>> {
        Box::pin(ready(Err(LaunchError::Code("nothing runs here".to_owned()))))
    }

    fn program(&self, _: &FunctionRecord) -> Option<Program> {
        None
    }
}

impl AwsEndpoint for Nothing {
    fn serve(&self, _: TcpListener, _: &FunctionRecord) -> io::Result<BoxFuture<'static, ()>> {
        Ok(Box::pin(pending()))
    }
}

impl Outside for Nothing {
    fn stand_at(&self, _: Gate, _: &FunctionRecord) -> BoxFuture<'static, ()> {
        Box::pin(pending())
    }
}

impl SandboxProvider for Nothing {
    fn start(&self, _: EnvSpec) -> BoxFuture<'_, Result<Sandbox, StartError>> {
        Box::pin(ready(Err(StartError::StarterGone)))
    }

    fn expect(&self, _: &Program) {}

    fn enforcement(&self) -> &Enforcement {
        unreachable!("nothing asks")
    }
}

impl LogSink for Nothing {
    fn open<'a>(&'a self, _: &'a LogStream) -> BoxFuture<'a, Box<dyn LogWriter>> {
        Box::pin(ready(Box::new(Nothing) as Box<dyn LogWriter>))
    }
}

impl LogWriter for Nothing {
    fn event(&mut self, _: &[u8]) {}

    fn poll_room(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}
