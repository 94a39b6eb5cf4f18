//! What goes into an environment and what comes out of it.

use bytes::Bytes;
use lambent_types::{RequestId, Timestamp};

/// One invocation as the runtime gets it. Everything but the payload travels as a header of the answer to `/next`.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// `Lambda-Runtime-Aws-Request-Id`.
    pub request_id: RequestId,
    /// `Lambda-Runtime-Deadline-Ms`: when the function's timeout is over.
    pub deadline: Timestamp,
    /// `Lambda-Runtime-Invoked-Function-Arn`: as the caller named the function, with its qualifier.
    pub invoked_function_arn: String,
    /// `Lambda-Runtime-Trace-Id`: the X-Ray header.
    pub trace_id: Option<String>,
    /// `Lambda-Runtime-Client-Context`: JSON, decoded from the caller's base64.
    pub client_context: Option<String>,
    /// `Lambda-Runtime-Cognito-Identity`: `{"cognitoIdentityId":…,"cognitoIdentityPoolId":…}`.
    pub cognito_identity: Option<String>,
    /// `Lambda-Runtime-Aws-Tenant-Id`.
    pub tenant_id: Option<String>,
    /// `Content-Type` of the payload; empty means that the header is left out.
    pub content_type: String,
    /// The event.
    pub payload: Bytes,
}

/// How the runtime announced its response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResponseMode {
    /// One body.
    #[default]
    Buffered,
    /// `Lambda-Runtime-Function-Response-Mode: streaming`. The whole stream is collected for a caller who wants one body.
    Streaming,
}

/// How one invocation was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvocationResult {
    /// The handler's result.
    Response {
        /// What the runtime said the body is; clients that say nothing leave it out.
        content_type: Option<String>,
        /// Whether it was sent as a stream.
        mode: ResponseMode,
        /// The result, at most [`SYNC_PAYLOAD_BYTES`](lambent_types::limits::SYNC_PAYLOAD_BYTES) long.
        body: Bytes,
    },
    /// The whole response went to the caller's [`ResponseSink`](crate::ResponseSink) while it came.
    Streamed,
    /// The handler failed, perhaps after a part of its response was streamed.
    Error {
        /// `Lambda-Runtime-Function-Error-Type`, of the form `Runtime.Reason` or `Function.Reason`; other texts have become
        /// `Function.Unknown`, so that it may be used as a metric's dimension.
        error_type: Option<String>,
        /// What the caller gets, as the runtime wrote it.
        body: Bytes,
    },
    /// The response was longer than a response may be. The caller gets [`InvocationResult::TOO_LARGE_BODY`].
    ResponseTooLarge,
    /// The stream was longer than [`STREAMED_PAYLOAD_BYTES`](lambent_types::limits::STREAMED_PAYLOAD_BYTES), which is where it was cut.
    StreamTooLarge,
    /// The connection ended within the response. The error type is `Runtime.TruncatedResponse`.
    Truncated,
    /// The response mode was neither absent nor `streaming`. The error type is `Runtime.InvalidResponseModeHeader`.
    InvalidResponseMode,
}

impl InvocationResult {
    /// What AWS answers for [`InvocationResult::ResponseTooLarge`] (recorded: `test_lambda_too_large_response`).
    pub const TOO_LARGE_BODY: &str = concat!(
        r#"{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","#,
        r#""errorType":"Function.ResponseSizeTooLarge"}"#
    );
}

/// The runtime's own report that the function cannot be initialised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitFailure {
    /// `Lambda-Runtime-Function-Error-Type`, of the form `Runtime.Reason`; other texts have become `Runtime.Unknown`.
    pub error_type: Option<String>,
    /// The report's body, as the runtime wrote it.
    pub body: Bytes,
}
