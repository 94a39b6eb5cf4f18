//! The store in one SQLite file.
//!
//! One thread owns the only connection that writes. It takes every transaction that is waiting and commits them together, so that
//! many callers share one wait for the disk. Readers have connections of their own and never wait for the writer (WAL). Function
//! versions that were read once are kept in memory, since each invocation asks for one; this is sound because the file belongs to
//! one process, which a lock ensures.

mod aside;
mod cache;
mod delivery;
mod document;
mod layers;
mod message;
mod metrics;
mod migrate;
mod read;
mod rows;
mod traces;
mod write;

pub use metrics::SqliteMetrics;
pub use traces::SqliteTraces;

use cache::FunctionCache;
use lambent_store::{
    BoxFuture, CommitError, DeliveryTable, Document, DocumentKey, DocumentPage, DocumentQuery, DocumentTable,
    EventTable, FunctionPage, FunctionTable, Kind, MessageCounts, MessageTable, NodeId, ReceiveMessages, Retention,
    Store, Transaction, Unavailable,
};
use lambent_types::{
    AsyncEvent, Clock, Deduplication, Delivery, FunctionName, FunctionRecord, Message, QueueId, Scope, Sequence,
    Sha256Digest, Timestamp, VersionKey,
};
use read::Readers;
use rusqlite::Connection;
use std::{fs::File, future::ready, path::Path, sync::Arc, time::Duration};
use write::Writer;

pub use write::Commits;

/// Why a store file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another server works on the same file.
    #[error("another server is using {0}; stop it first, or choose another data directory")]
    InUse(String),
    /// The file was written by a newer server.
    #[error("the store was last used by a newer version of Lambent (it knows the migration {0}); use that version")]
    Newer(String),
    /// The engine failed.
    #[error("cannot open the store: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The lock file cannot be made.
    #[error("cannot lock the store: {0}")]
    Io(#[from] std::io::Error),
}

/// A store in one file.
pub struct SqliteStore {
    readers: Readers,
    writer: Writer,
    commits: Arc<Commits>,
    cache: Arc<FunctionCache>,
    _lock: File,
}

impl SqliteStore {
    /// Opens the file, makes it if absent, and brings its tables up to date. The clock is for how long commits take.
    ///
    /// # Errors
    /// When the file is in use, was written by a newer server, or the engine refuses it.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let lock = lock(path)?;
        let mut connection = connect(path)?;
        migrate::run(&mut connection)?;
        let cache = Arc::new(FunctionCache::default());
        let commits = Arc::new(Commits::default());
        Ok(Self {
            readers: Readers::new(path.to_owned()),
            writer: Writer::start(connection, Arc::clone(&cache), (Arc::clone(&commits), clock)),
            commits,
            cache,
            _lock: lock,
        })
    }

    /// What is told of its commits.
    #[must_use]
    pub fn commits(&self) -> Arc<Commits> {
        Arc::clone(&self.commits)
    }
}

/// Takes the lock that makes the file this process's own; it goes with the process, however that ends.
fn lock(path: &Path) -> Result<File, OpenError> {
    let lock = File::create(path.with_extension("lock"))?;
    lock.try_lock()
        .map_err(|_| OpenError::InUse(path.display().to_string()))?;
    Ok(lock)
}

/// A connection with the settings every one needs. `synchronous = FULL` makes each commit wait for the disk.
fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn unavailable(error: impl std::fmt::Display) -> Unavailable {
    Unavailable(error.to_string())
}

impl Store for SqliteStore {
    fn commit(&self, transaction: Transaction) -> BoxFuture<'_, Result<(), CommitError>> {
        Box::pin(self.writer.commit(transaction))
    }
}

