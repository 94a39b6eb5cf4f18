//! The catalogue of this host, and `lambent runtimes list`.

use crate::config;
use anyhow::Context as _;
use lambent_runtimes::{Availability, Bootstraps, Catalogue, Places, RuntimeReport, discover};
use std::{fmt::Write as _, fs, path::Path};

/// Finds the interpreters of this host and reads the catalogue, with the operator's additions in `<data-dir>/runtimes.toml`.
pub(crate) fn catalogue(data_dir: &Path) -> anyhow::Result<Catalogue> {
    let folder = data_dir.join("runtimes");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let bootstraps = Bootstraps::install(&folder).context("cannot write the bootstraps")?;
    let places = Places::usual(config::variable, data_dir);
    let theirs = fs::read_to_string(data_dir.join("runtimes.toml")).ok();
    Catalogue::load(theirs.as_deref(), &discover(&places), &bootstraps, &folder)
        .context("cannot read the runtime catalogue")
}

/// Prints every runtime.
#[expect(clippy::print_stdout, reason = "a command line tool answers on standard output")]
pub(crate) fn list(data_dir: &Path) -> anyhow::Result<()> {
    print!("{}", table(&catalogue(data_dir)?.report()));
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
            Availability::OwnProgram => writeln!(table, "  {id:<18} the function's own bootstrap"),
            Availability::Unavailable(why) => writeln!(table, "  {id:<18} not available: {why}"),
        };
        table
    })
}
