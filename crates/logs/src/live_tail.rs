//! Live tails: what comes to some groups, sent once a second to a client that looks on ("Use Live Tail to view logs in near real time").

use crate::{Logs, Refusal, group, pattern::Pattern, service::moment};
use bytes::Bytes;
use futures_util::stream;
use lambent_log_store::{Event, LogError, LogGroupKey};
use lambent_models::logs::{
    LiveTailSessionLogEvent, LiveTailSessionMetadata, LiveTailSessionStart, LiveTailSessionUpdate, errors, schema,
};
use lambent_types::AccountId;
use lambent_wire::{ErrorShape, event_stream, service::Events};
use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Interval, MissedTickBehavior, Sleep, interval, sleep};

/// How often a client is told of what came.
const UPDATE: Duration = Duration::from_secs(1);
/// A session ends after this ("StartLiveTail").
const LONGEST: Duration = Duration::from_secs(3 * 3_600);
/// Events of one update; of more, a sample is sent.
const MOST_EVENTS: usize = 500;
/// Bytes of their messages: what clients take in one message of an event stream, were each byte escaped, is 24 MB.
const MOST_BYTES: usize = 3 << 20;
/// Bytes of messages that are looked through for one update, and how many of them at a time. What is beyond is not sent.
const LOOKED_THROUGH: usize = 16 << 20;
const AT_A_TIME: usize = 1 << 20;
/// Sessions of one account at the same time ("CloudWatch Logs quotas").
const SESSIONS: usize = 15;

/// Who is looking on.
#[derive(Debug, Default)]
pub(crate) struct Seats(Arc<Mutex<BTreeMap<AccountId, usize>>>);

impl Seats {
    /// A seat for one session of an account, unless all are taken.
    pub(crate) fn take(&self, account: &AccountId) -> Result<Seat, Refusal> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(*account).or_default();
        if *count >= SESSIONS {
            return Err(Refusal::LimitExceeded);
        }
        *count += 1;
        Ok(Seat {
            taken: Arc::clone(&self.0),
            account: *account,
        })
    }
}

/// A session's place among those of its account, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    taken: Arc<Mutex<BTreeMap<AccountId, usize>>>,
    account: AccountId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.account);
            }
        }
    }
}

/// Which streams of its group a session is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    All,
    Named(Vec<String>),
    Prefixes(Vec<String>),
}

impl Chosen {
    fn has(&self, stream: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.iter().any(|name| name == stream),
            Self::Prefixes(prefixes) => prefixes.iter().any(|prefix| stream.starts_with(prefix.as_str())),
        }
    }
}

/// A group that is looked at.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) key: LogGroupKey,
    /// The number of the last event that was looked at.
    pub(crate) seen: u64,
}

/// What a session looks at, and which events of it are wanted.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) watched: Vec<Watched>,
    pub(crate) streams: Chosen,
    pub(crate) pattern: Pattern,
}

/// The events of one update.
#[derive(Debug, Default)]
struct Picked {
    events: Vec<LiveTailSessionLogEvent>,
    bytes: usize,
    /// Whether there were more.
    sampled: bool,
}

impl Picked {
    fn add(&mut self, group: &str, event: &Event) {
        self.bytes += event.message.len();
        if self.bytes > MOST_BYTES {
            self.sampled = true;
            return;
        }
        self.events.push(LiveTailSessionLogEvent {
            log_stream_name: Some(event.stream.to_string()),
            log_group_identifier: Some(group.to_owned()),
            message: Some(String::from_utf8_lossy(&event.message).into_owned()),
            timestamp: Some(moment(event.position.millis)),
            ingestion_time: Some(moment(event.ingested)),
        });
    }

    /// What is sent of them.
    fn update(mut self) -> LiveTailSessionUpdate {
        let count = self.events.len();
        if count > MOST_EVENTS {
            self.sampled = true;
            let mut place = 0;
            self.events.retain(|_| {
                place += 1;
                // So many of the first `place` events are kept, and one more if this is one of them.
                place * MOST_EVENTS / count > (place - 1) * MOST_EVENTS / count
            });
        }
        LiveTailSessionUpdate {
            session_metadata: Some(LiveTailSessionMetadata {
                sampled: Some(self.sampled),
            }),
            session_results: Some(self.events),
        }
    }
}

impl View {
    /// What came since the last time.
    async fn update(&mut self, logs: &Logs) -> Result<LiveTailSessionUpdate, Refusal> {
        let mut picked = Picked::default();
        let each = LOOKED_THROUGH / self.watched.len().max(1);
        for watched in &mut self.watched {
            let name = group::arn(&watched.key);
            let mut left = each;
            // A group that was deleted has nothing; one that was made again begins again.
            while let Some(newest) = logs.kept.newest(&watched.key) {
                if newest < watched.seen {
                    watched.seen = 0;
                }
                if newest == watched.seen {
                    break;
                }
                if left == 0 {
                    picked.sampled = true;
                    watched.seen = newest;
                    break;
                }
                let events = match logs.kept.follow(&watched.key, watched.seen, AT_A_TIME.min(left)).await {
                    Err(LogError::GroupMissing) => break,
                    followed => followed?,
                };
                watched.seen = events.last().map_or(newest, |last| last.position.sequence);
                for event in events {
                    left = left.saturating_sub(event.message.len() + 1);
                    if self.streams.has(&event.stream) && self.pattern.matches(&event.message) {
                        picked.add(&name, &event);
                    }
                }
            }
        }
        Ok(picked.update())
    }
}

