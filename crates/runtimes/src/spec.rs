//! The form of the catalogue file.

use crate::{debugger::Debugger, package::Package, sdk::Sdk, selection::Language, version::Version};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A catalogue file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CatalogueFile {
    #[serde(default)]
    pub(crate) family: BTreeMap<String, Family>,
    #[serde(default)]
    pub(crate) runtime: BTreeMap<String, RuntimeSpec>,
    #[serde(default)]
    pub(crate) package: Vec<Package>,
    #[serde(default)]
    pub(crate) sdk: Vec<Sdk>,
}

/// What a kind of runtime has in common.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Family {
    pub(crate) interpreter: Option<Language>,
    #[serde(default)]
    pub(crate) driven: bool,
    #[serde(default)]
    pub(crate) entrypoint: String,
    pub(crate) main_class: Option<String>,
    #[serde(default)]
    pub(crate) flags: Vec<String>,
    #[serde(default)]
    pub(crate) flags_since: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(crate) heap_flags: bool,
    pub(crate) early_variables: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) early_since: u32,
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) debug: Option<Debugger>,
}

/// One runtime.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuntimeSpec {
    pub(crate) family: Option<String>,
    #[serde(default, deserialize_with = "optional_version")]
    pub(crate) version: Option<Version>,
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) logs: LogMode,
    #[serde(default, rename = "old-credential-names")]
    pub(crate) old_credential_names: bool,
    #[serde(default)]
    pub(crate) deprecated: bool,
    pub(crate) unsupported: Option<String>,
}

/// Which forms a runtime's log lines can take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogMode {
    /// Text, or JSON where the function asks for it.
    #[default]
    TextAndJson,
    /// Text only.
    Text,
}

/// A version, where there is one.
pub(crate) fn optional_version<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Version>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}
