//! The store against the simplest thing that does the same: a list.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use lambent_log_store::{
    Direction, Event, LogError, LogGroupKey, LogStore as _, Matcher, NewEvent, Position, Query, Reached, Streams,
};
use lambent_log_store_files::{FileLogs, Options};
use lambent_types::{Clock, ManualClock, Scope, Timestamp};
use proptest::prelude::*;
use std::{fs, future::poll_fn, path::Path, sync::Arc, task::Poll, time::Duration};

const NOW: i64 = 1_795_435_534_123_456;

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::new(Timestamp::from_micros(NOW)))
}

fn open(folder: &Path, most_bytes: u64) -> FileLogs {
    FileLogs::open(folder, Options { most_bytes }, clock()).unwrap()
}

fn group(name: &str) -> LogGroupKey {
    LogGroupKey {
        scope: Scope {
            account: "111111111111".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
        },
        name: name.to_owned(),
    }
}

fn everything(name: &str) -> Query {
    Query {
        group: group(name),
        streams: Streams::All,
        after: None,
        before: None,
        direction: Direction::Forward,
        most_events: 10_000,
        most_bytes: 1 << 20,
        matcher: None,
    }
}

fn new(millis: u64, message: &str) -> NewEvent {
    NewEvent {
        millis,
        message: message.as_bytes().to_vec(),
    }
}

fn texts(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .map(|event| String::from_utf8(event.message.clone()).unwrap())
        .collect()
}

/// Reads all pages in one direction and puts them together in order of time.
async fn all_pages(logs: &FileLogs, mut query: Query) -> Vec<Event> {
    let mut pages = Vec::new();
    loop {
        let page = logs.read(query.clone()).await.unwrap();
        assert!(page.events.len() <= query.most_events);
        pages.push(page.events);
        match page.reached {
            Reached::End => break,
            Reached::At(position) if query.direction == Direction::Forward => query.after = Some(position),
            Reached::At(position) => query.before = Some(position),
        }
    }
    if query.direction == Direction::Backward {
        pages.reverse();
    }
    pages.concat()
}

#[derive(Clone, Debug)]
struct Given {
    stream: usize,
    /// Milliseconds; few, so that many are the same.
    millis: Vec<u64>,
    reopen: bool,
}

fn given() -> impl Strategy<Value = Vec<Given>> {
    let one = (
        0..4_usize,
        prop::collection::vec(0..60_u64, 1..40),
        prop::bool::weighted(0.1),
    );
    let one = one.prop_map(|(stream, millis, reopen)| Given { stream, millis, reopen });
    prop::collection::vec(one, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn pages_put_together_are_all_events_in_order_of_time(
        given in given(),
        most_events in 1..50_usize,
        most_bytes in 1..4_000_usize,
        range in (0..60_u64, 0..60_u64),
        streams in prop::sample::select(vec![vec![], vec![0], vec![1, 3]]),
        wide in 0..20_000_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let mut logs = open(folder.path(), 1 << 30);
            logs.create_group(&group("g")).await.unwrap();
            let mut expected = Vec::new();
            for stream in 0..4 {
                logs.create_stream(&group("g"), &stream.to_string()).await.unwrap();
            }
            for Given { stream, millis, reopen } in given {
                let mut events = Vec::new();
                for millis in millis {
                    let message = format!("{}:{}", expected.len(), "x".repeat(if expected.len() % 7 == 0 { wide } else { 3 }));
                    expected.push((millis, stream, message.clone()));
                    events.push(new(millis, &message));
                }
                logs.append(&group("g"), &stream.to_string(), events).await.unwrap();
                if reopen {
                    drop(logs);
                    logs = open(folder.path(), 1 << 30);
                }
            }
            expected.sort_by_key(|(millis, _, _)| *millis);
            expected.retain(|(millis, stream, _)| {
                (range.0..range.1).contains(millis) && (streams.is_empty() || streams.contains(stream))
            });
            let named = streams.iter().map(ToString::to_string).collect();
            for direction in [Direction::Forward, Direction::Backward] {
                let query = Query {
                    streams: if streams.is_empty() { Streams::All } else { Streams::Named(Clone::clone(&named)) },
                    after: Some(Position::before(range.0)),
                    before: Some(Position::before(range.1)),
                    direction,
                    most_events,
                    most_bytes,
                    ..everything("g")
                };
                let read = all_pages(&logs, query).await;
                let read: Vec<_> = read.iter().map(|event| {
                    let stream: usize = event.stream.parse().unwrap();
                    (event.position.millis, stream, String::from_utf8(event.message.clone()).unwrap())
                }).collect();
                assert!(read == expected, "{direction:?}: {} instead of {}", read.len(), expected.len());
            }
        });
    }
}

