//! Groups, streams and events.

use crate::Position;
use lambent_types::Scope;
use std::sync::Arc;

/// Names a log group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogGroupKey {
    /// Account and region.
    pub scope: Scope,
    /// Its name, such as `/aws/lambda/f`.
    pub name: String,
}

/// A group as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub key: LogGroupKey,
    /// When it was made, in milliseconds since the epoch.
    pub created: u64,
    /// The room it takes.
    pub stored_bytes: u64,
}

/// A stream as it is kept. Moments are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Its name.
    pub name: Arc<str>,
    /// When it was made.
    pub created: u64,
    /// The earliest moment any of its events bears.
    pub first_event: Option<u64>,
    /// The latest.
    pub last_event: Option<u64>,
    /// When its newest event came.
    pub last_ingestion: Option<u64>,
}

/// An event to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// When it happened, in milliseconds since the epoch.
    pub millis: u64,
    /// What it says.
    pub message: Vec<u8>,
}

/// An event as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place among the events of its group.
    pub position: Position,
    /// When it came, in milliseconds since the epoch.
    pub ingested: u64,
    /// The stream it is in.
    pub stream: Arc<str>,
    /// What it says.
    pub message: Vec<u8>,
}
