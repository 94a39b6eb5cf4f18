//! What every backend must do with messages.

use crate::{Change, CommitError, Condition, MessageCounts, ReceiveMessages, Store, Transaction};
use lambent_types::{Deduplication, Message, QueueId, Sequence, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
};

pub(crate) async fn run<S: Store, F: Future<Output = S>>(empty: &impl Fn() -> F) {
    messages_are_received_oldest_first_and_once(&empty().await).await;
    messages_come_back_until_they_are_deleted(&empty().await).await;
    a_queue_that_is_gone_takes_and_gives_nothing(&empty().await).await;
    old_messages_are_neither_received_nor_kept(&empty().await).await;
    deduplication_keys_count_for_a_while(&empty().await).await;
    messages_move_with_their_place(&empty().await).await;
    a_group_waits_for_what_is_in_flight(&empty().await).await;
    groups_take_turns(&empty().await).await;
    for seed in 1..=2 {
        order_and_completeness_hold_whatever_happens(&empty().await, seed).await;
    }
}

const QUEUE: QueueId = QueueId::at(Sequence::from_stored(1));
const OTHER: QueueId = QueueId::at(Sequence::from_stored(2));

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn message(sequence: i64, group: Option<&str>) -> Message {
    Message {
        queue: QUEUE,
        sequence: Sequence::from_stored(sequence),
        group: group.map(str::to_owned),
        visible_at: at(sequence),
        receives: 0,
        first_received_at: None,
        dead_letter_source: None,
        header: format!("{{\"n\":{sequence}}}"),
        body: format!("body {sequence} \u{1f600}"),
    }
}

fn receive(ordered: bool, now: i64, until: i64) -> ReceiveMessages {
    ReceiveMessages {
        queue: QUEUE,
        ordered,
        now: at(now),
        visible_at: at(until),
        oldest: Sequence::default(),
        limit: ReceiveMessages::MOST,
    }
}

async fn commit(store: &impl Store, changes: impl IntoIterator<Item = Change>) {
    let transaction = changes.into_iter().fold(Transaction::default(), Transaction::and);
    store.commit(transaction).await.expect("the commit is accepted");
}

async fn given(store: &impl Store, messages: impl IntoIterator<Item = Message>) {
    let messages = messages.into_iter().map(Change::PutMessage);
    commit(store, [Change::OpenQueue(QUEUE)].into_iter().chain(messages)).await;
}

async fn received(store: &impl Store, request: ReceiveMessages) -> Vec<i64> {
    let messages = store.receive_messages(request).await.expect("the store answers");
    messages.iter().map(|message| message.sequence.number()).collect()
}

async fn delete(store: &impl Store, sequence: i64, now: i64) {
    let gone = Change::DeleteMessage(QUEUE, Sequence::from_stored(sequence), at(now));
    commit(store, [gone]).await;
}

async fn show(store: &impl Store, sequence: i64, visible_at: i64, now: i64) {
    let change = Change::SetVisibility(QUEUE, Sequence::from_stored(sequence), at(visible_at), at(now));
    commit(store, [change]).await;
}

async fn messages_are_received_oldest_first_and_once(store: &impl Store) {
    given(store, [message(30, None), message(10, None), message(20, None)]).await;
    let delayed = Message {
        visible_at: at(500),
        ..message(40, None)
    };
    given(store, [delayed]).await;
    assert_eq!(store.next_message_visible(QUEUE).await, Ok(Some(at(10))));
    assert_eq!(store.oldest_message(QUEUE).await, Ok(Some(Sequence::from_stored(10))));
    assert_eq!(store.newest_sequence().await, Ok(Sequence::from_stored(40)));
    let two = ReceiveMessages {
        limit: 2,
        ..receive(false, 100, 200)
    };
    let first = store.receive_messages(two).await.expect("the store answers");
    let expected = Message {
        visible_at: at(200),
        receives: 1,
        first_received_at: Some(at(100)),
        ..message(10, None)
    };
    assert_eq!(first.first(), Some(&expected));
    assert_eq!(store.message(QUEUE, expected.sequence).await, Ok(Some(expected)));
    assert_eq!(received(store, receive(false, 100, 200)).await, [30]);
    assert!(received(store, receive(false, 100, 200)).await.is_empty());
    let counts = MessageCounts {
        waiting: 0,
        in_flight: 3,
        delayed: 1,
    };
    assert_eq!(store.message_counts(QUEUE, at(100)).await, Ok(counts));
    assert_eq!(store.message_counts(OTHER, at(100)).await, Ok(MessageCounts::default()));
}

