//! Request ids.

use crate::Ids;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// Names one invocation for its whole life: every try of an asynchronous event carries the same one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(Uuid);

impl RequestId {
    /// A new request id.
    #[must_use]
    pub fn new(ids: &dyn Ids) -> Self {
        Self(ids.uuid())
    }

    /// As the number that it is.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl std::str::FromStr for RequestId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
