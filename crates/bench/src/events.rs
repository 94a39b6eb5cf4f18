//! Asynchronous events and queues: how fast they are accepted and run, how long a message is on its way, and a million of them waiting.
//!
//! The floor of accepting is SQLite alone, on the same disk with the server's settings: as many rows in each synced commit as there are
//! clients.

use crate::{
    control::show,
    function::Function,
    http,
    load::{self, Samples},
    server::{Server, invoke_path},
};
use anyhow::{Context as _, Result, ensure};
use lambent_types::{Clock as _, SystemClock};
use rusqlite::Connection;
use rustix::time::{ClockId, clock_gettime};
use std::{fs, path::Path, thread, time::Duration};

const CLIENTS: usize = 64;
const EVENTS: usize = 50_000;
const FEW_EVENTS: usize = 5_000;
const COMMITS: usize = 1_000;
/// Messages whose way to the function is measured, and the pause between two.
const TIMED: usize = 1_000;
const FEW_TIMED: usize = 100;
const PAUSE: Duration = Duration::from_millis(5);
const WAITING: usize = 1_000_000;
const FEW_WAITING: usize = 20_000;
/// As many messages as one request may send.
const BATCH: usize = 10;
/// How often something that is waited for is looked at, and for how long.
const GLANCE: Duration = Duration::from_millis(10);
const GLANCES: u32 = 60_000;
const PAYLOAD: &[u8] = br#"{"order": 4711, "customer": "somebody"}"#;
const ACCOUNT_URL: &str = "http://127.0.0.1/000000000000";

/// Measures `program` and prints a row per figure.
pub(crate) fn measure(program: &Path, arguments: &[String], mut function: Function, quick: bool) -> Result<()> {
    println!("{:<58} {:>18} {:>12}", "events and queues", "p50 / p99", "per second");
    function.handler = "clock";
    accept(program, arguments, &function, if quick { FEW_EVENTS } else { EVENTS })?;
    on_the_way(program, arguments, &function, if quick { FEW_TIMED } else { TIMED })?;
    waiting(program, arguments, if quick { FEW_WAITING } else { WAITING })
}

/// Events sent by 64 clients at once: until they are accepted, and until all have run.
fn accept(program: &Path, arguments: &[String], function: &Function, count: usize) -> Result<()> {
    let server = Server::start(program, arguments)?;
    server.create(function, "events")?;
    show(
        &format!("SQLite alone, {CLIENTS} rows in each synced commit"),
        &commits(&server)?,
    );
    let headers = "Content-Type: application/json\r\nX-Amz-Invocation-Type: Event";
    let event = http::request_to("lambda", headers, "POST", &invoke_path("events"), PAYLOAD);
    let clock = SystemClock::default();
    let began = clock.monotonic_micros();
    let accepted = load::run_count(server.address, |_| event.clone(), CLIENTS, count)?;
    show(
        &format!("Invoke as Event, {CLIENTS} clients, until accepted"),
        &accepted,
    );
    let left = pending(&server)?;
    eventually("the end of all events", || Ok(pending(&server)? == 0))?;
    let seconds = seconds(clock.monotonic_micros() - began);
    println!(
        "{:<58} {:>18} {:>12.0}",
        format!("  … until all had run; {left} waited when the last was accepted"),
        "",
        float(count) / seconds
    );
    Ok(())
}

