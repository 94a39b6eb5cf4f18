//! What the operations that change `$LATEST` have in common.

use crate::{Control, Refusal, naming::Target};
use lambent_store::{Change, CommitError, Condition, Transaction};
use lambent_types::{FunctionRecord, LastUpdateStatus, RevisionId, State};
use std::sync::Arc;

/// Tries against others who change the same function at the same time.
const TRIES: usize = 20;

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

    /// Commits what `change` makes of the record, as an update in progress, and a version of it if one is to be published. Returns the
    /// new `$LATEST` and what the client is shown.
    pub(crate) async fn commit(
        &self,
        mut before: Arc<FunctionRecord>,
        change: impl Fn(&FunctionRecord) -> Result<FunctionRecord, Refusal>,
        publish: bool,
    ) -> Result<(FunctionRecord, FunctionRecord), Refusal> {
        let shared = &self.control.0;
        for _ in 0..TRIES {
            let mut after = self.updated(&before, change(&before)?);
            let unchanged = Condition::Revision(before.key.clone(), before.revision);
            let published = publish.then(|| after.publish(RevisionId::new(shared.ids.as_ref())));
            after.newest_version += u64::from(publish);
            let put = |record: &FunctionRecord| Change::PutFunction(Arc::new(record.clone()));
            let transaction = published
                .iter()
                .map(put)
                .fold(Transaction::of(put(&after)), Transaction::and);
            match shared.store.commit(transaction.when(unchanged)).await {
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
                    let shown = published.unwrap_or_else(|| after.clone());
                    return Ok((after, shown));
                }
            }
        }
        Err(Refusal::UpdateInProgress(self.target.unqualified_arn()))
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
