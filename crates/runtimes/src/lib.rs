//! Which runtimes exist, which interpreters this host has for them, and how a function's process is launched.
//!
//! - [`Places`] and [`discover`] look for interpreters on the host, without starting any that says its version by its path.
//! - [`Catalogue`] holds the runtimes of `runtimes/catalogue.toml`, chooses an interpreter for each and answers with a [`LaunchPlan`].
//! - [`Bootstraps`] puts the programs that run inside environments onto the disk.
//! - [`run_go_driver_if_asked`] is the program that runs inside environments of `go1.x`.
//! - [`platform_env`] builds the whole environment of a function's process.

mod bootstraps;
mod catalogue;
mod debugger;
mod discovery;
mod dotnet;
mod environment;
mod go;
mod image;
mod java;
mod package;
mod plan;
mod sdk;
mod selection;
mod spec;
mod version;

pub use bootstraps::Bootstraps;
pub use catalogue::{Availability, Catalogue, CatalogueError, RuntimeReport, Unavailable, fix};
pub use debugger::Debugger;
pub use discovery::{Places, discover};
pub use environment::{Credentials, FunctionEnvironment, InitializationType, extension_env, platform_env};
pub use go::run_go_driver_if_asked;
pub use image::image_plan;
pub use java::Preparation;
pub use package::{Library, Offer, Package, Registry, Source};
pub use plan::{FunctionFacts, InvalidEntrypoint, LaunchKind, LaunchPlan};
pub use sdk::{Client, Sdk};
pub use selection::{Interpreter, Language};
pub use spec::LogMode;
pub use version::Version;
