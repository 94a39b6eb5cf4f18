//! What to read, and what was read.

use crate::{Event, LogGroupKey, Position};
use std::{fmt, sync::Arc};

/// Asked of each message.
type Wants = dyn Fn(&[u8]) -> bool + Send + Sync;

/// Tells which messages are wanted.
#[derive(Clone)]
pub struct Matcher(Arc<Wants>);

impl Matcher {
    /// Those for which this is true.
    #[must_use]
    pub fn new(wants: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(wants))
    }

    /// Whether a message is wanted.
    #[must_use]
    pub fn wants(&self, message: &[u8]) -> bool {
        (self.0)(message)
    }
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Matcher")
    }
}

/// Which streams of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Streams {
    /// All.
    All,
    /// Those of these names; each must be there.
    Named(Vec<String>),
    /// Those whose names begin so.
    Prefix(String),
}

/// From which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The earliest events of the range.
    Forward,
    /// The latest.
    Backward,
}

/// What to read.
#[derive(Clone, Debug)]
pub struct Query {
    /// Of which group.
    pub group: LogGroupKey,
    /// Of which streams.
    pub streams: Streams,
    /// Only what comes after this.
    pub after: Option<Position>,
    /// Only what comes before this.
    pub before: Option<Position>,
    /// From which end of that range.
    pub direction: Direction,
    /// At most so many events.
    pub most_events: usize,
    /// At most so many bytes of messages, but always one event.
    pub most_bytes: usize,
    /// Only messages that it wants.
    pub matcher: Option<Matcher>,
}

/// How far a read came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Through the whole range.
    End,
    /// To here, as the next read's `after`, or `before` where it goes backward. There may be no events on the way to it: a read looks
    /// through so much and not more at a time.
    At(Position),
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// In order of time, whatever the direction.
    pub events: Vec<Event>,
    /// How far it came.
    pub reached: Reached,
}
