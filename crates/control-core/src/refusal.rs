//! Everything the control plane refuses, and the AWS error each becomes.

use crate::policy;
use lambent_invoker::ThrottleReason;
use lambent_models::lambda::errors;
use lambent_store::{CommitError, ImageError, IntakeError, Unavailable};
use lambent_types::limits;
use lambent_wire::{ErrorType, ServiceError, error};

/// Why an operation did not do what was asked. Nothing has changed.
#[derive(Debug)]
pub enum Refusal {
    /// No such function, or no such version or alias of it: the ARN that was looked for.
    FunctionNotFound(String),
    /// The ARN is of another region: that one, and this one.
    OtherRegion(String, String),
    /// The ARN is of another account.
    OtherAccount,
    /// A function of this name exists.
    FunctionExists(String),
    /// The function is not in a state that allows this: which one.
    WrongState(&'static str),
    /// The function of this ARN is being updated.
    UpdateInProgress(String),
    /// The revision the client named is not the present one.
    RevisionMismatch,
    /// A parameter is wrong beyond what the model can tell; the text is AWS's.
    InvalidParameter(String),
    /// The same, of those that AWS sends without a `Type`.
    InvalidParameterUntyped(String),
    /// Something else is in the way; the text is AWS's.
    Conflict(String),
    /// An event source mapping is changing: what cannot be done to it meanwhile.
    MappingInUse(&'static str),
    /// A value breaks a rule that AWS words like one of the model's.
    Invalid(String),
    /// The deployment package was refused.
    Package(IntakeError),
    /// The image of this name cannot be had.
    Image(String, ImageError),
    /// The event is no JSON; the text is the parser's.
    InvalidContent(String),
    /// The event is too large: its size, the invocation type, the limit.
    PayloadTooLarge(usize, &'static str, usize),
    /// A concurrency limit is reached.
    Throttled(ThrottleReason),
    /// A named code signing configuration does not exist.
    CodeSigningConfigNotFound(String),
    /// What is no function does not exist; the text is AWS's.
    NotFound(String),
    /// The policy has a statement of this id.
    StatementExists(String),
    /// The revision the client named is not the policy's; the operation that tells the present one.
    PolicyRevisionMismatch(&'static str),
    /// With the change the policy would have so many bytes, which are too many.
    PolicyTooLong(usize),
    /// No code signing configuration has this ARN, as operations on them say it.
    CodeSigningNotFound(String),
    /// Code without a signature, where signatures are enforced: the function or layer version.
    Unsigned(String),
    /// No environments are kept ready of this version or alias.
    NoProvisionedConcurrency,
    /// The function was called too often in one chain of calls.
    RecursiveInvocation,
    /// A part of the API that this server does not have.
    NotImplemented(&'static str),
    /// The server failed; the text is for its log.
    Internal(String),
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::FunctionNotFound(arn) => {
                errors::RESOURCE_NOT_FOUND_EXCEPTION.with(format!("Function not found: {arn}"))
            }
            Refusal::OtherRegion(theirs, ours) => errors::RESOURCE_NOT_FOUND_EXCEPTION
                .with(format!("Functions from '{theirs}' are not reachable in this region ('{ours}')")),
            Refusal::OtherAccount => error::ACCESS_DENIED.with(""),
            Refusal::FunctionExists(name) => {
                errors::RESOURCE_CONFLICT_EXCEPTION.with(format!("Function already exist: {name}"))
            }
            Refusal::WrongState(state) => errors::RESOURCE_CONFLICT_EXCEPTION.with(format!(
                "The operation cannot be performed at this time. The function is currently in the following state: {state}"
            )),
            Refusal::UpdateInProgress(arn) => errors::RESOURCE_CONFLICT_EXCEPTION.with(format!(
                "The operation cannot be performed at this time. An update is in progress for resource: {arn}"
            )),
            Refusal::RevisionMismatch => errors::PRECONDITION_FAILED_EXCEPTION.with(
                "The Revision Id provided does not match the latest Revision Id. \
                 Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
            ),
            Refusal::InvalidParameter(text) => errors::INVALID_PARAMETER_VALUE_EXCEPTION.with(text),
            Refusal::InvalidParameterUntyped(text) => errors::INVALID_PARAMETER_VALUE_EXCEPTION
                .with(text)
                .typed(ErrorType::Absent),
            Refusal::MappingInUse(what) => errors::RESOURCE_IN_USE_EXCEPTION.with(format!(
                "Cannot {what} the event source mapping because it is in use."
            )),
            Refusal::Conflict(text) => errors::RESOURCE_CONFLICT_EXCEPTION.with(text),
            Refusal::Invalid(text) => error::VALIDATION.with(text),
            Refusal::Package(refused) => package(refused),
            Refusal::Image(uri, refused) => image(&uri, refused),
            Refusal::InvalidContent(text) => errors::INVALID_REQUEST_CONTENT_EXCEPTION.with(text),
            Refusal::PayloadTooLarge(size, kind, limit) => errors::REQUEST_TOO_LARGE_EXCEPTION.with(format!(
                "{size} byte payload is too large for the {kind} invocation type (limit {limit} bytes)"
            )),
            Refusal::Throttled(reason) => throttled(reason),
            Refusal::CodeSigningConfigNotFound(arn) => errors::CODE_SIGNING_CONFIG_NOT_FOUND_EXCEPTION.with(format!(
                "The code signing configuration cannot be found. \
                 Check that the provided configuration is not deleted: {arn}."
            )),
            Refusal::NoProvisionedConcurrency => errors::PROVISIONED_CONCURRENCY_CONFIG_NOT_FOUND_EXCEPTION
                .with("No Provisioned Concurrency Config found for this function"),
            Refusal::NotFound(text) => errors::RESOURCE_NOT_FOUND_EXCEPTION.with(text),
            Refusal::StatementExists(sid) => errors::RESOURCE_CONFLICT_EXCEPTION.with(format!(
                "The statement id ({sid}) provided already exists. \
                 Please provide a new statement id, or remove the existing statement."
            )),
            Refusal::PolicyRevisionMismatch(operation) => errors::PRECONDITION_FAILED_EXCEPTION.with(format!(
                "The Revision Id provided does not match the latest Revision Id. \
                 Call the {operation} API to retrieve the latest Revision Id"
            )),
            Refusal::PolicyTooLong(size) => errors::POLICY_LENGTH_EXCEEDED_EXCEPTION.with(format!(
                "The final policy size ({size}) is bigger than the limit ({}).",
                policy::LONGEST
            )),
            Refusal::CodeSigningNotFound(arn) => errors::RESOURCE_NOT_FOUND_EXCEPTION
                .with(format!("The Lambda code signing configuration {arn} can not be found."))
                .typed(ErrorType::Absent),
            Refusal::Unsigned(what) => errors::CODE_VERIFICATION_FAILED_EXCEPTION.with(format!(
                "Lambda cannot deploy the function. The function or layer might be signed using a signature that the \
                 client is not configured to accept. Check the provided signature for {what}."
            )),
            Refusal::RecursiveInvocation => errors::RECURSIVE_INVOCATION_EXCEPTION.with(
                "Lambda has detected your function being invoked in a recursive loop with other AWS resources \
                 and stopped your function's invocation.",
            ),
            Refusal::NotImplemented(what) => {
                error::NOT_IMPLEMENTED.with(format!("{what} is not implemented by this server."))
            }
            Refusal::Internal(cause) => {
                tracing::error!(cause, "a request failed");
                errors::SERVICE_EXCEPTION.with("An error occurred and the request cannot be processed.")
            }
        }
    }
}

/// Who has used up what was reserved for a function is not told to come back (recorded: `test_lambda_concurrency_block`).
fn throttled(reason: ThrottleReason) -> ServiceError {
    let error = errors::TOO_MANY_REQUESTS_EXCEPTION
        .with("Rate Exceeded.")
        .member("Reason", reason.as_str());
    match reason {
        ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded => error,
        ThrottleReason::ConcurrentInvocationLimitExceeded => error.header("Retry-After", "1"),
    }
}

fn package(refused: IntakeError) -> ServiceError {
    match refused {
        IntakeError::Empty => errors::INVALID_PARAMETER_VALUE_EXCEPTION.with("Uploaded file must be a non-empty zip"),
        IntakeError::ZippedTooLarge => error::REQUEST_ENTITY_TOO_LARGE
            .with(format!(
                "Zipped size must be smaller than {} bytes",
                limits::ZIPPED_CODE_BYTES
            ))
            .typed(ErrorType::Absent),
        IntakeError::UnzippedTooLarge => errors::INVALID_PARAMETER_VALUE_EXCEPTION.with(format!(
            "Unzipped size must be smaller than {} bytes",
            limits::UNZIPPED_CODE_BYTES
        )),
        IntakeError::Invalid(cause) => {
            tracing::debug!(cause, "a package was refused");
            errors::INVALID_PARAMETER_VALUE_EXCEPTION
                .with("Could not unzip uploaded file. Please check your file, then try to upload again.")
        }
        IntakeError::Io(cause) => Refusal::Internal(cause.to_string()).into(),
    }
}

/// The texts are as users of AWS quote them.
fn image(uri: &str, refused: ImageError) -> ServiceError {
    tracing::debug!(uri, error = %refused, "an image was refused");
    let wrong = |text| errors::INVALID_PARAMETER_VALUE_EXCEPTION.with(text);
    match refused {
        ImageError::NotFound => wrong(format!(
            "Source image {uri} does not exist. Provide a valid source image."
        )),
        ImageError::NoSource | ImageError::Invalid(_) => wrong(format!(
            "Source image {uri} is not valid. Provide a valid source image."
        )),
        ImageError::Unsupported(_) => wrong(format!(
            "The image manifest, config or layer media type for the source image {uri} is not supported."
        )),
        ImageError::AccessDenied => error::ACCESS_DENIED
            .with("Lambda does not have permission to access the ECR image. Check the ECR permissions."),
        ImageError::Unreachable(cause) => {
            tracing::warn!(cause, uri, "a registry cannot be asked");
            wrong(format!("The registry of the source image {uri} cannot be reached."))
        }
        ImageError::Io(cause) => Refusal::Internal(cause.to_string()).into(),
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

impl From<IntakeError> for Refusal {
    fn from(error: IntakeError) -> Self {
        Self::Package(error)
    }
}
