//! The service as a whole.

use crate::{
    FunctionMeter, embedded,
    glue::IMPLEMENTED,
    keeper::Keeper,
    ops::put_metric_data::{AHEAD_MINUTES, LARGEST, OLDEST_MINUTES},
    summary::{Summary, Unit},
};
use lambent_models::cloudwatch;
use lambent_store::{MetricTable, Series};
use lambent_types::{Clock, Scope};
use lambent_wire::{
    RequestContext, Value,
    schema::Operation,
    service::{Answering, Api, Service},
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What the service is made of.
pub struct Parts {
    /// Where minutes are kept.
    pub table: Arc<dyn MetricTable>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What is counted of functions.
    pub meter: Arc<FunctionMeter>,
    /// The most that minutes may take, in bytes; the oldest go first.
    pub cap: u64,
}

/// CloudWatch's metrics. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    pub(crate) keeper: Arc<Keeper>,
}

/// Metrics that log events say, by their minutes.
#[derive(Debug, Default)]
pub struct Said(Vec<(i64, Vec<(Series, Summary)>)>);

impl Metrics {
    /// The service.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            keeper: Arc::new(Keeper::new(parts.table, parts.clock, parts.meter, parts.cap)),
        }
    }

    /// Writes what is counted until it is told to stop, and then once more.
    pub async fn run(self, stop: CancellationToken) {
        self.keeper.run(stop).await;
    }

    /// Takes what a line of a function's log says of metrics, if it does.
    pub fn embedded(&self, scope: &Scope, line: &[u8]) {
        self.take(self.said(scope, std::iter::once(line)));
    }

    /// What log events say of metrics, in the embedded format.
    pub fn said<'a>(&self, scope: &Scope, events: impl Iterator<Item = &'a [u8]>) -> Said {
        let may_be = events.filter(|event| embedded::may_be(event));
        Said(may_be.filter_map(|event| embedded::read(scope, event)).collect())
    }

    /// Takes what was said. What is dated otherwise than CloudWatch allows is left out, as there.
    pub fn take(&self, Said(said): Said) {
        let now = self.keeper.minute();
        let timely = |minute: i64| (now - OLDEST_MINUTES..=now + AHEAD_MINUTES).contains(&minute);
        for (minute, found) in said.into_iter().filter(|(minute, _)| timely(*minute)) {
            for (series, summary) in found {
                self.keeper.add(&Arc::new(series), minute, &summary);
            }
        }
    }

    /// Takes one value of a moment, in milliseconds since the epoch. What is dated otherwise than CloudWatch allows, no number that it
    /// takes, or in a unit that it does not know, is left out.
    pub fn record(&self, series: Series, unit: Option<&str>, millis: u64, value: f64) {
        let unit = unit.map_or(Some(Unit::NONE), Unit::named);
        let Some(unit) = unit.filter(|_| value.abs() <= LARGEST) else {
            return;
        };
        let minute = i64::try_from(millis / 60_000).unwrap_or(i64::MAX);
        self.take(Said(vec![(minute, vec![(series, Summary::of(value, 1.0, unit))])]));
    }

    /// So many executions run at once in an account, so many of them on functions without a reservation: `ConcurrentExecutions` and
    /// `UnreservedConcurrentExecutions` of the account.
    pub fn running(&self, scope: &Scope, all: u32, unreserved: u32) {
        for (name, count) in [
            ("ConcurrentExecutions", all),
            ("UnreservedConcurrentExecutions", unreserved),
        ] {
            let series = Series {
                scope: scope.clone(),
                namespace: "AWS/Lambda".to_owned(),
                name: name.to_owned(),
                dimensions: Vec::new(),
            };
            let summary = Summary::of(f64::from(count), 1.0, Unit::COUNT);
            self.keeper.add(&Arc::new(series), self.keeper.minute(), &summary);
        }
    }
}

impl Api for Metrics {
    fn service(&self) -> &'static Service {
        &cloudwatch::SERVICE
    }

    fn implements(&self, operation: &str) -> bool {
        IMPLEMENTED.contains(&operation)
    }

    fn call<'a>(&'a self, cx: &'a RequestContext, operation: &'static Operation, input: Value) -> Answering<'a> {
        Box::pin(cloudwatch::dispatch(self, cx, operation, input))
    }
}
