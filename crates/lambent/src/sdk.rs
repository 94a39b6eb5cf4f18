//! `lambent runtimes install --with-sdk`: the AWS SDK that AWS's runtimes bring along, fetched by the package registries' own clients.

use crate::install::{Draft, open_to_all, say, succeeded};
use anyhow::Context as _;
use lambent_runtimes::{Availability, Catalogue, Client, RuntimeReport, Sdk};
use lambent_types::RuntimeId;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The SDK of a runtime.
pub(crate) fn wanted<'a>(catalogue: &'a Catalogue, name: &str) -> anyhow::Result<&'a Sdk> {
    catalogue
        .sdk(&RuntimeId::new(name))
        .with_context(|| format!("there is no AWS SDK in the catalogue for {name}"))
}

/// Installs an SDK, unless it is there. It appears whole or not at all.
pub(crate) fn install(data_dir: &Path, catalogue: &Catalogue, name: &str, sdk: &Sdk) -> anyhow::Result<()> {
    let place = sdk.place(&data_dir.join("runtimes"));
    if place.is_dir() {
        say(&format!("the AWS SDK of {name} is there already: {}", place.display()));
        return Ok(());
    }
    let draft = Draft::new(data_dir)?;
    say(&format!("fetching {}", sdk.packages.join(" ")));
    let folder = fetch(&draft, sdk)?;
    compile(&folder, catalogue, name);
    open_to_all(&folder)?;
    fs::rename(&folder, &place).with_context(|| format!("cannot move it to {}", place.display()))?;
    say(&format!(
        "the AWS SDK of {} is in {}; a server that runs finds it when it is started again",
        sdk.runtimes.join(", "),
        place.display()
    ));
    Ok(())
}

/// Has the registry's client install the packages and what they depend on, which it compares with the registry's checksums. Nothing of
/// them is run.
fn fetch(draft: &Draft, sdk: &Sdk) -> anyhow::Result<PathBuf> {
    let folder = draft.folder("sdk")?;
    let (program, hint) = match sdk.client {
        Client::Pip => ("pip", "it comes with every Python and as the package python3-pip"),
        Client::Npm => ("npm", "it comes with every Node.js and as a package of its own"),
    };
    let mut command = Command::new(program);
    match sdk.client {
        Client::Pip => {
            command
                .args(["install", "--disable-pip-version-check", "--quiet", "--no-compile"])
                .args([
                    "--only-binary",
                    ":all:",
                    "--no-warn-conflicts",
                    "--root-user-action",
                    "ignore",
                ]);
            if let Some(python) = &sdk.python {
                command.args(["--python-version", python]);
            }
            command.arg("--target").arg(&folder);
        }
        Client::Npm => {
            command
                .args(["install", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund"])
                .arg("--prefix")
                .arg(&folder);
        }
    }
    let status = command
        .args(&sdk.packages)
        .current_dir(&folder)
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot start {program}, which knows the registry; {hint}"))?;
    succeeded(program, status)?;
    Ok(match sdk.client {
        Client::Npm => folder.join("node_modules"),
        Client::Pip => folder,
    })
}

/// Python compiles what it imports at every start unless it finds it compiled, and functions cannot write there. For the interpreter
/// that runs this runtime; for another the imports only take longer.
fn compile(folder: &Path, catalogue: &Catalogue, name: &str) {
    let is_named = |report: &RuntimeReport| report.id.as_str() == name;
    let program = match catalogue
        .report()
        .into_iter()
        .find(is_named)
        .map(|report| report.availability)
    {
        Some(Availability::Interpreter { program, .. }) => Some(program),
        Some(Availability::OwnProgram | Availability::Unavailable(_)) | None => None,
    };
    let is_python = program
        .as_ref()
        .and_then(|program| program.file_name()?.to_str())
        .is_some_and(|name| name.starts_with("python"));
    if let Some(program) = program.filter(|_| is_python) {
        // Nothing depends on it.
        let _ = Command::new(program)
            .args(["-S", "-m", "compileall", "-q"])
            .arg(folder)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}
