//! Everything that is refused, and the AWS error each becomes. The words are those that AWS was seen to answer.

use lambent_models::sts::errors;
use lambent_store::Unavailable;
use lambent_wire::{ErrorShape, ErrorType, ServiceError, error};

/// Why an operation did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The caller may not assume the role, or there is none: the caller's ARN, the role's.
    MayNotAssume(String, String),
    /// Only long-term credentials may ask for this.
    SessionAsks,
    /// A policy that is none.
    MalformedPolicy,
    /// A parameter is wrong, in AWS's words.
    Invalid(&'static str),
    /// Nobody has this access key.
    UnknownKey,
    /// The server failed; the text is for its log.
    Internal(String),
}

/// `AccessDenied`, as the query protocol has it.
static ACCESS_DENIED: ErrorShape = ErrorShape {
    code: "AccessDenied",
    http_status: 403,
    error_type: ErrorType::Absent,
    message_member: "message",
    query_code: None,
};

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::MayNotAssume(caller, role) => ACCESS_DENIED.with(format!(
                "User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}"
            )),
            Refusal::SessionAsks => ACCESS_DENIED.with("Cannot call GetSessionToken with session credentials"),
            Refusal::MalformedPolicy => errors::MALFORMED_POLICY_DOCUMENT_EXCEPTION.with("Syntax errors in policy."),
            Refusal::Invalid(text) => error::VALIDATION.with(text),
            Refusal::UnknownKey => {
                error::UNRECOGNIZED_CLIENT.with("The security token included in the request is invalid.")
            }
            Refusal::Internal(cause) => {
                tracing::error!(cause, "a request failed");
                error::INTERNAL_FAILURE.with("We encountered an internal error. Please try again.")
            }
        }
    }
}

impl From<Unavailable> for Refusal {
    fn from(error: Unavailable) -> Self {
        Self::Internal(error.to_string())
    }
}
