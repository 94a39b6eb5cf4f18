//! Revision ids.

use crate::Ids;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// Changes whenever the resource that bears it changes; a client may make an update conditional on it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RevisionId(Uuid);

impl RevisionId {
    /// A revision unlike any other.
    #[must_use]
    pub fn new(ids: &dyn Ids) -> Self {
        Self(ids.uuid())
    }
}

impl std::str::FromStr for RevisionId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

impl fmt::Display for RevisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for RevisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
