//! The task of one environment: it takes jobs one after the other until it is told to end, or its process does.

use crate::{
    alarm::Alarm,
    classify::{self, Ended},
    companions::{Companions, Ending},
    init::{self, Failed},
    invoker::Shared,
    launch::{Initialization, LogStream, Patience},
    output::Output,
    pools::FunctionPool,
    report::{self, Report},
    request::{self, Answer, Job},
    reset::Again,
    telemetry,
    trace::Answered,
};
use bytes::Bytes;
use lambent_engine::{EnvironmentId, Freed};
use lambent_runtime_api::{Invocation, RuntimeApi, ShutdownReason};
use lambent_sandbox::{Exit, SandboxControl};
use lambent_types::{FunctionRecord, Occurrence, Subject};
use std::{any::Any, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use tracing::Span;

/// A runtime that answers and then exits is given this long for its answer to arrive: the two come by different ways.
const LAST_WORDS: Duration = Duration::from_millis(10);

/// An environment that has been idle for this long is frozen: what it left running goes on with its next invocation (AWS: "Lambda
/// execution environment life cycle"). Long enough that one which is called again and again never pays for it.
const FREEZE_AFTER: Duration = Duration::from_millis(10);

/// An environment. Dropping it kills it.
pub(crate) struct Environment {
    pub(crate) function: Arc<FunctionRecord>,
    pub(crate) name: String,
    pub(crate) initialization: Initialization,
    pub(crate) stream: LogStream,
    pub(crate) patience: Patience,
    pub(crate) phase: Phase,
    /// Invocations that ended its processes, since the last that did not.
    pub(crate) failures: u32,
    pub(crate) api: Arc<RuntimeApi>,
    /// Where the Runtime API is served.
    pub(crate) runtime_api: Arc<TcpListener>,
    /// Serves it.
    pub(crate) serving: JoinSet<()>,
    /// The AWS endpoint, and who stands at the gate.
    pub(crate) _beside: JoinSet<()>,
    pub(crate) exited: oneshot::Receiver<Exit>,
    pub(crate) control: Arc<dyn SandboxControl>,
    pub(crate) output: Output,
    pub(crate) companions: Companions,
    /// Whether there are extensions, internal or external: after initialisation none are added.
    pub(crate) has_extensions: bool,
    /// Microseconds of initialisation, until the first invocation has reported them.
    pub(crate) init: Option<u64>,
    /// When it is to be frozen.
    pub(crate) freezing: Alarm,
    /// When an invocation's time is over.
    pub(crate) timeout: Alarm,
    pub(crate) _held: Box<dyn Any + Send + Sync>,
}

/// What there is in an environment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Its processes, which take invocations.
    Initialised,
    /// None: the next invocation starts them.
    Empty,
}

/// Whether an environment can serve again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    Reusable,
    /// Its processes are to be ended.
    Failed(ShutdownReason),
    /// They have been, and it can.
    Reset,
    /// It is to be ended itself.
    Over(ShutdownReason),
}

/// Runs one environment from start to end.
pub(crate) async fn run(
    shared: Arc<Shared>,
    pool: Arc<FunctionPool>,
    id: EnvironmentId,
    function: Arc<FunctionRecord>,
    mut inbox: mpsc::UnboundedReceiver<Job>,
    (initialization, span): (Initialization, Span),
) {
    let started = init::start(&shared, &function, shared.environment_name(id), initialization).await;
    drop(span);
    if initialization == Initialization::Provisioned {
        let failed_at = started.is_err().then(|| shared.clock.monotonic_micros());
        shared.provisioning.started(&function.key, failed_at);
    }
    match started {
        Err(failed) => {
            if let Some(job) = pool.lost(id) {
                answer_failed_start(&shared, job, failed);
            }
        }
        Ok(mut environment) => {
            let took = Occurrence::Initialised(Duration::from_micros(environment.init.unwrap_or_default()));
            shared.meter.count(Subject::function(&function.key.function), took);
            let reason = environment.serve(&shared, &pool, id, &mut inbox).await;
            if !environment.has_extensions {
                environment.control.kill();
            }
            if let Some(orphan) = pool.lost(id) {
                shared.submit(orphan);
            }
            hand_on(&shared, &mut inbox);
            if environment.has_extensions {
                environment.ending().shut_down(&*shared.clock, reason).await;
            }
        }
    }
    hand_on(&shared, &mut inbox);
}

