//! The AWS SDKs that AWS's runtimes bring along, as the catalogue tells of them. Here they are installed when they are wanted.

use lambent_sandbox::BindMount;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// One SDK for some runtimes: `[[sdk]]` of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sdk {
    /// What its folder is called. Another version is another name.
    pub name: String,
    /// Which runtimes have it.
    pub runtimes: Vec<String>,
    /// What installs it.
    pub client: Client,
    /// For pip: the version of Python for which dependencies are chosen, the oldest of the runtimes.
    pub python: Option<String>,
    /// The packages, as the client names them with their versions.
    pub packages: Vec<String>,
    /// Where functions have it: a folder that the bootstraps keep for it.
    pub inside: String,
}

/// A package registry's own client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Client {
    /// Python's.
    Pip,
    /// Node.js's.
    Npm,
}

impl Sdk {
    /// Where it is installed, below the directory of the runtimes. It is there whole or not at all.
    #[must_use]
    pub fn place(&self, runtimes: &Path) -> PathBuf {
        runtimes.join(format!("sdk-{}", self.name))
    }

    /// The mount by which functions have it; `None` where it is not installed.
    pub(crate) fn mount(&self, runtimes: &Path) -> Option<BindMount> {
        let host = self.place(runtimes);
        host.is_dir().then(|| BindMount {
            host,
            inside: self.inside.clone(),
        })
    }
}

/// The SDK of a runtime.
pub(crate) fn of<'a>(sdks: &'a [Sdk], runtime: &str) -> Option<&'a Sdk> {
    sdks.iter().find(|sdk| sdk.runtimes.iter().any(|each| each == runtime))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_sdk_is_mounted_once_it_is_installed() {
        let sdk: Sdk = toml::from_str(
            "name = 'b-1'\nruntimes = ['python3.12']\nclient = 'pip'\npackages = ['b==1']\ninside = '/var/runtime/sdk'",
        )
        .unwrap();
        let sdks = [sdk];
        assert_eq!(of(&sdks, "python3.13"), None);
        let root = tempfile::tempdir().unwrap();
        let found = of(&sdks, "python3.12").unwrap();
        assert_eq!(found.mount(root.path()), None);
        std::fs::create_dir(root.path().join("sdk-b-1")).unwrap();
        assert_eq!(found.mount(root.path()).unwrap().inside, "/var/runtime/sdk");
    }
}
