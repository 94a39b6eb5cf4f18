//! The table of traces.

use crate::{BoxFuture, Unavailable};
use lambent_types::{Scope, SegmentId, Timestamp, TraceId};

/// A trace keeps no more than this: "AWS X-Ray endpoints and quotas" has 500 KB as the largest trace document.
pub const MOST_TRACE_BYTES: u64 = 500 << 10;

/// A segment, or a part of one that was told of by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Whose it is.
    pub scope: Scope,
    /// The trace.
    pub trace: TraceId,
    /// Its own name. What has the same name in the same trace is replaced.
    pub id: SegmentId,
    /// When it began.
    pub began: Timestamp,
    /// When it ended, as far as it has.
    pub ended: Timestamp,
    /// When it was told of.
    pub told: Timestamp,
    /// What it says, in a form that is its writer's affair.
    pub document: Vec<u8>,
}

/// Which of a trace's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceTime {
    /// Its first segment began.
    Began,
    /// Its last segment ended.
    Ended,
    /// A segment was told of.
    Updated,
}

/// Where a list of traces goes on: behind this moment and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceCursor(pub i64, pub i64);

/// Which traces are wanted, the newest first.
#[derive(Clone, Debug)]
pub struct TraceQuery {
    /// Whose.
    pub scope: Scope,
    /// By which of their times.
    pub by: TraceTime,
    /// From then on.
    pub from: Timestamp,
    /// Until then, included.
    pub until: Timestamp,
    /// Only those behind.
    pub after: Option<TraceCursor>,
    /// At most so many.
    pub limit: usize,
}

/// What is kept of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptTrace {
    /// The trace.
    pub trace: TraceId,
    /// When its first segment began.
    pub began: Timestamp,
    /// When its last segment ended.
    pub ended: Timestamp,
    /// How often it was told of.
    pub revision: i64,
    /// Whether there was more than a trace may keep.
    pub overfull: bool,
    /// Where it stands in the list that was asked for.
    pub cursor: TraceCursor,
    /// The documents of its pieces.
    pub documents: Vec<Vec<u8>>,
}

/// Where traces are kept. Like [`MetricTable`](crate::MetricTable), it promises that what was answered survives the end of the process.
pub trait TraceTable: Send + Sync + 'static {
    /// Keeps pieces, and says how many did not fit into their traces.
    fn put(&self, pieces: Vec<Piece>) -> BoxFuture<'_, Result<u64, Unavailable>>;

    /// The traces of a time.
    fn list(&self, query: TraceQuery) -> BoxFuture<'_, Result<Vec<KeptTrace>, Unavailable>>;

    /// Those of these traces that are there, in this order.
    fn get<'a>(&'a self, scope: &'a Scope, traces: &'a [TraceId])
    -> BoxFuture<'a, Result<Vec<KeptTrace>, Unavailable>>;

    /// Forgets what was not told of since then, and of the rest the oldest until no more than `bytes` are used.
    fn forget(&self, before: Timestamp, bytes: u64) -> BoxFuture<'_, Result<(), Unavailable>>;
}
