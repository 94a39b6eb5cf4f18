//! Everything that is refused, and the AWS error each becomes. The words are those that AWS was seen to answer.

use lambent_engine::pattern::InvalidPattern;
use lambent_models::sns::errors;
use lambent_store::{CommitError, Unavailable};
use lambent_wire::ServiceError;

/// Why an operation did not do what was asked. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such topic.
    NoTopic,
    /// No such subscription.
    NoSubscription,
    /// No such resource, as the operations on tags say it.
    NoResource,
    /// A parameter is wrong; the text is AWS's, behind `Invalid parameter: `.
    Invalid(String),
    /// The same, of a value's form.
    InvalidValue(String),
    /// A filter policy is none.
    Filter(InvalidPattern),
    /// The topic is another account's.
    NotAuthorized(&'static str, String),
    /// The batch has no entries.
    EmptyBatch,
    /// The batch has too many entries.
    TooManyEntries,
    /// Two entries of the batch have the same id.
    SameEntryIds,
    /// An entry's id has characters that it may not have, or too many.
    InvalidEntryId,
    /// The messages of a batch are too long together.
    BatchTooLong,
    /// There would be too many tags.
    TooManyTags,
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
            Refusal::NoTopic => errors::NOT_FOUND_EXCEPTION.with("Topic does not exist"),
            Refusal::NoSubscription => errors::NOT_FOUND_EXCEPTION.with("Subscription does not exist"),
            Refusal::NoResource => errors::RESOURCE_NOT_FOUND_EXCEPTION.with("Resource does not exist"),
            Refusal::Invalid(text) => errors::INVALID_PARAMETER_EXCEPTION.with(format!("Invalid parameter: {text}")),
            Refusal::InvalidValue(text) => errors::INVALID_PARAMETER_VALUE_EXCEPTION.with(text),
            Refusal::Filter(reason) => {
                errors::INVALID_PARAMETER_EXCEPTION.with(format!("Invalid parameter: FilterPolicy: {reason}"))
            }
            Refusal::NotAuthorized(operation, arn) => errors::AUTHORIZATION_ERROR_EXCEPTION.with(format!(
                "User is not authorized to perform: SNS:{operation} on resource: {arn}"
            )),
            Refusal::EmptyBatch => {
                errors::EMPTY_BATCH_REQUEST_EXCEPTION.with("The batch request doesn't contain any entries.")
            }
            Refusal::TooManyEntries => errors::TOO_MANY_ENTRIES_IN_BATCH_REQUEST_EXCEPTION
                .with("The batch request contains more entries than permissible."),
            Refusal::SameEntryIds => errors::BATCH_ENTRY_IDS_NOT_DISTINCT_EXCEPTION
                .with("Two or more batch entries in the request have the same Id."),
            Refusal::InvalidEntryId => errors::INVALID_BATCH_ENTRY_ID_EXCEPTION
                .with("The Id of a batch entry in a batch request doesn't abide by the specification."),
            Refusal::BatchTooLong => errors::BATCH_REQUEST_TOO_LONG_EXCEPTION
                .with("The length of all the messages put together is more than the limit."),
            Refusal::TooManyTags => errors::TAG_LIMIT_EXCEEDED_EXCEPTION
                .with("Could not complete request: tag quota of per resource exceeded"),
            Refusal::NotImplemented(what) => {
                lambent_wire::error::NOT_IMPLEMENTED.with(format!("{what} is not implemented by this server."))
            }
            Refusal::Busy => {
                errors::CONCURRENT_ACCESS_EXCEPTION.with("The resource is being changed. Please try again.")
            }
            Refusal::Internal(cause) => {
                tracing::error!(cause, "a request failed");
                errors::INTERNAL_ERROR_EXCEPTION.with("We encountered an internal error. Please try again.")
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
