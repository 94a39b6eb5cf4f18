//! `bench`: builds the release and measures it beside a floor.

use crate::workspace::root;
use anyhow::{Result, ensure};
use std::{path::PathBuf, process::Command};

/// Runs the task. The arguments go to the benchmark.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let bins = [
        "-p",
        "lambent",
        "-p",
        "lambent-bench",
        "--bin",
        "lambent",
        "--bin",
        "lambent-bench",
    ];
    let build = ["build", "--release"];
    start(cargo().args(build).args(bins))?;
    // Functions bring whole programs along: nothing of the host's libraries.
    let client = ["rustc", "--release", "-p", "lambent-bench", "--bin", "static-runtime"];
    start(cargo().args(client).args(["--", "-C", "target-feature=+crt-static"]))?;
    let release = root().join("target/release");
    let program = |name: &str| -> PathBuf { release.join(name) };
    start(
        Command::new(program("lambent-bench"))
            .arg("--server")
            .arg(program("lambent"))
            .arg("--static-runtime")
            .arg(program("static-runtime"))
            .args(arguments),
    )
}

fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root());
    cargo
}

fn start(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}
