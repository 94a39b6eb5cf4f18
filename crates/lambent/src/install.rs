//! `lambent runtimes install`: interpreters from package registries, fetched by the registries' own clients.
//!
//! The clients know which registry to ask, through which proxy and with whose credentials, check what they get against the registry's
//! checksums, show their progress, and keep what they fetched, so that an attempt that was broken off goes on where it was. An
//! interpreter appears in the data directory whole or not at all.

use crate::{runtimes, sdk};
use anyhow::{Context as _, bail, ensure};
use lambent_runtimes::{
    Availability, Catalogue, Language, Library, Offer, Package, Registry, RuntimeReport, Source, Version,
};
use lambent_types::{RuntimeId, Sha256Digest};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    env::consts::ARCH,
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
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
        .map(|name| Ok((name, offer(&catalogue, name)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    for (name, offer) in wanted {
        install(data_dir, name, &offer).with_context(|| format!("{name} was not installed"))?;
    }
    Ok(())
}

/// Installs the AWS SDK of each of `names`; and the very interpreter where this host does not have it and a registry does.
pub(crate) fn run_with_sdk(data_dir: &Path, names: &[String]) -> anyhow::Result<()> {
    let catalogue = runtimes::host(data_dir)?.catalogue;
    let wanted = names
        .iter()
        .map(|name| Ok((name, sdk::wanted(&catalogue, name)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let fetched: Vec<String> = names
        .iter()
        .filter(|name| is_worth_fetching(&catalogue, name))
        .cloned()
        .collect();
    run(data_dir, &fetched)?;
    sweep(data_dir)?;
    for (name, wanted) in wanted {
        sdk::install(data_dir, &runtimes::host(data_dir)?.catalogue, name, wanted)
            .with_context(|| format!("the AWS SDK of {name} was not installed"))?;
    }
    Ok(())
}

fn is_worth_fetching(catalogue: &Catalogue, name: &str) -> bool {
    let id = RuntimeId::new(name);
    let is_served = |(language, version): (Language, &Version)| language.serves(version);
    let is_exact = |report: &RuntimeReport| {
        report.id == id && matches!(report.availability, Availability::Interpreter { exact: true, .. })
    };
    catalogue.wanted(&id).is_some_and(is_served)
        && catalogue.offer(&id).is_some_and(|offer| offer.exact)
        && !catalogue.report().iter().any(is_exact)
}

fn offer<'a>(catalogue: &'a Catalogue, name: &str) -> anyhow::Result<Offer<'a>> {
    let id = RuntimeId::new(name);
    let Some((language, version)) = catalogue.wanted(&id) else {
        bail!("{name} names no runtime with an interpreter; `lambent runtimes list` shows them");
    };
    ensure!(
        language.serves(version),
        "the bootstrap does not run on the version of {name}; the nearest newer one runs its functions"
    );
    catalogue.offer(&id).with_context(|| {
        let fix = lambent_runtimes::fix(name, language, version);
        format!("no package registry offers {name}: {fix}")
    })
}

fn install(data_dir: &Path, name: &str, offer: &Offer<'_>) -> anyhow::Result<()> {
    let package = offer.package;
    if let Some(version) = &package.version {
        if !offer.exact {
            let language = package.interpreter.name();
            say(&format!(
                "no registry has {language} {} for {name}: {version} stands in",
                offer.wanted
            ));
        }
        if is_there(data_dir, package, version) {
            return Ok(());
        }
    }
    let draft = Draft::new(data_dir)?;
    let fetched = fetch(&draft.folder("package")?, here(&package.from)?, offer.wanted)?;
    let version = match &package.version {
        Some(version) => version.clone(),
        None => fetched.release.parse().context("the registry tells an odd version")?,
    };
    if is_there(data_dir, package, &version) {
        return Ok(());
    }
    let installation = lay_out(&draft, package, &fetched)?;
    for (at, library) in package.library.iter().enumerate() {
        add(&draft.folder(&format!("library-{at}"))?, library, &installation)?;
    }
    open_to_all(&installation)?;
    check(&installation, package, &version)?;
    let place = place(data_dir, package, &version);
    fs::rename(&installation, &place).with_context(|| format!("cannot move it to {}", place.display()))?;
    let language = package.interpreter.name();
    say(&format!(
        "{language} {version} ({}) is in {}",
        fetched.checksum,
        place.display()
    ));
    Ok(())
}

/// Where an interpreter is installed: where the server looks for it.
fn place(data_dir: &Path, package: &Package, version: &Version) -> PathBuf {
    let language = format!("{:?}", package.interpreter).to_lowercase();
    data_dir.join("runtimes").join(format!("{language}-v{version}"))
}

fn is_there(data_dir: &Path, package: &Package, version: &Version) -> bool {
    let place = place(data_dir, package, version);
    let there = place.is_dir();
    if there {
        let language = package.interpreter.name();
        say(&format!("{language} {version} is there already: {}", place.display()));
    }
    there
}

fn here(from: &BTreeMap<String, Source>) -> anyhow::Result<&Source> {
    from.get(ARCH)
        .with_context(|| format!("there is no package for {ARCH}"))
}

/// What a registry's client has fetched.
#[derive(Debug)]
struct Fetched {
    registry: Registry,
    file: PathBuf,
    release: String,
    checksum: String,
}

/// Has the registry's client fetch a package into `folder`; it compares it with the registry's checksum.
fn fetch(folder: &Path, source: &Source, wanted: &Version) -> anyhow::Result<Fetched> {
    let release = source.release.clone().unwrap_or_else(|| wanted.to_string());
    let fetched = match source.registry {
        Registry::Npm => npm(folder, &source.name, &release)?,
        Registry::Pypi => pip(folder, source, &release)?,
    };
    if let Some(known) = &source.sha256 {
        let found = Sha256Digest::of(&fs::read(&fetched.file)?).to_hex();
        ensure!(
            &found == known,
            "{} is not the file that is known: its checksum is {found}",
            source.name
        );
    }
    Ok(fetched)
}

/// What `npm pack --json` says about a package.
#[derive(Debug, Deserialize)]
struct Packed {
    version: String,
    filename: String,
    integrity: String,
}

fn npm(folder: &Path, name: &str, release: &str) -> anyhow::Result<Fetched> {
    say(&format!("fetching {name}@{release}"));
    let output = Command::new("npm")
        .args(["pack", "--json", &format!("{name}@{release}")])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context(
            "cannot start npm, which knows the registry; it comes with every Node.js and as a package of its own",
        )?;
    succeeded("npm", output.status)?;
    let mut packed: Vec<Packed> =
        serde_json::from_slice(&output.stdout).context("npm tells what it fetched in an unknown form")?;
    let packed = packed.pop().context("npm fetched nothing")?;
    Ok(Fetched {
        registry: Registry::Npm,
        file: folder.join(packed.filename),
        release: packed.version,
        checksum: packed.integrity,
    })
}

fn pip(folder: &Path, source: &Source, release: &str) -> anyhow::Result<Fetched> {
    say(&format!("fetching {}=={release}", source.name));
    let status = Command::new("pip")
        .args([
            "download",
            "--disable-pip-version-check",
            "--no-deps",
            "--only-binary",
            ":all:",
        ])
        .args(source.wheel.as_deref().map(made_for).unwrap_or_default())
        .arg("--dest")
        .arg(folder)
        .arg(format!("{}=={release}", source.name))
        .stdin(Stdio::null())
        .status()
        .context(
            "cannot start pip, which knows the registry; it comes with every Python and as the package python3-pip",
        )?;
    succeeded("pip", status)?;
    let file = fs::read_dir(folder)?.next().context("pip fetched nothing")??.path();
    let checksum = Sha256Digest::of(&fs::read(&file)?).to_hex();
    Ok(Fetched {
        registry: Registry::Pypi,
        file,
        release: release.to_owned(),
        checksum: format!("sha256-{checksum}"),
    })
}

/// The options by which pip takes a wheel that is not for the Python it runs on.
fn made_for(wheel: &str) -> Vec<String> {
    let mut parts = wheel.splitn(3, '-');
    let mut next = || parts.next().unwrap_or_default();
    let (python, abi, platform) = (next(), next(), next());
    let digits = python
        .find(|letter: char| letter.is_ascii_digit())
        .unwrap_or(python.len());
    let (implementation, version) = python.split_at(digits);
    let options = [
        ("--implementation", implementation),
        ("--python-version", version),
        ("--abi", abi),
        ("--platform", platform),
    ];
    options
        .iter()
        .flat_map(|(option, value)| [(*option).to_owned(), (*value).to_owned()])
        .collect()
}

pub(crate) fn succeeded(client: &str, status: ExitStatus) -> anyhow::Result<()> {
    ensure!(status.success(), "{client} failed: {status}");
    Ok(())
}

/// Unpacks a package into a folder of its own.
fn unpack(fetched: &Fetched) -> anyhow::Result<PathBuf> {
    let folder = fetched.file.with_file_name("unpacked");
    fs::create_dir(&folder)?;
    match fetched.registry {
        Registry::Npm => {
            let status = Command::new("tar")
                .args(["-x", "--no-same-owner", "-C"])
                .arg(&folder)
                .arg("-zf")
                .arg(&fetched.file)
                .stdin(Stdio::null())
                .status()
                .context("cannot start tar")?;
            ensure!(status.success(), "the package cannot be unpacked: {status}");
        }
        Registry::Pypi => zip::ZipArchive::new(fs::File::open(&fetched.file)?)
            .and_then(|mut wheel| wheel.extract(&folder))
            .context("the package cannot be unpacked")?,
    }
    Ok(folder)
}

/// The directory that is the installation.
fn lay_out(draft: &Draft, package: &Package, fetched: &Fetched) -> anyhow::Result<PathBuf> {
    let root = unpack(fetched)?.join(&package.root);
    if package.becomes.is_empty() {
        return Ok(root);
    }
    let installation = draft.folder("installation")?;
    fs::rename(&root, installation.join(&package.becomes)).with_context(|| format!("there is no {}", package.root))?;
    Ok(installation)
}

/// Puts the files of a library beside an interpreter's own.
fn add(folder: &Path, library: &Library, installation: &Path) -> anyhow::Result<()> {
    let source = here(&library.from)?;
    let release = source.release.as_deref().context("a library names its release")?;
    let unpacked = unpack(&fetch(folder, source, &release.parse()?)?)?;
    for (path, place) in &library.files {
        let place = installation.join(place);
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::rename(unpacked.join(path), &place).with_context(|| format!("{} has no {path}", source.name))?;
    }
    Ok(())
}

/// Functions run under user ids of their own, and wheels do not always say which files are programs.
pub(crate) fn open_to_all(path: &Path) -> io::Result<()> {
    let kind = fs::symlink_metadata(path)?;
    if kind.is_dir() {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        for entry in fs::read_dir(path)? {
            open_to_all(&entry?.path())?;
        }
    } else if kind.is_file() {
        let mut magic = [0; 4];
        let is_program = fs::File::open(path)?.read_exact(&mut magic).is_ok() && &magic == b"\x7fELF";
        let mode = kind.permissions().mode() & 0o777 | if is_program { 0o755 } else { 0o444 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// Whether the program runs here and is what it ought to be.
fn check(installation: &Path, package: &Package, version: &Version) -> anyhow::Result<()> {
    let output = Command::new(installation.join(&package.program))
        .arg(&package.ask)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .context("the program in the package does not start here")?;
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let wanted = version.to_string();
    let mut numbers = told.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
    ensure!(
        numbers.any(|number| number == wanted),
        "the program in the package says {:?} and not {wanted}",
        told.trim()
    );
    Ok(())
}

/// A directory for one attempt, on the file system where the result is to be; it goes with the attempt.
pub(crate) struct Draft(PathBuf);

impl Draft {
    pub(crate) fn new(data_dir: &Path) -> anyhow::Result<Self> {
        let dir = data_dir.join(format!("{DRAFT}{}", std::process::id()));
        fs::create_dir(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        Ok(Self(dir))
    }

    /// A folder inside.
    pub(crate) fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.0.join(name);
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
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

pub(crate) fn say(line: &str) {
    // Nobody is left to be told when the terminal is gone.
    let _ = writeln!(io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_for_another_python_is_asked_for() {
        let options = made_for("cp39-cp39-manylinux2014_x86_64").join(" ");
        assert_eq!(
            options,
            "--implementation cp --python-version 39 --abi cp39 --platform manylinux2014_x86_64"
        );
    }

    fn package(text: &str) -> Package {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_wheel_becomes_an_installation() {
        let data = tempfile::tempdir().unwrap();
        let draft = Draft::new(data.path()).unwrap();
        let file = draft.folder("package").unwrap().join("x.whl");
        let mut wheel = zip::ZipWriter::new(fs::File::create(&file).unwrap());
        for (path, content) in [("a/b/program", &b"\x7fELF"[..]), ("a/b/data", b"x")] {
            wheel
                .start_file(path, zip::write::SimpleFileOptions::default())
                .unwrap();
            wheel.write_all(content).unwrap();
        }
        wheel.finish().unwrap();
        let fetched = Fetched {
            registry: Registry::Pypi,
            file,
            release: String::new(),
            checksum: String::new(),
        };
        let package = package("interpreter='java'\nroot='a/b'\nbecomes='bin'\nprogram='bin/program'\nask='x'\nfrom={}");
        let installation = lay_out(&draft, &package, &fetched).unwrap();
        open_to_all(&installation).unwrap();
        let mode = |path: &str| fs::metadata(installation.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("bin"), mode("bin/program")), (0o755, 0o755));
        assert_eq!(mode("bin/data") & 0o111, 0);
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
