//! Versions of interpreters.

use std::{fmt, str::FromStr};

/// `3.12`, `20` or `3.11.7`: as many parts as are known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(Vec<u32>);

/// The text is not made of numbers between dots.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a version is made of numbers between dots")]
pub struct InvalidVersion;

impl Version {
    /// The first part.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.0.first().copied().unwrap_or_default()
    }

    /// The second part, zero if it is not known.
    #[must_use]
    pub fn minor(&self) -> u32 {
        self.0.get(1).copied().unwrap_or_default()
    }

    /// Whether `self` is what `wanted` asks for: equal in all of its parts.
    #[must_use]
    pub fn satisfies(&self, wanted: &Self) -> bool {
        self.0.starts_with(&wanted.0)
    }
}

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        text.split('.')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map(Self)
            .map_err(|_| InvalidVersion)
    }
}

impl TryFrom<String> for Version {
    type Error = InvalidVersion;

    fn try_from(text: String) -> Result<Self, InvalidVersion> {
        text.parse()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            part.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_their_parts() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        assert!(version("3.9") < version("3.10"));
        assert!(version("3.11.7").satisfies(&version("3.11")));
        assert!(!version("3.11.7").satisfies(&version("3.1")));
        assert!(version("20.1.0").satisfies(&version("20")));
        assert_eq!(version("3.11.7").to_string(), "3.11.7");
        assert!("3.x".parse::<Version>().is_err() && "".parse::<Version>().is_err());
    }
}
