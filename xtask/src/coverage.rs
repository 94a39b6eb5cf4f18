//! `coverage`: which of the models' operations are implemented.
//!
//! An operation is implemented when `crates/*/src/ops/<resource>/<operation>.rs` exists, raw ones such as `invoke.rs` included. A file
//! that names no operation is an error, so nothing can be counted that AWS does not have.

use crate::{
    models::operation_files,
    workspace::{metadata, root, rust_files},
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
};

/// The services, Lambda first: the generated module, and AWS's name.
const SECTIONS: &[(&str, &str)] = &[
    ("lambda", "Lambda"),
    ("cloudwatch", "CloudWatch"),
    ("eventbridge", "EventBridge"),
    ("iam", "IAM"),
    ("logs", "CloudWatch Logs"),
    ("sns", "SNS"),
    ("sqs", "SQS"),
    ("sts", "STS"),
];

/// Runs the task.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let report = report()?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => print!("{report}"),
        ["--check", file] => {
            let path = root().join(file);
            let current = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            ensure!(
                current == report,
                "{file} is stale; run `cargo xtask coverage > {file}`"
            );
        }
        other => bail!("unknown arguments {other:?}"),
    }
    Ok(())
}

/// A service's operations: the name of its file, and AWS's.
type Known = Vec<(String, String)>;

fn report() -> Result<String> {
    let mut out = String::from("# Operations\n\nWhat is missing answers `501 NotImplementedException`.\n");
    let found = implemented()?;
    for (module, title) in SECTIONS {
        let known = operation_files(module)?;
        let there = found
            .iter()
            .find(|(service, _)| service == module)
            .map(|(_, files)| files);
        section(&mut out, title, &known, there.unwrap_or(&BTreeSet::new()))?;
    }
    let strangers: Vec<&String> = found
        .keys()
        .filter(|service| !SECTIONS.iter().any(|(module, _)| module == service))
        .collect();
    ensure!(strangers.is_empty(), "no service is called {strangers:?}");
    Ok(out)
}

fn section(out: &mut String, title: &str, known: &Known, found: &BTreeSet<String>) -> Result<()> {
    let names: BTreeSet<&str> = known.iter().map(|(file, _)| file.as_str()).collect();
    let strangers: Vec<&str> = found
        .iter()
        .map(String::as_str)
        .filter(|file| !names.contains(file))
        .collect();
    ensure!(strangers.is_empty(), "no operation of {title} is called {strangers:?}");
    let missing: Vec<&str> = known
        .iter()
        .filter(|(file, _)| !found.contains(file))
        .map(|(_, operation)| operation.as_str())
        .collect();
    // Writing into a String cannot fail.
    let _ = write!(out, "\n## {title}\n\nimplemented {} / {}\n", found.len(), known.len());
    if !missing.is_empty() {
        out.push_str("\nMissing:\n\n");
    }
    for operation in missing {
        let _ = writeln!(out, "- {operation}");
    }
    Ok(())
}

/// The names of the operations' files, by service: everything two levels below a crate's `ops`.
fn implemented() -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in metadata()?.packages {
        let ops = package.directory().join("src/ops");
        let service = package.lambent().and_then(|lambent| lambent.service.as_deref());
        for file in rust_files(&ops)? {
            let depth = file.strip_prefix(&ops).map_or(0, |below| below.components().count());
            let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let of_service = found.entry(service.unwrap_or("lambda").to_owned()).or_default();
            if depth == 2 && !of_service.insert(stem.to_owned()) {
                bail!("the operation {stem} has two files");
            }
        }
    }
    Ok(found)
}
