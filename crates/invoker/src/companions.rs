//! The external extensions' processes, and how an environment that has extensions ends.
//!
//! What follows is AWS's "Using the Lambda Extensions API to create extensions", sections "Shutdown phase" and "Failure handling".

use crate::output::Output;
use lambent_runtime_api::{EventKind, ExtensionStatus, ReportKind, RuntimeApi, ShutdownReason};
use lambent_sandbox::{Exit, Processes, SandboxControl};
use lambent_types::Clock;
use std::{io, time::Duration};
use tokio::sync::{mpsc, oneshot};

/// An extension that reported an error is to exit. How it does is told to the caller, who does not wait for it longer than this.
const EXIT_AFTER_REPORT: Duration = Duration::from_secs(1);

/// How an extension failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExtensionFailure {
    pub(crate) kind: FailureKind,
    pub(crate) how: FailureText,
}

/// Which failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// It reported that it cannot be initialised.
    InitError,
    /// It reported that it has to end.
    ExitError,
    /// Its process ended without a report.
    Crash,
}

/// What is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FailureText {
    /// How its process ended.
    Exit(Exit),
    /// What it called the error; its process has not ended, or it is an internal extension.
    Reported(String),
}

/// How long the phases of an environment's end may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShutdownLimits {
    /// For the runtime process, from its SIGTERM.
    pub(crate) runtime: Duration,
    /// For all together.
    pub(crate) whole: Duration,
}

impl ShutdownLimits {
    /// `None` without extensions: the environment is killed at once.
    pub(crate) const fn of(internal: bool, external: bool) -> Option<Self> {
        match (internal, external) {
            (_, true) => Some(Self {
                runtime: Duration::from_millis(300),
                whole: Duration::from_secs(2),
            }),
            (true, false) => Some(Self {
                runtime: Duration::from_millis(500),
                whole: Duration::from_millis(500),
            }),
            (false, false) => None,
        }
    }
}

/// The processes of the external extensions.
pub(crate) struct Companions {
    /// Their names; `None` once one has ended.
    running: Vec<Option<String>>,
    exits: mpsc::UnboundedReceiver<(usize, Exit)>,
}

impl Companions {
    pub(crate) fn new(names: Vec<String>, exits: mpsc::UnboundedReceiver<(usize, Exit)>) -> Self {
        Self {
            running: names.into_iter().map(Some).collect(),
            exits,
        }
    }

    /// Whether there are any.
    pub(crate) fn any(&self) -> bool {
        !self.running.is_empty()
    }

    /// These are about to start.
    pub(crate) fn expect(&mut self, names: Vec<String>) {
        self.running = names.into_iter().map(Some).collect();
    }

    /// Resolves when an extension has failed. Dropping the future loses nothing but the exit it waits for.
    pub(crate) async fn failed(&mut self, api: &RuntimeApi) -> ExtensionFailure {
        let exit = tokio::select! {
            biased;
            exit = self.exit() => Some(exit),
            report = api.extension_failed() => {
                if report.external {
                    tokio::time::timeout(EXIT_AFTER_REPORT, self.exit()).await.ok()
                } else {
                    None
                }
            }
        };
        failure(exit, api)
    }

    /// The next end of one of them. Pending for ever when there are none, or when the environment is lost as a whole.
    async fn exit(&mut self) -> Exit {
        match self.exits.recv().await {
            Some((place, exit)) => {
                if let Some(running) = self.running.get_mut(place) {
                    *running = None;
                }
                exit
            }
            None => std::future::pending().await,
        }
    }

    /// Resolves when all those have ended that are to be told of the environment's end.
    async fn gone(&mut self, statuses: &[ExtensionStatus]) {
        let told = |name: &String| {
            statuses
                .iter()
                .any(|status| status.name == *name && status.events.contains(&EventKind::Shutdown))
        };
        while self.running.iter().flatten().any(told) {
            self.exit().await;
        }
    }
}

