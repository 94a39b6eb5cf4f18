//! Reads one queue for one function.

use crate::{
    record::{Batch, Record},
    supervisor::{BatchEnd, Sources},
};
use bytes::Bytes;
use lambent_engine::{
    batch::{self, Bounds, Gathered, Judgement, Scale},
    pattern::Pattern,
};
use lambent_sqs::{Receive, Refusal};
use lambent_types::{
    QueueKey, RequestId, Timestamp,
    event_source_mapping::{EventSource, EventSourceMapping},
    limits,
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Messages that one receive gives at most.
const MOST_RECEIVED: usize = 10;
/// How long one receive waits, in seconds: so long it takes at most to notice that reading is to end.
const WAIT: u32 = 1;
/// Before a queue is looked at again that could not be read.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// Environments that one source may keep busy where nobody said how many: AWS's bound.
const MOST_BATCHES: usize = 1_000;
/// The room for records in a payload: its bound without what is around them.
const BATCH_BYTES: usize = limits::SYNC_REQUEST_BYTES - 1_024;

/// Reads a queue.
pub(crate) struct Poller {
    sources: Arc<Sources>,
    mapping: EventSourceMapping,
    queue: QueueKey,
    filters: Vec<Pattern>,
    scale: Mutex<Scale>,
}

/// Messages for one invocation.
struct Ready {
    records: Vec<Record>,
    /// Others see the first of them again from then on.
    visible_again: Timestamp,
}

impl Poller {
    /// Of a mapping whose source is a queue.
    pub(crate) fn new(sources: Arc<Sources>, mapping: EventSourceMapping) -> Option<Self> {
        let EventSource::Sqs { arn, .. } = &mapping.source else {
            return None;
        };
        let most = mapping.maximum_concurrency.and_then(|most| usize::try_from(most).ok());
        Some(Self {
            queue: QueueKey::from_arn(arn)?,
            filters: mapping
                .filters
                .iter()
                .filter_map(|text| Pattern::parse(text).ok())
                .collect(),
            scale: Mutex::new(Scale::new(most.unwrap_or(MOST_BATCHES))),
            sources,
            mapping,
        })
    }

    /// Runs until told to stop, then finishes the batches under way.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let this = Arc::new(self);
        let mut batches = JoinSet::new();
        while !stop.is_cancelled() {
            while batches.try_join_next().is_some() {}
            if batches.len() >= this.scaled(|scale| scale.limit()) {
                tokio::select! {
                    () = stop.cancelled() => break,
                    _ = batches.join_next() => continue,
                }
            }
            match this.gather(&stop).await {
                Ok(Some(ready)) => {
                    batches.spawn(Arc::clone(&this).work(ready));
                }
                Ok(None) => {}
                Err(refusal) => {
                    tracing::debug!(?refusal, queue = %this.queue.arn(), "a queue could not be read");
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = tokio::time::sleep(AFTER_FAILURE) => {}
                    }
                }
            }
        }
        while batches.join_next().await.is_some() {}
    }

    fn scaled<T>(&self, with: impl FnOnce(&mut Scale) -> T) -> T {
        with(&mut self.scale.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Receives until a batch is full or its time is over. What the filters do not let through is deleted.
    async fn gather(&self, stop: &CancellationToken) -> Result<Option<Ready>, Refusal> {
        let (sqs, clock) = (&self.sources.sqs, &self.sources.clock);
        let timeout = Duration::from_secs(sqs.queue(&self.queue).await?.visibility_timeout().into());
        let window = Duration::from_secs(self.mapping.batch_window.unwrap_or_default().into());
        let bounds = Bounds {
            records: usize::try_from(self.mapping.batch_size).unwrap_or(MOST_RECEIVED),
            bytes: BATCH_BYTES,
            // A message that came first must not be seen by others before the last has come and the function has run.
            window: window.min(timeout / 2),
        };
        let (mut gathered, mut records, mut since) = (Gathered::default(), Vec::new(), None);
        while let Some((left, room)) = gathered.wants(&bounds, clock.now()) {
            if stop.is_cancelled() {
                break;
            }
            let ask = Receive {
                most: room.min(MOST_RECEIVED),
                wait: Some(u32::from(left >= Duration::from_secs(1)) * WAIT),
                ..Receive::default()
            };
            let asked = clock.now();
            let found = sqs.receive(&self.queue, &ask).await?;
            if found.is_empty() && left < Duration::from_secs(1) {
                // The rest of the window is shorter than a receive waits.
                tokio::time::sleep(left).await;
            }
            for received in found {
                let record = Record::new(received, &self.queue.arn(), self.queue.scope.region.as_str());
                if record.wanted(&self.filters) {
                    since.get_or_insert(asked);
                    gathered = gathered.with(record.bytes(), clock.now());
                    records.push(record);
                } else {
                    self.delete(&record).await;
                }
            }
        }
        Ok(since.filter(|_| !records.is_empty()).map(|since| Ready {
            records,
            visible_again: since.plus(timeout),
        }))
    }

    /// Invokes the function with a batch and deletes what it handled.
    async fn work(self: Arc<Self>, ready: Ready) {
        let mut rest = ready.records.as_slice();
        // Ten messages of the largest size are more than one payload holds.
        while !rest.is_empty() {
            let count = fitting(rest);
            let (now, later) = rest.split_at(count);
            self.run_batch(now, ready.visible_again).await;
            rest = later;
        }
    }

    async fn run_batch(&self, records: &[Record], visible_again: Timestamp) {
        let payload = Bytes::from(serde_json::to_vec(&Batch { records }).unwrap_or_default());
        let trace_id = records
            .iter()
            .find_map(|record| record.attributes.get("AWSTraceHeader").cloned());
        let request_id = RequestId::new(self.sources.ids.as_ref());
        let mut tries = 0;
        let end = loop {
            let functions = &self.sources.functions;
            let end = functions
                .run(&self.mapping, request_id, payload.clone(), trace_id.clone())
                .await;
            if end != BatchEnd::NotRun {
                break end;
            }
            self.scaled(Scale::shrink);
            match batch::throttled(tries, self.sources.clock.now(), visible_again) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => break end,
            }
            tries += 1;
        };
        let handled = match end {
            BatchEnd::Returned(answer) => self.judged(&answer, records),
            // What is left is visible again when its time is over, and goes to the queue's own dead-letter queue in the end.
            BatchEnd::Failed | BatchEnd::NotRun => return,
        };
        if handled.len() == usize::try_from(self.mapping.batch_size).unwrap_or(MOST_RECEIVED) {
            self.scaled(Scale::grow);
        }
        for record in handled {
            self.delete(record).await;
        }
    }

    /// What the function has handled of a batch that it returned from.
    fn judged<'a>(&self, answer: &[u8], records: &'a [Record]) -> Vec<&'a Record> {
        let reports = self
            .mapping
            .response_types
            .as_ref()
            .is_some_and(|types| !types.is_empty());
        let ids: BTreeSet<&str> = records.iter().map(|record| record.message_id.as_str()).collect();
        let judgement = if reports {
            batch::judge(answer, &ids)
        } else {
            Judgement::Handled
        };
        let failed = |record: &&Record| match &judgement {
            Judgement::Handled => false,
            Judgement::NotHandled => true,
            Judgement::AllBut(failed) => failed.contains(&record.message_id),
        };
        records.iter().filter(|record| !failed(record)).collect()
    }

    async fn delete(&self, record: &Record) {
        if let Err(refusal) = self.sources.sqs.delete(&self.queue, &record.receipt_handle).await {
            tracing::warn!(
                ?refusal,
                message = record.message_id,
                "a message that was handled is not deleted, and comes again"
            );
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
