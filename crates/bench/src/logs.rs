//! Queries of logs: one hour out of a week of one group's events.

use anyhow::{Context as _, Result};
use lambent_log_store::{
    Direction, LogGroupKey, LogStore as _, Matcher, NewEvent, Page, Position, Query, Reached, Streams,
};
use lambent_log_store_files::{FileLogs, Options};
use lambent_types::{Clock, Scope, SystemClock};
use std::{path::Path, sync::Arc};

const EVENTS: u64 = 10_000_000;
/// For a glance.
const FEW_EVENTS: u64 = 1_000_000;
const WEEK: u64 = 7 * 24 * HOUR;
const HOUR: u64 = 3_600_000;
const STREAMS: u64 = 20;
const BATCH: u64 = 10_000;
/// The first event's moment, in milliseconds since the epoch.
const BEGIN: u64 = 1_795_000_000_000;
/// One message in so many is looked for.
const RARE: u64 = 5_000;

/// Writes a week of events and measures an hour in the middle of it.
pub(crate) fn measure(quick: bool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(run(if quick { FEW_EVENTS } else { EVENTS }))
}

async fn run(count: u64) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("lambent-bench-logs-").tempdir()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let seconds = |began: u64| {
        let micros = u32::try_from(clock.monotonic_micros() - began).unwrap_or(u32::MAX);
        f64::from(micros) / 1e6
    };
    let began = clock.monotonic_micros();
    let logs = open(folder.path(), &clock)?;
    write(&logs, count).await?;
    let stored = logs.group(&key()?).context("the group is gone")?.stored_bytes;
    println!(
        "{count} events of {STREAMS} streams in {} MB: written in {:.1} s",
        stored >> 20,
        seconds(began)
    );
    drop(logs);
    let began = clock.monotonic_micros();
    let logs = open(folder.path(), &clock)?;
    println!("opened again in {:.3} s", seconds(began));

    let began = clock.monotonic_micros();
    let page = logs.read(hour()?).await?;
    println!(
        "an hour, its first page of {} events: {:.3} s",
        page.events.len(),
        seconds(began)
    );
    let began = clock.monotonic_micros();
    let found = all(&logs, hour()?).await?;
    println!("an hour, all {found} events: {:.3} s", seconds(began));
    let began = clock.monotonic_micros();
    let query = Query {
        streams: Streams::Named(vec!["stream-7".to_owned()]),
        ..hour()?
    };
    let found = all(&logs, query).await?;
    println!("an hour of one stream, all {found} events: {:.3} s", seconds(began));
    let rare = || Matcher::new(|message: &[u8]| message.windows(5).any(|piece| piece == b"ERROR"));
    let began = clock.monotonic_micros();
    let query = Query {
        matcher: Some(rare()),
        ..hour()?
    };
    let found = all(&logs, query).await?;
    println!("an hour, the {found} events that say ERROR: {:.3} s", seconds(began));
    let began = clock.monotonic_micros();
    let query = Query {
        direction: Direction::Backward,
        after: None,
        before: None,
        ..hour()?
    };
    let page = logs.read(query).await?;
    println!("the newest {} events: {:.3} s", page.events.len(), seconds(began));
    Ok(())
}

fn open(folder: &Path, clock: &Arc<dyn Clock>) -> Result<FileLogs> {
    let options = Options { most_bytes: 1 << 40 };
    Ok(FileLogs::open(folder, options, Arc::clone(clock))?)
}

fn key() -> Result<LogGroupKey> {
    Ok(LogGroupKey {
        scope: Scope {
            account: "000000000000".parse()?,
            region: "us-east-1".parse()?,
        },
        name: "/bench".to_owned(),
    })
}

/// The middle hour.
fn hour() -> Result<Query> {
    let middle = BEGIN + WEEK / 2;
    Ok(Query {
        group: key()?,
        streams: Streams::All,
        after: Some(Position::before(middle)),
        before: Some(Position::before(middle + HOUR)),
        direction: Direction::Forward,
        most_events: 10_000,
        most_bytes: 1 << 20,
        matcher: None,
    })
}

async fn write(logs: &FileLogs, count: u64) -> Result<()> {
    let key = key()?;
    logs.create_group(&key).await?;
    for stream in 0..STREAMS {
        logs.create_stream(&key, &format!("stream-{stream}")).await?;
    }
    for batch in 0..count / BATCH {
        for stream in 0..STREAMS {
            let numbers = (batch * BATCH..(batch + 1) * BATCH).filter(|number| number % STREAMS == stream);
            let events = numbers.map(|number| NewEvent {
                millis: BEGIN + number * WEEK / count,
                message: message(number).into_bytes(),
            });
            logs.append(&key, &format!("stream-{stream}"), events.collect()).await?;
        }
    }
    Ok(())
}

fn message(number: u64) -> String {
    let level = if number.is_multiple_of(RARE) { "ERROR" } else { "INFO" };
    format!(
        "{level}\tRequestId: 8f1c6f0e-52c4-4d3b-9a55-{number:012x}\thandled order {number} in {} ms\n",
        number % 977
    )
}

/// Reads all pages and counts their events.
async fn all(logs: &FileLogs, mut query: Query) -> Result<usize> {
    let mut count = 0;
    loop {
        let Page { events, reached } = logs.read(query.clone()).await?;
        count += events.len();
        match reached {
            Reached::End => return Ok(count),
            Reached::At(position) => query.after = Some(position),
        }
    }
}
