//! Everything the service refuses, and the AWS error each becomes.

use crate::pattern::InvalidPattern;
use lambent_log_store::LogError;
use lambent_models::logs::errors;
use lambent_store::{CommitError, Unavailable};
use lambent_wire::{ServiceError, error};

/// Why an operation did not do what was asked. Nothing has changed.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There is no such group.
    GroupMissing,
    /// There is such a group.
    GroupExists,
    /// There is no such stream.
    StreamMissing,
    /// There is such a stream.
    StreamExists,
    /// There is no such subscription filter.
    FilterMissing,
    /// There is no such metric filter.
    MetricFilterMissing,
    /// What a tag operation names does not exist.
    ResourceMissing,
    /// A parameter is wrong; the text is AWS's.
    InvalidParameter(String),
    /// A resource would have more tags than it may.
    TooManyTags,
    /// There are as many as there may be.
    LimitExceeded,
    /// Others changed the same thing at the same time, again and again.
    Aborted,
    /// A part of the API that this server does not have.
    NotImplemented(&'static str),
    /// The server failed; the text is for its log.
    Unavailable(String),
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::GroupMissing => {
                errors::RESOURCE_NOT_FOUND_EXCEPTION.with("The specified log group does not exist.")
            }
            Refusal::GroupExists => {
                errors::RESOURCE_ALREADY_EXISTS_EXCEPTION.with("The specified log group already exists")
            }
            Refusal::StreamMissing => {
                errors::RESOURCE_NOT_FOUND_EXCEPTION.with("The specified log stream does not exist.")
            }
            Refusal::StreamExists => {
                errors::RESOURCE_ALREADY_EXISTS_EXCEPTION.with("The specified log stream already exists")
            }
            Refusal::FilterMissing => {
                errors::RESOURCE_NOT_FOUND_EXCEPTION.with("The specified subscription filter does not exist.")
            }
            Refusal::MetricFilterMissing => {
                errors::RESOURCE_NOT_FOUND_EXCEPTION.with("The specified metric filter does not exist.")
            }
            Refusal::ResourceMissing => {
                errors::RESOURCE_NOT_FOUND_EXCEPTION.with("The specified resource does not exist.")
            }
            Refusal::InvalidParameter(text) => errors::INVALID_PARAMETER_EXCEPTION.with(text),
            Refusal::TooManyTags => {
                errors::TOO_MANY_TAGS_EXCEPTION.with("The maximum number of tags per resource is 50.")
            }
            Refusal::LimitExceeded => errors::LIMIT_EXCEEDED_EXCEPTION.with("Resource limit exceeded."),
            Refusal::Aborted => errors::OPERATION_ABORTED_EXCEPTION
                .with("A conflicting operation is currently in progress against this resource. Please try again."),
            Refusal::NotImplemented(what) => {
                error::NOT_IMPLEMENTED.with(format!("{what} is not implemented by this server."))
            }
            Refusal::Unavailable(cause) => {
                tracing::error!(cause, "a request failed");
                errors::SERVICE_UNAVAILABLE_EXCEPTION.with("The service cannot complete the request.")
            }
        }
    }
}

impl From<LogError> for Refusal {
    fn from(error: LogError) -> Self {
        match error {
            LogError::GroupMissing => Self::GroupMissing,
            LogError::GroupExists => Self::GroupExists,
            LogError::StreamMissing => Self::StreamMissing,
            LogError::StreamExists => Self::StreamExists,
            LogError::Unavailable(cause) => Self::Unavailable(cause),
        }
    }
}

impl From<InvalidPattern> for Refusal {
    fn from(invalid: InvalidPattern) -> Self {
        Self::InvalidParameter(invalid.to_string())
    }
}

impl From<Unavailable> for Refusal {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<CommitError> for Refusal {
    fn from(error: CommitError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// What reading and writing documents refuses, beside what the store does.
impl From<lambent_control_core::Refusal> for Refusal {
    fn from(refusal: lambent_control_core::Refusal) -> Self {
        Self::Unavailable(format!("{refusal:?}"))
    }
}
