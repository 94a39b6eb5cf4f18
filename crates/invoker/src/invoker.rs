//! The door to all environments.

use crate::{
    admission::Executions,
    environment,
    launch::{AwsEndpoint, Initialization, Launcher, LogSink, Outside, TraceDaemon},
    pools::{FunctionPool, Placed, Pools},
    provisioning::{Provisioned, Provisioning},
    request::{Answer, AnswerStream, InvokeError, InvokeRequest, Job, Streamed, ThrottleReason},
};
use lambent_engine::{Census, EnvironmentId};
use lambent_runtime_api::{ResponseSink, response_stream};
use lambent_sandbox::SandboxProvider;
use lambent_types::{Clock, FunctionKey, FunctionRecord, Ids, Meter, Scope, Tracer, VersionKey, limits};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Span;

/// What an operator can set.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Idle environments end after this time.
    pub idle_limit: Duration,
    /// Concurrent executions of one account in one region.
    pub account_concurrency: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            idle_limit: Duration::from_secs(600),
            account_concurrency: limits::ACCOUNT_CONCURRENCY,
        }
    }
}

/// What an invoker is made of.
pub struct Parts {
    /// Prepares environments.
    pub launcher: Arc<dyn Launcher>,
    /// Starts them.
    pub sandbox: Arc<dyn SandboxProvider>,
    /// Serves AWS's APIs in them.
    pub aws_endpoint: Arc<dyn AwsEndpoint>,
    /// Stands at their gates.
    pub outside: Arc<dyn Outside>,
    /// Keeps their logs.
    pub log: Arc<dyn LogSink>,
    /// Counts what happens.
    pub meter: Arc<dyn Meter>,
    /// Takes in what is traced.
    pub tracer: Arc<dyn Tracer>,
    /// Takes in what functions tell of their traces.
    pub trace_daemon: Arc<dyn TraceDaemon>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Names of log streams.
    pub ids: Arc<dyn Ids>,
}

/// Runs functions. Cheap to clone.
#[derive(Clone)]
pub struct Invoker(Arc<Shared>);

/// What every environment's task needs.
pub(crate) struct Shared {
    pub(crate) launcher: Arc<dyn Launcher>,
    pub(crate) sandbox: Arc<dyn SandboxProvider>,
    pub(crate) aws_endpoint: Arc<dyn AwsEndpoint>,
    pub(crate) outside: Arc<dyn Outside>,
    pub(crate) log: Arc<dyn LogSink>,
    pub(crate) meter: Arc<dyn Meter>,
    pub(crate) tracer: Arc<dyn Tracer>,
    pub(crate) trace_daemon: Arc<dyn TraceDaemon>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    /// Cancelled when the server stops: environments end as soon as they are free.
    pub(crate) stopping: CancellationToken,
    pub(crate) provisioning: Provisioning,
    options: Options,
    pools: Pools,
    executions: Executions,
    environments: AtomicU64,
    tasks: TaskTracker,
    /// Sets this server's environments apart from those of an earlier one.
    run: String,
    weak: std::sync::Weak<Shared>,
}

impl Invoker {
    /// An invoker without environments.
    #[must_use]
    pub fn new(parts: Parts, options: Options) -> Self {
        let run = parts.ids.uuid().simple().to_string()[..8].to_owned();
        Self(Arc::new_cyclic(|weak| Shared {
            launcher: parts.launcher,
            sandbox: parts.sandbox,
            aws_endpoint: parts.aws_endpoint,
            outside: parts.outside,
            log: parts.log,
            meter: parts.meter,
            tracer: parts.tracer,
            trace_daemon: parts.trace_daemon,
            clock: parts.clock,
            ids: parts.ids,
            stopping: CancellationToken::new(),
            provisioning: Provisioning::default(),
            options,
            pools: Pools::default(),
            executions: Executions::default(),
            environments: AtomicU64::new(0),
            tasks: TaskTracker::new(),
            run,
            weak: weak.clone(),
        }))
    }

    /// Runs a function once and waits for its answer. It runs to its end even if the caller stops waiting.
    ///
    /// # Errors
    /// When it did not run: see [`InvokeError`]. What the function does wrong is an [`Answer`].
    pub async fn invoke(&self, request: InvokeRequest) -> Result<Answer, InvokeError> {
        let answered = self.0.accept(request, None)?;
        answered.await.unwrap_or(Err(InvokeError::Lost))
    }

    /// The same for a caller who takes the answer while it comes. Resolves when it begins.
    ///
    /// # Errors
    /// As [`invoke`](Self::invoke).
    pub async fn invoke_streaming(&self, request: InvokeRequest) -> Result<Streamed, InvokeError> {
        let (sink, pieces) = response_stream();
        let answered = self.0.accept(request, Some(sink))?;
        AnswerStream::begin(pieces, answered).await
    }

    /// Who takes in what is traced.
    #[must_use]
    pub fn tracer(&self) -> &dyn Tracer {
        &*self.0.tracer
    }

    /// A version that has just become active may be invoked soon.
    pub fn expect(&self, function: &FunctionRecord) {
        if let Some(program) = self.0.launcher.program(function) {
            self.0.sandbox.expect(&program);
        }
    }

    /// Ends the idle environments of a version's earlier generations at once; the busy ones end when they are free.
    pub fn retire(&self, version: &VersionKey, generation: u64) {
        self.0
            .pools
            .of(version)
            .retire(generation, self.0.clock.monotonic_micros());
    }

