//! Brings a created or updated version to rest: pending becomes active, or failed with a reason.

use crate::{Core, Pace, Refusal};
use lambent_store::{Change, Condition, ImageError, Transaction};
use lambent_types::{
    Code, FunctionRecord, Image, LastUpdateStatus, RevisionId, Sha256Digest, State, StateReasonCode, VersionKey,
};
use std::{sync::Arc, time::Duration};

/// How long an operation waits for a version to settle before it is refused. Settling takes milliseconds, so a client that does not
/// wait for it, as AWS's rules ask, is not refused by a hair.
const PATIENCE: Duration = Duration::from_secs(5);

impl Core {
    /// Settles in the background what an operation has just committed.
    pub fn settle_soon(&self, record: &FunctionRecord) {
        let (core, record) = (self.clone(), record.clone());
        self.tasks.spawn(async move {
            if let Pace::After(pause) = core.pace {
                tokio::time::sleep(pause).await;
            }
            core.settle(&record).await;
        });
    }

    /// Settles a version. If someone has changed it meanwhile, that change is settled by whoever made it.
    pub async fn settle(&self, record: &FunctionRecord) {
        let checked = self.install(record).await.and_then(|()| self.readiness.check(record));
        let settled = after(record, checked, RevisionId::new(self.ids.as_ref()));
        let unchanged = Condition::Revision(record.key.clone(), record.revision);
        let generation = settled.generation;
        let change = Change::PutFunction(Arc::new(settled));
        match self.store.commit(Transaction::of(change).when(unchanged)).await {
            Ok(()) if generation != record.generation => self.invoker.retire(&record.key, generation),
            Ok(()) => {}
            Err(error) => tracing::debug!(%error, function = %record.key.function.arn(), "not settled"),
        }
        if let Code::Image(image) = &record.code {
            // One of the two has made place for the other; and where the function is gone, nobody else knows of its image.
            self.discard_unused(image.digest).await;
            if let Some(before) = &image.before {
                self.discard_unused(before.digest).await;
            }
        }
        self.invoker.expect(record);
        self.settled.notify_waiters();
    }

    /// Makes the image of a version ready to run, if that is its code.
    async fn install(&self, record: &FunctionRecord) -> Result<(), (StateReasonCode, String)> {
        let (Code::Image(image), Some(images)) = (&record.code, &self.images) else {
            return Ok(());
        };
        match images.install(image, record.config.architecture).await {
            Ok((_, _pin)) => Ok(()),
            Err(error) => Err(not_installed(image, error)),
        }
    }

    /// A version once it is at rest; as it is, if that takes too long or clients are to see it so.
    pub async fn settled(&self, record: Arc<FunctionRecord>) -> Result<Arc<FunctionRecord>, Refusal> {
        if is_settled(&record) || self.pace != Pace::AtOnce {
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
            let mut told = std::pin::pin!(self.settled.notified());
            told.as_mut().enable();
            match self.store.function(key).await? {
                Some(record) if !is_settled(&record) => told.await,
                found => return Ok(found),
            }
        }
    }

    /// Removes a package that no version refers to any more. One that stays by mistake is removed at the next start.
    pub async fn discard_unused(&self, digest: Sha256Digest) {
        let _nobody_takes_in = self.intake.write().await;
        match self.store.code_in_use(digest).await {
            Ok(true) => {}
            Ok(false) => {
                if let Err(error) = self.code.discard(digest).await {
                    tracing::warn!(%error, ?digest, "a package could not be removed");
                }
                if let Some(images) = &self.images
                    && let Err(error) = images.discard(digest).await
                {
                    tracing::warn!(%error, ?digest, "an image could not be removed");
                }
            }
            Err(error) => tracing::warn!(%error, ?digest, "a package stays, since its use is unknown"),
        }
    }

    /// The same, in the background.
    pub fn discard_unused_soon(&self, digest: Sha256Digest) {
        let core = self.clone();
        self.tasks.spawn(async move { core.discard_unused(digest).await });
    }
}

/// Why an image that was there when it was named is not ready to run, for programs and for people.
fn not_installed(image: &Image, error: ImageError) -> (StateReasonCode, String) {
    tracing::warn!(uri = %image.uri, %error, "an image is not ready to run");
    let uri = &image.uri;
    match error {
        ImageError::AccessDenied => {
            let text = "Lambda does not have permission to access the ECR image. Check the ECR permissions.";
            (StateReasonCode::ImageAccessDenied, text.to_owned())
        }
        ImageError::NotFound | ImageError::NoSource => (
            StateReasonCode::ImageDeleted,
            format!("Source image {uri} does not exist. Provide a valid source image."),
        ),
        ImageError::Invalid(cause) | ImageError::Unsupported(cause) => (
            StateReasonCode::InvalidImage,
            format!("Source image {uri} is not valid. Provide a valid source image: {cause}."),
        ),
        ImageError::Unreachable(_) => (
            StateReasonCode::InternalError,
            format!("The registry of the source image {uri} cannot be reached."),
        ),
        ImageError::Io(_) => (
            StateReasonCode::InternalError,
            "The image cannot be written to the disk.".to_owned(),
        ),
    }
}

pub(crate) fn is_settled(record: &FunctionRecord) -> bool {
    record.state != State::Pending && record.last_update != LastUpdateStatus::InProgress
}

/// The record after its change was carried out.
fn after(
    record: &FunctionRecord,
    checked: Result<(), (StateReasonCode, String)>,
    revision: RevisionId,
) -> FunctionRecord {
    let mut settled = FunctionRecord {
        revision,
        ..record.clone()
    };
    if let Code::Image(image) = &mut settled.code
        && let Some(before) = image.before.take()
    {
        if checked.is_ok() {
            // Environments that began meanwhile run the other image.
            settled.generation += 1;
        } else if record.state != State::Pending {
            *image = *before;
        }
    }
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
    use crate::testing::record;
    use lambent_types::SeededIds;

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

    #[test]
    fn an_image_takes_the_place_of_another_when_it_is_ready_or_not_at_all() {
        let ids = SeededIds::default();
        let image = |name: &str| Image::named(name.parse().unwrap());
        let (old, new) = (image("image:v1"), image("image:v2"));
        let updating = FunctionRecord {
            last_update: LastUpdateStatus::InProgress,
            code: Code::Image(new.clone().after(&old)),
            ..record("f")
        };
        assert_eq!(updating.packages().count(), 2, "both are kept");
        let done = after(&updating, Ok(()), RevisionId::new(&ids));
        assert_eq!(
            (done.code, done.generation),
            (Code::Image(new.clone()), updating.generation + 1)
        );
        let bad = Err((StateReasonCode::InvalidImage, "damaged".to_owned()));
        let failed = after(&updating, bad, RevisionId::new(&ids));
        assert_eq!(
            (failed.code, failed.generation),
            (Code::Image(old.clone()), updating.generation)
        );
        assert_eq!(old.clone().after(&old), old);
    }
}
