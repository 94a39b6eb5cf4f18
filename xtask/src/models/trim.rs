//! From a botocore wheel to the trimmed models that are checked in.

use super::{
    model::Model,
    model_path,
    services::{SERVICES, ServiceSpec},
};
use crate::workspace::root;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The release the checked-in models come from.
const BOTOCORE: &str = "botocore==1.44.5";

/// Fetches the wheel with pip, unpacks it into a temporary directory and trims from there.
pub(crate) fn from_wheel() -> Result<()> {
    let directory = std::env::temp_dir().join(format!("lambent-botocore-{}", std::process::id()));
    fs::create_dir_all(&directory)?;
    let result = unpack(&directory).and_then(|()| from_directory(&directory.join("botocore")));
    fs::remove_dir_all(&directory).context("cannot remove the unpacked wheel")?;
    result
}

fn unpack(directory: &Path) -> Result<()> {
    run(Command::new("pip")
        .args(["download", "--no-deps", "--quiet", BOTOCORE, "--dest"])
        .arg(directory))?;
    let wheel = fs::read_dir(directory)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .context("pip downloaded no wheel")?;
    run(Command::new("python3")
        .args(["-m", "zipfile", "-e"])
        .arg(wheel)
        .arg(directory))
    .map(drop)
}

/// Trims the models found in an unpacked botocore package.
pub(crate) fn from_directory(botocore: &Path) -> Result<()> {
    for service in SERVICES {
        let text = read(&botocore.join("data").join(service.botocore), service)?;
        let mut model: Model =
            serde_json::from_slice(&text).with_context(|| format!("the model of {}", service.module))?;
        if !service.only.is_empty() {
            model.keep(service.only);
        }
        let path = model_path(service);
        fs::create_dir_all(path.parent().unwrap_or(&path))?;
        fs::write(&path, serde_json::to_string_pretty(&model)? + "\n")?;
        println!("wrote {}", path.display());
        if service.examples {
            trim_examples(&botocore.join("data").join(service.botocore), service)?;
        }
    }
    Ok(())
}

/// botocore's example requests, kept as test data without their titles, answers and comments.
fn trim_examples(directory: &Path, service: &ServiceSpec) -> Result<()> {
    #[derive(Deserialize)]
    struct Examples {
        examples: BTreeMap<String, Vec<Example>>,
    }
    #[derive(Deserialize)]
    struct Example {
        #[serde(default)]
        input: serde_json::Value,
    }
    let Ok(text) = fs::read(directory.join("examples-1.json")) else {
        return Ok(());
    };
    let examples: Examples = serde_json::from_slice(&text)?;
    let inputs: BTreeMap<&String, Vec<&serde_json::Value>> = examples
        .examples
        .iter()
        .map(|(operation, examples)| (operation, examples.iter().map(|example| &example.input).collect()))
        .collect();
    let path = root().join(format!("crates/models/tests/data/{}-examples.json", service.module));
    fs::write(&path, serde_json::to_string_pretty(&inputs)? + "\n")?;
    println!("wrote {}", path.display());
    Ok(())
}

/// Wheels carry the models compressed, source checkouts plain.
fn read(directory: &Path, service: &ServiceSpec) -> Result<Vec<u8>> {
    let plain: PathBuf = directory.join("service-2.json");
    if plain.exists() {
        return fs::read(&plain).with_context(|| format!("the model of {}", service.module));
    }
    run(Command::new("gzip").arg("-dc").arg(directory.join("service-2.json.gz")))
}

fn run(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}
