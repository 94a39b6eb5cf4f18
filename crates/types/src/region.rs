//! AWS regions and the partition each belongs to.

use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// A region name such as `us-east-1`. Any label of that shape is a region here: operators may invent their own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(Arc<str>);

/// The text is no region name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a region name has 1 to 32 lower-case letters, digits and hyphens")]
pub struct InvalidRegion;

impl Region {
    /// The region name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition in this region's ARNs.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        match self.0.split('-').next() {
            Some("cn") => "aws-cn",
            Some("us") if self.0.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
}

impl Default for Region {
    fn default() -> Self {
        Self("us-east-1".into())
    }
}

impl std::str::FromStr for Region {
    type Err = InvalidRegion;

    fn from_str(text: &str) -> Result<Self, InvalidRegion> {
        let fits = (1..=32).contains(&text.len());
        if fits
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            Ok(Self(text.into()))
        } else {
            Err(InvalidRegion)
        }
    }
}

impl TryFrom<String> for Region {
    type Error = InvalidRegion;

    fn try_from(text: String) -> Result<Self, InvalidRegion> {
        text.parse()
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.as_str().to_owned()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_follow_the_prefix() {
        let partition = |region: &str| region.parse::<Region>().map(|r| r.partition());
        assert_eq!(partition("us-east-1"), Ok("aws"));
        assert_eq!(partition("us-gov-west-1"), Ok("aws-us-gov"));
        assert_eq!(partition("cn-north-1"), Ok("aws-cn"));
        assert_eq!(partition("US"), Err(InvalidRegion));
    }
}
