//! AWS Lambda on your own machines.
//!
//! This crate is the composition: it reads the configuration, wires adapters to services and services to the edge, and stops them in
//! order. No behaviour lives here.

mod aws_endpoint;
mod carrier;
mod cli;
mod config;
mod dev;
mod doctor;
mod function_log;
mod health;
mod install;
mod launcher;
mod launcher_image;
mod outside;
mod runtimes;
mod sdk;
mod secret;
mod serve;
mod telemetry;
mod wiring;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    // The starter of environments is this same program; it must be small and have no threads.
    lambent_sandbox_linux::run_starter_if_asked();
    // So is what stands inside environments between the Runtime API and programs of go1.x.
    if let Some(status) = lambent_runtimes::run_go_driver_if_asked(config::variable) {
        return ExitCode::from(status);
    }
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
        cli::Command::Serve(options) => serve::run(config::Config::resolve(*options)?, None),
        cli::Command::Dev(options) => dev::run(*options),
        cli::Command::Doctor(options) => doctor::run(&config::data_dir(options.data_dir)),
        cli::Command::Runtimes(cli::Runtimes::List(options)) => runtimes::list(&config::data_dir(options.data_dir)),
        cli::Command::Runtimes(cli::Runtimes::Install {
            names,
            with_sdk,
            data_dir,
        }) => {
            let data_dir = config::data_dir(data_dir.data_dir);
            if with_sdk {
                install::run_with_sdk(&data_dir, &names)
            } else {
                install::run(&data_dir, &names)
            }
        }
    }
}
