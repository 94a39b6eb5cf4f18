//! The service as a whole.

use crate::{Recorder, assemble::Trace, glue::IMPLEMENTED, keeper::Keeper, refusal::Refusal, sampler::Sampler};
use lambent_models::xray::{self, errors};
use lambent_store::{Store, TraceQuery, TraceTable, typed::Documents};
use lambent_types::{Clock, Ids, Scope, TraceId};
use lambent_wire::{
    RequestContext, ServiceError, Value,
    schema::Operation,
    service::{Answering, Api, Service},
};
use std::{ops::Deref, sync::Arc};
use tokio_util::sync::CancellationToken;

/// What the service is made of.
pub struct Parts {
    /// Where traces are kept.
    pub table: Arc<dyn TraceTable>,
    /// Where sampling rules are kept.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub ids: Arc<dyn Ids>,
    /// The most that traces may take, in bytes; the oldest go first.
    pub cap: u64,
}

/// X-Ray. Cheap to clone.
#[derive(Clone)]
pub struct XRayService {
    pub(crate) keeper: Arc<Keeper>,
    sampler: Arc<Sampler>,
    documents: Documents,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Deref for XRayService {
    type Target = Documents;

    fn deref(&self) -> &Documents {
        &self.documents
    }
}

impl XRayService {
    /// The service.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            keeper: Arc::new(Keeper::new(parts.table, Arc::clone(&parts.clock), parts.cap)),
            sampler: Arc::new(Sampler::new(Arc::clone(&parts.ids))),
            documents: Documents {
                store: parts.store,
                ids: parts.ids,
            },
            clock: parts.clock,
        }
    }

    /// Who takes in what is told of invocations.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        Recorder {
            keeper: Arc::clone(&self.keeper),
            sampler: Arc::clone(&self.sampler),
            clock: Arc::clone(&self.clock),
        }
    }

    /// Writes what is told until it is told to stop, and then the rest.
    pub async fn run(self, stop: CancellationToken) {
        self.keeper.run(stop).await;
    }

    /// Those of these traces that are there.
    pub(crate) async fn traces(&self, scope: &Scope, ids: &[TraceId]) -> Result<Vec<Trace>, Refusal> {
        self.keeper.settled().await;
        let kept = self.keeper.table.get(scope, ids).await?;
        Ok(kept.iter().map(Trace::of).collect())
    }

    /// The next traces of a time, with where the list goes on behind each.
    pub(crate) async fn list(&self, query: TraceQuery) -> Result<Vec<(Trace, lambent_store::TraceCursor)>, Refusal> {
        let kept = self.keeper.table.list(query).await?;
        Ok(kept.iter().map(|kept| (Trace::of(kept), kept.cursor)).collect())
    }
}

impl Api for XRayService {
    fn service(&self) -> &'static Service {
        &xray::SERVICE
    }

    fn implements(&self, operation: &str) -> bool {
        IMPLEMENTED.contains(&operation)
    }

    fn call<'a>(&'a self, cx: &'a RequestContext, operation: &'static Operation, input: Value) -> Answering<'a> {
        Box::pin(xray::dispatch(self, cx, operation, input))
    }

    /// It has one error for all that is wrong with a request.
    fn invalid(&self, refused: ServiceError) -> ServiceError {
        errors::INVALID_REQUEST_EXCEPTION.with(refused.message.into_owned())
    }
}
