//! What every backend must do with deliveries.

use crate::{Change, CommitError, Condition, NodeId, Store, Transaction, contract::scope};
use lambent_types::{Attribute, Delivery, FunctionKey, Ids as _, Origin, Recipient, RequestId, SeededIds, Timestamp};
use std::future::Future;

pub(crate) async fn run<S: Store, F: Future<Output = S>>(empty: &impl Fn() -> F) {
    deliveries_are_leased_once(&empty().await).await;
    a_delivery_that_failed_keeps_its_payload(&empty().await).await;
    leases_of_deliveries_are_released(&empty().await).await;
    a_lane_keeps_its_order(&empty().await).await;
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn delivery(seed: u8, due_at: i64, lane: Option<&str>) -> Delivery {
    let ids = SeededIds::default();
    for _ in 0..seed {
        ids.uuid();
    }
    let function = FunctionKey {
        scope: scope("111111111111"),
        name: "f".parse().expect("a valid name"),
    };
    Delivery {
        id: RequestId::new(&ids),
        origin: Origin::DeadLetter(function),
        recipient: Recipient::Queue {
            arn: "arn:aws:sqs:us-east-1:111111111111:q".to_owned(),
            attributes: [("ErrorCode".to_owned(), Attribute::number(200))].into(),
            fifo: None,
        },
        payload: vec![seed, 0, 255],
        trace_id: Some("Root=1".to_owned()),
        otherwise: Some(Recipient::Function { arn: "arn".to_owned() }),
        lane: lane.map(str::to_owned),
        accepted_at: at(5),
        attempts: 0,
        due_at: at(due_at),
    }
}

async fn put(store: &impl Store, delivery: Delivery) {
    let put = Transaction::of(Change::PutDelivery(delivery));
    store.commit(put).await.expect("the commit is accepted");
}

async fn delete(store: &impl Store, delivery: &Delivery) {
    let delete = Transaction::of(Change::DeleteDelivery(delivery.id));
    store.commit(delete).await.expect("the commit is accepted");
}

async fn lease(store: &impl Store, node: &str, now: i64, end: i64, limit: usize) -> Vec<Delivery> {
    let leased = store.lease_deliveries(&NodeId(node.to_owned()), at(now), at(end), limit);
    leased.await.expect("the store answers")
}

fn seeds(deliveries: &[Delivery]) -> Vec<u8> {
    deliveries.iter().map(|delivery| delivery.payload[0]).collect()
}

async fn deliveries_are_leased_once(store: &impl Store) {
    for (seed, due) in [(1, 30), (2, 10), (3, 20), (4, 1_000)] {
        put(store, delivery(seed, due, None)).await;
    }
    assert_eq!(store.delivery_count().await, Ok(4));
    assert_eq!(store.next_delivery_due().await, Ok(Some(at(10))));
    let first = lease(store, "a", 50, 500, 2).await;
    assert_eq!(seeds(&first), [2, 3], "oldest due first");
    let leased = Delivery {
        due_at: at(500),
        ..delivery(2, 10, None)
    };
    assert_eq!(first[0], leased);
    assert_eq!(seeds(&lease(store, "b", 50, 500, 10).await), [1]);
    assert!(lease(store, "b", 50, 500, 10).await.is_empty());
    assert_eq!(seeds(&lease(store, "b", 500, 900, 1).await).len(), 1, "leases end");
    delete(store, &first[0]).await;
    assert_eq!(store.delivery_count().await, Ok(3));
    let gone = Condition::DeliveryPresent(first[0].id);
    let late = Transaction::of(Change::PutDelivery(delivery(2, 10, None))).when(gone.clone());
    assert_eq!(store.commit(late).await, Err(CommitError::Condition(gone)));
}

async fn a_delivery_that_failed_keeps_its_payload(store: &impl Store) {
    put(store, delivery(1, 10, None)).await;
    let mut failed = lease(store, "a", 10, 100, 1).await.remove(0);
    failed.attempts = 1;
    failed.due_at = at(60);
    failed.payload = Vec::new();
    put(store, failed).await;
    assert!(lease(store, "a", 59, 100, 1).await.is_empty());
    let again = lease(store, "a", 60, 100, 1).await.remove(0);
    assert_eq!((again.attempts, again.payload), (1, vec![1, 0, 255]));
}

async fn leases_of_deliveries_are_released(store: &impl Store) {
    put(store, delivery(1, 10, None)).await;
    assert_eq!(lease(store, "a", 10, 100, 1).await.len(), 1);
    let release = |node: &str| store.release_deliveries(&NodeId(node.to_owned()), at(20));
    assert_eq!(release("b").await, Ok(0));
    assert_eq!(release("a").await, Ok(1));
    assert_eq!(lease(store, "b", 20, 100, 1).await.len(), 1);
}

async fn a_lane_keeps_its_order(store: &impl Store) {
    for (seed, lane) in [(1, "x"), (2, "x"), (3, "y"), (4, "x")] {
        put(store, delivery(seed, 10, Some(lane))).await;
    }
    let mut first = lease(store, "a", 10, 100, 10).await;
    first.sort_by_key(|delivery| delivery.payload[0]);
    assert_eq!(seeds(&first), [1, 3]);
    assert_eq!(
        store.next_delivery_due().await,
        Ok(Some(at(100))),
        "what waits for another is not due"
    );
    // The first of its lane stays so when it fails.
    let mut failed = first.remove(0);
    failed.due_at = at(50);
    put(store, failed.clone()).await;
    assert!(lease(store, "a", 49, 100, 10).await.is_empty());
    assert_eq!(seeds(&lease(store, "a", 50, 100, 10).await), [1]);
    delete(store, &failed).await;
    let second = lease(store, "a", 51, 100, 10).await;
    assert_eq!(seeds(&second), [2]);
    delete(store, &second[0]).await;
    assert_eq!(seeds(&lease(store, "a", 52, 100, 10).await), [4]);
}
