//! The one writer.

use crate::{
    cache::{Changed, FunctionCache},
    delivery, document, layers, message, rows, unavailable,
};
use lambent_store::{Change, CommitError, Condition, NodeId, Transaction, Unavailable};
use lambent_types::{
    AsyncEvent, Clock, FunctionKey, FunctionRecord, LastUpdateStatus, State, Timestamp, VersionKey,
    measure::{Counter, Durations},
};
use rusqlite::{Connection, TransactionBehavior, params};
use std::{
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::oneshot;

/// Transactions that share one wait for the disk, at most.
const GROUP: usize = 256;

/// What is told of commits.
#[derive(Debug, Default)]
pub struct Commits {
    /// How long they took: each stands for all transactions that waited when it began.
    pub durations: Durations,
    /// Transactions that became durable by them.
    pub transactions: Counter,
    /// Commits that failed as a whole.
    pub failed: Counter,
}

/// What the writing thread tells of its commits, and by which clock.
pub(crate) type Watch = (Arc<Commits>, Arc<dyn Clock>);

/// Speaks to the writing thread. Dropping it ends the thread once all that was asked is done.
pub(crate) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// Something to do, and whom to tell once it is durable.
enum Job {
    Commit(Transaction, oneshot::Sender<Result<(), CommitError>>),
    Ask(Question),
}

/// Changes something and finds out something; what it returns tells the caller. Its error fails the group.
type Question = Box<dyn FnOnce(&Connection) -> Result<Box<dyn FnOnce()>, rusqlite::Error> + Send>;

/// A job that was carried out but is not yet durable: the answer waits for the group's commit.
enum Done {
    Commit(
        Transaction,
        Result<(), CommitError>,
        oneshot::Sender<Result<(), CommitError>>,
    ),
    Ask(Box<dyn FnOnce()>),
}

impl Writer {
    pub(crate) fn start(connection: Connection, cache: Arc<FunctionCache>, watch: Watch) -> Self {
        let (jobs, queue) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(connection, &queue, &cache, &watch))
            .ok();
        Self {
            jobs: Some(jobs),
            thread,
        }
    }

    pub(crate) async fn commit(&self, transaction: Transaction) -> Result<(), CommitError> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Commit(transaction, answer));
        answered.await.unwrap_or_else(|_| Err(gone().into()))
    }

    /// Carries out what changes rows and answers with what it found there.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (answer, answered) = oneshot::channel();
        self.send(Job::Ask(Box::new(move |connection| {
            let found = question(connection)?;
            Ok(Box::new(move || drop(answer.send(found))))
        })));
        answered.await.map_err(|_| gone())
    }

    /// A job that cannot be sent drops its answer, which tells the caller.
    fn send(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(job);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn gone() -> Unavailable {
    Unavailable("the writing thread has ended".to_owned())
}

fn run(mut connection: Connection, queue: &mpsc::Receiver<Job>, cache: &FunctionCache, (commits, clock): &Watch) {
    while let Ok(first) = queue.recv() {
        let group: Vec<Job> = std::iter::once(first).chain(queue.try_iter().take(GROUP - 1)).collect();
        let (many, began) = (group.len() as u64, clock.monotonic_micros());
        let Some(done) = commit_group(&mut connection, group, cache) else {
            commits.failed.add(1);
            continue;
        };
        let took = clock.monotonic_micros().saturating_sub(began);
        commits.durations.observe(Duration::from_micros(took));
        commits.transactions.add(many);
        done.into_iter().for_each(answer);
    }
}

/// Carries out all jobs in one transaction of the engine, each in a savepoint of its own. When the group fails as a whole (a full
/// disk), dropped answers tell every caller that nothing was done; otherwise all that was done is to be answered.
fn commit_group(connection: &mut Connection, group: Vec<Job>, cache: &FunctionCache) -> Option<Vec<Done>> {
    let done = (|| {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = group
            .into_iter()
            .map(|job| carry_out(&transaction, job))
            .collect::<Result<Vec<_>, _>>()?;
        transaction.commit()?;
        Ok::<_, rusqlite::Error>(done)
    })();
    let done = done.ok()?;
    cache.forget(done.iter().flat_map(changed));
    Some(done)
}

fn changed(done: &Done) -> impl Iterator<Item = Changed<'_>> {
    let changes = match done {
        Done::Commit(transaction, Ok(()), _) => transaction.changes.as_slice(),
        Done::Commit(_, Err(_), _) | Done::Ask(_) => &[],
    };
    changes.iter().filter_map(|change| match change {
        Change::PutFunction(record) => Some(Changed::Version(&record.key)),
        Change::DeleteVersion(key) => Some(Changed::Version(key)),
        Change::DeleteFunction(key) => Some(Changed::Function(key)),
        Change::PutDocument(_)
        | Change::DeleteDocument(_)
        | Change::PutEvent(_)
        | Change::DeleteEvent(_)
        | Change::PutDelivery(_)
        | Change::DeleteDelivery(_)
        | Change::OpenQueue(_)
        | Change::DropQueue(_)
        | Change::PutMessage(_)
        | Change::PutDeduplication(_)
        | Change::DeleteMessage(..)
        | Change::SetVisibility(..) => None,
    })
}

