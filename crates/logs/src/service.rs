//! The service as a whole.

use crate::{Refusal, glue::IMPLEMENTED, live_tail::Seats, ops};
use lambent_control_core::Core;
use lambent_log_store::LogStore;
use lambent_metrics::Metrics;
use lambent_models::logs::{self, CloudWatchLogsOperation, errors};
use lambent_wire::{
    RequestContext, ServiceError, Value, error,
    schema::Operation,
    service::{Answering, Api, Opening, Service, typed},
};
use std::{ops::Deref, sync::Arc};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What the service is made of.
pub struct Parts {
    /// Functions, documents, events, time and ids.
    pub core: Core,
    /// Groups, streams and events.
    pub kept: Arc<dyn LogStore>,
    /// Where the metrics go that events say.
    pub metrics: Metrics,
}

/// CloudWatch Logs. Cheap to clone.
#[derive(Clone)]
pub struct Logs(Arc<Shared>);

/// What there is once.
pub struct Shared {
    pub(crate) core: Core,
    pub(crate) kept: Arc<dyn LogStore>,
    pub(crate) metrics: Metrics,
    /// Told when a subscription comes, changes or goes.
    pub(crate) subscriptions_changed: Notify,
    /// Told when a metric filter comes, changes or goes.
    pub(crate) filters_changed: Notify,
    /// When this service began, in milliseconds since the epoch.
    pub(crate) started: u64,
    /// Who follows logs live.
    pub(crate) seats: Seats,
    /// When the server stops: who follows logs is told so.
    pub(crate) closing: CancellationToken,
}

impl Deref for Logs {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Logs {
    /// The service over these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let started = u64::try_from(parts.core.clock.now().as_millis()).unwrap_or(0);
        Self(Arc::new(Shared {
            core: parts.core,
            kept: parts.kept,
            metrics: parts.metrics,
            subscriptions_changed: Notify::new(),
            filters_changed: Notify::new(),
            started,
            seats: Seats::default(),
            closing: CancellationToken::new(),
        }))
    }

    /// Now, in milliseconds since the epoch.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.core.clock.now().as_millis()).unwrap_or(0)
    }
}

impl Api for Logs {
    fn service(&self) -> &'static Service {
        &logs::SERVICE
    }

    fn implements(&self, operation: &str) -> bool {
        IMPLEMENTED.contains(&operation)
    }

    fn call<'a>(&'a self, cx: &'a RequestContext, operation: &'static Operation, input: Value) -> Answering<'a> {
        Box::pin(logs::dispatch(self, cx, operation, input))
    }

    fn open<'a>(&'a self, cx: &'a RequestContext, operation: &'static Operation, input: Value) -> Opening<'a> {
        Box::pin(async move {
            match CloudWatchLogsOperation::from_name(operation.name) {
                Some(CloudWatchLogsOperation::StartLiveTail) => {
                    let opened = ops::start_live_tail::start_live_tail(self, cx, typed(input)?).await;
                    opened.map_err(ServiceError::from)
                }
                _ => Err(error::not_implemented(operation.name)),
            }
        })
    }

    fn invalid(&self, refused: ServiceError) -> ServiceError {
        if refused.shape == &error::VALIDATION {
            errors::INVALID_PARAMETER_EXCEPTION.with(refused.message)
        } else {
            refused
        }
    }
}

/// A moment on the wire.
pub(crate) fn moment(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}

/// A moment from the wire. The model has refused those before the epoch.
pub(crate) fn millis(moment: i64) -> u64 {
    u64::try_from(moment).unwrap_or(0)
}

/// The mandatory member of an input that validation has let pass.
pub(crate) fn required(member: Option<String>) -> Result<String, Refusal> {
    member.ok_or_else(|| Refusal::Unavailable("validation let a request without a required member pass".to_owned()))
}
