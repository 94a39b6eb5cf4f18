//! `coverage`: which of the models' operations are implemented.
//!
//! An operation is implemented when `crates/*/src/ops/<resource>/<operation>.rs` exists, raw ones such as `invoke.rs` included. A file
//! that names no operation is an error, so nothing can be counted that AWS does not have.

use crate::{
    models::operation_files,
    workspace::{root, rust_files},
};
use anyhow::{Context, Result, bail, ensure};
use std::{collections::BTreeSet, fmt::Write, fs, path::Path};

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

fn report() -> Result<String> {
    let known = operation_files("lambda")?;
    let found = implemented(&root().join("crates"))?;
    let names: BTreeSet<&str> = known.iter().map(|(file, _)| file.as_str()).collect();
    let strangers: Vec<&str> = found
        .iter()
        .map(String::as_str)
        .filter(|file| !names.contains(file))
        .collect();
    ensure!(
        strangers.is_empty(),
        "no operation of the model is called {strangers:?}"
    );
    let missing: Vec<&str> = known
        .iter()
        .filter(|(file, _)| !found.contains(file))
        .map(|(_, operation)| operation.as_str())
        .collect();
    let mut out = format!("# Lambda operations\n\nimplemented {} / {}\n", found.len(), known.len());
    if !missing.is_empty() {
        out.push_str("\nMissing:\n\n");
    }
    for operation in missing {
        // Writing into a String cannot fail.
        let _ = writeln!(out, "- {operation}");
    }
    Ok(out)
}

/// The names of the operations' files: everything two levels below a crate's `ops`.
fn implemented(crates: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for one in fs::read_dir(crates)? {
        let ops = one?.path().join("src/ops");
        for file in rust_files(&ops)? {
            let depth = file.strip_prefix(&ops).map_or(0, |below| below.components().count());
            let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            if depth == 2 && !found.insert(stem.to_owned()) {
                bail!("the operation {stem} has two files");
            }
        }
    }
    Ok(found)
}
