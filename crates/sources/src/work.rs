//! One batch: gathered, run, and what was handled deleted.

use crate::{
    board::{CALL_FAILED, Outcome},
    poller::{Setup, Told},
    queue::{MOST_AT_ONCE, Queue, Trouble},
    record::{Batch, Record},
    supervisor::{BatchEnd, Sources},
};
use bytes::Bytes;
use lambent_engine::batch::{self, Bounds, Gathered, Judgement};
use lambent_types::{QueueKey, RequestId, Timestamp, limits};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// How long one receive waits: so long it takes at most to notice that reading is to end.
const WAIT: Duration = Duration::from_secs(2);
/// The room for records in a payload: its bound without what is around them.
const BATCH_BYTES: usize = limits::SYNC_REQUEST_BYTES - 1_024;
/// How often a request to delete what was handled is made when the queue cannot be reached.
const TRIES: u32 = 4;

/// What one batch needs.
pub(crate) struct Work {
    pub(crate) sources: Arc<Sources>,
    pub(crate) key: QueueKey,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) setup: Arc<Setup>,
    pub(crate) tell: mpsc::UnboundedSender<Told>,
}

/// Messages for one invocation, or for several where they are too large for one.
struct Ready {
    records: Vec<Record>,
    /// Others see the first of them again from then on.
    visible_again: Timestamp,
    /// Whether nothing more fitted.
    full: bool,
}

impl Work {
    /// Gathers a batch and runs it.
    pub(crate) async fn run(self) {
        match self.gather().await {
            Ok(Some(ready)) => {
                self.tell(Told::Gathered { full: ready.full });
                self.run_all(&ready).await;
            }
            Ok(None) => self.tell(Told::Nothing),
            Err(trouble) => self.tell(Told::Unreadable(trouble)),
        }
    }

    /// The poller that is told may have ended.
    fn tell(&self, news: Told) {
        let _ = self.tell.send(news);
    }

    /// Receives until a batch is full or its time is over. What the filters do not let through is deleted. What was received is run even
    /// if the queue cannot be read any more.
    async fn gather(&self) -> Result<Option<Ready>, Trouble> {
        let clock = &self.sources.clock;
        let timeout = self.queue.visibility_timeout().await?;
        let mapping = &self.setup.mapping;
        let window = Duration::from_secs(mapping.batch_window.unwrap_or_default().into());
        let bounds = Bounds {
            records: usize::try_from(mapping.batch_size).unwrap_or(MOST_AT_ONCE),
            bytes: BATCH_BYTES,
            // A message that came first must not be seen by others before the last has come and the function has run.
            window: window.min(timeout / 2),
        };
        let (arn, region) = (self.key.arn(), self.key.scope.region.as_str());
        let (mut gathered, mut records, mut since) = (Gathered::default(), Vec::new(), None);
        while let Some((left, room)) = gathered.wants(&bounds, clock.now()) {
            if self.setup.over.is_cancelled() {
                break;
            }
            let asked = clock.now();
            let wait = WAIT.min(left);
            let found = match self.queue.receive(room.min(MOST_AT_ONCE), wait).await {
                Err(trouble) if records.is_empty() => return Err(trouble),
                Err(_) => break,
                Ok(found) => found,
            };
            if found.is_empty() {
                self.pause(wait.min(left), clock.now().since(asked)).await;
                if gathered.since.is_none() {
                    return Ok(None);
                }
            }
            let mut unwanted = Vec::new();
            for received in found {
                let record = Record::new(received, &arn, region, !window.is_zero());
                if record.wanted(&self.setup.filters) {
                    since.get_or_insert(asked);
                    gathered = gathered.with(record.bytes(), clock.now());
                    records.push(record);
                } else {
                    unwanted.push(record);
                }
            }
            self.delete(&unwanted.iter().collect::<Vec<_>>(), asked.plus(timeout))
                .await;
        }
        let full = gathered.records >= bounds.records || gathered.bytes >= bounds.bytes;
        Ok(since.map(|since| Ready {
            records,
            visible_again: since.plus(timeout),
            full,
        }))
    }

    /// Waits for the rest of what a receive should have waited and did not, by half at most: queues wait whole seconds, and some do not.
    async fn pause(&self, wanted: Duration, waited: Duration) {
        let rest = wanted.saturating_sub(waited);
        if rest > wanted / 2 {
            tokio::select! {
                () = tokio::time::sleep(rest.min(WAIT / 2)) => {}
                () = self.setup.over.cancelled() => {}
            }
        }
    }

