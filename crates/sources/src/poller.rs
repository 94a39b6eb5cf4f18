//! Reads one queue for one function: how many batches there are, and what they are told when the mapping changes.
//!
//! Each batch is a task of its own (`work.rs`), from its first message to the end of its last; the poller starts as many as the engine's
//! scale allows, one of which gathers unless the queue has more than one can carry.

use crate::{
    board::Outcome,
    queue::{Queue, Trouble},
    supervisor::Sources,
    work::Work,
};
use lambent_engine::{
    batch::{self, Scale},
    pattern::Pattern,
};
use lambent_types::{
    QueueKey, Timestamp,
    event_source_mapping::{EventSource, EventSourceMapping},
};
use std::sync::{Arc, Weak};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// A mapping as batches see it. One that is changed gets another; who has this one finishes with it.
pub(crate) struct Setup {
    pub(crate) mapping: Arc<EventSourceMapping>,
    pub(crate) filters: Vec<Pattern>,
    /// Whether the source is a FIFO queue.
    pub(crate) fifo: bool,
    /// Cancelled when the mapping is changed, off or gone, or when the server stops: what was gathered is run, nothing more is.
    pub(crate) over: CancellationToken,
}

impl Setup {
    fn new(mapping: Arc<EventSourceMapping>, stop: &CancellationToken) -> Arc<Self> {
        let filters = mapping.filters.iter();
        Arc::new(Self {
            filters: filters.filter_map(|text| Pattern::parse(text).ok()).collect(),
            fifo: matches!(mapping.source, EventSource::Sqs { fifo: true, .. }),
            over: stop.child_token(),
            mapping,
        })
    }
}

/// What a batch tells the poller while it goes on.
pub(crate) enum Told {
    /// It is gathered, and may have left more: full, or not.
    Gathered {
        /// Whether nothing more fitted.
        full: bool,
    },
    /// The queue gave nothing.
    Nothing,
    /// The queue could not be read.
    Unreadable(Trouble),
    /// The function was throttled.
    Throttled,
}

/// Reads a queue.
pub(crate) struct Poller {
    sources: Arc<Sources>,
    key: QueueKey,
    queue: Arc<dyn Queue>,
    setup: Arc<Setup>,
    /// What the mapping was before, while batches of it are under way.
    former: Vec<Weak<Setup>>,
    /// Whether the board says that the mapping is read as it is.
    settled: bool,
    scale: Scale,
    batches: JoinSet<()>,
    gathering: usize,
    /// How often in a row the queue could not be read.
    failures: u32,
    /// Until when it is left alone after that.
    rest: Option<Timestamp>,
}

impl Poller {
    /// Of a mapping whose source is a queue.
    pub(crate) fn new(
        sources: Arc<Sources>,
        mapping: Arc<EventSourceMapping>,
        stop: &CancellationToken,
    ) -> Option<Self> {
        let EventSource::Sqs { arn, .. } = &mapping.source else {
            return None;
        };
        let key = QueueKey::from_arn(arn)?;
        Some(Self {
            queue: sources.queues.queue(&key),
            key,
            scale: Scale::new(maximum(&mapping)),
            setup: Setup::new(mapping, stop),
            former: Vec::new(),
            settled: false,
            sources,
            batches: JoinSet::new(),
            gathering: 0,
            failures: 0,
            rest: None,
        })
    }

