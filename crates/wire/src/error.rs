//! What a service answers when it does not do what was asked.

use std::borrow::Cow;

/// An error of a service model, or one of those AWS answers without any model naming them.
#[derive(Debug, PartialEq, Eq)]
pub struct ErrorShape {
    /// The code clients match on: header `x-amzn-ErrorType`.
    pub code: &'static str,
    /// The HTTP status.
    pub http_status: u16,
    /// The `Type` member of the body.
    pub error_type: ErrorType,
    /// The name of the member that carries the message: `Message` or `message`, as the model spells it.
    pub message_member: &'static str,
    /// The code in the query protocol, where it is another.
    pub query_code: Option<&'static str>,
}

/// The `Type` member of an error body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorType {
    /// `User`: the caller is at fault.
    User,
    /// `Service`: the service is at fault.
    Service,
    /// The body has no such member.
    Absent,
}

impl ErrorShape {
    /// This error with a message.
    #[must_use]
    pub fn with(&'static self, message: impl Into<Cow<'static, str>>) -> ServiceError {
        ServiceError {
            shape: self,
            message: message.into(),
            error_type: self.error_type,
            members: Vec::new(),
            headers: Vec::new(),
        }
    }
}

/// An error on its way to the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", shape.code)]
pub struct ServiceError {
    /// Which error.
    pub shape: &'static ErrorShape,
    /// What it says.
    pub message: Cow<'static, str>,
    /// The `Type` it carries; a few recorded answers differ from their shape.
    pub error_type: ErrorType,
    /// More members of the body, such as `Reason`.
    pub members: Vec<(&'static str, String)>,
    /// More headers of the answer, such as `Retry-After`.
    pub headers: Vec<(&'static str, String)>,
}

impl ServiceError {
    /// With another `Type` than the shape has.
    #[must_use]
    pub const fn typed(mut self, error_type: ErrorType) -> Self {
        self.error_type = error_type;
        self
    }

    /// With one more member in the body.
    #[must_use]
    pub fn member(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.members.push((name, value.into()));
        self
    }

    /// With one more header on the answer.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The code that clients of the query protocol match on.
    #[must_use]
    pub fn query_code(&self) -> &'static str {
        self.shape.query_code.unwrap_or(self.shape.code)
    }

    /// Whether the caller is at fault.
    #[must_use]
    pub const fn is_senders(&self) -> bool {
        self.shape.http_status < 500
    }

    /// The code clients match on.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.shape.code
    }
}

/// `NotImplementedException` for an operation that Lambent does not serve. AWS has no such error; 501 keeps SDKs from retrying for long
/// and the message names what is missing.
#[must_use]
pub fn not_implemented(operation: &str) -> ServiceError {
    NOT_IMPLEMENTED.with(format!("The operation {operation} is not implemented by this server."))
}

/// Without a model to say otherwise: no `Type` in the body.
const fn unmodelled(code: &'static str, http_status: u16, message_member: &'static str) -> ErrorShape {
    ErrorShape {
        code,
        http_status,
        error_type: ErrorType::Absent,
        message_member,
        query_code: None,
    }
}

/// The same with another code in the query protocol.
const fn queried(code: &'static str, http_status: u16, query_code: &'static str) -> ErrorShape {
    ErrorShape {
        query_code: Some(query_code),
        ..unmodelled(code, http_status, "message")
    }
}

/// A request breaks rules of the model. Recorded: no `Type`, lower-case `message`.
pub static VALIDATION: ErrorShape = queried("ValidationException", 400, "ValidationError");
/// The request body is too large. Recorded.
pub static REQUEST_ENTITY_TOO_LARGE: ErrorShape = unmodelled("RequestEntityTooLargeException", 413, "message");
/// The caller may not do this. Recorded with `Message`.
pub static ACCESS_DENIED: ErrorShape = unmodelled("AccessDeniedException", 403, "Message");
/// The request body does not have the shape of the operation's input.
pub static SERIALIZATION: ErrorShape = unmodelled("SerializationException", 400, "Message");
/// The request is not signed.
pub static MISSING_AUTHENTICATION_TOKEN: ErrorShape =
    queried("MissingAuthenticationTokenException", 403, "MissingAuthenticationToken");
/// Nobody has this access key.
pub static UNRECOGNIZED_CLIENT: ErrorShape = queried("UnrecognizedClientException", 403, "InvalidClientTokenId");
/// The signature is not what the secret key makes of this request, or it is too old.
pub static INVALID_SIGNATURE: ErrorShape = queried("InvalidSignatureException", 403, "SignatureDoesNotMatch");
/// The `Authorization` header lacks a part.
pub static INCOMPLETE_SIGNATURE: ErrorShape = queried("IncompleteSignatureException", 403, "IncompleteSignature");
/// The session token is no longer valid.
pub static EXPIRED_TOKEN: ErrorShape = queried("ExpiredTokenException", 403, "ExpiredToken");
/// The operation exists in the model but not here; see [`not_implemented`].
pub static NOT_IMPLEMENTED: ErrorShape = unmodelled("NotImplementedException", 501, "message");
/// No operation has this method and path.
pub static UNKNOWN_OPERATION: ErrorShape = queried("UnknownOperationException", 404, "InvalidAction");
/// Something broke here; the cause is in the log, not in the answer.
pub static INTERNAL_FAILURE: ErrorShape = unmodelled("InternalFailure", 500, "message");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_it_carries() {
        let error = VALIDATION
            .with("bad")
            .member("Reason", "Because")
            .header("Retry-After", "1");
        assert_eq!(error.to_string(), "ValidationException: bad");
        assert_eq!(
            (error.code(), error.error_type),
            ("ValidationException", ErrorType::Absent)
        );
        assert!(not_implemented("PutThing").message.contains("PutThing"));
    }
}