/// A caller that no longer waits does not matter.
fn answer(done: Done) {
    match done {
        Done::Commit(_, result, caller) => drop(caller.send(result)),
        Done::Ask(tell) => tell(),
    }
}

fn carry_out(connection: &Connection, job: Job) -> Result<Done, rusqlite::Error> {
    match job {
        Job::Commit(transaction, caller) => {
            let result = apply(connection, &transaction)?;
            Ok(Done::Commit(transaction, result, caller))
        }
        Job::Ask(question) => Ok(Done::Ask(question(connection)?)),
    }
}

/// The outer error is the engine's and fails the group; the inner one is this transaction's own.
fn apply(connection: &Connection, transaction: &Transaction) -> Result<Result<(), CommitError>, rusqlite::Error> {
    for condition in &transaction.conditions {
        if !holds(connection, condition)? {
            return Ok(Err(CommitError::Condition(condition.clone())));
        }
    }
    connection.execute_batch("SAVEPOINT job")?;
    let applied = transaction
        .changes
        .iter()
        .try_for_each(|change| apply_change(connection, change));
    match applied {
        Ok(()) => {
            connection.execute_batch("RELEASE job")?;
            Ok(Ok(()))
        }
        Err(error) => {
            connection.execute_batch("ROLLBACK TO job; RELEASE job")?;
            Ok(Err(CommitError::Unavailable(unavailable(error))))
        }
    }
}

fn holds(connection: &Connection, condition: &Condition) -> Result<bool, rusqlite::Error> {
    match condition {
        Condition::FunctionAbsent(key) => connection
            .prepare_cached(
                "SELECT NOT EXISTS (SELECT 1 FROM function_versions WHERE account = ?1 AND region = ?2 AND name = ?3)",
            )?
            .query_row(
                [key.scope.account.as_str(), key.scope.region.as_str(), key.name.as_str()],
                |row| row.get(0),
            ),
        Condition::Revision(key, revision) => connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM function_versions
                 WHERE account = ?1 AND region = ?2 AND name = ?3 AND version = ?4 AND revision = ?5)",
            )?
            .query_row(
                params![
                    key.function.scope.account.as_str(),
                    key.function.scope.region.as_str(),
                    key.function.name.as_str(),
                    rows::version_number(key.version),
                    revision.to_string()
                ],
                |row| row.get(0),
            ),
        Condition::VersionPresent(key) => Ok(crate::read::function(connection, key)?.is_some()),
        Condition::DocumentAbsent(key) => Ok(!document::exists(connection, key, None)?),
        Condition::DocumentRevision(key, revision) => document::exists(connection, key, Some(*revision)),
        Condition::EventPresent(id) => connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM events WHERE id = ?1)")?
            .query_row([id.to_string()], |row| row.get(0)),
        Condition::DeliveryPresent(id) => delivery::exists(connection, *id),
        Condition::QueueOpen(queue) => message::is_open(connection, *queue),
        Condition::NotDuplicate(queue, key, now) => {
            Ok(message::deduplication(connection, *queue, key, *now)?.is_none())
        }
        Condition::MessageReceived(queue, sequence, receives) => {
            message::was_received(connection, *queue, *sequence, *receives)
        }
    }
}

