//! Runtime identifiers and instruction sets.

use crate::{Region, Sha256Digest};
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

    /// The runtime's version as the INIT_START line of a log names it (recorded: `test_invocation_type_event_error`): `python3.10` is
    /// `python:3.10.v1`. AWS counts the last number up with each of its images; there is one of each runtime here.
    #[must_use]
    pub fn version_name(&self) -> String {
        let id = self.0.strip_suffix(".x").unwrap_or(&self.0);
        let family = id.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(id.len());
        let (family, version) = id.split_at(family);
        match version.trim_start_matches('.') {
            "" => format!("{family}.v1"),
            version => format!("{family}:{version}.v1"),
        }
    }

    /// The ARN of the runtime's version: another one for each architecture (recorded: `test_mixed_architecture`).
    #[must_use]
    pub fn version_arn(&self, architecture: Architecture, region: &Region) -> String {
        let version = match architecture {
            Architecture::X86_64 => Sha256Digest::of(self.0.as_bytes()),
            Architecture::Arm64 => Sha256Digest::of(format!("{self}.arm64").as_bytes()),
        };
        format!(
            "arn:{}:lambda:{region}::runtime:{}",
            region.partition(),
            version.to_hex()
        )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_a_name_and_an_arn() {
        let names = [
            ("python3.10", "python:3.10.v1"),
            ("nodejs20.x", "nodejs:20.v1"),
            ("java8.al2", "java:8.al2.v1"),
            ("provided.al2023", "provided:al2023.v1"),
            ("provided", "provided.v1"),
            ("go1.x", "go:1.v1"),
        ];
        for (id, name) in names {
            assert_eq!(RuntimeId::new(id).version_name(), name);
        }
        let region: Region = "us-east-1".parse().unwrap();
        let arns = [Architecture::X86_64, Architecture::Arm64]
            .map(|architecture| RuntimeId::new("python3.12").version_arn(architecture, &region));
        assert!(arns[0].starts_with("arn:aws:lambda:us-east-1::runtime:") && arns[0] != arns[1]);
    }
}
