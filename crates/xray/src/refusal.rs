//! Everything that is refused, and the AWS error each becomes.

use crate::filter::Malformed;
use lambent_models::xray::errors;
use lambent_store::{CommitError, Unavailable};
use lambent_wire::{ServiceError, error};

/// Why an operation did not do what it was asked. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A parameter is wrong.
    #[error("{0}")]
    Invalid(String),
    /// There would be too many sampling rules.
    #[error("Limit exceeded: an account can have {0} sampling rules.")]
    TooManyRules(usize),
    /// A part of the API that this server does not have.
    #[error("{0} is not implemented by this server.")]
    NotImplemented(&'static str),
    /// Others changed the same thing again and again.
    #[error("The resource is being changed by another request. Please try again.")]
    Busy,
    /// The server failed; the text is for its log.
    #[error("The request could not be answered.")]
    Internal(String),
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        let shape = match &refusal {
            Refusal::Invalid(_) => &errors::INVALID_REQUEST_EXCEPTION,
            Refusal::TooManyRules(_) => &errors::RULE_LIMIT_EXCEEDED_EXCEPTION,
            Refusal::NotImplemented(_) => &error::NOT_IMPLEMENTED,
            Refusal::Busy => &errors::THROTTLED_EXCEPTION,
            Refusal::Internal(cause) => {
                tracing::error!(cause, "a request failed");
                &error::INTERNAL_FAILURE
            }
        };
        shape.with(refusal.to_string())
    }
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::Invalid(malformed.to_string())
    }
}

impl From<Unavailable> for Refusal {
    fn from(error: Unavailable) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<CommitError> for Refusal {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Condition(_) => Self::Busy,
            CommitError::Unavailable(error) => error.into(),
        }
    }
}
