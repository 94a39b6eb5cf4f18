//! `cargo xtask <task>`: the project's generators and the checks that are no lint. One file, one task.
#![allow(clippy::print_stdout, reason = "a task talks to the person who runs it")]

mod models;
mod workspace;

use anyhow::{Result, bail};

/// A task: its name, what it does, and the function that does it.
type Task = (&'static str, &'static str, fn(&[String]) -> Result<()>);

const TASKS: &[Task] = &[(
    "models",
    "[--check | --refresh | --botocore DIR]  generate crates/models from models/*.json",
    models::run,
)];

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
