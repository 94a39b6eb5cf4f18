//! The way of traces into their table: a bounded queue, and one writer who takes what there is.

use crate::document::Document;
use lambent_store::{Piece, TraceTable, Unavailable};
use lambent_types::{Clock, Scope};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// What may wait to be written: so many pieces, of so many bytes together.
const MOST_WAITING: usize = 16_384;
const MOST_BYTES: usize = 32 << 20;
/// Pieces of one commit.
const BATCH: usize = 1_024;
/// How long what has come waits for more, so that commits are few.
const GATHER: Duration = Duration::from_millis(100);
/// AWS keeps traces for 30 days.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);
/// How often what is too old, or too much, is forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60);
/// How often it is said that something was lost.
const TELL_EVERY: Duration = Duration::from_secs(60);

enum Waiting {
    /// From an invocation or a daemon.
    Piece(Box<Document>, Scope, usize),
    /// Somebody reads, and wants to find what was told before.
    Reader(oneshot::Sender<()>),
}

/// Keeps traces.
pub(crate) struct Keeper {
    pub(crate) table: Arc<dyn TraceTable>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The file may have so many bytes.
    cap: u64,
    to_writer: mpsc::Sender<Waiting>,
    waiting: Mutex<mpsc::Receiver<Waiting>>,
    bytes: AtomicUsize,
    lost: AtomicU64,
}

impl Keeper {
    pub(crate) fn new(table: Arc<dyn TraceTable>, clock: Arc<dyn Clock>, cap: u64) -> Self {
        let (to_writer, waiting) = mpsc::channel(MOST_WAITING);
        Self {
            table,
            clock,
            cap,
            to_writer,
            waiting: Mutex::new(waiting),
            bytes: AtomicUsize::new(0),
            lost: AtomicU64::new(0),
        }
    }

    /// Takes a document that weighs about so many bytes, without waiting. One that does not fit is counted.
    pub(crate) fn take(&self, scope: Scope, document: Document, weight: usize) {
        let before = self.bytes.fetch_add(weight, Ordering::Relaxed);
        let piece = Waiting::Piece(Box::new(document), scope, weight);
        if before + weight > MOST_BYTES || self.to_writer.try_send(piece).is_err() {
            self.bytes.fetch_sub(weight, Ordering::Relaxed);
            self.lose(1);
        }
    }

    /// Counts what was not kept.
    pub(crate) fn lose(&self, count: u64) {
        self.lost.fetch_add(count, Ordering::Relaxed);
    }

    /// Returns once all that was taken before is in the table.
    pub(crate) async fn settled(&self) {
        let (tell, told) = oneshot::channel();
        if self.to_writer.send(Waiting::Reader(tell)).await.is_ok() {
            // A writer that has ended has written all.
            let _ = told.await;
        }
    }

    /// Keeps pieces at once, and counts those for which their traces had no room.
    pub(crate) async fn put(&self, pieces: Vec<Piece>) -> Result<(), Unavailable> {
        let refused = self.table.put(pieces).await?;
        self.lose(refused);
        Ok(())
    }

    /// Writes what is taken until it is told to stop, and then the rest.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        let mut waiting = self.waiting.lock().await;
        let mut forget = tokio::time::interval(FORGET_EVERY);
        let mut tell = tokio::time::interval(TELL_EVERY);
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = forget.tick() => self.forget().await,
                _ = tell.tick() => self.tell(),
                count = waiting.recv_many(&mut batch, BATCH) => {
                    let read = batch.iter().any(|each| matches!(each, Waiting::Reader(_)));
                    if count < BATCH && !read {
                        tokio::time::sleep(GATHER).await;
                    }
                    self.write(&mut batch).await;
                }
            }
        }
        waiting.close();
        while waiting.recv_many(&mut batch, BATCH).await > 0 {
            self.write(&mut batch).await;
        }
        self.tell();
    }

    async fn write(&self, batch: &mut Vec<Waiting>) {
        let (mut pieces, mut readers) = (Vec::with_capacity(batch.len()), Vec::new());
        let now = self.clock.now();
        for each in batch.drain(..) {
            match each {
                Waiting::Piece(document, scope, weight) => {
                    self.bytes.fetch_sub(weight, Ordering::Relaxed);
                    match document.into_piece(&scope, now) {
                        Ok(piece) => pieces.push(piece),
                        Err(unprocessed) => {
                            tracing::debug!(%unprocessed, "a segment of a function's is not kept");
                            self.lose(1);
                        }
                    }
                }
                Waiting::Reader(tell) => readers.push(tell),
            }
        }
        let count = pieces.len() as u64;
        if count > 0
            && let Err(error) = self.put(pieces).await
        {
            tracing::warn!(%error, "traces could not be written");
            self.lose(count);
        }
        for reader in readers {
            // One that has gone away does not matter.
            let _ = reader.send(());
        }
    }

    async fn forget(&self) {
        let before = self.clock.now().minus(KEPT);
        if let Err(error) = self.table.forget(before, self.cap).await {
            tracing::warn!(%error, "old traces could not be forgotten");
        }
    }

    fn tell(&self) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::warn!(
                lost,
                "segments were not kept: they came too fast, were too large, or were not understood"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_store::contract::scope;
    use lambent_store_sqlite::SqliteTraces;
    use lambent_types::{SystemClock, TraceId};
    use tokio::task::JoinSet;

    fn document(number: usize) -> Document {
        Document {
            id: format!("{number:016x}"),
            name: "n".to_owned(),
            trace_id: Some(trace().to_string()),
            start_time: 1.0,
            end_time: Some(2.0),
            ..Document::default()
        }
    }

    fn trace() -> TraceId {
        "1-581cf771-a006649127e371903a2de979".parse().unwrap()
    }

    fn keeper(directory: &tempfile::TempDir) -> Arc<Keeper> {
        let table = SqliteTraces::open(&directory.path().join("t.db")).unwrap();
        Arc::new(Keeper::new(Arc::new(table), Arc::new(SystemClock::default()), u64::MAX))
    }

    #[tokio::test]
    async fn who_reads_finds_what_was_told_before() {
        let directory = tempfile::tempdir().unwrap();
        let (keeper, stop) = (keeper(&directory), CancellationToken::new());
        let mut tasks = JoinSet::new();
        let (running, stopped) = (Arc::clone(&keeper), stop.clone());
        tasks.spawn(async move { running.run(stopped).await });
        for number in 1..=100 {
            keeper.take(scope("111111111111"), document(number), 100);
        }
        keeper.settled().await;
        let kept = keeper.table.get(&scope("111111111111"), &[trace()]).await.unwrap();
        assert_eq!(kept[0].documents.len(), 100);
        keeper.take(scope("111111111111"), document(101), 100);
        stop.cancel();
        tasks.join_all().await;
        let kept = keeper.table.get(&scope("111111111111"), &[trace()]).await.unwrap();
        assert_eq!(kept[0].documents.len(), 101);
        keeper.settled().await;
    }

    #[tokio::test]
    async fn what_does_not_fit_is_counted() {
        let directory = tempfile::tempdir().unwrap();
        let keeper = keeper(&directory);
        for number in 0..MOST_WAITING + 5 {
            keeper.take(scope("111111111111"), document(number), 1);
        }
        assert_eq!(keeper.lost.load(Ordering::Relaxed), 5);
        let heavy = self::keeper(&tempfile::tempdir().unwrap());
        heavy.take(scope("111111111111"), document(1), MOST_BYTES);
        heavy.take(scope("111111111111"), document(2), 1);
        assert_eq!(heavy.lost.load(Ordering::Relaxed), 1);
    }
}
