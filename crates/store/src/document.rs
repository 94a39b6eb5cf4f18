//! Everything that belongs to a function, a layer or an account and is read and written as a whole: aliases, policies,
//! configurations, layers, event source mappings.
//!
//! A noun of its own table would add nothing but a copy of the same five queries, so these share one table and differ in their
//! [`Kind`]. What a document says is the control plane's; the store knows its key, its revision and the package it refers to.

use crate::{BoxFuture, Unavailable};
use lambent_types::{RevisionId, Scope, Sha256Digest};
use std::sync::Arc;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An alias; parent: the function, id: its name.
    Alias,
    /// A resource policy; parent: the function, id: the qualifier, or nothing for the whole function. A layer version's has `layer:` and
    /// the layer's name for its parent, which no function can be named, and its number for its id.
    Policy,
    /// Reserved concurrency; parent: the function, no id.
    ReservedConcurrency,
    /// Provisioned concurrency; parent: the function, id: the qualifier.
    ProvisionedConcurrency,
    /// How asynchronous events are handled; parent: the function, id: the qualifier.
    EventInvokeConfig,
    /// A function URL; parent: the function, id: the qualifier, or nothing.
    FunctionUrl,
    /// Settings of a function that live apart from its versions; parent: the function, id: which setting.
    FunctionSetting,
    /// A layer's counter; parent: nothing, id: its name.
    Layer,
    /// A layer version; parent: the layer, id: its number, so written that the newest comes first.
    LayerVersion,
    /// A code signing configuration; parent: nothing, id: its id.
    CodeSigningConfig,
    /// An event source mapping; parent: nothing, id: its UUID.
    EventSourceMapping,
    /// Tags of what is no function; parent: nothing, id: the ARN.
    Tags,
    /// What is set for a log group; parent: nothing, id: its name.
    LogGroup,
    /// A subscription to a log group; parent: the group's name, id: its own.
    LogSubscription,
    /// A queue's settings; parent: nothing, id: its name.
    Queue,
    /// A task that moves messages from one queue to others; parent: the first queue's name, id: the task's place in time.
    MessageMove,
    /// A topic; parent: nothing, id: its name.
    Topic,
    /// A topic's subscription; parent: the topic's name, id: its own.
    Subscription,
    /// An event bus; parent: nothing, id: its name.
    EventBus,
    /// A rule of an event bus; parent: the bus, id: its name.
    EventRule,
    /// Until when an account's schedules have come; parent: nothing, no id.
    ScheduleMark,
    /// A role; parent: nothing, id: its name in small letters, since names that differ in case alone are the same.
    Role,
    /// A policy that roles share; parent: nothing, id: its name in small letters.
    ManagedPolicy,
}

impl Kind {
    /// Its name in the engine's tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alias => "alias",
            Self::Policy => "policy",
            Self::ReservedConcurrency => "reserved-concurrency",
            Self::ProvisionedConcurrency => "provisioned-concurrency",
            Self::EventInvokeConfig => "event-invoke-config",
            Self::FunctionUrl => "function-url",
            Self::FunctionSetting => "function-setting",
            Self::Layer => "layer",
            Self::LayerVersion => "layer-version",
            Self::CodeSigningConfig => "code-signing-config",
            Self::EventSourceMapping => "event-source-mapping",
            Self::Tags => "tags",
            Self::LogGroup => "log-group",
            Self::LogSubscription => "log-subscription",
            Self::Queue => "queue",
            Self::MessageMove => "message-move",
            Self::EventBus => "event-bus",
            Self::EventRule => "event-rule",
            Self::ScheduleMark => "schedule-mark",
            Self::Role => "role",
            Self::ManagedPolicy => "managed-policy",
            Self::Topic => "topic",
            Self::Subscription => "subscription",
        }
    }

    /// Whether documents of this kind go with the function that is their parent.
    #[must_use]
    pub const fn belongs_to_function(self) -> bool {
        match self {
            Self::Alias
            | Self::Policy
            | Self::ReservedConcurrency
            | Self::ProvisionedConcurrency
            | Self::EventInvokeConfig
            | Self::FunctionUrl
            | Self::FunctionSetting => true,
            Self::Layer
            | Self::LayerVersion
            | Self::CodeSigningConfig
            | Self::EventSourceMapping
            | Self::Tags
            | Self::LogGroup
            | Self::LogSubscription
            | Self::Queue
            | Self::MessageMove
            | Self::EventBus
            | Self::EventRule
            | Self::ScheduleMark
            | Self::Role
            | Self::ManagedPolicy
            | Self::Topic
            | Self::Subscription => false,
        }
    }
}

/// Names a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentKey {
    /// What it is.
    pub kind: Kind,
    /// Account and region.
    pub scope: Scope,
    /// What it belongs to; empty if nothing.
    pub parent: String,
    /// Its name among those; may be empty.
    pub id: String,
}

/// A stored document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its key.
    pub key: DocumentKey,
    /// Changes with every change.
    pub revision: RevisionId,
    /// The package it refers to, which stays as long as it does.
    pub code: Option<Sha256Digest>,
    /// What it says, as JSON.
    pub body: Arc<str>,
}

/// Some documents in order of parent and id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentPage {
    /// They.
    pub documents: Vec<Document>,
    /// Whether there are more behind the last one.
    pub more: bool,
}

/// Which documents to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentQuery {
    /// What they are.
    pub kind: Kind,
    /// Account and region.
    pub scope: Scope,
    /// Only those of this parent.
    pub parent: Option<String>,
    /// Only those behind this parent and id.
    pub after: Option<(String, String)>,
    /// At most this many.
    pub limit: usize,
}

/// Reads documents.
pub trait DocumentTable: Send + Sync + 'static {
    /// One document.
    fn document(&self, key: &DocumentKey) -> BoxFuture<'_, Result<Option<Document>, Unavailable>>;

    /// Several documents.
    fn documents(&self, query: DocumentQuery) -> BoxFuture<'_, Result<DocumentPage, Unavailable>>;

    /// How many documents of a kind there are in a scope, of one parent if it is given.
    fn document_count(
        &self,
        kind: Kind,
        scope: &Scope,
        parent: Option<&str>,
    ) -> BoxFuture<'_, Result<u64, Unavailable>>;

    /// The scopes that have documents of a kind, in order: for what must be taken up again when a server starts.
    fn document_scopes(&self, kind: Kind) -> BoxFuture<'_, Result<Vec<Scope>, Unavailable>>;
}
