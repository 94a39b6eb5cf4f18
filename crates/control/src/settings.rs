//! Settings of a function that live apart from its versions.

use crate::{
    Control, Refusal,
    documents::{self, Noun},
};
use lambent_store::{CommitError, Condition, DocumentKey, Kind, Transaction};
use lambent_types::{FunctionKey, FunctionRecord, RevisionId, Version};
use serde::{Deserialize, Serialize};

/// One setting; its document's id tells which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Setting {
    /// `Allow` or `Terminate`.
    RecursiveLoop(String),
    /// How the runtime of one version is updated.
    RuntimeManagement(RuntimeManagement),
}

/// `Auto`, `FunctionUpdate` or `Manual`, and for the last the runtime version that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RuntimeManagement {
    pub(crate) update_runtime_on: String,
    pub(crate) runtime_version_arn: Option<String>,
}

impl RuntimeManagement {
    /// The mode that pins a runtime version.
    pub(crate) const MANUAL: &str = "Manual";
}

impl Noun for Setting {
    const KIND: Kind = Kind::FunctionSetting;
}

/// The setting of what happens to recursive loops.
pub(crate) fn recursive_loop(function: &FunctionKey) -> DocumentKey {
    documents::key::<Setting>(&function.scope, function.name.as_str(), "recursive-loop")
}

/// The setting of how a version's runtime is updated.
pub(crate) fn runtime_management(function: &FunctionKey, version: Version) -> DocumentKey {
    let id = format!("runtime-management:{version}");
    documents::key::<Setting>(&function.scope, function.name.as_str(), &id)
}

impl Control {
    /// A setting, if it was ever set.
    pub(crate) async fn setting(&self, key: &DocumentKey) -> Result<Option<Setting>, Refusal> {
        Ok(self.load::<Setting>(key).await?.map(|stored| stored.value))
    }

    /// How the runtime of a version is updated.
    pub(crate) async fn runtime_management(&self, record: &FunctionRecord) -> Result<RuntimeManagement, Refusal> {
        let key = runtime_management(&record.key.function, record.key.version);
        Ok(match self.setting(&key).await? {
            Some(Setting::RuntimeManagement(management)) => management,
            Some(Setting::RecursiveLoop(_)) | None => RuntimeManagement {
                update_runtime_on: "Auto".to_owned(),
                runtime_version_arn: None,
            },
        })
    }

    /// Stores a setting of a version that must still be there.
    pub(crate) async fn set(&self, record: &FunctionRecord, key: DocumentKey, value: &Setting) -> Result<(), Refusal> {
        let put = documents::put(key, RevisionId::new(self.0.ids.as_ref()), value)?;
        let exists = Condition::VersionPresent(record.key.clone());
        match self.0.store.commit(Transaction::of(put).when(exists)).await {
            Err(CommitError::Condition(_)) => Err(Refusal::FunctionNotFound(record.key.function.arn())),
            committed => Ok(committed?),
        }
    }
}
