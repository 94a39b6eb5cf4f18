//! Publishing versions: immutable snapshots of `$LATEST`.
//!
//! "Lambda doesn't publish a version if the function's configuration and code haven't changed since the last version"
//! (`PublishVersion` of the API reference): the newest version is then the answer. The same holds where an operation publishes on
//! the way.

use crate::{Control, Refusal};
use lambent_store::{Change, Condition, Transaction};
use lambent_types::{FunctionRecord, RevisionId, Version};
use std::sync::Arc;

/// What publishing comes to.
pub(crate) enum Publication {
    /// A version that must be stored together with the `$LATEST` that counts it.
    New(Box<FunctionRecord>),
    /// The newest version says the same already.
    Unchanged(Arc<FunctionRecord>),
}

impl Control {
    /// What publishing `latest` would make.
    pub(crate) async fn publication(&self, latest: &FunctionRecord) -> Result<Publication, Refusal> {
        let newest = latest.key.function.version(Version::Published(latest.newest_version));
        let newest = match latest.newest_version {
            0 => None,
            _ => self.0.store.function(&newest).await?,
        };
        Ok(match newest.filter(|version| says_the_same(latest, version)) {
            Some(version) => Publication::Unchanged(version),
            None => Publication::New(Box::new(latest.publish(RevisionId::new(self.0.ids.as_ref())))),
        })
    }
}

impl Publication {
    /// The version.
    pub(crate) fn into_version(self) -> FunctionRecord {
        match self {
            Self::New(version) => *version,
            Self::Unchanged(version) => Arc::unwrap_or_clone(version),
        }
    }

    /// The version, if it is new.
    pub(crate) fn new_version(&self) -> Option<&FunctionRecord> {
        match self {
            Self::New(version) => Some(version),
            Self::Unchanged(_) => None,
        }
    }

    /// Adds what is to be stored.
    pub(crate) fn add_to(&self, transaction: Transaction) -> Transaction {
        match self {
            Self::New(version) => transaction.and(Change::PutFunction(Arc::new(FunctionRecord::clone(version)))),
            Self::Unchanged(version) => transaction.when(Condition::VersionPresent(version.key.clone())),
        }
    }
}

/// The generation tells whether there was an update at all; an update may have changed nothing. A version may bear a description of
/// its own, which is why the first is asked first.
fn says_the_same(latest: &FunctionRecord, version: &FunctionRecord) -> bool {
    latest.generation == version.generation || (latest.code == version.code && latest.config == version.config)
}