impl FunctionTable for SqliteStore {
    fn function(&self, key: &VersionKey) -> BoxFuture<'_, Result<Option<Arc<FunctionRecord>>, Unavailable>> {
        if let Some(record) = self.cache.get(key) {
            return Box::pin(ready(Ok(Some(record))));
        }
        let ticket = self.cache.ticket();
        let found = self.readers.with(|connection| read::function(connection, key));
        if let Ok(Some(record)) = &found {
            self.cache.fill(ticket, record);
        }
        Box::pin(ready(found))
    }

    fn functions(
        &self,
        scope: &Scope,
        after: Option<&FunctionName>,
        limit: usize,
    ) -> BoxFuture<'_, Result<FunctionPage, Unavailable>> {
        Box::pin(ready(
            self.readers
                .with(|connection| read::functions(connection, scope, after, limit)),
        ))
    }

    fn versions(
        &self,
        scope: &Scope,
        function: Option<&FunctionName>,
        after: Option<&VersionKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<FunctionPage, Unavailable>> {
        let page = self
            .readers
            .with(|connection| read::versions(connection, scope, function, after, limit));
        Box::pin(ready(page))
    }

    fn function_count(&self, scope: &Scope) -> BoxFuture<'_, Result<u64, Unavailable>> {
        Box::pin(ready(
            self.readers.with(|connection| read::function_count(connection, scope)),
        ))
    }

    fn unsettled_functions(&self) -> BoxFuture<'_, Result<Vec<Arc<FunctionRecord>>, Unavailable>> {
        Box::pin(ready(self.readers.with(read::unsettled_functions)))
    }

    fn code_in_use(&self, digest: Sha256Digest) -> BoxFuture<'_, Result<bool, Unavailable>> {
        Box::pin(ready(
            self.readers.with(|connection| read::code_in_use(connection, digest)),
        ))
    }

    fn code_bytes(&self, scope: &Scope) -> BoxFuture<'_, Result<u64, Unavailable>> {
        Box::pin(ready(
            self.readers.with(|connection| read::code_bytes(connection, scope)),
        ))
    }
}

impl DocumentTable for SqliteStore {
    fn document(&self, key: &DocumentKey) -> BoxFuture<'_, Result<Option<Document>, Unavailable>> {
        Box::pin(ready(self.readers.with(|connection| document::read(connection, key))))
    }

    fn documents(&self, query: DocumentQuery) -> BoxFuture<'_, Result<DocumentPage, Unavailable>> {
        Box::pin(ready(
            self.readers.with(|connection| document::list(connection, &query)),
        ))
    }

    fn document_count(
        &self,
        kind: Kind,
        scope: &Scope,
        parent: Option<&str>,
    ) -> BoxFuture<'_, Result<u64, Unavailable>> {
        let count = self
            .readers
            .with(|connection| document::count(connection, kind, scope, parent));
        Box::pin(ready(count))
    }

    fn document_scopes(&self, kind: Kind) -> BoxFuture<'_, Result<Vec<Scope>, Unavailable>> {
        let scopes = self.readers.with(|connection| document::scopes(connection, kind));
        Box::pin(ready(scopes))
    }
}

impl EventTable for SqliteStore {
    fn lease_events(
        &self,
        node: &NodeId,
        now: Timestamp,
        lease_end: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<AsyncEvent>, Unavailable>> {
        let node = node.clone();
        Box::pin(
            self.writer
                .ask(move |connection| write::lease_events(connection, &node, now, lease_end, limit)),
        )
    }

    fn release_leases(&self, node: &NodeId, now: Timestamp) -> BoxFuture<'_, Result<u64, Unavailable>> {
        let node = node.clone();
        Box::pin(
            self.writer
                .ask(move |connection| write::release_leases(connection, &node, now)),
        )
    }

    fn next_event_due(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Unavailable>> {
        Box::pin(ready(self.readers.with(read::next_event_due)))
    }

    fn event_count(&self) -> BoxFuture<'_, Result<u64, Unavailable>> {
        Box::pin(ready(self.readers.with(read::event_count)))
    }
}

impl DeliveryTable for SqliteStore {
    fn lease_deliveries(
        &self,
        node: &NodeId,
        now: Timestamp,
        lease_end: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Delivery>, Unavailable>> {
        let node = node.clone();
        let lease = move |connection: &Connection| delivery::lease(connection, &node, now, lease_end, limit);
        Box::pin(self.writer.ask(lease))
    }

    fn release_deliveries(&self, node: &NodeId, now: Timestamp) -> BoxFuture<'_, Result<u64, Unavailable>> {
        let node = node.clone();
        let release = move |connection: &Connection| delivery::release(connection, &node, now);
        Box::pin(self.writer.ask(release))
    }

    fn next_delivery_due(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Unavailable>> {
        Box::pin(ready(self.readers.with(delivery::next_due)))
    }

    fn delivery_count(&self) -> BoxFuture<'_, Result<u64, Unavailable>> {
        Box::pin(ready(self.readers.with(delivery::count)))
    }
}

