//! Chooses an interpreter for a runtime: pure.

use crate::version::Version;
use serde::Deserialize;
use std::path::PathBuf;

/// What is looked for on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// `python2.7`, `python3.12`, …
    Python,
    /// `node`.
    Node,
    /// `ruby`.
    Ruby,
    /// `java`, of a JDK or of a JRE.
    Java,
    /// `dotnet`, beside its shared frameworks.
    Dotnet,
}

impl Language {
    /// What people call its interpreter.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::Node => "Node.js",
            Self::Ruby => "Ruby",
            Self::Java => "Java",
            Self::Dotnet => ".NET",
        }
    }
}

impl Language {
    /// Whether the bootstrap runs on this version of the interpreter. It is written in the language of Node.js 4.
    #[must_use]
    pub fn serves(self, version: &Version) -> bool {
        match self {
            Self::Node => version.major() >= 4,
            Self::Python | Self::Ruby | Self::Java | Self::Dotnet => true,
        }
    }
}

/// An interpreter that was found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Interpreter {
    /// Its language.
    pub language: Language,
    /// Its version, as exactly as its place tells.
    pub version: Version,
    /// The program itself, all links resolved.
    pub program: PathBuf,
}

/// An interpreter for a runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice<'a> {
    pub(crate) interpreter: &'a Interpreter,
    /// Whether it is the version that the runtime names.
    pub(crate) exact: bool,
}

/// The interpreter that comes [nearest] to `wanted`. Among equals the first found wins.
pub(crate) fn choose<'a>(language: Language, wanted: &Version, found: &'a [Interpreter]) -> Option<Choice<'a>> {
    let candidates: Vec<_> = found
        .iter()
        .filter(|each| each.language == language)
        .map(|each| (&each.version, each))
        .collect();
    let (interpreter, exact) = nearest(language, wanted, &candidates)?;
    Some(Choice { interpreter, exact })
}

/// What comes nearest to `wanted`, and whether it is that: of the same version, else the nearest newer one, else the nearest older one.
/// Python 2 and Python 3 never stand in for each other. Among equals the first wins.
pub(crate) fn nearest<'a, T>(language: Language, wanted: &Version, all: &[(&Version, &'a T)]) -> Option<(&'a T, bool)> {
    let candidates = || {
        all.iter()
            .filter(|(version, _)| may_stand_in(language, version, wanted))
    };
    let exact = candidates().filter(|(version, _)| version.satisfies(wanted));
    if let Some((_, found)) = exact.min_by_key(|(version, _)| std::cmp::Reverse((*version).clone())) {
        return Some((found, true));
    }
    let release = |version: &Version| (version.major(), version.minor());
    let newer = candidates()
        .filter(|(version, _)| release(version) >= release(wanted))
        .min_by_key(|(version, _)| release(version));
    let (_, found) = newer.or_else(|| candidates().max_by_key(|(version, _)| release(version)))?;
    Some((found, false))
}

fn may_stand_in(language: Language, version: &Version, wanted: &Version) -> bool {
    match language {
        Language::Python => version.major() == wanted.major(),
        // An older one runs what was compiled for it, whatever the runtime is called; of the rest it says itself that it cannot.
        Language::Node | Language::Ruby | Language::Java | Language::Dotnet => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(language: Language, versions: &[&str]) -> Vec<Interpreter> {
        let interpreter = |version: &&str| Interpreter {
            language,
            version: version.parse().unwrap(),
            program: format!("/x/{version}").into(),
        };
        versions.iter().map(interpreter).collect()
    }

    fn chosen(language: Language, wanted: &str, versions: &[&str]) -> Option<(String, bool)> {
        let found = found(language, versions);
        let choice = choose(language, &wanted.parse().unwrap(), &found)?;
        Some((choice.interpreter.version.to_string(), choice.exact))
    }

    #[test]
    fn the_named_version_is_preferred_and_its_latest_patch() {
        let python = |wanted| chosen(Language::Python, wanted, &["3.11", "3.11.7", "3.12.1", "2.7.18"]);
        assert_eq!(python("3.11"), Some(("3.11.7".to_owned(), true)));
        assert_eq!(python("2.7"), Some(("2.7.18".to_owned(), true)));
    }

    #[test]
    fn the_nearest_newer_one_stands_in_else_the_nearest_older() {
        let python = |wanted| chosen(Language::Python, wanted, &["3.8.18", "3.11.7", "3.12.1"]);
        assert_eq!(python("3.9"), Some(("3.11.7".to_owned(), false)));
        assert_eq!(python("3.14"), Some(("3.12.1".to_owned(), false)));
        let node = |wanted| chosen(Language::Node, wanted, &["18.20.8", "20.20.2"]);
        assert_eq!(node("8.10"), Some(("18.20.8".to_owned(), false)));
        assert_eq!(node("24"), Some(("20.20.2".to_owned(), false)));
        assert_eq!(node("20"), Some(("20.20.2".to_owned(), true)));
    }

    #[test]
    fn a_newer_java_stands_in_rather_than_an_older_one() {
        let java = |wanted| chosen(Language::Java, wanted, &["17.0.15", "25.0.3"]);
        assert_eq!(java("8"), Some(("17.0.15".to_owned(), false)));
        assert_eq!(java("17"), Some(("17.0.15".to_owned(), true)));
        assert_eq!(java("21"), Some(("25.0.3".to_owned(), false)));
        assert_eq!(
            chosen(Language::Java, "21", &["17.0.15"]),
            Some(("17.0.15".to_owned(), false))
        );
    }

    #[test]
    fn python_2_and_3_never_stand_in_for_each_other() {
        assert_eq!(chosen(Language::Python, "2.7", &["3.11.7"]), None);
        assert_eq!(chosen(Language::Python, "3.6", &["2.7.18"]), None);
        assert_eq!(
            choose(
                Language::Node,
                &"20".parse().unwrap(),
                &found(Language::Python, &["3.11"])
            ),
            None
        );
    }
}