fn apply_change(connection: &Connection, change: &Change) -> Result<(), rusqlite::Error> {
    match change {
        Change::PutFunction(record) => put_function(connection, record),
        Change::DeleteVersion(key) => delete_version(connection, key),
        Change::DeleteFunction(key) => delete_function(connection, key),
        Change::PutDocument(document) => document::put(connection, document),
        Change::DeleteDocument(key) => document::delete(connection, key),
        Change::PutEvent(event) => put_event(connection, event),
        Change::DeleteEvent(id) => {
            connection
                .prepare_cached("DELETE FROM events WHERE id = ?1")?
                .execute([id.to_string()])?;
            Ok(())
        }
        Change::PutDelivery(put) => delivery::put(connection, put),
        Change::DeleteDelivery(id) => delivery::delete(connection, *id),
        Change::OpenQueue(queue) => message::open(connection, *queue),
        Change::DropQueue(queue) => message::drop_queue(connection, *queue),
        Change::PutMessage(put) => message::put(connection, put),
        Change::PutDeduplication(used) => message::put_deduplication(connection, used),
        Change::DeleteMessage(queue, sequence, now) => message::delete(connection, *queue, *sequence, *now),
        Change::SetVisibility(queue, sequence, visible_at, now) => {
            message::set_visibility(connection, *queue, *sequence, *visible_at, *now)
        }
    }
}

fn document(value: &impl serde::Serialize) -> Result<String, rusqlite::Error> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn put_function(connection: &Connection, record: &FunctionRecord) -> Result<(), rusqlite::Error> {
    let VersionKey {
        function: FunctionKey { scope, name },
        version,
    } = &record.key;
    let settled = record.state != State::Pending && record.last_update != LastUpdateStatus::InProgress;
    connection
        .prepare_cached(
            "INSERT INTO function_versions
             (account, region, name, version, revision, code_digest, code_size, settled, document)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT DO UPDATE SET revision = excluded.revision, code_digest = excluded.code_digest,
                 code_size = excluded.code_size, settled = excluded.settled, document = excluded.document",
        )?
        .execute(params![
            scope.account.as_str(),
            scope.region.as_str(),
            name.as_str(),
            rows::version_number(*version),
            record.revision.to_string(),
            record.code.digest().as_bytes(),
            record.code.size(),
            settled,
            document(record)?
        ])?;
    layers::put(connection, record)
}

fn delete_version(connection: &Connection, key: &VersionKey) -> Result<(), rusqlite::Error> {
    let FunctionKey { scope, name } = &key.function;
    connection
        .prepare_cached(
            "DELETE FROM function_versions WHERE account = ?1 AND region = ?2 AND name = ?3 AND version = ?4",
        )?
        .execute(params![
            scope.account.as_str(),
            scope.region.as_str(),
            name.as_str(),
            rows::version_number(key.version)
        ])?;
    layers::delete_of_version(connection, key)
}

fn delete_function(connection: &Connection, key: &FunctionKey) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("DELETE FROM function_versions WHERE account = ?1 AND region = ?2 AND name = ?3")?
        .execute([key.scope.account.as_str(), key.scope.region.as_str(), key.name.as_str()])?;
    layers::delete_of_function(connection, key)?;
    document::delete_of(connection, key)
}

fn put_event(connection: &Connection, event: &AsyncEvent) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO events (id, due_at, leased_by, document, payload) VALUES (?1, ?2, NULL, ?3, ?4)
             ON CONFLICT DO UPDATE SET due_at = excluded.due_at, leased_by = NULL, document = excluded.document,
                 payload = CASE WHEN length(excluded.payload) = 0 THEN payload ELSE excluded.payload END",
        )?
        .execute(params![
            event.id.to_string(),
            event.due_at.as_micros(),
            document(event)?,
            event.payload
        ])?;
    Ok(())
}

pub(crate) fn lease_events(
    connection: &Connection,
    node: &NodeId,
    now: Timestamp,
    lease_end: Timestamp,
    limit: usize,
) -> Result<Vec<AsyncEvent>, rusqlite::Error> {
    let due: Vec<AsyncEvent> = connection
        .prepare_cached("SELECT document, payload FROM events WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2")?
        .query_map(params![now.as_micros(), limit], rows::event)?
        .collect::<Result<_, _>>()?;
    let mut update = connection.prepare_cached("UPDATE events SET due_at = ?2, leased_by = ?3 WHERE id = ?1")?;
    due.into_iter()
        .map(|event| {
            update.execute(params![event.id.to_string(), lease_end.as_micros(), node.0])?;
            Ok(AsyncEvent {
                due_at: lease_end,
                ..event
            })
        })
        .collect()
}

pub(crate) fn release_leases(connection: &Connection, node: &NodeId, now: Timestamp) -> Result<u64, rusqlite::Error> {
    let released = connection
        .prepare_cached("UPDATE events SET due_at = ?2, leased_by = NULL WHERE leased_by = ?1")?
        .execute(params![node.0, now.as_micros()])?;
    Ok(released as u64)
}
