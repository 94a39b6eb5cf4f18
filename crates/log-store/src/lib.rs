//! The contract of what keeps logs: groups, the streams in them, and events in order of time.
//!
//! Events come in by two ways. [`LogStore::append`] answers when they are written. An [`Outlet`] takes those of one writer that does not
//! wait, a function's environment, and tells it when to pause: what it holds is bounded by writer, so one that floods its log slows
//! itself and nobody else. What is read contains everything that was handed over before, by either way.

mod event;
mod outlet;
mod position;
mod query;

pub use event::{Event, Group, LogGroupKey, NewEvent, Stream};
pub use outlet::Outlet;
pub use position::Position;
pub use query::{Direction, Matcher, Page, Query, Reached, Streams};

use lambent_types::Scope;
use std::{future::Future, pin::Pin, sync::Arc};
use tokio::sync::watch;

/// A future in a box: the contract is used as an object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why logs were not written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// There is no such group.
    #[error("the log group does not exist")]
    GroupMissing,
    /// There is such a group.
    #[error("the log group exists")]
    GroupExists,
    /// There is no such stream.
    #[error("the log stream does not exist")]
    StreamMissing,
    /// There is such a stream.
    #[error("the log stream exists")]
    StreamExists,
    /// The medium failed: a full disk, damage.
    #[error("logs are unavailable: {0}")]
    Unavailable(String),
}

/// Keeps logs.
pub trait LogStore: Send + Sync + 'static {
    /// Makes a group.
    fn create_group(&self, key: &LogGroupKey) -> BoxFuture<'_, Result<(), LogError>>;

    /// Removes a group with all that is in it.
    fn delete_group(&self, key: &LogGroupKey) -> BoxFuture<'_, Result<(), LogError>>;

    /// One group.
    fn group(&self, key: &LogGroupKey) -> Option<Group>;

    /// The groups of an account in a region, by name.
    fn groups(&self, scope: &Scope) -> Vec<Group>;

    /// Makes a stream.
    fn create_stream(&self, key: &LogGroupKey, stream: &str) -> BoxFuture<'_, Result<(), LogError>>;

    /// Removes a stream with its events.
    fn delete_stream(&self, key: &LogGroupKey, stream: &str) -> BoxFuture<'_, Result<(), LogError>>;

    /// The streams of a group, by name.
    fn streams(&self, key: &LogGroupKey) -> BoxFuture<'_, Result<Vec<Stream>, LogError>>;

    /// Appends events to a stream. `Ok` means written: they survive the end of the process at once, that of the machine a second later.
    fn append(&self, key: &LogGroupKey, stream: &str, events: Vec<NewEvent>) -> BoxFuture<'_, Result<(), LogError>>;

    /// A way in for one writer. The group and the stream are made when the first event is written.
    fn outlet(&self, key: &LogGroupKey, stream: &str) -> Arc<dyn Outlet>;

    /// Events in order of time.
    fn read(&self, query: Query) -> BoxFuture<'_, Result<Page, LogError>>;

    /// Events in the order in which they came, those behind a sequence number, until they are `most_bytes` together.
    fn follow(&self, key: &LogGroupKey, after: u64, most_bytes: usize) -> BoxFuture<'_, Result<Vec<Event>, LogError>>;

    /// The sequence number of the newest event of a group.
    fn newest(&self, key: &LogGroupKey) -> Option<u64>;

    /// Changes whenever events were written, to any group.
    fn written(&self) -> watch::Receiver<u64>;

    /// Frees the room of a group's events that are older than a moment, in milliseconds since the epoch. Some of them may stay for a
    /// while; who reads says from when.
    fn forget_before(&self, key: &LogGroupKey, millis: u64) -> BoxFuture<'_, Result<(), LogError>>;
}
