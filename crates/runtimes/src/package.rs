//! The interpreters that package registries have, as the catalogue tells of them.

use crate::{Language, Version, selection::nearest};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One interpreter in a registry: `[[package]]` of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Package {
    /// Which interpreter.
    pub interpreter: Language,
    /// The version that is in it. `None`: the package has a release for each version of the interpreter, numbered alike.
    #[serde(default, deserialize_with = "crate::spec::optional_version")]
    pub version: Option<Version>,
    /// The folder inside that is the installation.
    #[serde(default)]
    pub root: String,
    /// The folder of the installation that it becomes.
    #[serde(default)]
    pub becomes: String,
    /// The program, below the installation.
    pub program: String,
    /// What the program is started with to tell its version.
    pub ask: String,
    /// Where it is, by the machine's architecture as Rust names it.
    pub from: BTreeMap<String, Source>,
    /// Libraries that it needs and that hosts do not have any more.
    #[serde(default)]
    pub library: Vec<Library>,
}

/// Files of a package that an installation needs beside its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// Where they are, by the machine's architecture.
    pub from: BTreeMap<String, Source>,
    /// Path in the package to path in the installation.
    pub files: BTreeMap<String, String>,
}

/// A package of a registry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Whose own client fetches it.
    pub registry: Registry,
    /// The package's name.
    pub name: String,
    /// Its release. `None`: the one that is numbered like the interpreter.
    pub release: Option<String>,
    /// What the file is known to be. `None`: what the registry says is believed.
    pub sha256: Option<String>,
    /// For wheels that are made for one Python: which, as `cp39-cp39-manylinux2014_x86_64`.
    pub wheel: Option<String>,
}

/// A registry, by its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registry {
    /// `npm pack`: a compressed tar archive.
    Npm,
    /// `pip download`: a wheel, which is a zip archive.
    Pypi,
}

/// What a registry has for a runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer<'a> {
    /// The package.
    pub package: &'a Package,
    /// The version that the runtime names.
    pub wanted: &'a Version,
    /// Whether that is what is in it, and not one that stands in.
    pub exact: bool,
}

/// The package for an interpreter: of the very version, else of the one that would stand in.
pub(crate) fn offer<'a>(
    packages: &'a [Package],
    language: Language,
    wanted: &'a Version,
    machine: &str,
) -> Option<Offer<'a>> {
    let offered = |each: &&Package| each.interpreter == language && each.from.contains_key(machine);
    let every = packages.iter().filter(offered).find(|each| each.version.is_none());
    if let Some(package) = every {
        return Some(Offer {
            package,
            wanted,
            exact: true,
        });
    }
    let versions: Vec<_> = packages
        .iter()
        .filter(offered)
        .filter_map(|package| Some((package.version.as_ref()?, package)))
        .collect();
    let (package, exact) = nearest(language, wanted, &versions)?;
    Some(Offer { package, wanted, exact })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(version: &str) -> Package {
        let text = format!(
            "interpreter = 'dotnet'\n{version}\nprogram = 'p'\nask = 'a'\nfrom.x86_64 = {{ registry = 'pypi', name = 'n' }}"
        );
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn the_very_version_is_offered_else_one_that_stands_in() {
        let packages = [package("version = '3.1.23'"), package("version = '8.0.4'")];
        let offered = |language, wanted: &str, machine| {
            let wanted = wanted.parse().unwrap();
            let offer = offer(&packages, language, &wanted, machine)?;
            Some((offer.package.version.as_ref().unwrap().to_string(), offer.exact))
        };
        let dotnet = |wanted| offered(Language::Dotnet, wanted, "x86_64");
        assert_eq!(dotnet("8"), Some(("8.0.4".to_owned(), true)));
        assert_eq!(dotnet("6"), Some(("8.0.4".to_owned(), false)));
        assert_eq!(dotnet("2.1"), Some(("3.1.23".to_owned(), false)));
        assert_eq!(offered(Language::Dotnet, "8", "riscv64"), None);
        assert_eq!(offered(Language::Ruby, "8", "x86_64"), None);
    }

    #[test]
    fn a_package_with_a_release_for_each_version_offers_all() {
        let (packages, wanted) = ([package("")], "4".parse().unwrap());
        assert!(offer(&packages, Language::Dotnet, &wanted, "x86_64").unwrap().exact);
    }
}