/// Jobs that were delivered while it was ending go to another.
fn hand_on(shared: &Shared, inbox: &mut mpsc::UnboundedReceiver<Job>) {
    inbox.close();
    while let Ok(job) = inbox.try_recv() {
        shared.submit(job);
    }
}

impl Environment {
    /// How long an invocation may take.
    pub(crate) fn limit(&self) -> Duration {
        self.patience.limit(self.function.config.timeout.duration())
    }

    pub(crate) fn ending(&mut self) -> Ending<'_> {
        Ending {
            api: &self.api,
            exited: &mut self.exited,
            control: &*self.control,
            output: &mut self.output,
            companions: &mut self.companions,
        }
    }

    /// Runs jobs until the environment ends, and says why it does.
    async fn serve(
        &mut self,
        shared: &Shared,
        pool: &FunctionPool,
        id: EnvironmentId,
        inbox: &mut mpsc::UnboundedReceiver<Job>,
    ) -> ShutdownReason {
        loop {
            let now = shared.clock.monotonic_micros();
            let freed = match self.phase {
                Phase::Initialised => pool.freed(id, now),
                Phase::Empty => pool.reset(id, now),
            };
            let job = match freed {
                Freed::Stop => return ShutdownReason::Spindown,
                Freed::Run(job) => job,
                Freed::Park => match self.parked(shared, inbox).await {
                    Ok(job) => job,
                    Err(reason) => return reason,
                },
            };
            match self.take(shared, job).await {
                After::Reusable => self.failures = 0,
                After::Reset => {}
                After::Failed(reason) | After::Over(reason) => return reason,
            }
        }
    }

    /// Runs a job, and what has to be started for it.
    async fn take(&mut self, shared: &Shared, job: Job) -> After {
        let began = shared.clock.monotonic_micros();
        self.timeout.set(began, self.limit());
        let started = match self.phase {
            Phase::Initialised => Ok(()),
            Phase::Empty => self.start_again(shared, began).await,
        };
        match started {
            Ok(()) => self.carry_out(shared, job, began, None).await,
            Err(Again::Ended(ended)) => self.carry_out(shared, job, began, Some(ended)).await,
            Err(Again::Lost) => {
                shared.submit(job);
                After::Over(ShutdownReason::Failure)
            }
        }
    }

    /// Waits for a job, frozen if that takes long. An error when the environment's time is over: it is idle too long, obsolete, dead, or
    /// the server stops.
    async fn parked(
        &mut self,
        shared: &Shared,
        inbox: &mut mpsc::UnboundedReceiver<Job>,
    ) -> Result<Job, ShutdownReason> {
        self.freezing.set(shared.clock.monotonic_micros(), FREEZE_AFTER);
        let mut frozen = false;
        let job = loop {
            tokio::select! {
                biased;
                job = inbox.recv() => break job.ok_or(ShutdownReason::Spindown),
                () = shared.stopping.cancelled() => break Err(ShutdownReason::Spindown),
                _ = &mut self.exited => break Err(ShutdownReason::Failure),
                _ = self.companions.failed(&self.api), if self.has_extensions => break Err(ShutdownReason::Failure),
                () = self.freezing.rung(&*shared.clock), if !frozen => {
                    self.control.freeze();
                    frozen = true;
                }
                never = self.output.pump() => match never {},
            }
        };
        if frozen && job.is_ok() {
            self.control.thaw();
        }
        job
    }

    /// Runs one job, unless it has `failed` already, and answers it.
    async fn carry_out(&mut self, shared: &Shared, mut job: Job, began: u64, failed: Option<Ended>) -> After {
        let run = tracing::debug_span!(parent: &job.span, "run");
        let request_id = job.request.request_id;
        if self.has_extensions {
            // What they wrote since the last invocation comes before.
            self.output.drain();
            let trace_id = job.request.trace_id.as_deref();
            self.api.tell(telemetry::start(request_id, &self.function, trace_id));
        }
        self.output
            .platform(&report::start(request_id, self.function.key.version));
        let (ended, after) = match failed {
            None => self.invoke(shared, &mut job, began).await,
            Some(ended) => {
                let after = After::Failed(ended.shutdown_reason());
                (ended, after)
            }
        };
        let duration = shared.clock.monotonic_micros().saturating_sub(began);
        let after = match after {
            // The caller may call again as soon as it is answered. Extensions take a time for which it does not wait.
            After::Failed(reason) if !self.has_extensions => self.reset(shared, reason).await,
            after @ (After::Reusable | After::Failed(_) | After::Reset | After::Over(_)) => after,
        };
        let (reported, content_type) = (classify::reported(&ended), classify::content_type(&ended));
        let classified = classify::classify(ended, request_id, self.function.config.timeout, shared.clock.now());
        let report = Report {
            request_id,
            duration,
            init: self.init.take(),
            memory: self.function.config.memory,
            peak_memory_bytes: None,
            status: classified.status,
        };
        if self.has_extensions {
            self.output.drain();
            self.api
                .tell(telemetry::runtime_done(&report, classified.payload.len()));
        }
        let answer = Answer {
            error_type: reported.or_else(|| report.status.error_type()),
            content_type,
            outcome: classified.outcome,
            payload: classified.payload,
            log_tail: None,
        };
        let traced = Answered::of(&mut job.request, report.init, duration, &answer, &*shared.clock);
        drop(run);
        job.span.record("outcome", answer.outcome.as_str());
        let invoked_arn = std::mem::take(&mut job.request.invoked_arn);
        let ran = Occurrence::Invoked {
            duration: Duration::from_micros(duration),
            outcome: answer.outcome,
        };
        if job.request.tail {
            let log_tail = Some(self.finish_log(report, classified.note));
            job.answer(Ok(Answer { log_tail, ..answer }));
        } else {
            // The caller does not wait for the log.
            job.answer(Ok(answer));
            self.finish_log(report, classified.note);
        }
        shared.meter.count(request::subject(&self.function, &invoked_arn), ran);
        let after = match after {
            After::Reusable => self.settled(shared).await,
            after @ (After::Failed(_) | After::Reset | After::Over(_)) => after,
        };
        if let Some(traced) = traced {
            shared.tracer.record(traced.over(shared.clock.now()));
        }
        match after {
            After::Failed(reason) => self.reset(shared, reason).await,
            After::Reusable => {
                // One that wrote more than its log could take so far is not free before it could.
                self.output.room().await;
                after
            }
            after @ (After::Reset | After::Over(_)) => after,
        }
    }

    async fn invoke(&mut self, shared: &Shared, job: &mut Job, began: u64) -> (Ended, After) {
        let sink = job.sink.take();
        let request = &job.request;
        let timeout = self.limit();
        let spent = Duration::from_micros(shared.clock.monotonic_micros().saturating_sub(began));
        let invocation = Invocation {
            request_id: request.request_id,
            deadline: shared.clock.now().plus(timeout.saturating_sub(spent)),
            invoked_function_arn: request.invoked_arn.clone(),
            trace_id: request.trace_id.clone(),
            client_context: request.client_context.clone(),
            cognito_identity: None,
            tenant_id: None,
            content_type: "application/json".to_owned(),
            payload: request.payload.clone(),
        };
        let api = Arc::clone(&self.api);
        let answer = async move {
            match sink {
                Some(sink) => api.invoke_streaming(invocation, sink).await,
                None => api.invoke(invocation).await,
            }
        };
        tokio::pin!(answer);
        tokio::select! {
            biased;
            result = &mut answer => (Ended::Answered(result), After::Reusable),
            failure = self.companions.failed(&self.api), if self.has_extensions => {
                (Ended::Extension { failure, during_init: false }, After::Failed(ShutdownReason::Failure))
            }
            exit = &mut self.exited => {
                let last_words = tokio::time::timeout(LAST_WORDS, answer).await;
                let ended = last_words.map_or_else(
                    |_| exit.map_or(Ended::Vanished, |exit| Ended::Exited { exit, during_init: false }),
                    Ended::Answered,
                );
                (ended, After::Failed(ShutdownReason::Failure))
            }
            () = self.timeout.rung(&*shared.clock) => (Ended::TimedOut, After::Failed(ShutdownReason::Timeout)),
            never = self.output.pump() => match never {},
        }
    }

    /// Writes the rest of the invocation's log and returns its end.
    fn finish_log(&mut self, report: Report, note: Option<String>) -> Bytes {
        self.output.drain();
        if let Some(note) = note {
            self.output.platform(&note);
        }
        self.output.platform(&report::end(report.request_id));
        let report = Report {
            peak_memory_bytes: self.control.peak_memory_bytes(),
            ..report
        };
        self.output.platform(&report.line());
        if self.has_extensions {
            telemetry::report(&report)
                .into_iter()
                .for_each(|record| self.api.tell(record));
        }
        Bytes::from(self.output.take_tail())
    }

    /// Waits until the runtime asks for work again and every extension for an event, at most as long as an invocation may take.
    async fn settled(&mut self, shared: &Shared) -> After {
        tokio::select! {
            biased;
            () = self.api.waiting() => After::Reusable,
            _ = self.companions.failed(&self.api), if self.has_extensions => After::Failed(ShutdownReason::Failure),
            _ = &mut self.exited => After::Failed(ShutdownReason::Failure),
            () = self.timeout.rung(&*shared.clock) => After::Failed(ShutdownReason::Timeout),
            never = self.output.pump() => match never {},
        }
    }
}

