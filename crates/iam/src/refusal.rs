//! Everything that is refused, and the AWS error each becomes. The words are those that AWS was seen to answer.

use lambent_models::iam::errors;
use lambent_store::{CommitError, Unavailable};
use lambent_wire::{ServiceError, error::VALIDATION};

/// Why an operation did not do what was asked. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such role.
    NoRole(String),
    /// The role has no such policy of its own.
    NoRolePolicy(String),
    /// No such policy.
    NoPolicy(String),
    /// The policy is not there to be attached.
    NotAttachable(String),
    /// The policy has no such version: its ARN, the version.
    NoVersion(String, String),
    /// No such user.
    NoUser(String),
    /// There is a role of this name.
    RoleExists(String),
    /// There is a policy of this name.
    PolicyExists(String),
    /// Something still depends on it, in AWS's words.
    Conflict(&'static str),
    /// A policy that is none, in AWS's words.
    Malformed(String),
    /// Too much of something, in AWS's words.
    TooMuch(String),
    /// Two tags of one request have the same key.
    SameTagKeys,
    /// An ARN that is none.
    NotAnArn(String),
    /// A parameter is wrong, in AWS's words.
    Invalid(&'static str),
    /// One of AWS's own policies cannot be changed: the operation, its ARN.
    NotYours(&'static str, String),
    /// A part of IAM that this server does not have.
    NotImplemented(String),
    /// Others changed the same thing again and again.
    Busy,
    /// The server failed; the text is for its log.
    Internal(String),
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        let missing = |text: String| errors::NO_SUCH_ENTITY_EXCEPTION.with(text);
        match refusal {
            Refusal::NoRole(name) => missing(format!("The role with name {name} cannot be found.")),
            Refusal::NoRolePolicy(name) => missing(format!("The role policy with name {name} cannot be found.")),
            Refusal::NoPolicy(arn) => missing(format!("Policy {arn} was not found.")),
            Refusal::NotAttachable(arn) => missing(format!("Policy {arn} does not exist or is not attachable.")),
            Refusal::NoVersion(arn, version) => missing(format!(
                "Policy {arn} version {version} does not exist or is not attachable."
            )),
            Refusal::NoUser(name) => missing(format!("The user with name {name} cannot be found.")),
            Refusal::RoleExists(name) => {
                errors::ENTITY_ALREADY_EXISTS_EXCEPTION.with(format!("Role with name {name} already exists."))
            }
            Refusal::PolicyExists(name) => errors::ENTITY_ALREADY_EXISTS_EXCEPTION.with(format!(
                "A policy called {name} already exists. Duplicate names are not allowed."
            )),
            Refusal::Conflict(text) => errors::DELETE_CONFLICT_EXCEPTION.with(text),
            Refusal::Malformed(text) => errors::MALFORMED_POLICY_DOCUMENT_EXCEPTION.with(text),
            Refusal::TooMuch(text) => errors::LIMIT_EXCEEDED_EXCEPTION.with(text),
            Refusal::SameTagKeys => errors::INVALID_INPUT_EXCEPTION
                .with("Duplicate tag keys found. Please note that Tag keys are case insensitive."),
            Refusal::NotAnArn(arn) => errors::INVALID_INPUT_EXCEPTION.with(format!("ARN {arn} is not valid.")),
            Refusal::Invalid(text) => VALIDATION.with(text),
            Refusal::NotYours(operation, arn) => ACCESS_DENIED.with(format!(
                "The caller is not authorized to perform: iam:{operation} on resource: policy {arn}"
            )),
            Refusal::NotImplemented(what) => {
                lambent_wire::error::NOT_IMPLEMENTED.with(format!("{what} is not implemented by this server."))
            }
            Refusal::Busy => errors::CONCURRENT_MODIFICATION_EXCEPTION
                .with("The resource is being changed by somebody else. Please try again."),
            Refusal::Internal(cause) => {
                tracing::error!(cause, "a request failed");
                errors::SERVICE_FAILURE_EXCEPTION.with("We encountered an internal error. Please try again.")
            }
        }
    }
}

/// `AccessDenied`, as the query protocol has it.
static ACCESS_DENIED: lambent_wire::error::ErrorShape = lambent_wire::error::ErrorShape {
    code: "AccessDenied",
    http_status: 403,
    error_type: lambent_wire::error::ErrorType::Absent,
    message_member: "message",
    query_code: None,
};

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