fn failure(exit: Option<Exit>, api: &RuntimeApi) -> ExtensionFailure {
    let report = api.extension_report();
    let kind = match report.as_ref().map(|report| report.kind) {
        Some(ReportKind::Init) => FailureKind::InitError,
        Some(ReportKind::Exit) => FailureKind::ExitError,
        None => FailureKind::Crash,
    };
    let reported = || FailureText::Reported(report.map(|report| report.error_type).unwrap_or_default());
    ExtensionFailure {
        kind,
        how: exit.map_or_else(reported, FailureText::Exit),
    }
}

/// What is left of an environment that ends.
pub(crate) struct Ending<'a> {
    pub(crate) api: &'a RuntimeApi,
    pub(crate) exited: &'a mut oneshot::Receiver<Exit>,
    pub(crate) control: &'a dyn SandboxControl,
    pub(crate) output: &'a mut Output,
    pub(crate) companions: &'a mut Companions,
}

impl Ending<'_> {
    /// Ends an environment in order, and kills what is left of it.
    pub(crate) async fn shut_down(mut self, clock: &dyn Clock, reason: ShutdownReason) {
        self.end_in_order(clock, reason).await;
        self.control.kill();
        self.output.drain();
    }

    /// Ends its processes in the same order, and leaves the environment.
    ///
    /// # Errors
    /// The environment is lost, or the processes are not gone within `limit` after they were killed.
    pub(crate) async fn empty(
        mut self,
        clock: &dyn Clock,
        reason: ShutdownReason,
        limit: Duration,
    ) -> io::Result<Processes> {
        self.end_in_order(clock, reason).await;
        let emptied = tokio::select! {
            biased;
            emptied = self.control.empty() => emptied,
            () = tokio::time::sleep(limit) => Err(io::ErrorKind::TimedOut.into()),
            never = self.output.pump() => match never {},
        };
        self.output.drain();
        emptied
    }

    /// First the runtime process, then the external extensions, who are told the reason. Without extensions there is no order.
    async fn end_in_order(&mut self, clock: &dyn Clock, reason: ShutdownReason) {
        let statuses = self.api.extensions();
        let external = !self.companions.running.is_empty();
        if let Some(limits) = ShutdownLimits::of(!statuses.is_empty(), external) {
            let began = clock.monotonic_micros();
            let deadline = clock.now().plus(limits.whole);
            // One that was idle is frozen.
            self.control.thaw();
            self.end_runtime(limits.runtime).await;
            self.output.drain();
            self.api.flush_telemetry();
            self.api.shut_down(reason, deadline);
            let spent = Duration::from_micros(clock.monotonic_micros().saturating_sub(began));
            self.end_companions(&statuses, limits.whole.saturating_sub(spent)).await;
        }
    }

    async fn end_runtime(&mut self, limit: Duration) {
        if self.exited.is_terminated() {
            return;
        }
        self.control.terminate();
        tokio::select! {
            biased;
            _ = &mut *self.exited => {}
            () = tokio::time::sleep(limit) => self.control.kill_runtime(),
            never = self.output.pump() => match never {},
        }
    }

    async fn end_companions(&mut self, statuses: &[ExtensionStatus], limit: Duration) {
        tokio::select! {
            biased;
            () = self.companions.gone(statuses) => {}
            () = tokio::time::sleep(limit) => {}
            never = self.output.pump() => match never {},
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_takes_as_long_as_aws_grants() {
        let millis = |limits: Option<ShutdownLimits>| limits.map(|it| (it.runtime.as_millis(), it.whole.as_millis()));
        assert_eq!(millis(ShutdownLimits::of(false, false)), None);
        assert_eq!(millis(ShutdownLimits::of(true, false)), Some((500, 500)));
        assert_eq!(millis(ShutdownLimits::of(true, true)), Some((300, 2_000)));
        assert_eq!(millis(ShutdownLimits::of(false, true)), Some((300, 2_000)));
    }
}
