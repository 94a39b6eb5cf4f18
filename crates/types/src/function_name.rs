//! Function names.

use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// The bare name of a function: 1 to 140 of `[a-zA-Z0-9-_]`. `CreateFunction` allows 64 at most.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FunctionName(Arc<str>);

/// The text is no function name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a function name has 1 to 140 letters, digits, hyphens and underscores")]
pub struct InvalidFunctionName;

impl FunctionName {
    /// The longest name the API model admits anywhere.
    pub const MAX_LENGTH: usize = 140;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for FunctionName {
    type Err = InvalidFunctionName;

    fn from_str(text: &str) -> Result<Self, InvalidFunctionName> {
        let fits = (1..=Self::MAX_LENGTH).contains(&text.len());
        if fits
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        {
            Ok(Self(text.into()))
        } else {
            Err(InvalidFunctionName)
        }
    }
}

impl TryFrom<String> for FunctionName {
    type Error = InvalidFunctionName;

    fn try_from(text: String) -> Result<Self, InvalidFunctionName> {
        text.parse()
    }
}

impl From<FunctionName> for String {
    fn from(name: FunctionName) -> Self {
        name.as_str().to_owned()
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