impl MessageTable for SqliteStore {
    fn receive_messages(&self, request: ReceiveMessages) -> BoxFuture<'_, Result<Vec<Message>, Unavailable>> {
        Box::pin(
            self.writer
                .ask(move |connection| message::receive(connection, &request)),
        )
    }

    fn message(&self, queue: QueueId, sequence: Sequence) -> BoxFuture<'_, Result<Option<Message>, Unavailable>> {
        let found = self
            .readers
            .with(|connection| message::read(connection, queue, sequence));
        Box::pin(ready(found))
    }

    fn message_counts(&self, queue: QueueId, now: Timestamp) -> BoxFuture<'_, Result<MessageCounts, Unavailable>> {
        let counts = self.readers.with(|connection| message::counts(connection, queue, now));
        Box::pin(ready(counts))
    }

    fn next_message_visible(&self, queue: QueueId) -> BoxFuture<'_, Result<Option<Timestamp>, Unavailable>> {
        let next = self.readers.with(|connection| message::next_visible(connection, queue));
        Box::pin(ready(next))
    }

    fn oldest_message(&self, queue: QueueId) -> BoxFuture<'_, Result<Option<Sequence>, Unavailable>> {
        Box::pin(ready(
            self.readers.with(|connection| message::oldest(connection, queue)),
        ))
    }

    fn deduplication(
        &self,
        queue: QueueId,
        key: &str,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Option<Deduplication>, Unavailable>> {
        let found = self
            .readers
            .with(|connection| message::deduplication(connection, queue, key, now));
        Box::pin(ready(found))
    }

    fn newest_sequence(&self) -> BoxFuture<'_, Result<Sequence, Unavailable>> {
        Box::pin(ready(self.readers.with(message::newest)))
    }

    fn sweep_messages(
        &self,
        kept: Vec<Retention>,
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'_, Result<usize, Unavailable>> {
        Box::pin(
            self.writer
                .ask(move |connection| message::sweep(connection, &kept, now, limit)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_store::{Change, contract};
    use lambent_types::{SystemClock, Version};

    fn clock() -> Arc<dyn Clock> {
        Arc::new(SystemClock::default())
    }

    /// A store in a folder that goes with it.
    struct Temporary(SqliteStore, tempfile::TempDir);

    #[tokio::test]
    async fn keeps_the_contract() {
        let folders = std::cell::RefCell::new(Vec::new());
        contract::run(|| {
            let folder = tempfile::tempdir().unwrap();
            let store = SqliteStore::open(&folder.path().join("store.db"), clock()).unwrap();
            folders.borrow_mut().push(folder);
            ready(store)
        })
        .await;
    }

    fn temporary() -> Temporary {
        let folder = tempfile::tempdir().unwrap();
        Temporary(
            SqliteStore::open(&folder.path().join("store.db"), clock()).unwrap(),
            folder,
        )
    }

    #[tokio::test]
    async fn many_commits_at_once_are_all_durable() {
        let Temporary(store, folder) = temporary();
        let records: Vec<_> = (0..100)
            .map(|index| {
                Arc::new(contract::record(
                    "111111111111",
                    &format!("f{index:03}"),
                    Version::Latest,
                    1,
                ))
            })
            .collect();
        let commits: Vec<_> = records
            .iter()
            .map(|record| store.commit(Transaction::of(Change::PutFunction(Arc::clone(record)))))
            .collect();
        for commit in commits {
            commit.await.unwrap();
        }
        let commits = store.commits();
        assert_eq!((commits.transactions.get(), commits.failed.get()), (100, 0));
        assert!(commits.durations.read().counts.iter().sum::<u64>() <= 100);
        drop(store);
        let reopened = SqliteStore::open(&folder.path().join("store.db"), clock()).unwrap();
        for record in records {
            assert_eq!(reopened.function(&record.key).await.unwrap(), Some(record));
        }
    }

    #[test]
    fn a_second_server_is_refused() {
        let Temporary(store, folder) = temporary();
        let path = folder.path().join("store.db");
        assert!(matches!(SqliteStore::open(&path, clock()), Err(OpenError::InUse(_))));
        drop(store);
        assert!(SqliteStore::open(&path, clock()).is_ok());
    }

    #[tokio::test]
    async fn a_file_of_a_newer_server_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        drop(SqliteStore::open(&path, clock()).unwrap());
        connect(&path)
            .unwrap()
            .execute("INSERT INTO migrations VALUES ('9999-future')", [])
            .unwrap();
        assert!(matches!(SqliteStore::open(&path, clock()), Err(OpenError::Newer(name)) if name == "9999-future"));
    }
}
