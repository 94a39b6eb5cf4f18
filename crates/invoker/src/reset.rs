//! What becomes of an environment after a timeout or a crash: its processes end, it stays, and the next invocation starts them anew.
//!
//! That is AWS's "Failures during the invoke phase" of "Lambda execution environment life cycle": what lies in `/tmp` is found again, and
//! the initialisation that the next invocation needs is not logged ("suppressed init") but part of its duration. Two things differ. AWS
//! does not say when it gives such an environment up; here it ends with the third failure in a row, since what makes the function fail
//! may be what it has left in `/tmp`. And one that is kept ready is replaced at once by another that is initialised.

use crate::{
    classify::Ended,
    companions::Companions,
    environment::{After, Environment, Phase},
    init,
    invoker::Shared,
    launch::Initialization,
};
use lambent_runtime_api::{InitPhase, ShutdownReason};
use lambent_sandbox::StartError;
use std::{future::poll_fn, task::Poll, time::Duration};

/// An environment ends after so many failures without a success between them.
const MOST_FAILURES: u32 = 3;

/// Processes that are killed are given this long to be gone.
const EMPTIED_WITHIN: Duration = Duration::from_secs(1);

/// Why processes did not come up again.
pub(crate) enum Again {
    /// The environment is of no use any more. That says nothing about the function.
    Lost,
    /// What an invocation would end with.
    Ended(Ended),
}

impl Again {
    pub(crate) fn into_ended(self) -> Ended {
        match self {
            Self::Lost => Ended::Vanished,
            Self::Ended(ended) => ended,
        }
    }
}

impl Environment {
    /// Ends the processes after a failure, or else the environment.
    pub(crate) async fn reset(&mut self, shared: &Shared, reason: ShutdownReason) -> After {
        self.failures += 1;
        let stays = self.initialization == Initialization::OnDemand && self.failures < MOST_FAILURES;
        if stays && self.empty(shared, reason).await {
            return After::Reset;
        }
        if !self.has_extensions {
            self.control.kill();
        }
        After::Over(reason)
    }

    /// Ends the processes in order, and forgets all that was heard of them. Returns whether that worked; otherwise the environment is to
    /// be killed.
    pub(crate) async fn empty(&mut self, shared: &Shared, reason: ShutdownReason) -> bool {
        let Ok(processes) = self.ending().empty(&*shared.clock, reason, EMPTIED_WITHIN).await else {
            return false;
        };
        self.serving.shutdown().await;
        self.refuse_connections().await;
        self.exited = processes.exited;
        self.companions = Companions::new(Vec::new(), processes.companion_exits);
        self.has_extensions = false;
        self.phase = Phase::Empty;
        true
    }

    /// Closes what processes that are gone had begun to say: nobody shall take it for the word of those that come.
    async fn refuse_connections(&self) {
        poll_fn(|context| {
            while let Poll::Ready(Ok(_)) = self.runtime_api.poll_accept(context) {}
            Poll::Ready(())
        })
        .await;
    }

    /// Starts the processes of an empty environment and initialises them, within the function's timeout since `began`.
    pub(crate) async fn start_again(&mut self, shared: &Shared, began: u64) -> Result<(), Again> {
        let launch = shared
            .launcher
            .prepare(&self.function, &self.name, &self.stream, self.initialization)
            .await
            .map_err(|error| Again::Ended(Ended::NotPrepared(error)))?;
        let host = init::extension_host(shared, &self.function, &launch.spec.companions, &self.control);
        self.companions.expect(host.external.clone());
        (self.api, self.serving) = init::serve(host, &self.runtime_api, &mut self.output);
        self.phase = Phase::Initialised;
        match tokio::time::timeout(self.left(shared, began), self.control.restart(launch.spec)).await {
            Err(_) => return Err(Again::Ended(Ended::TimedOut)),
            Ok(Err(StartError::Setup { .. } | StartError::StarterGone)) => return Err(Again::Lost),
            Ok(Err(error @ (StartError::InvalidEntrypoint { .. } | StartError::InvalidCompanion { .. }))) => {
                return Err(Again::Ended(Ended::NotStarted(error)));
            }
            Ok(Ok(())) => {}
        }
        let left = self.left(shared, began);
        self.initialise(shared, InitPhase::Invoke, left)
            .await
            .map_err(Again::Ended)
    }

    /// What is left of the function's timeout.
    fn left(&self, shared: &Shared, began: u64) -> Duration {
        let spent = Duration::from_micros(shared.clock.monotonic_micros().saturating_sub(began));
        self.function.config.timeout.duration().saturating_sub(spent)
    }
}
