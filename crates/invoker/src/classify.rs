//! The one result classifier: whatever ended an invocation, what it counts as, what the caller gets, what the log says.

use crate::{
    LaunchError,
    companions::{ExtensionFailure, FailureKind, FailureText},
    report::Status,
};
use bytes::Bytes;
use lambent_runtime_api::{InitFailure, InvocationResult, ShutdownReason};
use lambent_sandbox::{Exit, StartError};
use lambent_types::{Outcome, RequestId, Timeout, Timestamp, limits};

/// Everything that can end an invocation.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The runtime answered.
    Answered(InvocationResult),
    /// The function's timeout was over.
    TimedOut,
    /// The runtime process ended while it owed an answer, or before it asked for work.
    Exited { exit: Exit, during_init: bool },
    /// The runtime reported that it cannot initialise the function.
    InitFailed(InitFailure),
    /// An extension failed.
    Extension {
        failure: ExtensionFailure,
        during_init: bool,
    },
    /// There was nothing to start.
    NotPrepared(LaunchError),
    /// Starting failed.
    NotStarted(StartError),
    /// The environment vanished as a whole.
    Vanished,
}

impl Ended {
    /// What extensions are told of it.
    pub(crate) fn shutdown_reason(&self) -> ShutdownReason {
        match self {
            Self::TimedOut => ShutdownReason::Timeout,
            Self::Answered(_)
            | Self::Exited { .. }
            | Self::InitFailed(_)
            | Self::Extension { .. }
            | Self::NotPrepared(_)
            | Self::NotStarted(_)
            | Self::Vanished => ShutdownReason::Failure,
        }
    }
}

/// What an end means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Classified {
    pub(crate) outcome: Outcome,
    pub(crate) payload: Bytes,
    pub(crate) status: Status,
    /// A line that goes into the log before END.
    pub(crate) note: Option<String>,
}

const TOO_LARGE: &str = "Function.ResponseSizeTooLarge";
const EXIT_ERROR: &str = "Runtime.ExitError";
const LAUNCH_ERROR: &str = "Extension.LaunchError";

/// Classifies. The error texts are AWS's (recorded: `TestLambdaErrors`, `test_lambda_invoke_with_timeout`).
pub(crate) fn classify(ended: Ended, request_id: RequestId, timeout: Timeout, now: Timestamp) -> Classified {
    match ended {
        Ended::Answered(result) => answered(result),
        Ended::TimedOut => {
            let text = format!("Task timed out after {}.00 seconds", timeout.seconds());
            let note = format!("{} {request_id} {text}\n\n", now.to_iso_millis());
            let payload = error_payload("Sandbox.Timedout", request_id, &text);
            Classified {
                outcome: Outcome::Timeout,
                payload,
                status: Status::Timeout,
                note: Some(note),
            }
        }
        Ended::Exited { exit, during_init } => exited(exit, during_init, request_id),
        Ended::Extension { failure, during_init } => extension_failed(&failure, during_init, request_id),
        Ended::InitFailed(failure) => Classified {
            outcome: Outcome::InitError,
            payload: failure.body,
            status: Status::Error("Runtime.Unknown"),
            note: None,
        },
        Ended::NotPrepared(LaunchError::InvalidEntrypoint(text)) => {
            platform_error(Outcome::InitError, "Runtime.InvalidEntrypoint", request_id, &text)
        }
        Ended::NotPrepared(LaunchError::InvalidWorkingDir(text)) => {
            platform_error(Outcome::InitError, "Runtime.InvalidWorkingDir", request_id, &text)
        }
        Ended::NotPrepared(LaunchError::RuntimeUnavailable(text) | LaunchError::Code(text)) => {
            platform_error(Outcome::InitError, "Runtime.Unknown", request_id, &text)
        }
        Ended::NotStarted(StartError::InvalidEntrypoint { command, reason }) => {
            let text = format!("fork/exec {command}: {}", as_go_says(&reason));
            platform_error(Outcome::InitError, "Runtime.InvalidEntrypoint", request_id, &text)
        }
        Ended::NotPrepared(LaunchError::TooManyExtensions) => platform_error(
            Outcome::InitError,
            LAUNCH_ERROR,
            request_id,
            &LaunchError::TooManyExtensions.to_string(),
        ),
        Ended::NotStarted(StartError::InvalidCompanion { command, reason }) => {
            let text = format!("fork/exec {command}: {}", as_go_says(&reason));
            platform_error(Outcome::InitError, LAUNCH_ERROR, request_id, &text)
        }
        Ended::NotStarted(error @ (StartError::Setup { .. } | StartError::StarterGone)) => {
            platform_error(Outcome::Crashed, "Sandbox.Failure", request_id, &error.to_string())
        }
        Ended::Vanished => platform_error(
            Outcome::Crashed,
            "Sandbox.Failure",
            request_id,
            "the environment was lost",
        ),
    }
}

