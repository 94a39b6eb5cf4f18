//! The control plane with few and with many functions stored: reads, writes, memory and start-up.
//!
//! The floor of a durable write is a bare SQLite commit of the same document on the same disk, with the settings the server uses.

use crate::{
    load::{self, Samples},
    server::Server,
};
use anyhow::Result;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use lambent_types::{Clock as _, SystemClock};
use rusqlite::Connection;
use std::{
    io::{Cursor, Write as _},
    path::Path,
    time::Duration,
};
use zip::{ZipWriter, write::SimpleFileOptions};

/// Functions stored in the two measurements.
const FEW: usize = 10;
const MANY: usize = 100_000;
const MANY_QUICKLY: usize = 2_000;
/// Connections that fill the store.
const FILLERS: usize = 64;
const ROUND: Duration = Duration::from_secs(3);
const COMMITS: usize = 300;

/// Measures `program` and prints a row per figure.
pub(crate) fn measure(program: &Path, arguments: &[String], quick: bool) -> Result<()> {
    let many = if quick { MANY_QUICKLY } else { MANY };
    let mut server = Server::start(program, arguments)?;
    let package = package()?;
    println!("{:<44} {:>16} {:>16}", "control plane", "p50 / p99", "per second");
    show("a bare SQLite commit, one at a time", &commits(&server)?);
    let mut stored = 0;
    for wanted in [FEW, many] {
        let (before, _) = server.resident();
        let filled = fill(&server, &package, stored, wanted)?;
        stored = wanted;
        let (after, _) = server.resident();
        show(&format!("CreateFunction up to {stored}, {FILLERS} at a time"), &filled);
        println!(
            "{:<44} {:>16} KiB, of which {} bytes a function by this filling",
            format!("  resident memory with {stored}"),
            after,
            after.saturating_sub(before) * 1_024 / (filled.count() as u64).max(1)
        );
        points(&server, stored)?;
    }
    server = server.restart(program, arguments)?;
    println!(
        "{:<44} {:>13} ms",
        format!("  start-up with {stored}"),
        server.start_up / 1_000
    );
    points(&server, stored)
}

/// Point operations among `stored` functions.
fn points(server: &Server, stored: usize) -> Result<()> {
    let read = |number: usize| {
        load::request(
            "GET",
            &format!("/2015-03-31/functions/{}/configuration", name(number)),
            b"",
        )
    };
    let write = |number: usize| {
        let body = format!(r#"{{"Description":"{number}"}}"#);
        let path = format!("/2015-03-31/functions/{}/configuration", name(number));
        load::request("PUT", &path, body.as_bytes())
    };
    let page = |_: usize| load::request("GET", "/2015-03-31/functions?MaxItems=50", b"");
    let spread = |count: usize| count.wrapping_mul(7_919) % stored;
    let one =
        |request: &dyn Fn(usize) -> Vec<u8>| load::run_each(server.address, |count| request(spread(count)), 1, ROUND);
    show(&format!("  GetFunctionConfiguration among {stored}"), &one(&read)?);
    show(&format!("  UpdateFunctionConfiguration among {stored}"), &one(&write)?);
    show(&format!("  ListFunctions, 50 of {stored}"), &one(&page)?);
    let reads = load::run_each(server.address, |count| read(spread(count)), FILLERS, ROUND)?;
    show(&format!("  GetFunctionConfiguration, {FILLERS} at a time"), &reads);
    if stored < FILLERS {
        // Two updates of one function at a time are refused, as on AWS.
        return Ok(());
    }
    let writes = load::run_each(server.address, |count| write(spread(count)), FILLERS, ROUND)?;
    show(&format!("  UpdateFunctionConfiguration, {FILLERS} at a time"), &writes);
    Ok(())
}

/// Creates the functions `from..to`.
fn fill(server: &Server, package: &str, from: usize, to: usize) -> Result<Samples> {
    let create = |number: usize| {
        let body = format!(
            r#"{{"FunctionName":"{}","Runtime":"python3.12","Handler":"index.handler","Role":"arn:aws:iam::000000000000:role/bench","Code":{{"ZipFile":"{package}"}}}}"#,
            name(from + number)
        );
        load::request("POST", "/2015-03-31/functions", body.as_bytes())
    };
    load::run_count(server.address, create, FILLERS.min(to - from), to - from)
}

fn name(number: usize) -> String {
    format!("bench-{number:06}")
}

/// The smallest package there is, as base64.
fn package() -> Result<String> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("index.py", SimpleFileOptions::default())?;
    zip.write_all(b"def handler(event, context): return event\n")?;
    Ok(BASE64_STANDARD.encode(zip.finish()?.into_inner()))
}

/// Commits of a document of a function's size, each waited for.
fn commits(server: &Server) -> Result<Samples> {
    let connection = Connection::open(server.data().join("floor.db"))?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE floor (id INTEGER PRIMARY KEY, document TEXT)")?;
    let document = "x".repeat(1_000);
    let clock = SystemClock::default();
    let began = clock.monotonic_micros();
    let mut latencies = Vec::with_capacity(COMMITS);
    for _ in 0..COMMITS {
        let before = clock.monotonic_micros();
        connection.execute("INSERT INTO floor (document) VALUES (?1)", [&document])?;
        latencies.push(clock.monotonic_micros() - before);
    }
    Ok(Samples::new(latencies, clock.monotonic_micros() - began))
}

/// Prints the row of a measurement.
pub(crate) fn show(what: &str, samples: &Samples) {
    let (p50, p99) = (samples.percentile(50).unwrap_or(0), samples.percentile(99).unwrap_or(0));
    println!(
        "{what:<44} {:>16} {:>16.0}",
        format!("{p50} / {p99} us"),
        samples.per_second()
    );
}
