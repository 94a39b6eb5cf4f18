//! One extension's states. Pure: what is allowed when, as AWS's own emulator has it.

use std::fmt;

/// What extensions may be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// An invocation begins.
    Invoke,
    /// The environment is about to end.
    Shutdown,
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invoke => "INVOKE",
            Self::Shutdown => "SHUTDOWN",
        })
    }
}

/// Where an extension is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtensionState {
    /// Its process has been started; it has not registered.
    Started,
    /// It has registered and not asked for an event.
    Registered,
    /// It waits for an event.
    Ready,
    /// It has been given an event.
    Running,
    /// It reported that it cannot be initialised.
    InitError,
    /// It reported that it has to end.
    ExitError,
}

impl fmt::Display for ExtensionState {
    /// Its name in messages and in the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Started => "Started",
            Self::Registered => "Registered",
            Self::Ready => "Ready",
            Self::Running => "Running",
            Self::InitError => "InitError",
            Self::ExitError => "ExitError",
        })
    }
}

/// What an extension asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// `POST /extension/register`.
    Register,
    /// `GET /extension/event/next`. It may ask again when it has lost the connection on which it asked before.
    Next { again: bool },
    /// `POST /extension/init/error`.
    InitError,
    /// `POST /extension/exit/error`.
    ExitError,
}

impl Request {
    /// The state that is asked for, as refusals name it.
    pub(crate) const fn goal(self) -> &'static str {
        match self {
            Self::Register => "Registered",
            Self::Next { .. } => "Ready",
            Self::InitError => "InitError",
            Self::ExitError => "Exited",
        }
    }
}

impl ExtensionState {
    /// The state after `request`; `None` when it is not allowed. An error that is reported twice is taken once.
    pub(crate) const fn after(self, request: Request) -> Option<Self> {
        match (request, self) {
            (Request::Register, Self::Started) => Some(Self::Registered),
            (Request::Next { .. }, Self::Registered | Self::Running) | (Request::Next { again: true }, Self::Ready) => {
                Some(Self::Ready)
            }
            (Request::InitError, Self::Registered | Self::InitError) => Some(Self::InitError),
            (Request::ExitError, Self::Registered | Self::Ready | Self::Running | Self::ExitError) => {
                Some(Self::ExitError)
            }
            (Request::Register, Self::Registered | Self::Ready | Self::Running | Self::InitError | Self::ExitError)
            | (Request::Next { .. }, Self::Started | Self::Ready | Self::InitError | Self::ExitError)
            | (Request::InitError, Self::Started | Self::Ready | Self::Running | Self::ExitError)
            | (Request::ExitError, Self::Started | Self::InitError) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [ExtensionState; 6] = [
        ExtensionState::Started,
        ExtensionState::Registered,
        ExtensionState::Ready,
        ExtensionState::Running,
        ExtensionState::InitError,
        ExtensionState::ExitError,
    ];

    fn allowed(request: Request) -> Vec<String> {
        let allowed = STATES.into_iter().filter(|state| state.after(request).is_some());
        allowed.map(|state| state.to_string()).collect()
    }

    #[test]
    fn each_request_is_allowed_in_the_states_of_the_emulator() {
        assert_eq!(allowed(Request::Register), ["Started"]);
        assert_eq!(allowed(Request::Next { again: false }), ["Registered", "Running"]);
        assert_eq!(
            allowed(Request::Next { again: true }),
            ["Registered", "Ready", "Running"]
        );
        assert_eq!(allowed(Request::InitError), ["Registered", "InitError"]);
        assert_eq!(
            allowed(Request::ExitError),
            ["Registered", "Ready", "Running", "ExitError"]
        );
    }
}
