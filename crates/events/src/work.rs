//! The loop that both events and deliveries go through: lease what is due, try it, sleep until more is.

use crate::Outbox;
use lambent_store::{BoxFuture, CommitError, Transaction, Unavailable};
use lambent_types::Timestamp;
use std::{sync::Arc, time::Duration};
use tokio::{sync::Notify, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// How often to look even if nothing seems due: another server may have stored or dropped something.
const LONGEST_SLEEP: Duration = Duration::from_secs(20);
/// How long to wait after the store failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Something that is stored until it is done.
pub(crate) trait Work: Send + Sync + 'static {
    /// One piece of it.
    type Piece: Send + 'static;

    /// The present moment.
    fn now(&self) -> Timestamp;

    /// How many pieces are worked on at the same time.
    fn parallel(&self) -> usize;

    /// Told when there is more.
    fn arrived(&self) -> &Notify;

    /// Makes what an earlier run of this server held due at once.
    fn release(&self) -> BoxFuture<'_, Result<u64, Unavailable>>;

    /// When the next piece is due.
    fn next_due(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Unavailable>>;

    /// Leases at most so many that are due.
    fn lease(&self, limit: usize) -> BoxFuture<'_, Result<Vec<Self::Piece>, Unavailable>>;

    /// Works on one and commits what becomes of it. A store that fails is waited for until `stop`.
    fn attempt(self: Arc<Self>, piece: Self::Piece, stop: CancellationToken) -> BoxFuture<'static, ()>;
}

/// Runs until told to stop, then finishes the tries under way.
pub(crate) async fn run<W: Work>(work: Arc<W>, stop: CancellationToken) {
    if let Err(error) = work.release().await {
        tracing::error!(%error, "leases of an earlier run could not be released; they end by themselves");
    }
    let mut tries = JoinSet::new();
    while !stop.is_cancelled() {
        let pause = match fill(&work, &mut tries, &stop).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::error!(%error, "what is due could not be read");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = work.arrived().notified() => {}
            Some(_) = tries.join_next() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    while tries.join_next().await.is_some() {}
}

/// Commits what became of a piece, again and again while the store fails, as it does on a full disk: the piece would otherwise stand still
/// until its lease ends. The place that it takes meanwhile is right, since nothing can be stored of other pieces either. When the server
/// stops first, the piece is worked on again by the next one: better twice than never.
pub(crate) async fn conclude(outbox: &Outbox, end: Transaction, stop: &CancellationToken) {
    let mut told = false;
    while let Err(error) = outbox.commit(end.clone()).await {
        let CommitError::Unavailable(error) = error else {
            // Somebody else has ended it.
            return;
        };
        if !told {
            tracing::error!(%error, "the end of a try could not be stored; it is stored when it can be");
            told = true;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(AFTER_FAILURE) => {}
        }
    }
}

/// Starts as many tries as there is room for and says how long nothing more will be due.
async fn fill<W: Work>(
    work: &Arc<W>,
    tries: &mut JoinSet<()>,
    stop: &CancellationToken,
) -> Result<Duration, Unavailable> {
    while tries.try_join_next().is_some() {}
    let room = work.parallel().saturating_sub(tries.len());
    if room == 0 {
        return Ok(LONGEST_SLEEP);
    }
    let Some(due) = work.next_due().await? else {
        return Ok(LONGEST_SLEEP);
    };
    let now = work.now();
    if due > now {
        return Ok(due.since(now).min(LONGEST_SLEEP));
    }
    for piece in work.lease(room).await? {
        tries.spawn(Arc::clone(work).attempt(piece, stop.clone()));
    }
    Ok(Duration::ZERO)
}
