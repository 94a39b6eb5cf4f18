//! `sizes`: files, functions and crates stay small enough to be read.
//!
//! What is already too large is listed in `xtask/sizes-baseline.txt` and may only shrink. Lines of tests and of generated files are not
//! counted.

mod source;

use crate::workspace::{Package, metadata, root, rust_files};
use anyhow::{Context, Result, bail, ensure};
use source::{functions, without_tests};
use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

/// Lines of a file without its tests.
const FILE: usize = 800;
/// From here a file is worth a look.
const FILE_WARNING: usize = 400;
/// Lines of a function, signature and braces included.
const FUNCTION: usize = 100;
/// Hand-written lines of a crate, without tests.
const CRATE: usize = 5_000;

/// What is too large, and how large.
type Excess = BTreeMap<String, usize>;

/// Runs the task.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let excess = measure()?;
    let baseline_path = root().join("xtask/sizes-baseline.txt");
    let baseline = parse_baseline(&fs::read_to_string(&baseline_path).unwrap_or_default())?;
    let grown = grown(&excess, &baseline);
    ensure!(grown.is_empty(), "{}", grown.join("\n"));
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => ensure!(
            excess == baseline,
            "something has shrunk: run `cargo xtask sizes --update`"
        ),
        ["--update"] => fs::write(&baseline_path, print_baseline(&excess))?,
        other => bail!("unknown arguments {other:?}"),
    }
    println!("sizes are within their budgets; {} known exceptions", excess.len());
    Ok(())
}

/// What is over its budget and either new or larger than the baseline allows.
fn grown(excess: &Excess, baseline: &Excess) -> Vec<String> {
    let over = excess
        .iter()
        .filter(|(name, lines)| baseline.get(*name).is_none_or(|known| *lines > known));
    over.map(|(name, lines)| format!("{name} has {lines} lines: over its budget, or over what it had"))
        .collect()
}

fn measure() -> Result<Excess> {
    let mut excess = Excess::new();
    for package in metadata()?.packages {
        let mut total = 0;
        for file in hand_written(&package)? {
            let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            total += measure_file(&mut excess, &file, &text);
        }
        if total > CRATE {
            excess.insert(format!("crate {}", package.name), total);
        }
    }
    Ok(excess)
}

/// Adds what is too large in one file, and returns its lines.
fn measure_file(excess: &mut Excess, file: &Path, text: &str) -> usize {
    let name = file.strip_prefix(root()).unwrap_or(file).display().to_string();
    let code = without_tests(text);
    let lines = code.lines().count();
    if lines > FILE {
        excess.insert(format!("file {name}"), lines);
    } else if lines > FILE_WARNING {
        println!("warning: {name} has {lines} lines");
    }
    for (function, lines) in functions(&code) {
        if lines > FUNCTION {
            excess.insert(format!("function {name}::{function}"), lines);
        }
    }
    lines
}

/// The sources of a crate that are neither generated nor tests.
fn hand_written(package: &Package) -> Result<Vec<PathBuf>> {
    let generated = package.lambent().map_or(&[][..], |lambent| &lambent.generated);
    let generated: Vec<PathBuf> = generated.iter().map(|path| package.directory().join(path)).collect();
    let mut files = rust_files(&package.directory().join("src"))?;
    files.retain(|file| !generated.iter().any(|path| file.starts_with(path)));
    files.retain(|file| file.file_name().is_none_or(|name| name != "tests.rs"));
    Ok(files)
}

fn parse_baseline(text: &str) -> Result<Excess> {
    let entries = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (lines, name) = line
                .split_once(' ')
                .with_context(|| format!("not a baseline entry: {line}"))?;
            Ok((name.to_owned(), lines.parse()?))
        });
    entries.collect()
}

fn print_baseline(excess: &Excess) -> String {
    let mut out =
        String::from("# What was too large when its budget was set. Entries may only shrink; new ones are refused.\n");
    for (name, lines) in excess {
        // Writing into a String cannot fail.
        let _ = writeln!(out, "{lines} {name}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_baseline_may_only_shrink() {
        let sizes = |lines| Excess::from([("file a.rs".to_owned(), lines)]);
        assert!(grown(&sizes(900), &sizes(900)).is_empty());
        assert!(grown(&sizes(850), &sizes(900)).is_empty());
        assert_eq!(grown(&sizes(901), &sizes(900)).len(), 1);
        assert_eq!(grown(&sizes(801), &Excess::new()).len(), 1);
        assert_eq!(parse_baseline(&print_baseline(&sizes(900))).unwrap(), sizes(900));
    }
}
