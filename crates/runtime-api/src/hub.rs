//! Events on their way to subscribers: kept from the environment's start until it is known who wants them, then in each one's buffer.

use crate::{
    subscription::{Api, Subscription},
    telemetry::{Subscribed, TelemetryRecord},
};
use bytes::Bytes;
use lambent_types::Timestamp;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// How many events are kept for those who have not subscribed yet.
const BACKLOG: usize = 1_000;
/// How many times what it asked for a subscriber may be behind before events are dropped.
const SLACK: usize = 2;
const FALLEN_BEHIND: &str = "Consumer seems to have fallen behind as it has not acknowledged receipt of logs.";

/// All subscribers of one environment.
pub(crate) struct Hub {
    /// Whether there may be more subscribers: until the end of initialisation.
    open: bool,
    backlog: Vec<(Timestamp, TelemetryRecord)>,
    subscribers: Vec<Arc<Subscriber>>,
    /// Those whom nobody serves yet.
    fresh: Vec<Arc<Subscriber>>,
}

/// One subscriber and what it has not been sent yet.
pub(crate) struct Subscriber {
    name: String,
    pub(crate) subscription: Subscription,
    buffer: Mutex<Buffer>,
    changed: Notify,
}

#[derive(Default)]
struct Buffer {
    events: VecDeque<Bytes>,
    bytes: usize,
    flush: bool,
    dropped: (u64, u64),
}

impl Hub {
    pub(crate) const fn new() -> Self {
        Self {
            open: true,
            backlog: Vec::new(),
            subscribers: Vec::new(),
            fresh: Vec::new(),
        }
    }

    /// Whether anybody listens, or may come to.
    pub(crate) fn listens(&self) -> bool {
        self.open || !self.subscribers.is_empty()
    }

    /// Adds a subscriber, who gets what happened before. `false` when it is too late. One that subscribes again stays with its first.
    pub(crate) fn subscribe(&mut self, name: &str, subscription: Subscription, at: Timestamp) -> bool {
        if !self.open {
            return false;
        }
        if self.subscribers.iter().any(|subscriber| subscriber.name == name) {
            return true;
        }
        let subscribed = Subscribed {
            name: name.to_owned(),
            state: "Subscribed",
            types: subscription.streams.clone(),
        };
        let record = match subscription.api {
            Api::Telemetry => TelemetryRecord::TelemetrySubscription(subscribed),
            Api::Logs { .. } => TelemetryRecord::LogsSubscription(subscribed),
        };
        let subscriber = Arc::new(Subscriber {
            name: name.to_owned(),
            subscription,
            buffer: Mutex::default(),
            changed: Notify::new(),
        });
        for (at, record) in &self.backlog {
            subscriber.add(*at, record);
        }
        self.subscribers.push(Arc::clone(&subscriber));
        self.fresh.push(subscriber);
        self.add(at, record);
        true
    }

    /// Something has happened.
    pub(crate) fn add(&mut self, at: Timestamp, record: TelemetryRecord) {
        for subscriber in &self.subscribers {
            subscriber.add(at, &record);
        }
        if self.open && self.backlog.len() < BACKLOG {
            self.backlog.push((at, record));
        }
    }

    /// Initialisation is over: nobody else may subscribe.
    pub(crate) fn close(&mut self) {
        self.open = false;
        self.backlog = Vec::new();
    }

    /// The environment ends: what is kept is sent at once.
    pub(crate) fn flush(&self) {
        for subscriber in &self.subscribers {
            subscriber.buffer().flush = true;
            subscriber.changed.notify_waiters();
        }
    }

    /// A subscriber whom nobody serves yet.
    pub(crate) fn take_fresh(&mut self) -> Option<Arc<Subscriber>> {
        self.fresh.pop()
    }
}

impl Subscriber {
    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, at: Timestamp, record: &TelemetryRecord) {
        let Subscription {
            api,
            streams,
            buffering,
            ..
        } = &self.subscription;
        if !record.is_for(*api) || !streams.contains(&record.stream()) {
            return;
        }
        let event = record.json(at);
        let mut buffer = self.buffer();
        if buffer.bytes + event.len() > SLACK * buffering.bytes || buffer.events.len() >= SLACK * buffering.items {
            let (records, bytes) = buffer.dropped;
            buffer.dropped = (records + 1, bytes + event.len() as u64);
            return;
        }
        buffer.bytes += event.len();
        buffer.events.push_back(event.into());
        drop(buffer);
        self.changed.notify_waiters();
    }

    /// Waits for the next batch: until it is large enough, or old enough, or the environment ends.
    pub(crate) async fn next_batch(&self, now: impl Fn() -> Timestamp) -> Vec<Bytes> {
        let limits = self.subscription.buffering;
        self.until(|buffer| !buffer.events.is_empty()).await;
        let full =
            |buffer: &Buffer| buffer.flush || buffer.events.len() >= limits.items || buffer.bytes >= limits.bytes;
        // Whichever it was, what there is goes.
        let _ = tokio::time::timeout(limits.timeout, self.until(full)).await;
        let mut buffer = self.buffer();
        buffer.bytes = 0;
        let mut batch: Vec<Bytes> = std::mem::take(&mut buffer.events).into();
        let (dropped_records, dropped_bytes) = std::mem::take(&mut buffer.dropped);
        if dropped_records > 0 {
            let record = TelemetryRecord::LogsDropped {
                reason: FALLEN_BEHIND,
                dropped_records,
                dropped_bytes,
            };
            batch.push(record.json(now()).into());
        }
        batch
    }

    async fn until(&self, condition: impl Fn(&Buffer) -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // Registered before looking, so that no change falls between.
            changed.as_mut().enable();
            if condition(&self.buffer()) {
                return;
            }
            changed.await;
        }
    }
}