#[tokio::test]
async fn groups_and_streams_come_and_go_and_are_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let logs = open(folder.path(), 1 << 30);
    let (a, b) = (group("/a"), group("/b"));
    logs.create_group(&a).await.unwrap();
    assert_eq!(logs.create_group(&a).await, Err(LogError::GroupExists));
    assert_eq!(logs.create_stream(&b, "s").await, Err(LogError::GroupMissing));
    logs.create_stream(&a, "s").await.unwrap();
    assert_eq!(logs.create_stream(&a, "s").await, Err(LogError::StreamExists));
    assert_eq!(
        logs.append(&a, "t", vec![new(1, "x")]).await,
        Err(LogError::StreamMissing)
    );
    logs.append(&a, "s", vec![new(5, "x"), new(3, "y")]).await.unwrap();
    logs.create_group(&b).await.unwrap();
    logs.delete_group(&b).await.unwrap();
    assert_eq!(logs.delete_group(&b).await, Err(LogError::GroupMissing));
    drop(logs);

    let logs = open(folder.path(), 1 << 30);
    let names: Vec<_> = logs.groups(&a.scope).into_iter().map(|group| group.key.name).collect();
    assert_eq!(names, ["/a"]);
    let streams = logs.streams(&a).await.unwrap();
    assert_eq!(streams.len(), 1);
    assert_eq!((streams[0].first_event, streams[0].last_event), (Some(3), Some(5)));
    assert_eq!(texts(&logs.read(everything("/a")).await.unwrap().events), ["y", "x"]);

    logs.delete_stream(&a, "s").await.unwrap();
    assert_eq!(logs.delete_stream(&a, "s").await, Err(LogError::StreamMissing));
    logs.create_stream(&a, "s").await.unwrap();
    assert!(
        logs.read(everything("/a")).await.unwrap().events.is_empty(),
        "the old stream's are gone with it"
    );
}

#[tokio::test]
async fn an_outlet_makes_what_is_missing_and_is_read_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let logs = open(folder.path(), 1 << 30);
    let outlet = logs.outlet(&group("g"), "s");
    outlet.event(7, &[b"fir", b"st"]);
    logs.create_group(&group("other")).await.unwrap();
    assert!(logs.read(everything("other")).await.unwrap().events.is_empty());
    assert_eq!(texts(&logs.read(everything("g")).await.unwrap().events), ["first"]);
    logs.delete_group(&group("g")).await.unwrap();
    outlet.event(8, &[b"second"]);
    let mut written = logs.written();
    written.wait_for(|_| logs.group(&group("g")).is_some()).await.unwrap();
    assert_eq!(texts(&logs.read(everything("g")).await.unwrap().events), ["second"]);
}

#[tokio::test]
async fn one_that_floods_waits_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let logs = open(folder.path(), 1 << 30);
    let outlet = logs.outlet(&group("g"), "flood");
    let line = [b'x'; 1_000];
    let mut paused = 0;
    for _ in 0..20_000 {
        poll_fn(|cx| {
            let room = outlet.poll_room(cx);
            paused += u32::from(room.is_pending());
            room
        })
        .await;
        outlet.event(1, &[&line]);
    }
    assert!(paused > 0);
    let read = all_pages(&logs, everything("g")).await;
    assert_eq!(read.len(), 20_000);
    // Another one has room meanwhile.
    let other = logs.outlet(&group("g"), "other");
    assert!(poll_fn(|cx| Poll::Ready(other.poll_room(cx).is_ready())).await);
}