/// Single messages, from `SendMessage` to the function that a mapping calls with it.
fn on_the_way(program: &Path, arguments: &[String], function: &Function, count: usize) -> Result<()> {
    let arguments: Vec<String> = arguments
        .iter()
        .cloned()
        .chain(["--function-logs".to_owned()])
        .collect();
    let server = Server::start(program, &arguments)?;
    server.create(function, "messages")?;
    sqs(&server, "CreateQueue", r#"{"QueueName":"work"}"#)?;
    let mapping =
        r#"{"EventSourceArn":"arn:aws:sqs:us-east-1:000000000000:work","FunctionName":"messages","BatchSize":1}"#;
    server.control("POST", "/2015-03-31/event-source-mappings", mapping.as_bytes())?;
    let delays = || -> Result<Vec<u64>> {
        let log = fs::read_to_string(server.data().join("server.log"))?;
        let moments = log.split("delay=").skip(1);
        Ok(moments
            .filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
            .collect())
    };
    // The first one finds no environment, and the mapping may not be read yet.
    send(&server)?;
    eventually("the first message", || Ok(!delays()?.is_empty()))?;
    for _ in 0..count {
        send(&server)?;
        thread::sleep(PAUSE);
    }
    eventually("all messages", || Ok(delays()?.len() > count))?;
    let delays = delays()?.split_off(1);
    let one_after_another = delays.iter().sum();
    show(
        "SendMessage to the function's start, one at a time",
        &Samples::new(delays, one_after_another),
    );
    Ok(())
}

/// A queue that nobody reads: the server's memory with few and with many messages in it, and how it starts with them.
fn waiting(program: &Path, arguments: &[String], count: usize) -> Result<()> {
    let mut server = Server::start(program, arguments)?;
    sqs(&server, "CreateQueue", r#"{"QueueName":"waiting"}"#)?;
    let entries: Vec<String> = (0..BATCH)
        .map(|id| format!(r#"{{"Id":"{id}","MessageBody":"order {id} of somebody who waits"}}"#))
        .collect();
    let body = format!(
        r#"{{"QueueUrl":"{ACCOUNT_URL}/waiting","Entries":[{}]}}"#,
        entries.join(",")
    );
    let batch = sqs_request("SendMessageBatch", &body);
    let mut sent = 0;
    for wanted in [count / 100, count] {
        let filled = load::run_count(server.address, |_| batch.clone(), CLIENTS, (wanted - sent) / BATCH)?;
        sent = wanted;
        show(
            &format!("SendMessageBatch of {BATCH}, {CLIENTS} clients, up to {sent} messages"),
            &filled,
        );
        println!(
            "{:<58} {:>14} KiB",
            format!("  resident memory with {sent}"),
            server.resident().0
        );
    }
    server = server.restart(program, arguments)?;
    println!(
        "{:<58} {:>15} ms",
        format!("  start-up with {sent}"),
        server.start_up / 1_000
    );
    let body = format!(r#"{{"QueueUrl":"{ACCOUNT_URL}/waiting","MaxNumberOfMessages":10}}"#);
    let receive = sqs_request("ReceiveMessage", &body);
    let received = load::run_count(server.address, |_| receive.clone(), CLIENTS, count / 100)?;
    show(
        &format!("ReceiveMessage of {BATCH}, {CLIENTS} clients, among {sent}"),
        &received,
    );
    println!("{:<58} {:>14} KiB", "  resident memory then", server.resident().0);
    Ok(())
}

/// Commits of as many rows as there are clients; a sample is a row.
fn commits(server: &Server) -> Result<Samples> {
    let mut connection = Connection::open(server.data().join("floor.db"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE floor (id INTEGER PRIMARY KEY, event BLOB)",
    )?;
    let clock = SystemClock::default();
    let began = clock.monotonic_micros();
    let mut latencies = Vec::with_capacity(COMMITS * CLIENTS);
    for _ in 0..COMMITS {
        let before = clock.monotonic_micros();
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached("INSERT INTO floor (event) VALUES (?1)")?;
            for _ in 0..CLIENTS {
                insert.execute([PAYLOAD])?;
            }
        }
        transaction.commit()?;
        latencies.extend([clock.monotonic_micros() - before; CLIENTS]);
    }
    Ok(Samples::new(latencies, clock.monotonic_micros() - began))
}

/// Sends a message that says when.
fn send(server: &Server) -> Result<()> {
    let now = clock_gettime(ClockId::Monotonic);
    let now = now.tv_sec * 1_000_000 + now.tv_nsec / 1_000;
    let body = format!(r#"{{"QueueUrl":"{ACCOUNT_URL}/work","MessageBody":"sent-at={now}"}}"#);
    sqs(server, "SendMessage", &body)
}

fn sqs(server: &Server, operation: &str, body: &str) -> Result<()> {
    let (status, answer) = http::exchange(server.address, &sqs_request(operation, body))?;
    ensure!(
        status == 200,
        "{operation}: {status} {}",
        String::from_utf8_lossy(&answer)
    );
    Ok(())
}

fn sqs_request(operation: &str, body: &str) -> Vec<u8> {
    let headers = format!("Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: AmazonSQS.{operation}");
    http::request_to("sqs", &headers, "POST", "/", body.as_bytes())
}

/// How many asynchronous events wait or run.
fn pending(server: &Server) -> Result<u64> {
    let health: serde_json::Value = serde_json::from_str(&server.control("GET", "/_lambent/health", b"")?)?;
    health["pendingEvents"]
        .as_u64()
        .context("the server does not count its events")
}

fn eventually(what: &str, mut is: impl FnMut() -> Result<bool>) -> Result<()> {
    for _ in 0..GLANCES {
        if is()? {
            return Ok(());
        }
        thread::sleep(GLANCE);
    }
    anyhow::bail!("{what} did not come")
}

fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn float(count: usize) -> f64 {
    count as f64
}
