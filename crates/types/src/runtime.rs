//! Runtime identifiers and instruction sets.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A runtime identifier such as `python3.12`. Which ones can run here is the runtime catalogue's to say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuntimeId(String);

impl RuntimeId {
    /// Takes the identifier as the client wrote it; the model's enum has been checked before.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the function brings its own `bootstrap` (`provided`, `provided.al2`, `provided.al2023`).
    #[must_use]
    pub fn is_provided(&self) -> bool {
        self.0 == "provided" || self.0.starts_with("provided.")
    }
}

impl fmt::Display for RuntimeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The instruction set a function asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Architecture {
    /// 64-bit Intel and AMD.
    #[default]
    #[serde(rename = "x86_64")]
    X86_64,
    /// 64-bit Arm.
    #[serde(rename = "arm64")]
    Arm64,
}

impl Architecture {
    /// The API's name for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }

    /// Reads the API's name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::X86_64, Self::Arm64]
            .into_iter()
            .find(|arch| arch.as_str() == text)
    }
}
