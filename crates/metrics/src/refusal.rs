//! What is refused, and the error that AWS answers then: the one list of this service.

use lambent_models::cloudwatch::errors;
use lambent_store::Unavailable;
use lambent_wire::{ServiceError, error};

/// Why an operation did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// A parameter has a value that it cannot have.
    #[error("{0}")]
    Value(String),
    /// Parameters do not go together.
    #[error("{0}")]
    Combination(String),
    /// A parameter is missing.
    #[error("The parameter {0} is required.")]
    Missing(&'static str),
    /// An expression, or what it refers to, cannot be understood.
    #[error("{0}")]
    Expression(String),
    /// A token that nobody gave.
    #[error("Invalid nextToken")]
    Token,
    /// The metrics cannot be read.
    #[error("The metrics cannot be read.")]
    Unavailable,
}

impl From<Unavailable> for Refusal {
    fn from(unavailable: Unavailable) -> Self {
        tracing::error!(error = %unavailable, "metrics");
        Self::Unavailable
    }
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        let shape = match refusal {
            Refusal::Value(_) => &errors::INVALID_PARAMETER_VALUE_EXCEPTION,
            Refusal::Combination(_) => &errors::INVALID_PARAMETER_COMBINATION_EXCEPTION,
            Refusal::Missing(_) => &errors::MISSING_REQUIRED_PARAMETER_EXCEPTION,
            Refusal::Expression(_) => &error::VALIDATION,
            Refusal::Token => &errors::INVALID_NEXT_TOKEN,
            Refusal::Unavailable => &errors::INTERNAL_SERVICE_FAULT,
        };
        shape.with(refusal.to_string())
    }
}
