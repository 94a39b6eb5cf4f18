//! Brings a created or updated version to rest: pending becomes active, or failed with a reason.

use crate::{Control, Pace, Refusal};
use lambent_store::{Change, Condition, Transaction};
use lambent_types::{FunctionRecord, LastUpdateStatus, RevisionId, Sha256Digest, State, VersionKey};
use std::{sync::Arc, time::Duration};

/// How long an operation waits for a version to settle before it is refused. Settling takes milliseconds, so a client that does not
/// wait for it, as AWS's rules ask, is not refused by a hair.
const PATIENCE: Duration = Duration::from_secs(5);

impl Control {
    /// Settles in the background what an operation has just committed.
    pub(crate) fn settle_soon(&self, record: &FunctionRecord) {
        let (control, record) = (self.clone(), record.clone());
        self.0.tasks.spawn(async move {
            if let Pace::After(pause) = control.0.pace {
                tokio::time::sleep(pause).await;
            }
            control.settle(&record).await;
        });
    }

    /// Settles a version. If someone has changed it meanwhile, that change is settled by whoever made it.
    pub(crate) async fn settle(&self, record: &FunctionRecord) {
        let settled = after(
            record,
            self.0.readiness.check(record),
            RevisionId::new(self.0.ids.as_ref()),
        );
        let unchanged = Condition::Revision(record.key.clone(), record.revision);
        let change = Change::PutFunction(Arc::new(settled));
        if let Err(error) = self.0.store.commit(Transaction::of(change).when(unchanged)).await {
            tracing::debug!(%error, function = %record.key.function.arn(), "not settled");
        }
        self.0.settled.notify_waiters();
    }

    /// A version once it is at rest; as it is, if that takes too long or clients are to see it so.
    pub(crate) async fn settled(&self, record: Arc<FunctionRecord>) -> Result<Arc<FunctionRecord>, Refusal> {
        if is_settled(&record) || self.0.pace != Pace::AtOnce {
            return Ok(record);
        }
        let key = record.key.clone();
        let waited = tokio::time::timeout(PATIENCE, self.wait_until_settled(&key)).await;
        waited
            .unwrap_or(Ok(Some(Arc::clone(&record))))
            .map(|found| found.unwrap_or(record))
    }

    async fn wait_until_settled(&self, key: &VersionKey) -> Result<Option<Arc<FunctionRecord>>, Refusal> {
        loop {
            // Registered before the look, so that nothing is missed between the two.
            let mut told = std::pin::pin!(self.0.settled.notified());
            told.as_mut().enable();
            match self.0.store.function(key).await? {
                Some(record) if !is_settled(&record) => told.await,
                found => return Ok(found),
            }
        }
    }

    /// Removes a package that no version refers to any more. One that stays by mistake is removed at the next start.
    pub(crate) async fn discard_unused(&self, digest: Sha256Digest) {
        let _nobody_takes_in = self.0.intake.write().await;
        match self.0.store.code_in_use(digest).await {
            Ok(true) => {}
            Ok(false) => {
                if let Err(error) = self.0.code.discard(digest).await {
                    tracing::warn!(%error, ?digest, "a package could not be removed");
                }
            }
            Err(error) => tracing::warn!(%error, ?digest, "a package stays, since its use is unknown"),
        }
    }

    /// The same, in the background.
    pub(crate) fn discard_unused_soon(&self, digest: Sha256Digest) {
        let control = self.clone();
        self.0.tasks.spawn(async move { control.discard_unused(digest).await });
    }
}

fn is_settled(record: &FunctionRecord) -> bool {
    record.state != State::Pending && record.last_update != LastUpdateStatus::InProgress
}

/// The record after its change was carried out.
fn after(
    record: &FunctionRecord,
    checked: Result<(), (lambent_types::StateReasonCode, String)>,
    revision: RevisionId,
) -> FunctionRecord {
    let mut settled = FunctionRecord {
        revision,
        ..record.clone()
    };
    match (checked, &record.state) {
        (Ok(()), _) => {
            settled.state = State::Active;
            settled.last_update = LastUpdateStatus::Successful;
        }
        (Err((code, reason)), State::Pending) => {
            settled.state = State::Failed { code, reason };
            settled.last_update = LastUpdateStatus::Successful;
        }
        (Err((code, reason)), State::Active | State::Inactive | State::Failed { .. }) => {
            settled.last_update = LastUpdateStatus::Failed { code, reason };
        }
    }
    settled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        naming::Target,
        testing::{context, control_at, record},
        update::Update,
    };
    use lambent_types::{SeededIds, StateReasonCode};

    /// Follows the recording `test_lambda_concurrent_config_updates`.
    #[tokio::test(start_paused = true)]
    async fn at_the_pace_of_aws_an_update_in_progress_is_seen_and_refuses_another() {
        let control = control_at(Pace::After(Duration::from_secs(2)));
        let updating = FunctionRecord {
            last_update: LastUpdateStatus::InProgress,
            ..record("f")
        };
        control.given(updating.clone()).await;
        control.settle_soon(&updating);
        let target = Target::read(&context(), Some("f".to_owned()), None).unwrap();
        let refused = Update::of(&control, &target, None).begin().await.unwrap_err();
        assert!(matches!(refused, Refusal::UpdateInProgress(_)));
        control.shut_down().await;
        assert!(Update::of(&control, &target, None).begin().await.is_ok());
    }

    #[test]
    fn creation_and_update_end_in_their_own_states() {
        let ids = SeededIds::default();
        let bad = || Err((StateReasonCode::InvalidRuntime, "no interpreter".to_owned()));
        let pending = FunctionRecord {
            state: State::Pending,
            ..record("f")
        };
        assert_eq!(after(&pending, Ok(()), RevisionId::new(&ids)).state, State::Active);
        assert!(matches!(
            after(&pending, bad(), RevisionId::new(&ids)).state,
            State::Failed { .. }
        ));
        let updating = FunctionRecord {
            last_update: LastUpdateStatus::InProgress,
            ..record("f")
        };
        let failed = after(&updating, bad(), RevisionId::new(&ids));
        assert_eq!(failed.state, State::Active, "the version runs as before");
        assert!(matches!(failed.last_update, LastUpdateStatus::Failed { .. }));
        assert_ne!(failed.revision, updating.revision);
    }
}
