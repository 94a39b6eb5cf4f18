//! The service as a whole.

use crate::{Refusal, glue::IMPLEMENTED, move_task::Moves, wait::Bells};
use lambent_engine::queue::{Attempts, InFlight};
use lambent_models::sqs;
use lambent_store::{Store, Unavailable};
use lambent_types::{Clock, Ids, QueueKey, Sequence, Timestamp};
use lambent_wire::{
    RequestContext, ServiceError, Value,
    error::VALIDATION,
    schema::Operation,
    service::{Answering, Api, Service},
};
use std::{
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What the service is made of.
pub struct Parts {
    /// Where queues and messages are kept.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids of messages and revisions.
    pub ids: Arc<dyn Ids>,
}

/// The queues of this server. Cheap to clone.
#[derive(Clone)]
pub struct Sqs(Arc<Shared>);

impl Deref for Sqs {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// What there is once.
pub struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    /// The place that was given last.
    newest: Mutex<Sequence>,
    pub(crate) bells: Bells,
    pub(crate) in_flight: Mutex<InFlight>,
    pub(crate) attempts: Mutex<Attempts>,
    pub(crate) moves: Moves,
    /// Rung when there is something to sweep.
    pub(crate) swept: Notify,
    /// Work in the background.
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

impl Sqs {
    /// Takes up the queues of the store.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn open(parts: Parts) -> Result<Self, Unavailable> {
        let newest = parts.store.newest_sequence().await?;
        Ok(Self(Arc::new(Shared {
            store: parts.store,
            clock: parts.clock,
            ids: parts.ids,
            newest: Mutex::new(newest),
            bells: Bells::default(),
            in_flight: Mutex::default(),
            attempts: Mutex::default(),
            moves: Moves::default(),
            swept: Notify::new(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        })))
    }

    /// A place that nothing else has, behind all that were given.
    pub(crate) fn place(&self, now: Timestamp) -> Sequence {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        *newest = newest.next(now);
        *newest
    }

    /// Those who wait for messages get what there is: nothing. Called when the server begins to stop, so that it need not wait for them.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Ends what runs in the background.
    pub async fn shut_down(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Tells those who wait that so many messages came into a queue, for who put them there by a transaction of its own.
    pub fn ring(&self, queue: &QueueKey, messages: usize) {
        self.bells.ring(queue, messages);
    }
}

impl Api for Sqs {
    fn service(&self) -> &'static Service {
        &sqs::SERVICE
    }

    fn implements(&self, operation: &str) -> bool {
        IMPLEMENTED.contains(&operation)
    }

    fn call<'a>(&'a self, cx: &'a RequestContext, operation: &'static Operation, input: Value) -> Answering<'a> {
        Box::pin(sqs::dispatch(self, cx, operation, input))
    }

    /// The model has no rules here but what is required.
    fn invalid(&self, refused: ServiceError) -> ServiceError {
        let member = refused
            .message
            .split('\'')
            .nth(1)
            .filter(|_| refused.shape == &VALIDATION);
        match member {
            Some(member) => Refusal::Missing(capitalized(member)).into(),
            None => refused,
        }
    }
}

/// Validation names members with a small letter first; SQS does not.
fn capitalized(path: &str) -> String {
    let parts = path.split('.').map(|part| {
        let mut chars = part.chars();
        let first = chars.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(chars).collect::<String>()
    });
    parts.collect::<Vec<_>>().join(".")
}
