//! Layers as functions refer to them.

use crate::Sha256Digest;
use serde::{Deserialize, Serialize};

/// A layer version that a function uses. It says all that the function needs to run, since the layer version may be deleted while
/// functions use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerReference {
    /// The ARN of the layer version.
    pub arn: String,
    /// The digest of its zip.
    pub digest: Sha256Digest,
    /// The zip's size in bytes: `CodeSize`.
    pub size: u64,
}
