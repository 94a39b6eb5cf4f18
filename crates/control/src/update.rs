//! What the operations that change `$LATEST` have in common.

use crate::{Control, Refusal, TRIES, naming::Target, publication::Publication};
use lambent_store::{Change, CommitError, Condition, Transaction};
use lambent_types::{FunctionRecord, LastUpdateStatus, RevisionId, State};
use std::sync::Arc;

/// An update of one function.
pub(crate) struct Update<'a> {
    control: &'a Control,
    target: &'a Target,
    /// The revision the client insists on.
    expected: Option<String>,
}

impl<'a> Update<'a> {
    pub(crate) const fn of(control: &'a Control, target: &'a Target, expected: Option<String>) -> Self {
        Self {
            control,
            target,
            expected,
        }
    }

    /// The record to change. Refused unless it exists, is at rest, and bears the expected revision.
    pub(crate) async fn begin(&self) -> Result<Arc<FunctionRecord>, Refusal> {
        let found = self.control.find_latest(self.target).await?;
        let found = found.ok_or_else(|| Refusal::FunctionNotFound(self.target.unqualified_arn()))?;
        let record = self.control.settled(found).await?;
        if record.state == State::Pending {
            return Err(Refusal::WrongState("Pending"));
        }
        if record.last_update == LastUpdateStatus::InProgress {
            return Err(Refusal::UpdateInProgress(self.target.unqualified_arn()));
        }
        match &self.expected {
            Some(expected) if *expected != record.revision.to_string() => Err(Refusal::RevisionMismatch),
            _ => Ok(record),
        }
    }

    /// Commits what `change` makes of the record, as an update in progress, with a version of it if one is to be published, and lets
    /// both settle. Returns what the client is shown: the version, or `$LATEST`.
    pub(crate) async fn commit(
        &self,
        mut before: Arc<FunctionRecord>,
        change: impl Fn(&FunctionRecord) -> Result<FunctionRecord, Refusal>,
        publish: bool,
    ) -> Result<FunctionRecord, Refusal> {
        let shared = &self.control.0;
        for _ in 0..TRIES {
            let mut after = self.updated(&before, change(&before)?);
            let publication = match publish {
                true => Some(self.publish(&mut after).await?),
                false => None,
            };
            let unchanged = Condition::Revision(before.key.clone(), before.revision);
            let put = Transaction::of(Change::PutFunction(Arc::new(after.clone()))).when(unchanged);
            let transaction = match &publication {
                Some(publication) => publication.add_to(put),
                None => put,
            };
            match shared.store.commit(transaction).await {
                Err(CommitError::Condition(_)) => before = self.begin().await?,
                committed => {
                    committed?;
                    shared.invoker.retire(&after.key, after.generation);
                    for gone in before
                        .packages()
                        .filter(|before| after.packages().all(|kept| kept != *before))
                    {
                        self.control.discard_unused_soon(gone);
                    }
                    self.control.settle_soon(&after);
                    if let Some(version) = publication.as_ref().and_then(Publication::new_version) {
                        self.control.settle_soon(version);
                    }
                    return Ok(publication.map_or(after, Publication::into_version));
                }
            }
        }
        Err(Refusal::UpdateInProgress(self.target.unqualified_arn()))
    }

    /// A version of an update that is in progress is itself being created, as recorded (`test_publish_with_update`).
    async fn publish(&self, after: &mut FunctionRecord) -> Result<Publication, Refusal> {
        let publication = self.control.publication(after).await?;
        if let Publication::New(version) = publication {
            after.newest_version += 1;
            return Ok(Publication::New(Box::new(FunctionRecord {
                state: State::Pending,
                last_update: LastUpdateStatus::Successful,
                ..*version
            })));
        }
        Ok(publication)
    }

    fn updated(&self, before: &FunctionRecord, changed: FunctionRecord) -> FunctionRecord {
        let shared = &self.control.0;
        FunctionRecord {
            last_update: LastUpdateStatus::InProgress,
            revision: RevisionId::new(shared.ids.as_ref()),
            generation: before.generation + 1,
            last_modified: shared.clock.now(),
            ..changed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Pace,
        testing::{context, control_at, record},
    };
    use std::time::Duration;

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
}
