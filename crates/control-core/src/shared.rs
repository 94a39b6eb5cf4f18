//! What all operations work with.

use crate::{concurrency::Capacity, function_url::UrlIndex, links::Links};
use lambent_events::EventQueue;
use lambent_invoker::Invoker;
use lambent_sources::Desk;
use lambent_store::{CodeStore, ImageStore, ObjectStore, Store};
use lambent_types::{Clock, FunctionRecord, Ids, StateReasonCode};
use std::{ops::Deref, sync::Arc, time::Duration};
use tokio::sync::{Notify, RwLock};
use tokio_util::task::TaskTracker;

/// Which runtime identifiers are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RuntimeSupport {
    /// All that AWS ever had: the developer guide's examples work.
    #[default]
    Guide,
    /// Those that AWS accepts today; the others are refused in its words.
    Aws,
}

/// When a function that was created or changed comes to rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// As soon as it can. An operation that has to wait for it does so, and clients need no waiters.
    #[default]
    AtOnce,
    /// After so long. Meanwhile it is pending or in progress, and what AWS refuses then is refused.
    After(Duration),
}

/// Whether a version can be run on this host.
pub trait Readiness: Send + Sync + 'static {
    /// Asked when a function is created or changed.
    ///
    /// # Errors
    /// Why it cannot be run, for programs and for people; the latter names the fix.
    fn check(&self, function: &FunctionRecord) -> Result<(), (StateReasonCode, String)>;
}

/// What the control plane is made of.
pub struct Parts {
    /// Functions and events.
    pub store: Arc<dyn Store>,
    /// Deployment packages.
    pub code: Arc<dyn CodeStore>,
    /// Container images, if they come from anywhere. Otherwise functions of images are kept by name, and not run.
    pub images: Option<Arc<dyn ImageStore>>,
    /// Where packages in buckets are read from, if anywhere.
    pub objects: Option<Arc<dyn ObjectStore>>,
    /// Runs functions.
    pub invoker: Invoker,
    /// Takes asynchronous events.
    pub events: EventQueue,
    /// Knows of queues and of the mappings that are read.
    pub sources: Desk,
    /// Tells whether a version can be run.
    pub readiness: Arc<dyn Readiness>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Revisions and request ids.
    pub ids: Arc<dyn Ids>,
    /// Which runtimes are accepted.
    pub runtime_support: RuntimeSupport,
    /// When functions come to rest.
    pub pace: Pace,
}

/// What all operations work with. Cheap to clone.
#[derive(Clone)]
pub struct Core(Arc<Shared>);

impl Deref for Core {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// What there is once.
pub struct Shared {
    /// Functions, documents and events.
    pub store: Arc<dyn Store>,
    /// Deployment packages.
    pub code: Arc<dyn CodeStore>,
    /// Container images, if they come from anywhere.
    pub images: Option<Arc<dyn ImageStore>>,
    /// Where packages in buckets are read from, if anywhere.
    pub objects: Option<Arc<dyn ObjectStore>>,
    /// Runs functions.
    pub invoker: Invoker,
    /// Takes asynchronous events.
    pub events: EventQueue,
    /// Knows of queues and of the mappings that are read.
    pub sources: Desk,
    /// Tells whether a version can be run.
    pub readiness: Arc<dyn Readiness>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Revisions and request ids.
    pub ids: Arc<dyn Ids>,
    /// Which runtimes are accepted.
    pub runtime_support: RuntimeSupport,
    /// When functions come to rest.
    pub pace: Pace,
    /// Held for reading from a package's intake to the commit that refers to it, and for writing while one is removed: no package is
    /// removed between the two.
    pub intake: RwLock<()>,
    /// Makes and checks links to packages.
    pub links: Links,
    /// Where the function URL of an id is kept.
    pub urls: UrlIndex,
    /// Who has what share of the executions.
    pub capacity: Capacity,
    /// Held for reading while something that refers to a version is committed, and for writing while a version is deleted: nothing
    /// refers to a version that is gone.
    pub references: RwLock<()>,
    /// Told whenever a function has settled.
    pub settled: Notify,
    /// Work in the background.
    pub tasks: TaskTracker,
}

impl Core {
    /// What the operations of one server share.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Shared {
            store: parts.store,
            code: parts.code,
            images: parts.images,
            objects: parts.objects,
            invoker: parts.invoker,
            events: parts.events,
            sources: parts.sources,
            readiness: parts.readiness,
            clock: parts.clock,
            links: Links::new(parts.ids.as_ref()),
            ids: parts.ids,
            urls: UrlIndex::default(),
            runtime_support: parts.runtime_support,
            pace: parts.pace,
            intake: RwLock::new(()),
            capacity: Capacity::default(),
            references: RwLock::new(()),
            settled: Notify::new(),
            tasks: TaskTracker::new(),
        }))
    }
}