    /// Keeps environments of these versions of a function ready from now on, and of no other version of it. One that ends is replaced.
    /// Those of the version that an alias has `left` stay until the others are ready.
    pub fn provision(
        &self,
        function: &FunctionKey,
        wanted: Vec<(Arc<FunctionRecord>, u32)>,
        left: Option<&VersionKey>,
    ) {
        for gone in self.0.provisioning.set(function, wanted, left) {
            self.0.keep_ready(&gone, 0);
        }
        self.0.look_after_provisioned();
    }

    /// How provisioning of a version goes.
    #[must_use]
    pub fn provisioned(&self, version: &VersionKey) -> Provisioned {
        let leaving = self.0.provisioning.leaving(&version.function);
        Provisioned {
            ready: self.0.ready(version),
            leaving: leaving.map_or(0, |leaving| self.0.ready(&leaving)),
            failed: self.0.provisioning.has_failed(version),
        }
    }

    /// Ends environments that have been idle too long, and replaces those that are to be kept ready and have ended. Called at intervals.
    pub fn tend(&self) {
        self.0.look_after_provisioned();
        self.0
            .pools
            .expire(self.0.clock.monotonic_micros(), self.0.options.idle_limit);
        self.0.executions.tidy(self.0.clock.monotonic_micros());
    }

    /// How many executions run now in each account and region: all, and those of functions without a reservation.
    #[must_use]
    pub fn running(&self) -> HashMap<Scope, (u32, u32)> {
        self.0.executions.by_scope()
    }

    /// What the environments are doing now.
    #[must_use]
    pub fn census(&self) -> Census {
        self.0.pools.census()
    }

    /// How many executions an account may have at once in one region.
    #[must_use]
    pub fn account_concurrency(&self) -> u32 {
        self.0.options.account_concurrency
    }

    /// Takes no more invocations, lets the running ones finish, and returns when every environment has ended.
    pub async fn shut_down(&self) {
        self.0.stopping.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

impl Shared {
    /// Admits a request and finds an environment for it.
    fn accept(
        &self,
        request: InvokeRequest,
        sink: Option<ResponseSink>,
    ) -> Result<oneshot::Receiver<Result<Answer, InvokeError>>, InvokeError> {
        if self.stopping.is_cancelled() {
            return Err(InvokeError::ShuttingDown);
        }
        let span = request.span();
        let admission = tracing::debug_span!(parent: &span, "admission", outcome = tracing::field::Empty);
        let lease = self.executions.admit(&request, &*self.meter).inspect_err(|_| {
            admission.record("outcome", "throttled");
            span.record("outcome", "throttled");
        })?;
        drop(admission);
        let (reply, answered) = oneshot::channel();
        self.submit(Job {
            request,
            lease,
            sink,
            reply,
            span,
        });
        Ok(answered)
    }

    /// Finds an environment for a job, or starts one.
    pub(crate) fn submit(&self, job: Job) {
        let function = Arc::clone(&job.request.function);
        let span = job.span.clone();
        let pool = self.pools.of(&function.key);
        let id = self.fresh_id();
        let may_start = || {
            self.executions
                .grow(&function.key.function, self.clock.monotonic_micros())
        };
        match pool.submit(job, id, may_start) {
            Placed::Waiting => {}
            Placed::Stale(job) => job.answer(Err(InvokeError::Stale)),
            Placed::Throttled(job) => {
                let reason = ThrottleReason::ConcurrentInvocationLimitExceeded;
                job.answer(Err(InvokeError::Throttled(reason)));
            }
            Placed::Start(inbox) => {
                let start = tracing::debug_span!(parent: &span, "start", faas.coldstart = true);
                self.start(pool, id, function, inbox, (Initialization::OnDemand, start));
            }
        }
    }

    fn start(
        &self,
        pool: Arc<FunctionPool>,
        id: EnvironmentId,
        function: Arc<FunctionRecord>,
        inbox: mpsc::UnboundedReceiver<Job>,
        initialization: (Initialization, Span),
    ) {
        if let Some(shared) = self.weak.upgrade() {
            self.tasks
                .spawn(environment::run(shared, pool, id, function, inbox, initialization));
        }
    }

    /// How many environments of a version are kept ready and initialised.
    fn ready(&self, version: &VersionKey) -> u32 {
        u32::try_from(self.pools.of(version).provisioned()).unwrap_or(u32::MAX)
    }

    fn look_after_provisioned(&self) {
        for (function, target) in self.provisioning.due(self.clock.monotonic_micros()) {
            self.keep_ready(&function, target);
        }
        for gone in self
            .provisioning
            .replaced(|version| self.pools.of(version).provisioned())
        {
            self.keep_ready(&gone, 0);
        }
    }

    fn keep_ready(&self, function: &Arc<FunctionRecord>, target: usize) {
        if self.stopping.is_cancelled() {
            return;
        }
        let pool = self.pools.of(&function.key);
        for (id, inbox) in pool.provision(function.generation, target, || self.fresh_id()) {
            let (pool, function) = (Arc::clone(&pool), Arc::clone(function));
            self.start(pool, id, function, inbox, (Initialization::Provisioned, Span::none()));
        }
    }

    fn fresh_id(&self) -> EnvironmentId {
        EnvironmentId(self.environments.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn environment_name(&self, id: EnvironmentId) -> String {
        format!("{}-{}", self.run, id.0)
    }
}
