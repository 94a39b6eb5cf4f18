//! Metrics: minutes of series, kept until they are too old or too many.

use crate::{BoxFuture, Unavailable};
use lambent_types::Scope;
use std::sync::Arc;

/// What is measured: CloudWatch's identity of a metric.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series {
    /// Whose it is.
    pub scope: Scope,
    /// Such as `AWS/Lambda`.
    pub namespace: String,
    /// Such as `Invocations`.
    pub name: String,
    /// Names and values, sorted by name.
    pub dimensions: Vec<(String, String)>,
}

/// What was measured in one minute, or a part of it: a minute that is interrupted by the end of a process has several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinutePart {
    /// What is measured.
    pub series: Arc<Series>,
    /// Minutes since the epoch.
    pub minute: i64,
    /// Tells parts of one minute apart. One that is written again replaces what was written before.
    pub part: u64,
    /// A summary of the values, in a form that is its writer's affair.
    pub summary: Vec<u8>,
}

/// What is kept of a minute: the minute, the part and its summary.
pub type Kept = (i64, u64, Vec<u8>);

/// Where metrics are kept. Unlike [`Store`](crate::Store), it promises no more than that what was answered survives the end of the
/// process: nobody waits for these writes, and the end of the machine may cost the last seconds.
pub trait MetricTable: Send + Sync + 'static {
    /// Keeps parts of minutes.
    fn put(&self, parts: Vec<MinutePart>) -> BoxFuture<'_, Result<(), Unavailable>>;

    /// What is kept of a series in minutes `from..until`, in order of the minutes.
    fn summaries<'a>(
        &'a self,
        series: &'a Series,
        from: i64,
        until: i64,
    ) -> BoxFuture<'a, Result<Vec<Kept>, Unavailable>>;

    /// The series of an account in a region that have had a value since that minute, in order.
    fn series<'a>(&'a self, scope: &'a Scope, since: i64) -> BoxFuture<'a, Result<Vec<Series>, Unavailable>>;

    /// Forgets what is older than that minute, and of the rest the oldest until no more than `bytes` are used.
    fn forget(&self, before: i64, bytes: u64) -> BoxFuture<'_, Result<(), Unavailable>>;
}