/// The error's type as the function reported it.
pub(crate) fn reported(ended: &Ended) -> Option<String> {
    if let Ended::Answered(InvocationResult::Error { error_type, .. }) = ended {
        return Some(error_type.clone().unwrap_or_else(|| "Unhandled".to_owned()));
    }
    match ended {
        Ended::InitFailed(failure) => failure.error_type.clone(),
        Ended::Answered(_)
        | Ended::TimedOut
        | Ended::Exited { .. }
        | Ended::Extension { .. }
        | Ended::NotPrepared(_)
        | Ended::NotStarted(_)
        | Ended::Vanished => None,
    }
}

/// What the runtime said its answer is.
pub(crate) fn content_type(ended: &Ended) -> Option<String> {
    let Ended::Answered(InvocationResult::Response { content_type, .. }) = ended else {
        return None;
    };
    content_type.clone()
}

fn answered(result: InvocationResult) -> Classified {
    let done = |outcome, payload, status| Classified {
        outcome,
        payload,
        status,
        note: None,
    };
    match result {
        InvocationResult::Response { body, .. } => done(Outcome::Success, body, Status::Success),
        InvocationResult::Streamed => done(Outcome::Success, Bytes::new(), Status::Success),
        InvocationResult::Error { body, .. } => done(Outcome::FunctionError, body, Status::Success),
        InvocationResult::ResponseTooLarge => {
            let payload = Bytes::from_static(InvocationResult::TOO_LARGE_BODY.as_bytes());
            done(Outcome::FunctionError, payload, Status::Error(TOO_LARGE))
        }
        InvocationResult::StreamTooLarge => {
            let text = format!(
                r#"{{"errorMessage":"Response payload size exceeded maximum allowed payload size ({} bytes).","errorType":"{TOO_LARGE}"}}"#,
                limits::STREAMED_PAYLOAD_BYTES
            );
            done(Outcome::FunctionError, text.into(), Status::Error(TOO_LARGE))
        }
        InvocationResult::Truncated => {
            let payload = Bytes::from_static(
                br#"{"errorType":"Runtime.TruncatedResponse","errorMessage":"Response was truncated"}"#,
            );
            done(
                Outcome::FunctionError,
                payload,
                Status::Error("Runtime.TruncatedResponse"),
            )
        }
        InvocationResult::InvalidResponseMode => {
            let payload = Bytes::from_static(
                br#"{"errorType":"Runtime.InvalidResponseModeHeader","errorMessage":"Invalid function response mode"}"#,
            );
            done(
                Outcome::FunctionError,
                payload,
                Status::Error("Runtime.InvalidResponseModeHeader"),
            )
        }
    }
}

fn exited(exit: Exit, during_init: bool, request_id: RequestId) -> Classified {
    let text = match exit {
        Exit::Status(0) => "Runtime exited without providing a reason".to_owned(),
        Exit::Status(status) => format!("Runtime exited with error: exit status {status}"),
        Exit::Signal(signal) => format!("Runtime exited with error: signal: {}", signal_name(signal)),
        Exit::OutOfMemory => "Runtime exited with error: signal: killed".to_owned(),
    };
    let outcome = if during_init {
        Outcome::InitError
    } else {
        Outcome::Crashed
    };
    let classified = platform_error(outcome, EXIT_ERROR, request_id, &text);
    let kind = if exit == Exit::OutOfMemory {
        "Runtime.OutOfMemory"
    } else {
        EXIT_ERROR
    };
    Classified {
        status: Status::Error(kind),
        ..classified
    }
}

fn extension_failed(failure: &ExtensionFailure, during_init: bool, request_id: RequestId) -> Classified {
    let text = match &failure.how {
        FailureText::Exit(Exit::Status(0)) => "exit code 0".to_owned(),
        FailureText::Exit(Exit::Status(status)) => format!("exit status {status}"),
        FailureText::Exit(Exit::Signal(signal)) => format!("signal: {}", signal_name(*signal)),
        FailureText::Exit(Exit::OutOfMemory) => "signal: killed".to_owned(),
        FailureText::Reported(error_type) => error_type.clone(),
    };
    let kind = match failure.kind {
        FailureKind::InitError => "Extension.InitError",
        FailureKind::ExitError => "Extension.ExitError",
        FailureKind::Crash => "Extension.Crash",
    };
    let outcome = if during_init {
        Outcome::InitError
    } else {
        Outcome::Crashed
    };
    platform_error(outcome, kind, request_id, &text)
}

/// The kernel's word as the Go runtime, in which AWS's platform is written, prints it: `permission denied`.
fn as_go_says(reason: &str) -> String {
    let plain = reason.split(" (os error").next().unwrap_or_default();
    plain.to_lowercase()
}

fn platform_error(outcome: Outcome, kind: &'static str, request_id: RequestId, text: &str) -> Classified {
    Classified {
        outcome,
        payload: error_payload(kind, request_id, text),
        status: Status::Error(kind),
        note: Some(format!("RequestId: {request_id} Error: {text}\n{kind}\n")),
    }
}

