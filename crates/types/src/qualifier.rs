//! Versions, aliases, and the qualifiers that name them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A version of a function. `$LATEST` is the one that can change; it sorts first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Version {
    /// `$LATEST`.
    #[default]
    Latest,
    /// A published, immutable version; counts from 1 and is never reused.
    Published(u64),
}

/// The text is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a version is $LATEST or a number from 1")]
pub struct InvalidVersion;

impl std::str::FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        if text == "$LATEST" {
            return Ok(Self::Latest);
        }
        match text.parse() {
            Ok(number) if number > 0 && text.bytes().all(|b| b.is_ascii_digit()) => Ok(Self::Published(number)),
            _ => Err(InvalidVersion),
        }
    }
}

impl TryFrom<String> for Version {
    type Error = InvalidVersion;

    fn try_from(text: String) -> Result<Self, InvalidVersion> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("$LATEST"),
            Self::Published(number) => number.fmt(f),
        }
    }
}

/// An alias name: 1 to 128 of `[a-zA-Z0-9-_]`, not digits alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AliasName(String);

/// The text is no alias name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an alias name has 1 to 128 letters, digits, hyphens and underscores, and not digits alone")]
pub struct InvalidAliasName;

impl AliasName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for AliasName {
    type Err = InvalidAliasName;

    fn from_str(text: &str) -> Result<Self, InvalidAliasName> {
        let shape = (1..=128).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !text.bytes().all(|b| b.is_ascii_digit());
        if shape {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidAliasName)
        }
    }
}

impl TryFrom<String> for AliasName {
    type Error = InvalidAliasName;

    fn try_from(text: String) -> Result<Self, InvalidAliasName> {
        text.parse()
    }
}

impl From<AliasName> for String {
    fn from(name: AliasName) -> Self {
        name.0
    }
}

impl fmt::Display for AliasName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What follows the function's name in an ARN: a version or an alias.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Qualifier {
    /// A version.
    Version(Version),
    /// An alias.
    Alias(AliasName),
}

/// The text is neither a version nor an alias name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a qualifier is a version or an alias name")]
pub struct InvalidQualifier;

impl std::str::FromStr for Qualifier {
    type Err = InvalidQualifier;

    fn from_str(text: &str) -> Result<Self, InvalidQualifier> {
        text.parse()
            .map(Self::Version)
            .or_else(|_| text.parse().map(Self::Alias))
            .map_err(|_| InvalidQualifier)
    }
}

impl fmt::Display for Qualifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => version.fmt(f),
            Self::Alias(alias) => alias.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_versions_and_names_are_aliases() {
        assert_eq!("$LATEST".parse(), Ok(Qualifier::Version(Version::Latest)));
        assert_eq!("12".parse(), Ok(Qualifier::Version(Version::Published(12))));
        assert!(matches!("live".parse(), Ok(Qualifier::Alias(_))));
        for bad in ["", "0", "$latest", "a.b", "+1"] {
            assert_eq!(bad.parse::<Qualifier>(), Err(InvalidQualifier), "{bad}");
        }
    }
}