async fn messages_come_back_until_they_are_deleted(store: &impl Store) {
    given(store, [message(10, None), message(20, None)]).await;
    assert_eq!(received(store, receive(false, 100, 200)).await, [10, 20]);
    show(store, 10, 150, 100).await;
    assert_eq!(received(store, receive(false, 150, 300)).await, [10]);
    let stale = Condition::MessageReceived(QUEUE, Sequence::from_stored(10), 1);
    let late = Transaction::of(Change::DeleteMessage(QUEUE, Sequence::from_stored(10), at(160))).when(stale.clone());
    assert_eq!(store.commit(late).await, Err(CommitError::Condition(stale)));
    delete(store, 10, 160).await;
    delete(store, 10, 160).await;
    show(store, 10, 0, 160).await;
    assert_eq!(received(store, receive(false, 500, 600)).await, [20]);
    let found = store
        .message(QUEUE, Sequence::from_stored(20))
        .await
        .expect("the store answers");
    assert_eq!(
        found.map(|m| (m.receives, m.first_received_at)),
        Some((2, Some(at(100))))
    );
    delete(store, 20, 510).await;
    assert_eq!(store.message_counts(QUEUE, at(900)).await, Ok(MessageCounts::default()));
    assert_eq!(store.next_message_visible(QUEUE).await, Ok(None));
}

async fn a_queue_that_is_gone_takes_and_gives_nothing(store: &impl Store) {
    let open = Condition::QueueOpen(QUEUE);
    let put = |sequence| Transaction::of(Change::PutMessage(message(sequence, None))).when(open.clone());
    assert_eq!(store.commit(put(5)).await, Err(CommitError::Condition(open.clone())));
    given(store, (10..35).map(|sequence| message(sequence, None))).await;
    commit(store, [Change::DropQueue(QUEUE)]).await;
    assert_eq!(store.commit(put(40)).await, Err(CommitError::Condition(open)));
    assert!(received(store, receive(false, 100, 200)).await.is_empty());
    let mut rounds = 0;
    while store
        .sweep_messages(Vec::new(), at(100), 10)
        .await
        .expect("the store answers")
        >= 10
    {
        rounds += 1;
        assert!(rounds < 10, "sweeping ends");
    }
    assert_eq!(store.message(QUEUE, Sequence::from_stored(30)).await, Ok(None));
    assert_eq!(store.oldest_message(QUEUE).await, Ok(None));
}

async fn old_messages_are_neither_received_nor_kept(store: &impl Store) {
    given(store, [10, 20, 30].map(|sequence| message(sequence, None))).await;
    let oldest = Sequence::from_stored(25);
    let request = ReceiveMessages {
        oldest,
        ..receive(false, 100, 200)
    };
    assert_eq!(received(store, request).await, [30]);
    assert_eq!(store.sweep_messages(vec![(QUEUE, oldest)], at(100), 100).await, Ok(2));
    assert_eq!(store.oldest_message(QUEUE).await, Ok(Some(Sequence::from_stored(30))));
    commit(
        store,
        ["a", "b"].map(|group| Change::PutMessage(message(40 + i64::from(group == "b"), Some(group)))),
    )
    .await;
    let request = ReceiveMessages {
        oldest: Sequence::from_stored(41),
        ..receive(true, 100, 200)
    };
    assert_eq!(received(store, request).await, [41]);
}