/// Answers the invocation that caused a failed start.
fn answer_failed_start(shared: &Shared, mut job: Job, failed: Failed) {
    let request_id = job.request.request_id;
    let function = Arc::clone(&job.request.function);
    let reported = classify::reported(&failed.ended);
    let classified = classify::classify(failed.ended, request_id, function.config.timeout, shared.clock.now());
    let error_type = reported.or_else(|| classified.status.error_type());
    let mut log_tail = None;
    if let Some(mut output) = failed.output {
        output.platform(&report::start(request_id, function.key.version));
        if let Some(note) = &classified.note {
            output.platform(note);
        }
        output.platform(&report::end(request_id));
        let report = Report {
            request_id,
            duration: failed.duration,
            init: None,
            memory: function.config.memory,
            peak_memory_bytes: None,
            status: classified.status,
        };
        output.platform(&report.line());
        log_tail = job.request.tail.then(|| Bytes::from(output.take_tail()));
    }
    let ran = Occurrence::Invoked {
        duration: Duration::from_micros(failed.duration),
        outcome: classified.outcome,
    };
    shared.meter.count(job.request.subject(), ran);
    job.span.record("outcome", classified.outcome.as_str());
    let answer = Answer {
        error_type,
        content_type: None,
        outcome: classified.outcome,
        payload: classified.payload,
        log_tail,
    };
    let init = Some(failed.duration);
    if let Some(traced) = Answered::of(&mut job.request, init, 0, &answer, &*shared.clock) {
        shared.tracer.record(traced.over(shared.clock.now()));
    }
    job.answer(Ok(answer));
}