    /// Runs until told to stop, then finishes the batches under way. What the mapping becomes meanwhile is taken over.
    pub(crate) async fn run(mut self, mut changes: watch::Receiver<Arc<EventSourceMapping>>, stop: CancellationToken) {
        let (tell, mut told) = mpsc::unbounded_channel();
        while !stop.is_cancelled() {
            self.settle();
            let full = self.fill(&tell);
            let rest = self.rest.map(|rest| rest.since(self.sources.clock.now()));
            tokio::select! {
                () = stop.cancelled() => {}
                Ok(()) = changes.changed() => {
                    let mapping = Arc::clone(&changes.borrow_and_update());
                    self.take_over(mapping, &stop);
                }
                Some(news) = told.recv() => self.hear(news),
                Some(ended) = self.batches.join_next(), if !self.batches.is_empty() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "a batch broke; its messages come again");
                        self.gathering = 0;
                    }
                }
                () = tokio::time::sleep(self.scale.pace()), if full => {}
                () = tokio::time::sleep(rest.unwrap_or_default()), if rest.is_some() => self.rest = None,
            }
        }
        self.sources.board.changing(&self.setup.mapping.id);
        while self.batches.join_next().await.is_some() {}
    }

    /// Starts to gather as many batches as there may be. Returns whether there are.
    fn fill(&mut self, tell: &mpsc::UnboundedSender<Told>) -> bool {
        while self.rest.is_none() && self.gathering < self.scale.gatherers() && self.batches.len() < self.scale.limit()
        {
            let work = Work {
                sources: Arc::clone(&self.sources),
                key: self.key.clone(),
                queue: Arc::clone(&self.queue),
                setup: Arc::clone(&self.setup),
                tell: tell.clone(),
            };
            self.gathering += 1;
            self.batches.spawn(work.run());
        }
        let full = self.batches.len() >= self.scale.limit();
        match full {
            true => self.scale.busy(self.sources.clock.now()),
            false => self.scale.roomy(),
        }
        full
    }

    fn hear(&mut self, news: Told) {
        let now = self.sources.clock.now();
        match news {
            Told::Gathered { full } => {
                self.gathering = self.gathering.saturating_sub(1);
                self.failures = 0;
                self.scale.gathered(full);
            }
            Told::Nothing => {
                self.gathering = self.gathering.saturating_sub(1);
                if self.failures > 0 {
                    tracing::info!(queue = %self.key.arn(), "a queue can be read again");
                    self.sources.board.note(&self.setup.mapping.id, Outcome::Ok);
                }
                self.failures = 0;
                self.scale.quiet(now);
            }
            Told::Unreadable(trouble) => {
                self.gathering = self.gathering.saturating_sub(1);
                self.failures = self.failures.saturating_add(1);
                self.rest = Some(now.plus(batch::unreadable(self.failures)));
                self.scale.quiet(now);
                let (board, id) = (&self.sources.board, &self.setup.mapping.id);
                let queue = self.key.arn();
                if board.note(id, Outcome::Problem(trouble.told())) {
                    tracing::warn!(%trouble, queue, mapping = id, "a queue cannot be read");
                } else {
                    tracing::debug!(%trouble, queue, mapping = id, "a queue still cannot be read");
                }
            }
            Told::Throttled => self.scale.throttled(),
        }
    }

    /// Reads on as the mapping is now. Batches of what it was before are finished, and count.
    fn take_over(&mut self, mapping: Arc<EventSourceMapping>, stop: &CancellationToken) {
        self.sources.board.changing(&mapping.id);
        self.scale = self.scale.bounded(maximum(&mapping));
        self.setup.over.cancel();
        let former = std::mem::replace(&mut self.setup, Setup::new(mapping, stop));
        self.former.push(Arc::downgrade(&former));
        self.settled = false;
        self.rest = None;
        self.failures = 0;
    }

    /// Says that the mapping is read as it is, once nobody has what it was before.
    fn settle(&mut self) {
        self.former.retain(|former| former.strong_count() > 0);
        if self.former.is_empty() && !self.settled {
            self.sources.board.settled(&self.setup.mapping);
            self.settled = true;
        }
    }
}

/// How many environments a mapping may keep busy, if it says so.
fn maximum(mapping: &EventSourceMapping) -> Option<usize> {
    let most = mapping.maximum_concurrency?;
    Some(usize::try_from(most).unwrap_or(usize::MAX))
}
