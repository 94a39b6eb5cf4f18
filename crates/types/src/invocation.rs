//! How a function is asked to run, and how that can end.

/// `X-Amz-Invocation-Type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvocationType {
    /// The caller waits for the answer.
    #[default]
    RequestResponse,
    /// The event is committed, the caller gets 202, the function runs later.
    Event,
    /// Only names and permissions are checked.
    DryRun,
}

/// `X-Amz-Log-Type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogType {
    /// No log in the answer.
    #[default]
    None,
    /// The last 4 KB of the invocation's log in the answer.
    Tail,
}

/// How an invocation that reached an execution environment ended. There is this one classification, used by every way in, so that
/// a timeout is never taken for a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The handler returned.
    Success,
    /// The handler raised, or its answer could not be used.
    FunctionError,
    /// The function ran longer than its timeout.
    Timeout,
    /// The environment could not be initialised.
    InitError,
    /// The process ended while it owed an answer: exit, signal, out of memory.
    Crashed,
}

impl Outcome {
    /// All, in the order of their places.
    pub const ALL: [Self; 5] = [
        Self::Success,
        Self::FunctionError,
        Self::Timeout,
        Self::InitError,
        Self::Crashed,
    ];

    /// Its name where the server tells of itself.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::FunctionError => "function_error",
            Self::Timeout => "timeout",
            Self::InitError => "init_error",
            Self::Crashed => "crashed",
        }
    }

    /// Whether an asynchronous event is finished with this outcome.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Success)
    }
}
