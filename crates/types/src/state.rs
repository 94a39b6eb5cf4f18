//! The function state machine: what a version is going through, and what that refuses.
//!
//! Follows "Lambda function states" of the developer guide.

use serde::{Deserialize, Serialize};

/// Whether a version can be invoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Being created: invocations and updates are refused.
    Pending,
    /// Ready.
    Active,
    /// Idle so long that its resources were reclaimed; the next invoke sets it to pending again.
    Inactive,
    /// Could not be made ready; the reason says what to do.
    Failed {
        /// For programs.
        code: StateReasonCode,
        /// For people.
        reason: String,
    },
}

impl State {
    /// The API's name for it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Active => "Active",
            Self::Inactive => "Inactive",
            Self::Failed { .. } => "Failed",
        }
    }
}

/// How the last update of a version went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LastUpdateStatus {
    /// Done.
    Successful,
    /// Under way: further updates are refused with `ResourceConflictException`.
    InProgress,
    /// Not done; the version still runs as before.
    Failed {
        /// For programs.
        code: StateReasonCode,
        /// For people.
        reason: String,
    },
}

impl LastUpdateStatus {
    /// The API's name for it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Successful => "Successful",
            Self::InProgress => "InProgress",
            Self::Failed { .. } => "Failed",
        }
    }
}

/// Why a function is in its state, for programs: the codes of the API that can occur here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StateReasonCode {
    /// The function is being created.
    Creating,
    /// The runtime cannot be run on this host.
    InvalidRuntime,
    /// The registry does not let this server have the image.
    ImageAccessDenied,
    /// The image was there when it was named, and is no more.
    ImageDeleted,
    /// The image is damaged, or breaks a rule.
    InvalidImage,
    /// Something in the server failed.
    InternalError,
}

impl StateReasonCode {
    /// The API's name for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "Creating",
            Self::InvalidRuntime => "InvalidRuntime",
            Self::ImageAccessDenied => "ImageAccessDenied",
            Self::ImageDeleted => "ImageDeleted",
            Self::InvalidImage => "InvalidImage",
            Self::InternalError => "InternalError",
        }
    }
}