fn error_payload(kind: &str, request_id: RequestId, text: &str) -> Bytes {
    let message = serde_json::to_string(&format!("RequestId: {request_id} Error: {text}")).unwrap_or_default();
    Bytes::from(format!(r#"{{"errorType":"{kind}","errorMessage":{message}}}"#))
}

/// Signal names as the Go runtime, in which AWS's platform is written, prints them.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        10 => "user defined signal 1",
        11 => "segmentation fault",
        12 => "user defined signal 2",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::SeededIds;

    fn payload(ended: Ended) -> (Outcome, String, Status) {
        let id = RequestId::new(&SeededIds::default());
        let classified = classify(ended, id, Timeout::DEFAULT, Timestamp::from_micros(0));
        (
            classified.outcome,
            String::from_utf8(classified.payload.to_vec()).unwrap(),
            classified.status,
        )
    }

    #[test]
    fn a_stream_that_was_cut_says_where() {
        let cut = classify(
            Ended::Answered(InvocationResult::StreamTooLarge),
            RequestId::new(&SeededIds::default()),
            Timeout::DEFAULT,
            Timestamp::default(),
        );
        assert_eq!(cut.status.error_type().as_deref(), Some(TOO_LARGE));
        assert!(String::from_utf8_lossy(&cut.payload).contains("(209715200 bytes)"));
        let streamed = Ended::Answered(InvocationResult::Streamed);
        assert_eq!((reported(&streamed), content_type(&streamed)), (None, None));
    }

    #[test]
    fn texts_are_as_recorded() {
        let id = "00000000-0000-4000-8000-000000000001";
        assert_eq!(
            payload(Ended::TimedOut),
            (
                Outcome::Timeout,
                format!(
                    r#"{{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: {id} Error: Task timed out after 3.00 seconds"}}"#
                ),
                Status::Timeout
            )
        );
        let exit = |exit| {
            payload(Ended::Exited {
                exit,
                during_init: false,
            })
        };
        let error = |text: &str| {
            format!(r#"{{"errorType":"Runtime.ExitError","errorMessage":"RequestId: {id} Error: {text}"}}"#)
        };
        let plain = Status::Error("Runtime.ExitError");
        for (how, text) in [
            (Exit::Status(0), "Runtime exited without providing a reason"),
            (Exit::Status(127), "Runtime exited with error: exit status 127"),
            (
                Exit::Signal(11),
                "Runtime exited with error: signal: segmentation fault",
            ),
        ] {
            assert_eq!(exit(how), (Outcome::Crashed, error(text), plain.clone()));
        }
        let killed = error("Runtime exited with error: signal: killed");
        assert_eq!(
            exit(Exit::OutOfMemory),
            (Outcome::Crashed, killed, Status::Error("Runtime.OutOfMemory"))
        );
    }

    #[test]
    fn a_failed_extension_is_named_by_what_it_said_and_how_it_ended() {
        let failed = |kind, how| {
            let failure = ExtensionFailure { kind, how };
            payload(Ended::Extension {
                failure,
                during_init: false,
            })
        };
        let id = "00000000-0000-4000-8000-000000000001";
        let error = |kind: &str, text: &str| {
            format!(r#"{{"errorType":"Extension.{kind}","errorMessage":"RequestId: {id} Error: {text}"}}"#)
        };
        let exit = FailureText::Exit;
        for (kind, how, name, text) in [
            (FailureKind::Crash, exit(Exit::Status(255)), "Crash", "exit status 255"),
            (FailureKind::Crash, exit(Exit::Signal(9)), "Crash", "signal: killed"),
            (
                FailureKind::InitError,
                exit(Exit::Status(0)),
                "InitError",
                "exit code 0",
            ),
            (
                FailureKind::ExitError,
                FailureText::Reported("Extension.Mine".to_owned()),
                "ExitError",
                "Extension.Mine",
            ),
        ] {
            let (outcome, payload, _) = failed(kind, how);
            assert_eq!((outcome, payload), (Outcome::Crashed, error(name, text)));
        }
        let (_, missing, _) = payload(Ended::NotStarted(StartError::InvalidCompanion {
            command: "/opt/extensions/x".to_owned(),
            reason: "Permission denied (os error 13)".to_owned(),
        }));
        assert_eq!(
            missing,
            error("LaunchError", "fork/exec /opt/extensions/x: permission denied")
        );
    }

    #[test]
    fn a_failed_start_is_never_a_success() {
        let lost = Ended::NotStarted(StartError::StarterGone);
        assert_eq!(payload(lost).0, Outcome::Crashed);
        let missing = Ended::NotPrepared(LaunchError::InvalidEntrypoint("no \"bootstrap\"".to_owned()));
        assert!(payload(missing).1.contains(r#"no \"bootstrap\""#));
    }
}