async fn deduplication_keys_count_for_a_while(store: &impl Store) {
    let used = |sequence, until| Deduplication {
        queue: QUEUE,
        key: "id".to_owned(),
        until: at(until),
        sequence: Sequence::from_stored(sequence),
        header: "m".to_owned(),
    };
    let first = |now| Condition::NotDuplicate(QUEUE, "id".to_owned(), at(now));
    given(store, []).await;
    let put = Transaction::of(Change::PutDeduplication(used(10, 100))).when(first(0));
    assert_eq!(store.commit(put.clone()).await, Ok(()));
    assert_eq!(store.commit(put).await, Err(CommitError::Condition(first(0))));
    assert_eq!(store.deduplication(QUEUE, "id", at(99)).await, Ok(Some(used(10, 100))));
    assert_eq!(store.deduplication(QUEUE, "id", at(100)).await, Ok(None));
    assert_eq!(store.deduplication(OTHER, "id", at(50)).await, Ok(None));
    let again = Transaction::of(Change::PutDeduplication(used(20, 200))).when(first(100));
    assert_eq!(store.commit(again).await, Ok(()));
    assert!(store.sweep_messages(Vec::new(), at(300), 10).await.is_ok());
    assert_eq!(store.deduplication(QUEUE, "id", at(0)).await, Ok(None));
}

async fn messages_move_with_their_place(store: &impl Store) {
    given(store, [message(10, None)]).await;
    let moved = Message {
        queue: OTHER,
        receives: 3,
        dead_letter_source: Some("arn".to_owned()),
        ..message(10, None)
    };
    let gone = Change::DeleteMessage(QUEUE, moved.sequence, at(50));
    commit(
        store,
        [Change::OpenQueue(OTHER), gone, Change::PutMessage(moved.clone())],
    )
    .await;
    assert_eq!(store.message(QUEUE, moved.sequence).await, Ok(None));
    assert_eq!(store.message(OTHER, moved.sequence).await, Ok(Some(moved)));
    assert_eq!(store.message_counts(QUEUE, at(50)).await, Ok(MessageCounts::default()));
}

async fn a_group_waits_for_what_is_in_flight(store: &impl Store) {
    given(store, (10..25).map(|sequence| message(sequence, Some("a")))).await;
    let first: Vec<i64> = (10..20).collect();
    assert_eq!(received(store, receive(true, 100, 200)).await, first);
    assert!(received(store, receive(true, 100, 200)).await.is_empty());
    delete(store, 10, 110).await;
    assert!(
        received(store, receive(true, 110, 200)).await.is_empty(),
        "nine are in flight"
    );
    assert_eq!(store.next_message_visible(QUEUE).await, Ok(Some(at(200))));
    show(store, 11, 120, 115).await;
    assert!(
        received(store, receive(true, 130, 200)).await.is_empty(),
        "eight are in flight"
    );
    let again: Vec<i64> = (11..21).collect();
    assert_eq!(received(store, receive(true, 200, 300)).await, again);
    for sequence in again {
        delete(store, sequence, 210).await;
    }
    assert_eq!(received(store, receive(true, 210, 300)).await, [21, 22, 23, 24]);
    for sequence in 21..25 {
        delete(store, sequence, 220).await;
    }
    assert_eq!(store.next_message_visible(QUEUE).await, Ok(None));
    let delayed = Message {
        visible_at: at(400),
        ..message(30, Some("a"))
    };
    given(store, [delayed, message(31, Some("a"))]).await;
    assert!(
        received(store, receive(true, 399, 500)).await.is_empty(),
        "the first is delayed"
    );
    assert_eq!(received(store, receive(true, 400, 500)).await, [30, 31]);
}

