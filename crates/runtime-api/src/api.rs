//! The invoker's side of the Runtime API.

use crate::{
    core::Core,
    extension_event::ShutdownReason,
    extensions::{ExtensionHost, ExtensionReport, ExtensionStatus},
    invocation::{InitFailure, Invocation, InvocationResult},
    stream::ResponseSink,
    telemetry::TelemetryRecord,
};
use lambent_types::{RequestId, Timestamp};
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::{Notify, oneshot};

/// The Runtime API of one environment.
pub struct RuntimeApi {
    core: Mutex<Core>,
    changed: Notify,
    turn: tokio::sync::Mutex<()>,
    /// Told when there is a new subscriber to telemetry.
    pub(crate) subscribed: Notify,
    /// Whether anybody listens to telemetry: read for every line of a log.
    listened_to: AtomicBool,
}

impl RuntimeApi {
    /// For an environment whose processes are about to start.
    #[must_use]
    pub fn new(host: ExtensionHost) -> Arc<Self> {
        Arc::new(Self {
            core: Mutex::new(Core::new(host)),
            changed: Notify::new(),
            turn: tokio::sync::Mutex::new(()),
            subscribed: Notify::new(),
            listened_to: AtomicBool::new(true),
        })
    }

    /// Resolves when the runtime has asked for its first invocation and each extension for its first event, or when the runtime reports
    /// that it cannot be initialised. Pending for ever if a process ends before: watch their exits too.
    ///
    /// # Errors
    /// The runtime's report.
    pub async fn initialised(&self) -> Result<(), InitFailure> {
        self.when(Core::initialised).await
    }

    /// Resolves when every external extension has registered.
    pub async fn registered(&self) {
        self.when(|core| core.extensions.all_registered().then_some(())).await;
    }

    /// Resolves when the runtime is parked at `/next`, and each extension too: they have finished with the last invocation and can take
    /// another.
    pub async fn waiting(&self) {
        self.when(|core| core.is_waiting().then_some(())).await;
    }

    /// Resolves when an extension reports that it cannot go on.
    pub async fn extension_failed(&self) -> ExtensionReport {
        self.when(|core| core.extensions.reported()).await
    }

    /// The first failure that an extension has reported so far.
    pub fn extension_report(&self) -> Option<ExtensionReport> {
        self.core().extensions.reported()
    }

    /// How each extension fares, the external ones first.
    pub fn extensions(&self) -> Vec<ExtensionStatus> {
        self.core().extensions.statuses()
    }

    /// Whether anybody listens to telemetry, or may come to.
    pub fn is_listened_to(&self) -> bool {
        self.listened_to.load(Ordering::Relaxed)
    }

    /// Tells those who subscribed what has happened.
    pub fn tell(&self, record: TelemetryRecord) {
        if self.is_listened_to() {
            let mut core = self.core();
            let now = core.extensions.host.clock.now();
            core.hub.add(now, record);
        }
    }

    /// Initialisation is over: nobody else may subscribe to telemetry.
    pub fn close_subscriptions(&self) {
        let mut core = self.core();
        core.hub.close();
        self.listened_to.store(core.hub.listens(), Ordering::Relaxed);
    }

    /// The environment ends: telemetry is sent without delay.
    pub fn flush_telemetry(&self) {
        self.core().hub.flush();
    }

    /// Tells the external extensions that registered for it that the environment ends at `deadline`.
    pub fn shut_down(&self, reason: ShutdownReason, deadline: Timestamp) {
        self.core().extensions.shut_down(reason, deadline);
    }

    /// Hands `invocation` to the runtime and waits for its answer; extensions that registered for invocations are told of it. Before initialisation it waits for that too; pending for ever if
    /// the process ends without answering.
    ///
    /// There is one invocation at a time: further calls take their turns. Dropping the future fences the invocation: an answer that
    /// comes later is refused with `InvalidRequestID`.
    pub async fn invoke(&self, invocation: Invocation) -> InvocationResult {
        self.run(invocation, None).await
    }

    /// The same; a response that the runtime streams goes to `sink` while it comes, and the result is [`InvocationResult::Streamed`].
    pub async fn invoke_streaming(&self, invocation: Invocation, sink: ResponseSink) -> InvocationResult {
        self.run(invocation, Some(sink)).await
    }

    async fn run(&self, invocation: Invocation, sink: Option<ResponseSink>) -> InvocationResult {
        let _turn = self.turn.lock().await;
        let (reply, answer) = oneshot::channel();
        let _fence = Fence {
            api: self,
            id: invocation.request_id,
        };
        self.core().offer(invocation, reply, sink);
        // The sender lives in the core until it is used or this future is dropped.
        answer.await.unwrap_or(InvocationResult::Truncated)
    }

    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes those who wait for a state.
    pub(crate) fn notify(&self) {
        self.changed.notify_waiters();
    }

    async fn when<T>(&self, look: impl Fn(&Core) -> Option<T>) -> T {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // Registered before looking, so that no change falls between.
            changed.as_mut().enable();
            let seen = look(&self.core());
            if let Some(seen) = seen {
                return seen;
            }
            changed.await;
        }
    }
}

/// Gives up on an invocation when its caller goes away. Without effect once it is answered.
struct Fence<'a> {
    api: &'a RuntimeApi,
    id: RequestId,
}

impl Drop for Fence<'_> {
    fn drop(&mut self) {
        self.api.core().abandon(self.id);
    }
}