/// A session as it goes on.
struct Session {
    logs: Logs,
    view: View,
    ticks: Interval,
    ends: Pin<Box<Sleep>>,
    _seat: Seat,
}

/// What comes next in a session.
enum Next {
    Start(LiveTailSessionStart),
    Update,
}

/// The session's events.
pub(crate) fn events(logs: Logs, seat: Seat, view: View, start: LiveTailSessionStart) -> Events {
    let mut ticks = interval(UPDATE);
    ticks.reset();
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let session = Session {
        logs,
        view,
        ticks,
        ends: Box::pin(sleep(LONGEST)),
        _seat: seat,
    };
    Box::pin(stream::unfold(Some((session, Next::Start(start))), async |state| {
        let (mut session, next) = state?;
        let message = match next {
            Next::Start(start) => session_start(&start),
            Next::Update => session.update().await,
        };
        Some(match message {
            Ok(message) => (message, Some((session, Next::Update))),
            Err(end) => (end, None),
        })
    }))
}

fn session_start(start: &LiveTailSessionStart) -> Result<Bytes, Bytes> {
    let message = event_stream::document("sessionStart", &schema::LIVE_TAIL_SESSION_START, start);
    message.map_err(|error| ended(&errors::SESSION_STREAMING_EXCEPTION, &error.message))
}

fn ended(shape: &ErrorShape, text: &str) -> Bytes {
    event_stream::exception(shape, text)
}

impl Session {
    /// The next update when it is due, or how the session ends.
    async fn update(&mut self) -> Result<Bytes, Bytes> {
        tokio::select! {
            biased;
            () = self.logs.closing.cancelled() => {
                return Err(ended(&errors::SESSION_STREAMING_EXCEPTION, "The server stops."));
            }
            () = self.ends.as_mut() => {
                return Err(ended(&errors::SESSION_TIMEOUT_EXCEPTION, "The Live Tail session has timed out."));
            }
            _ = self.ticks.tick() => {}
        }
        let update = self.view.update(&self.logs).await.map_err(|error| {
            tracing::error!(?error, "a live tail broke off");
            ended(&errors::SESSION_STREAMING_EXCEPTION, "The log events cannot be read.")
        })?;
        let message = event_stream::document("sessionUpdate", &schema::LIVE_TAIL_SESSION_UPDATE, &update);
        message.map_err(|error| ended(&errors::SESSION_STREAMING_EXCEPTION, &error.message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_log_store::Position;

    fn event(sequence: u64, bytes: usize) -> Event {
        Event {
            position: Position { millis: 1, sequence },
            ingested: 2,
            stream: "s".into(),
            message: vec![b'x'; bytes],
        }
    }

    #[test]
    fn more_than_fit_are_sampled_evenly() {
        let picked = |count: u64, bytes: usize| {
            let mut picked = Picked::default();
            (0..count).for_each(|sequence| picked.add(&sequence.to_string(), &event(sequence, bytes)));
            let update = picked.update();
            let groups = update.session_results.unwrap().into_iter();
            let numbers: Vec<u64> = groups
                .map(|event| event.log_group_identifier.unwrap().parse().unwrap())
                .collect();
            (numbers, update.session_metadata.unwrap().sampled)
        };
        assert_eq!(picked(500, 1).0.len(), 500);
        assert_eq!(picked(500, 1).1, Some(false));
        for count in [501, 999, 1_000, 12_345] {
            let (numbers, sampled) = picked(count, 1);
            assert_eq!((numbers.len(), sampled), (500, Some(true)), "{count}");
            let widest = numbers.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
            assert!(widest <= count.div_ceil(500), "{count}: {widest}");
        }
        let (large, sampled) = picked(100, 256 << 10);
        assert_eq!((large.len(), sampled), (12, Some(true)));
    }

    #[test]
    fn streams_are_chosen_by_name_or_prefix() {
        let names = || vec!["a/1".to_owned(), "b".to_owned()];
        assert!(Chosen::All.has("x"));
        assert!(Chosen::Named(names()).has("b") && !Chosen::Named(names()).has("b1"));
        assert!(Chosen::Prefixes(names()).has("b1") && !Chosen::Prefixes(names()).has("c"));
    }

    #[test]
    fn an_account_has_so_many_seats() {
        let seats = Seats::default();
        let account: AccountId = "111111111111".parse().unwrap();
        let mut taken: Vec<Seat> = (0..SESSIONS).map(|_| seats.take(&account).unwrap()).collect();
        assert!(matches!(seats.take(&account), Err(Refusal::LimitExceeded)));
        assert!(seats.take(&"222222222222".parse().unwrap()).is_ok());
        taken.pop();
        assert!(seats.take(&account).is_ok());
        taken.clear();
        assert!(seats.0.lock().unwrap().is_empty());
    }
}
