//! Everything that is refused, and the AWS error each becomes. The words are those that AWS was seen to answer.

use lambent_models::sqs::errors;
use lambent_store::{CommitError, Unavailable};
use lambent_wire::{ErrorShape, ErrorType, ServiceError, error::INTERNAL_FAILURE};

/// Why an operation did not do what was asked. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such queue.
    NoQueue,
    /// A queue of this name exists, with another value of this attribute.
    QueueExists(String),
    /// No queue has such an attribute, or none of this type has.
    UnknownAttribute(String),
    /// The two attributes exclude each other.
    Encryption,
    /// The value of this attribute is none; with AWS's reason, if it tells one.
    InvalidAttribute(String, Option<&'static str>),
    /// A parameter is wrong; the text is AWS's.
    InvalidParameter(String),
    /// A parameter is wrong: its value, its name, and AWS's reason.
    InvalidValue(String, &'static str, String),
    /// A parameter is missing.
    Missing(String),
    /// This is no queue's URL.
    InvalidAddress(String),
    /// This is no receipt handle of the queue.
    InvalidHandle(String),
    /// The batch has no entries; the name of its kind of entry.
    EmptyBatch(&'static str),
    /// The batch has so many entries.
    TooManyEntries(usize),
    /// Two entries of the batch have this id.
    SameEntryIds(String),
    /// An entry's id has characters that it may not have, or too many.
    InvalidEntryId,
    /// The messages of the batch have so many bytes.
    BatchTooLong(usize),
    /// The body has a character that no body may have.
    InvalidContents(char),
    /// The queue of this name was purged in the last minute.
    PurgeInProgress(String),
    /// Too many messages are in flight.
    OverLimit,
    /// What a task is about, or the task, does not exist; the text is AWS's.
    NotFound(&'static str),
    /// The queue's policy does not let this account do this.
    AccessDenied,
    /// The server failed; the text is for its log.
    Internal(String),
}

/// What AWS answers beside the model: code, status, query code.
const fn unmodelled(code: &'static str, http_status: u16, query_code: &'static str) -> ErrorShape {
    ErrorShape {
        code,
        http_status,
        error_type: ErrorType::Absent,
        message_member: "message",
        query_code: Some(query_code),
    }
}

static INVALID_PARAMETER_VALUE: ErrorShape = unmodelled("InvalidParameterValueException", 400, "InvalidParameterValue");
static MISSING_PARAMETER: ErrorShape = unmodelled("MissingRequiredParameterException", 400, "MissingParameter");
static ACCESS_DENIED: ErrorShape = unmodelled("AccessDeniedException", 403, "AccessDenied");

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoQueue => errors::QUEUE_DOES_NOT_EXIST.with("The specified queue does not exist."),
            Refusal::QueueExists(attribute) => errors::QUEUE_NAME_EXISTS.with(format!(
                "A queue already exists with the same name and a different value for attribute {attribute}"
            )),
            Refusal::UnknownAttribute(name) => {
                errors::INVALID_ATTRIBUTE_NAME.with(format!("Unknown Attribute {name}."))
            }
            Refusal::Encryption => errors::INVALID_ATTRIBUTE_NAME.with(
                "You can use one type of server-side encryption (SSE) at one time. \
                 You can either enable KMS SSE or SQS SSE.",
            ),
            Refusal::InvalidAttribute(name, reason) => {
                let reason = reason.map(|reason| format!(" Reason: {reason}")).unwrap_or_default();
                errors::INVALID_ATTRIBUTE_VALUE.with(format!("Invalid value for the parameter {name}.{reason}"))
            }
            Refusal::InvalidParameter(text) => INVALID_PARAMETER_VALUE.with(text),
            Refusal::InvalidValue(value, name, reason) => INVALID_PARAMETER_VALUE.with(format!(
                "Value {value} for parameter {name} is invalid. Reason: {reason}"
            )),
            Refusal::Missing(name) => MISSING_PARAMETER.with(format!("The request must contain the parameter {name}.")),
            Refusal::InvalidAddress(url) => {
                errors::INVALID_ADDRESS.with(format!("The address {url} is not valid for this endpoint."))
            }
            Refusal::InvalidHandle(handle) => errors::RECEIPT_HANDLE_IS_INVALID.with(format!(
                "The input receipt handle \"{handle}\" is not a valid receipt handle."
            )),
            Refusal::EmptyBatch(entry) => {
                errors::EMPTY_BATCH_REQUEST.with(format!("There should be at least one {entry} in the request."))
            }
            Refusal::TooManyEntries(count) => errors::TOO_MANY_ENTRIES_IN_BATCH_REQUEST.with(format!(
                "Maximum number of entries per request are 10. You have sent {count}."
            )),
            Refusal::SameEntryIds(id) => errors::BATCH_ENTRY_IDS_NOT_DISTINCT.with(format!("Id {id} repeated.")),
            Refusal::InvalidEntryId => errors::INVALID_BATCH_ENTRY_ID.with(
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. \
                 It can be at most 80 letters long.",
            ),
            Refusal::BatchTooLong(bytes) => errors::BATCH_REQUEST_TOO_LONG.with(format!(
                "Batch requests cannot be longer than 1048576 bytes. You have sent {bytes} bytes."
            )),
            Refusal::InvalidContents(found) => errors::INVALID_MESSAGE_CONTENTS.with(format!(
                "Invalid binary character '#x{:X}' was found in the message body, the set of allowed characters is \
                 #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
                u32::from(found)
            )),
            Refusal::PurgeInProgress(name) => errors::PURGE_QUEUE_IN_PROGRESS.with(format!(
                "Only one PurgeQueue operation on {name} is allowed every 60 seconds."
            )),
            Refusal::OverLimit => errors::OVER_LIMIT.with("Too many messages in flight."),
            Refusal::NotFound(text) => errors::RESOURCE_NOT_FOUND_EXCEPTION.with(text),
            Refusal::AccessDenied => ACCESS_DENIED.with("Access to the resource is denied."),
            Refusal::Internal(cause) => {
                tracing::error!(cause, "a request failed");
                INTERNAL_FAILURE.with("We encountered an internal error. Please try again.")
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
        Self::Internal(error.to_string())
    }
}
