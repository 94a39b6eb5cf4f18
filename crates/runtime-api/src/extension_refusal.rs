//! In which words extensions are refused what they ask for: those of AWS's own emulator.

use crate::{extension::ExtensionState, extensions::MAX_EXTENSIONS};
use uuid::Uuid;

/// Why a request is refused: each is a 403.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExtensionRefusal {
    #[error("Missing Lambda-Extension-Identifier header")]
    MissingIdentifier,
    #[error("Invalid Lambda-Extension-Identifier")]
    InvalidIdentifier,
    #[error("Unknown extension {0}")]
    Unknown(Uuid),
    #[error("Telemetry API subscription is closed already")]
    TelemetryClosed,
    #[error("Logs API subscription is closed already")]
    LogsClosed,
    #[error("Unknown Lambda-Extension-Identifier")]
    UnknownReporter,
    #[error("Lambda-Extension-Function-Error-Type not found")]
    MissingErrorType,
    #[error("Empty extension name")]
    EmptyName,
    #[error("{0}")]
    Format(String),
    #[error("{0}: {1}")]
    Event(String, &'static str),
    #[error("State transition from {from} to {to} failed for extension {who}. Error: State transition is not allowed")]
    Transition {
        from: ExtensionState,
        to: &'static str,
        who: String,
    },
    #[error("Extension registration closed already")]
    Closed,
    #[error("Extension with this name already registered")]
    NameTaken,
    #[error("Extension limit ({MAX_EXTENSIONS}) reached")]
    TooMany,
}

impl ExtensionRefusal {
    /// AWS's name of it.
    pub(crate) const fn error_type(&self) -> &'static str {
        match self {
            Self::MissingIdentifier => "Extension.MissingExtensionIdentifier",
            Self::InvalidIdentifier => "Extension.InvalidExtensionIdentifier",
            Self::Unknown(_) | Self::UnknownReporter => "Extension.UnknownExtensionIdentifier",
            Self::TelemetryClosed => "Telemetry.SubscriptionClosed",
            Self::LogsClosed => "Logs.SubscriptionClosed",
            Self::MissingErrorType => "Extension.MissingHeader",
            Self::EmptyName => "Extension.InvalidExtensionName",
            Self::Format(_) => "InvalidRequestFormat",
            Self::Event(..) => "Extension.InvalidEventType",
            Self::Transition { .. } | Self::NameTaken => "Extension.InvalidExtensionState",
            Self::Closed => "Extension.RegistrationClosed",
            Self::TooMany => "Extension.TooManyExtensions",
        }
    }
}