async fn groups_take_turns(store: &impl Store) {
    let message_of = |sequence: i64| message(sequence, Some(["a", "b"][usize::from(sequence % 2 == 1)]));
    given(store, (10..16).map(message_of)).await;
    let one = |now| ReceiveMessages {
        limit: 1,
        ..receive(true, now, now + 50)
    };
    assert_eq!(received(store, one(100)).await, [10]);
    delete(store, 10, 101).await;
    assert_eq!(received(store, one(102)).await, [11]);
    assert_eq!(received(store, one(103)).await, [12]);
    delete(store, 12, 104).await;
    delete(store, 11, 105).await;
    assert_eq!(received(store, receive(true, 106, 200)).await, [14, 13, 15]);
}

/// Chance that is the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn micros(&mut self, bound: u64) -> i64 {
        i64::try_from(self.below(bound)).unwrap_or(0)
    }
}

/// What must be true of an ordered queue: the messages of each group that are left, and until when each is in flight.
#[derive(Default)]
struct Expected {
    left: BTreeMap<String, BTreeMap<i64, i64>>,
    received: BTreeSet<i64>,
}

impl Expected {
    /// Checks what was received: of each group its oldest messages, and only if none was in flight.
    fn check(&mut self, messages: &[Message], now: i64, until: i64) {
        let mut by_group: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for message in messages {
            let group = message.group.as_deref().expect("the queue is ordered");
            by_group.entry(group).or_default().push(message.sequence.number());
        }
        for (group, sequences) in by_group {
            let left = self.left.get_mut(group).expect("the group has messages");
            assert!(left.values().all(|end| *end <= now), "{group} has a message in flight");
            let front: Vec<i64> = left.keys().copied().take(sequences.len()).collect();
            assert_eq!(front, sequences, "the oldest of {group} come first");
            self.received.extend(&sequences);
            for sequence in sequences {
                left.insert(sequence, until);
            }
        }
    }
}

async fn order_and_completeness_hold_whatever_happens(store: &impl Store, seed: u64) {
    let (mut chance, mut expected) = (Chance(seed), Expected::default());
    let (mut now, mut sent) = (1_000, 0);
    given(store, []).await;
    for _ in 0..300 {
        now += 1 + chance.micros(10);
        match chance.below(3) {
            0 => {
                let group = format!("g{}", chance.below(4));
                given(store, [message(now, Some(&group))]).await;
                expected.left.entry(group).or_default().insert(now, 0);
                sent += 1;
            }
            1 => {
                let until = now + chance.micros(100);
                let request = ReceiveMessages {
                    limit: 1 + usize::try_from(chance.below(10)).unwrap_or(0),
                    ..receive(true, now, until)
                };
                let messages = store.receive_messages(request).await.expect("the store answers");
                expected.check(&messages, now, until);
            }
            _ => {
                let group = format!("g{}", chance.below(4));
                let Some(left) = expected.left.get_mut(&group) else {
                    continue;
                };
                let Some(sequence) = left.keys().find(|each| expected.received.contains(each)).copied() else {
                    continue;
                };
                if chance.below(3) == 0 {
                    let until = now + chance.micros(30);
                    show(store, sequence, until, now).await;
                    left.insert(sequence, until);
                } else {
                    delete(store, sequence, now).await;
                    left.remove(&sequence);
                }
            }
        }
    }
    while expected.left.values().any(|left| !left.is_empty()) {
        now += 1_000;
        let messages = store
            .receive_messages(receive(true, now, now + 10))
            .await
            .expect("the store answers");
        assert!(
            !messages.is_empty(),
            "of {sent} messages some are stuck: {:?}",
            expected.left
        );
        expected.check(&messages, now, now + 10);
        for message in messages {
            delete(store, message.sequence.number(), now).await;
            for left in expected.left.values_mut() {
                left.remove(&message.sequence.number());
            }
        }
    }
    assert_eq!(store.message_counts(QUEUE, at(now)).await, Ok(MessageCounts::default()));
}