    /// Invokes the function until all has been seen: ten messages of the largest size are more than one payload holds.
    async fn run_all(&self, ready: &Ready) {
        let mut rest = ready.records.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(fitting(rest));
            let handled = self.run_batch(now, ready.visible_again).await;
            // What comes later in a FIFO queue must not overtake what was not handled.
            if self.setup.fifo && handled < now.len() {
                return;
            }
            rest = later;
        }
    }

    /// Invokes the function with a batch and deletes what it handled. Returns how much that was.
    async fn run_batch(&self, records: &[Record], visible_again: Timestamp) -> usize {
        let handled = match self.invoke(records, visible_again).await {
            BatchEnd::Returned(answer) => self.judged(&answer, records),
            // What is left is visible again when its time is over, and goes to the queue's own dead-letter queue in the end.
            BatchEnd::Failed => Vec::new(),
            BatchEnd::NotRun if self.setup.over.is_cancelled() => return 0,
            BatchEnd::NotRun => Vec::new(),
        };
        let outcome = match handled.is_empty() {
            true => Outcome::Problem(CALL_FAILED.to_owned()),
            false => Outcome::Ok,
        };
        self.sources.board.note(&self.setup.mapping.id, outcome);
        self.delete(&handled, visible_again).await;
        handled.len()
    }

    /// Invokes the function, and again while it is throttled and nobody else sees the messages. If the mapping is changed meanwhile, they
    /// are given back.
    async fn invoke(&self, records: &[Record], visible_again: Timestamp) -> BatchEnd {
        let (sources, setup) = (&self.sources, &self.setup);
        let payload = Bytes::from(serde_json::to_vec(&Batch { records }).unwrap_or_default());
        let trace_id = records
            .iter()
            .find_map(|record| record.attributes.get("AWSTraceHeader").cloned());
        let request_id = RequestId::new(sources.ids.as_ref());
        for tries in 0.. {
            let run = sources
                .functions
                .run(&setup.mapping, request_id, payload.clone(), trace_id.clone());
            let end = run.await;
            if end != BatchEnd::NotRun {
                return end;
            }
            self.tell(Told::Throttled);
            let Some(pause) = batch::throttled(tries, sources.clock.now(), visible_again) else {
                break;
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = setup.over.cancelled() => {
                    self.give_back(records).await;
                    break;
                }
            }
        }
        BatchEnd::NotRun
    }

    /// What the function has handled of a batch that it returned from.
    fn judged<'a>(&self, answer: &[u8], records: &'a [Record]) -> Vec<&'a Record> {
        let types = self.setup.mapping.response_types.as_ref();
        let ids: BTreeSet<&str> = records.iter().map(|record| record.message_id.as_str()).collect();
        let judgement = match types.is_some_and(|types| !types.is_empty()) {
            true => batch::judge(answer, &ids),
            false => Judgement::Handled,
        };
        let failed = |record: &&Record| match &judgement {
            Judgement::Handled => false,
            Judgement::NotHandled => true,
            Judgement::AllBut(failed) => failed.contains(&record.message_id),
        };
        records.iter().filter(|record| !failed(record)).collect()
    }

    /// Deletes messages, and tries again while they are nobody else's.
    async fn delete(&self, records: &[&Record], visible_again: Timestamp) {
        for some in records.chunks(MOST_AT_ONCE) {
            let mut left: Vec<&str> = some.iter().map(|record| record.receipt_handle.as_str()).collect();
            for tries in 0.. {
                let trouble = match self.queue.delete(&left).await {
                    Ok(failed) => {
                        left = failed
                            .iter()
                            .filter_map(|(place, _)| left.get(*place).copied())
                            .collect();
                        failed.into_iter().next().map(|(_, trouble)| trouble)
                    }
                    Err(trouble) => Some(trouble),
                };
                let Some(trouble) = trouble else { break };
                match batch::throttled(tries + 1, self.sources.clock.now(), visible_again) {
                    Some(pause) if tries < TRIES && !matches!(trouble, Trouble::Refused { .. }) => {
                        tokio::time::sleep(pause).await;
                    }
                    _ => {
                        let (queue, messages) = (self.key.arn(), left.len());
                        tracing::warn!(%trouble, queue, messages, "messages that were handled are not deleted, and come again");
                        break;
                    }
                }
            }
        }
    }

    async fn give_back(&self, records: &[Record]) {
        for some in records.chunks(MOST_AT_ONCE) {
            let handles: Vec<&str> = some.iter().map(|record| record.receipt_handle.as_str()).collect();
            if let Err(trouble) = self.queue.give_back(&handles).await {
                tracing::debug!(%trouble, "messages are visible again only when their time is over");
            }
        }
    }
}

/// How many of the records a payload holds; one at least.
fn fitting(records: &[Record]) -> usize {
    let mut bytes = 0;
    let fits = |record: &&Record| {
        bytes += record.bytes();
        bytes <= BATCH_BYTES
    };
    records.iter().take_while(fits).count().max(1)
}
