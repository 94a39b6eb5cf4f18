//! What all operations share.

use crate::{Refusal, concurrency::Capacity, glue::IMPLEMENTED, links::Links, url_endpoint::UrlIndex};
use lambent_events::EventQueue;
use lambent_invoker::Invoker;
use lambent_store::{CodeStore, ObjectReader, Store};
use lambent_types::{Clock, FunctionRecord, Ids, Sha256Digest, StateReasonCode};
use std::{sync::Arc, time::Duration};
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
    /// Where packages in buckets are read from, if anywhere.
    pub objects: Option<Arc<dyn ObjectReader>>,
    /// Runs functions.
    pub invoker: Invoker,
    /// Takes asynchronous events.
    pub events: EventQueue,
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

/// The control plane. Cheap to clone.
#[derive(Clone)]
pub struct Control(pub(crate) Arc<Shared>);

/// What the operations work with.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) code: Arc<dyn CodeStore>,
    pub(crate) objects: Option<Arc<dyn ObjectReader>>,
    pub(crate) invoker: Invoker,
    pub(crate) events: EventQueue,
    pub(crate) readiness: Arc<dyn Readiness>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) runtime_support: RuntimeSupport,
    pub(crate) pace: Pace,
    /// Held for reading from a package's intake to the commit that refers to it, and for writing while one is removed: no package is
    /// removed between the two.
    pub(crate) intake: RwLock<()>,
    pub(crate) links: Links,
    pub(crate) urls: UrlIndex,
    pub(crate) capacity: Capacity,
    /// Held for reading while something that refers to a version is committed, and for writing while a version is deleted: nothing
    /// refers to a version that is gone.
    pub(crate) references: RwLock<()>,
    /// Told whenever a function has settled.
    pub(crate) settled: Notify,
    pub(crate) tasks: TaskTracker,
}

impl Control {
    /// A control plane.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Shared {
            store: parts.store,
            code: parts.code,
            objects: parts.objects,
            invoker: parts.invoker,
            events: parts.events,
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

    /// Finishes what an earlier run left unfinished: functions that were being created or updated, environments that were kept ready, and packages that no function
    /// refers to. Called once, before requests are taken.
    ///
    /// # Errors
    /// When the store or the packages cannot be read.
    pub async fn recover(&self) -> Result<(), Refusal> {
        for record in self.0.store.unsettled_functions().await? {
            self.settle(&record).await;
        }
        self.recover_provisioned().await?;
        for digest in self.0.code.packages().await? {
            self.discard_unused(digest).await;
        }
        Ok(())
    }

    /// Whether this operation is there; the others answer NotImplemented whatever the request says.
    #[must_use]
    pub fn implements(operation: &str) -> bool {
        IMPLEMENTED.contains(&operation)
    }

    /// Whether a link to a package, of which this is the query, was made by this server and has not expired.
    #[must_use]
    pub fn admits(&self, package: Sha256Digest, query: &str) -> bool {
        self.0.links.admits(package, query, self.0.clock.now())
    }

    /// Waits for background work to end.
    pub async fn shut_down(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}
