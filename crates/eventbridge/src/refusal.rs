//! Everything that is refused, and the AWS error each becomes.

use lambent_engine::pattern::InvalidPattern;
use lambent_models::eventbridge::errors;
use lambent_store::{CommitError, Unavailable};
use lambent_wire::{ServiceError, error};

/// Why an operation did not do what was asked. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such event bus.
    NoBus(String),
    /// There is such an event bus already.
    BusExists(String),
    /// No such rule on that bus.
    NoRule(String, String),
    /// No such resource, as the operations on tags say it.
    NoResource(String),
    /// A parameter is wrong; the text is AWS's.
    Invalid(String),
    /// A pattern is none.
    Pattern(InvalidPattern),
    /// There would be too many of something.
    TooMany,
    /// A part of the API that this server does not have.
    NotImplemented(&'static str),
    /// Others changed the same thing again and again.
    Busy,
    /// The server failed; the text is for its log.
    Internal(String),
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoBus(name) => {
                errors::RESOURCE_NOT_FOUND_EXCEPTION.with(format!("Event bus {name} does not exist."))
            }
            Refusal::BusExists(name) => {
                errors::RESOURCE_ALREADY_EXISTS_EXCEPTION.with(format!("Event bus {name} already exists."))
            }
            Refusal::NoRule(rule, bus) => {
                errors::RESOURCE_NOT_FOUND_EXCEPTION.with(format!("Rule {rule} does not exist on EventBus {bus}."))
            }
            Refusal::NoResource(arn) => {
                errors::RESOURCE_NOT_FOUND_EXCEPTION.with(format!("Rule {arn} does not exist on EventBus default."))
            }
            Refusal::Invalid(text) => error::VALIDATION.with(text),
            Refusal::Pattern(reason) => {
                errors::INVALID_EVENT_PATTERN_EXCEPTION.with(format!("Event pattern is not valid. Reason: {reason}"))
            }
            Refusal::TooMany => {
                errors::LIMIT_EXCEEDED_EXCEPTION.with("The requested resource exceeds the maximum number allowed.")
            }
            Refusal::NotImplemented(what) => {
                error::NOT_IMPLEMENTED.with(format!("{what} is not implemented by this server."))
            }
            Refusal::Busy => errors::CONCURRENT_MODIFICATION_EXCEPTION
                .with("The resource is being changed by another request. Please try again."),
            Refusal::Internal(cause) => {
                tracing::error!(cause, "a request failed");
                errors::INTERNAL_EXCEPTION.with("We encountered an internal error. Please try again.")
            }
        }
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
