//! `cargo xtask <task>`: the project's generators and the checks that are no lint. One file, one task.
#![allow(clippy::print_stdout, reason = "a task talks to the person who runs it")]

mod bench;
mod coverage;
mod layers;
mod models;
mod sizes;
mod workspace;

use anyhow::{Result, bail};

/// A task: its name, what it does, and the function that does it.
type Task = (&'static str, &'static str, fn(&[String]) -> Result<()>);

const TASKS: &[Task] = &[
    (
        "bench",
        "[--quick] [--only LABEL] [--server PROGRAM]… [-- SERVE-OPTION…]  measure the release build beside a floor",
        bench::run,
    ),
    (
        "coverage",
        "[--check FILE]  which operations of the models are implemented",
        coverage::run,
    ),
    ("layers", "  no crate uses a layer that it must not know", layers::run),
    (
        "models",
        "[--check | --refresh | --botocore DIR]  generate crates/models from models/*.json",
        models::run,
    ),
    (
        "sizes",
        "[--update]  files, functions and crates stay small",
        sizes::run,
    ),
];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        for (name, what, _) in TASKS {
            println!("cargo xtask {name} {what}");
        }
        return Ok(());
    };
    match TASKS.iter().find(|(task, _, _)| task == name) {
        Some((_, _, run)) => run(rest),
        None => bail!("there is no task {name}; `cargo xtask` lists them"),
    }
}
