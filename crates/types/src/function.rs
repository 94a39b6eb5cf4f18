//! Functions and their versions as they are stored.

use crate::{
    AccountId, Architecture, Code, EnvironmentVariables, EphemeralStorage, FunctionName, ImageConfig, LastUpdateStatus,
    LayerReference, MemorySize, Region, RevisionId, RuntimeId, Sha256Digest, State, Timeout, Timestamp, Version,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The account and region a request speaks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub region: Region,
}

/// Names a function for good.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FunctionKey {
    /// Account and region.
    pub scope: Scope,
    /// Its name.
    pub name: FunctionName,
}

impl FunctionKey {
    /// `arn:aws:lambda:us-east-1:123456789012:function:name`.
    #[must_use]
    pub fn arn(&self) -> String {
        let Scope { account, region } = &self.scope;
        format!(
            "arn:{}:lambda:{region}:{account}:function:{}",
            region.partition(),
            self.name
        )
    }

    /// The ARN with a qualifier behind it.
    #[must_use]
    pub fn qualified_arn(&self, qualifier: &str) -> String {
        format!("{}:{qualifier}", self.arn())
    }

    /// One version of this function.
    #[must_use]
    pub fn version(&self, version: Version) -> VersionKey {
        VersionKey {
            function: self.clone(),
            version,
        }
    }
}

/// Names one version of a function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VersionKey {
    /// The function.
    pub function: FunctionKey,
    /// Its version.
    pub version: Version,
}

/// What a client configures about a function version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionConfig {
    /// Free text, at most 256 characters.
    pub description: String,
    /// The execution role's ARN.
    pub role: String,
    /// The entry point; its form is the runtime's. Empty where the code is an image.
    pub handler: String,
    /// The runtime identifier. Empty where the code is an image.
    pub runtime: RuntimeId,
    /// The instruction set.
    pub architecture: Architecture,
    /// Memory, and with it processor share.
    pub memory: MemorySize,
    /// Longest invocation.
    pub timeout: Timeout,
    /// Size of `/tmp`.
    pub ephemeral_storage: EphemeralStorage,
    /// `None` where the client never gave any: AWS then leaves the member out of its answers.
    pub environment: Option<EnvironmentVariables>,
    /// `Active` or `PassThrough`.
    pub tracing_mode: TracingMode,
    /// Where a failed asynchronous event goes.
    pub dead_letter_target: Option<String>,
    /// The key that encrypts the environment variables: kept and returned, without effect on a single host.
    pub kms_key_arn: Option<String>,
    /// Subnets and security groups: kept and returned, without effect on a single host.
    pub vpc: Option<VpcConfig>,
    /// Log format, levels and group.
    pub logging: LoggingConfig,
    /// Whether published versions are snapshotted.
    pub snap_start: SnapStartApplyOn,
    /// What is laid over each other at `/opt`, the later on top.
    #[serde(default)]
    pub layers: Vec<LayerReference>,
    /// What is overridden of the image's own configuration.
    #[serde(default)]
    pub image: Option<ImageConfig>,
}

/// Whether Lambda samples traces itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TracingMode {
    /// Follows the caller's decision.
    #[default]
    PassThrough,
    /// Samples itself.
    Active,
}

impl TracingMode {
    /// The API's name for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PassThrough => "PassThrough",
            Self::Active => "Active",
        }
    }
}

/// When a snapshot of the initialised environment is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SnapStartApplyOn {
    /// Never.
    #[default]
    None,
    /// When a version is published.
    PublishedVersions,
}

impl SnapStartApplyOn {
    /// The API's name for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::PublishedVersions => "PublishedVersions",
        }
    }
}

/// The network a function asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcConfig {
    /// Subnet ids.
    pub subnet_ids: Vec<String>,
    /// Security group ids.
    pub security_group_ids: Vec<String>,
    /// Whether dual-stack subnets get IPv6.
    pub ipv6_allowed_for_dual_stack: bool,
}

/// How a function's log is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggingConfig {
    /// Plain text or JSON objects.
    pub format: LogFormat,
    /// Least level of the function's own lines; JSON only.
    pub application_level: Option<String>,
    /// Least level of the platform's lines; JSON only.
    pub system_level: Option<String>,
    /// The log group, if not `/aws/lambda/<name>`.
    pub group: Option<String>,
}

impl LoggingConfig {
    /// The group a function's log goes to.
    #[must_use]
    pub fn group_of(&self, function: &FunctionName) -> String {
        self.group.clone().unwrap_or_else(|| format!("/aws/lambda/{function}"))
    }
}

/// The form of a function's log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogFormat {
    /// Lines of text.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// The API's name for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Json => "JSON",
        }
    }
}

/// One version of a function as stored: `$LATEST`, or a published snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionRecord {
    /// Which version of which function.
    pub key: VersionKey,
    /// What the client configured.
    pub config: FunctionConfig,
    /// Its code.
    pub code: Code,
    /// Whether it can be invoked.
    pub state: State,
    /// How the last update went.
    pub last_update: LastUpdateStatus,
    /// Changes with every change of this record.
    pub revision: RevisionId,
    /// Counts the changes that make running environments obsolete: an environment serves one generation only.
    pub generation: u64,
    /// When code or configuration was last changed by a client.
    pub last_modified: Timestamp,
    /// The newest published version, 0 for none; kept on `$LATEST`.
    #[serde(default)]
    pub newest_version: u64,
    /// Tags belong to the function and are kept on `$LATEST`.
    pub tags: BTreeMap<String, String>,
}

impl FunctionRecord {
    /// What it needs: its code, of either kind, and its layers. They stay as long as it does.
    pub fn packages(&self) -> impl Iterator<Item = Sha256Digest> {
        let layers = self.config.layers.iter().map(|layer| layer.digest);
        [self.code.digest()].into_iter().chain(layers).chain(self.code.before())
    }

    /// The next published version: a snapshot of this one, with a number and a revision of its own.
    #[must_use]
    pub fn publish(&self, revision: RevisionId) -> Self {
        Self {
            key: self.key.function.version(Version::Published(self.newest_version + 1)),
            revision,
            newest_version: 0,
            tags: BTreeMap::new(),
            ..self.clone()
        }
    }
}
