//! `cargo xtask bench`: measures the real server beside a floor, in one run.
//!
//! The load is made by this process, on a thread of its own, so that client and server share the machine. The floor (see [`floor`]) runs
//! in this process too, on another thread. Both are measured in turns, so that what else the machine does meets both.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod control;
mod events;
mod floor;
mod function;
mod http;
mod load;
mod logs;
mod machine;
mod measure;
mod report;
mod server;

use anyhow::{Context as _, Result};
use clap::Parser;
use std::path::PathBuf;

/// Measures a release build of Lambent beside a floor.
#[derive(Debug, Parser)]
struct Options {
    /// Fewer and shorter rounds: below 20 seconds.
    #[arg(long)]
    quick: bool,

    /// The server's program; may be given several times, to compare builds in one run. The first is what the ratios are of.
    #[arg(long, required = true)]
    server: Vec<PathBuf>,

    /// The statically linked runtime client.
    #[arg(long)]
    static_runtime: PathBuf,

    /// Measure the control plane instead: with 10 and with 100,000 functions stored.
    #[arg(long)]
    control: bool,

    /// Measure queries of logs instead: one hour of a week of 10 million events.
    #[arg(long)]
    logs: bool,

    /// Measure asynchronous events and queues instead, with a million messages waiting.
    #[arg(long)]
    events: bool,

    /// Measure only functions whose label contains this.
    #[arg(long)]
    only: Option<String>,

    /// Further arguments of `lambent serve`.
    #[arg(last = true)]
    serve: Vec<String>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    if options.control {
        println!("{}\n", machine::facts());
        return control::measure(&options.server[0], &options.serve, options.quick);
    }
    if options.logs {
        println!("{}\n", machine::facts());
        return logs::measure(options.quick);
    }
    let folder = tempfile::Builder::new().prefix("lambent-bench-").tempdir()?;
    // Functions run under a user id of their own.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let mut functions = function::all(folder.path(), &options.static_runtime)?;
    if let Some(only) = &options.only {
        functions.retain(|function| function.label.contains(only.as_str()));
    }
    println!("{}", machine::facts());
    if options.events {
        let function = functions.into_iter().next().context("there is no function")?;
        return events::measure(&options.server[0], &options.serve, function, options.quick);
    }
    println!(
        "The load comes from a thread of the benchmark's own process, the floor is another thread of it; page cache warm.\n"
    );
    let pace = if options.quick { measure::QUICK } else { measure::FULL };
    measure::idle(&options.server, &options.serve)?
        .iter()
        .for_each(|line| println!("{line}"));
    println!("\n{}", report::head(options.server.len()));
    measure::all(&options.server, &options.serve, &functions, pace, |row| {
        println!("{row}")
    })
}
