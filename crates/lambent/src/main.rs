//! AWS Lambda on your own machines.
//!
//! This crate is the composition: it reads the configuration, wires adapters to services and services to the edge, and stops them in
//! order. No behaviour lives here.

mod aws_endpoint;
mod carrier;
mod cli;
mod config;
mod doctor;
mod function_log;
mod health;
mod launcher;
mod outside;
mod runtimes;
mod serve;
mod wiring;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    // The starter of environments is this same program; it must be small and have no threads.
    lambent_sandbox_linux::run_starter_if_asked();
    match run(cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "a command line tool says why it failed")]
            {
                eprintln!("lambent: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(cli: cli::Cli) -> anyhow::Result<()> {
    match cli.command {
        cli::Command::Serve(options) => serve::run(config::Config::resolve(*options)?),
        cli::Command::Doctor(options) => doctor::run(&config::data_dir(options.data_dir)),
        cli::Command::Runtimes(cli::Runtimes::List(options)) => runtimes::list(&config::data_dir(options.data_dir)),
    }
}
