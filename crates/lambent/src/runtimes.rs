//! The catalogue of this host, and `lambent runtimes list`.

use crate::config;
use anyhow::Context as _;
use lambent_runtimes::{Availability, Bootstraps, Catalogue, Interpreter, Places, RuntimeReport, discover};
use std::{fmt::Write as _, fs, path::Path};

/// What this host runs functions with.
pub(crate) struct Host {
    pub(crate) catalogue: Catalogue,
    bootstraps: Bootstraps,
    interpreters: Vec<Interpreter>,
}

/// Finds the interpreters of this host and reads the catalogue, with the operator's additions in `<data-dir>/runtimes.toml`.
pub(crate) fn host(data_dir: &Path) -> anyhow::Result<Host> {
    let folder = data_dir.join("runtimes");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let bootstraps = Bootstraps::install(&folder).context("cannot write the bootstraps")?;
    let interpreters = discover(&Places::usual(config::variable, data_dir));
    let theirs = fs::read_to_string(data_dir.join("runtimes.toml")).ok();
    let catalogue = Catalogue::load(theirs.as_deref(), &interpreters, &bootstraps, &folder)
        .context("cannot read the runtime catalogue")?;
    Ok(Host {
        catalogue,
        bootstraps,
        interpreters,
    })
}

impl Host {
    /// The catalogue, the bootstraps, and work that compiles the bootstraps for every interpreter that gains from it: each start is then shorter by a
    /// quarter. It takes a second the first time and nothing later, and is meant for a thread where that does not matter.
    pub(crate) fn compile(self) -> (Catalogue, Bootstraps, impl FnOnce() + Send + 'static) {
        let Self {
            catalogue,
            bootstraps,
            interpreters,
        } = self;
        let kept = bootstraps.clone();
        let compiling = move || {
            for interpreter in &interpreters {
                if let Err(error) = bootstraps.precompile(interpreter) {
                    tracing::debug!(%error, program = %interpreter.program.display(), "the bootstrap was not compiled");
                }
            }
        };
        (catalogue, kept, compiling)
    }
}

/// Prints every runtime.
#[expect(clippy::print_stdout, reason = "a command line tool answers on standard output")]
pub(crate) fn list(data_dir: &Path) -> anyhow::Result<()> {
    let catalogue = host(data_dir)?.catalogue;
    let reports = catalogue.report();
    print!("{}", table(&reports));
    let inexact =
        |report: &&RuntimeReport| !matches!(report.availability, Availability::Interpreter { exact: true, .. });
    let served = |report: &&RuntimeReport| {
        catalogue
            .wanted(&report.id)
            .is_some_and(|(language, version)| language.serves(version))
    };
    let fetched = |report: &&RuntimeReport| catalogue.offer(&report.id).is_some_and(|offer| offer.exact);
    let names: Vec<_> = reports
        .iter()
        .filter(inexact)
        .filter(served)
        .filter(fetched)
        .map(|report| report.id.as_str())
        .collect();
    if !names.is_empty() {
        println!(
            "The very version can be had: lambent runtimes install {}",
            names.join(" ")
        );
    }
    Ok(())
}

/// One line a runtime.
pub(crate) fn table(reports: &[RuntimeReport]) -> String {
    reports.iter().fold(String::new(), |mut table, report| {
        let id = report.id.as_str();
        let _ = match &report.availability {
            Availability::Interpreter {
                program,
                version,
                exact: true,
            } => {
                writeln!(table, "  {id:<18} {version} ({})", program.display())
            }
            Availability::Interpreter {
                program,
                version,
                exact: false,
            } => {
                writeln!(table, "  {id:<18} {version} in its place ({})", program.display())
            }
            Availability::OwnProgram => writeln!(table, "  {id:<18} the function's own program"),
            Availability::Unavailable(why) => writeln!(table, "  {id:<18} not available: {why}"),
        };
        table
    })
}