#[tokio::test]
async fn the_oldest_go_first_and_so_do_their_streams() {
    let folder = tempfile::tempdir().unwrap();
    let logs = open(folder.path(), 1 << 20);
    logs.create_group(&group("kept")).await.unwrap();
    logs.create_stream(&group("kept"), "client").await.unwrap();
    for number in 0..40_u64 {
        let outlet = logs.outlet(&group("g"), &format!("s{number}"));
        for _ in 0..100 {
            outlet.event(number, &[&[b'x'; 1_000]]);
        }
        logs.streams(&group("g")).await.unwrap();
    }
    let deadline = tokio::time::sleep(Duration::from_secs(30));
    tokio::pin!(deadline);
    loop {
        let stored = logs.group(&group("g")).unwrap().stored_bytes;
        if stored <= 1 << 20 {
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
            () = &mut deadline => panic!("{stored} bytes are kept"),
        }
    }
    let read = all_pages(&logs, everything("g")).await;
    let first = read.first().unwrap().position.millis;
    assert_eq!(read.last().unwrap().position.millis, 39);
    assert!(first > 20, "{first}");
    assert!(logs.streams(&group("g")).await.unwrap().len() < 20);
    assert_eq!(logs.streams(&group("kept")).await.unwrap().len(), 1);

    logs.forget_before(&group("g"), 100).await.unwrap();
    assert!(all_pages(&logs, everything("g")).await.is_empty());
    assert_eq!(logs.streams(&group("g")).await.unwrap(), []);
    assert_eq!(logs.group(&group("g")).unwrap().stored_bytes, 0);
}

#[tokio::test]
async fn a_torn_end_is_cut_and_writing_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let logs = open(folder.path(), 1 << 30);
    logs.create_group(&group("g")).await.unwrap();
    logs.create_stream(&group("g"), "s").await.unwrap();
    for text in ["a", "b", "c"] {
        logs.append(&group("g"), "s", vec![new(1, text)]).await.unwrap();
    }
    drop(logs);
    let of_group = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let segment = fs::read_dir(of_group)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "log"))
        .unwrap();
    let bytes = fs::read(&segment).unwrap();
    fs::write(&segment, &bytes[..bytes.len() - 1]).unwrap();
    let logs = open(folder.path(), 1 << 30);
    logs.append(&group("g"), "s", vec![new(1, "d")]).await.unwrap();
    drop(logs);
    let logs = open(folder.path(), 1 << 30);
    let read = logs.read(everything("g")).await.unwrap().events;
    assert_eq!(texts(&read), ["a", "b", "d"]);
}

#[tokio::test]
async fn following_goes_in_the_order_of_arrival() {
    let folder = tempfile::tempdir().unwrap();
    let logs = open(folder.path(), 1 << 30);
    logs.create_group(&group("g")).await.unwrap();
    logs.create_stream(&group("g"), "s").await.unwrap();
    let before = logs.newest(&group("g")).unwrap();
    logs.append(&group("g"), "s", vec![new(9, "a"), new(1, "b")])
        .await
        .unwrap();
    logs.append(&group("g"), "s", vec![new(5, "c")]).await.unwrap();
    let first = logs.follow(&group("g"), before, 3).await.unwrap();
    assert_eq!(texts(&first), ["a", "b"]);
    let rest = logs
        .follow(&group("g"), first[1].position.sequence, 1_000)
        .await
        .unwrap();
    assert_eq!(texts(&rest), ["c"]);
    assert_eq!(logs.newest(&group("g")), Some(rest[0].position.sequence));
    let matcher = Matcher::new(|message| message == b"b");
    let query = Query {
        matcher: Some(matcher),
        ..everything("g")
    };
    assert_eq!(texts(&logs.read(query).await.unwrap().events), ["b"]);
}
