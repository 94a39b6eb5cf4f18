//! What extensions are told.

use lambent_types::{RequestId, Timestamp};

/// Why an environment ends, as extensions are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShutdownReason {
    /// It is not needed any more.
    Spindown,
    /// An invocation took longer than it may.
    Timeout,
    /// The runtime or an extension failed.
    Failure,
}

impl ShutdownReason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Spindown => "spindown",
            Self::Timeout => "timeout",
            Self::Failure => "failure",
        }
    }
}

/// An event on its way to an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExtensionEvent {
    Invoke {
        deadline: Timestamp,
        request_id: RequestId,
        invoked_function_arn: String,
        trace_id: Option<String>,
    },
    Shutdown {
        reason: ShutdownReason,
        deadline: Timestamp,
    },
}

/// The JSON of an event.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct EventBody<'a> {
    event_type: &'static str,
    deadline_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoked_function_arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracing: Option<Tracing<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shutdown_reason: Option<&'static str>,
}

#[derive(serde::Serialize)]
struct Tracing<'a> {
    r#type: &'static str,
    value: &'a str,
}

impl ExtensionEvent {
    pub(crate) fn json(&self) -> Vec<u8> {
        let body = match self {
            Self::Invoke {
                deadline,
                request_id,
                invoked_function_arn,
                trace_id,
            } => EventBody {
                event_type: "INVOKE",
                deadline_ms: deadline.as_millis(),
                request_id: Some(request_id.to_string()),
                invoked_function_arn: Some(invoked_function_arn),
                tracing: trace_id.as_deref().map(|value| Tracing {
                    r#type: "X-Amzn-Trace-Id",
                    value,
                }),
                shutdown_reason: None,
            },
            Self::Shutdown { reason, deadline } => EventBody {
                event_type: "SHUTDOWN",
                deadline_ms: deadline.as_millis(),
                request_id: None,
                invoked_function_arn: None,
                tracing: None,
                shutdown_reason: Some(reason.as_str()),
            },
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}
