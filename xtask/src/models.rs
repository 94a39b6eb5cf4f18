//! `models`: the wire types of every service, generated from botocore's service models.
//!
//! The models are checked in at `models/*.json` without their documentation; generating needs no network. `--refresh` reads a botocore
//! wheel anew, `--check` fails when the generated files are not what the models make.

mod emit;
mod errors;
mod model;
mod names;
mod operations;
mod schema;
mod services;
mod trim;
mod types;

use crate::workspace::root;
use anyhow::{Context, Result, bail, ensure};
use model::Model;
use services::{SERVICES, ServiceSpec};
use std::{fs, path::PathBuf};

/// Runs the task.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => generate_all(false),
        ["--check"] => generate_all(true),
        ["--refresh"] => trim::from_wheel().and_then(|()| generate_all(false)),
        ["--botocore", directory] => trim::from_directory(directory.as_ref()).and_then(|()| generate_all(false)),
        other => bail!("unknown arguments {other:?}"),
    }
}

fn generate_all(check: bool) -> Result<()> {
    let mut stale = Vec::new();
    for service in SERVICES {
        let json =
            fs::read_to_string(model_path(service)).with_context(|| format!("models/{}.json", service.module))?;
        let model: Model = serde_json::from_str(&json).with_context(|| format!("models/{}.json", service.module))?;
        for (path, text) in emit::service(service, &model)? {
            let path = root().join("crates/models/src").join(path);
            if fs::read_to_string(&path).is_ok_and(|current| current == text) {
                continue;
            }
            if check {
                stale.push(path);
            } else {
                fs::create_dir_all(path.parent().unwrap_or(&path))?;
                fs::write(&path, text)?;
                println!("wrote {}", path.display());
            }
        }
    }
    ensure!(
        stale.is_empty(),
        "not what the models make: {stale:?}; run `cargo xtask models`"
    );
    println!("{} service(s) are what their models make", SERVICES.len());
    Ok(())
}

fn read(service: &ServiceSpec) -> Result<Model> {
    let named = || format!("models/{}.json", service.module);
    let json = fs::read_to_string(model_path(service)).with_context(named)?;
    serde_json::from_str(&json).with_context(named)
}

/// The file names and AWS names of a service's operations, sorted.
pub(crate) fn operation_files(module: &str) -> Result<Vec<(String, String)>> {
    let service = SERVICES.iter().find(|service| service.module == module);
    let model = read(service.with_context(|| format!("there is no service {module}"))?)?;
    let unserved = model.unserved.iter().map(String::as_str);
    let mut names: Vec<_> = model
        .operations
        .iter()
        .map(|(name, _)| name)
        .chain(unserved)
        .map(|name| (names::snake(name), name.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

fn model_path(service: &ServiceSpec) -> PathBuf {
    root().join(format!("models/{}.json", service.module))
}
