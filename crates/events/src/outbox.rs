//! The way to others: what was stored to be delivered is carried there, again and again until it has arrived or is given up.

use crate::{
    Options,
    work::{self, Work},
};
use lambent_engine::delivery::{self, Fate, Undelivered};
use lambent_store::{BoxFuture, Change, CommitError, Condition, Store, Transaction, Unavailable};
use lambent_types::{Carried, Clock, Delivery, Meter, Occurrence, Origin, Subject, Timestamp};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A try that takes longer than this is taken for dead.
const LEASE: Duration = Duration::from_secs(120);

/// Takes deliveries. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    store: Arc<dyn Store>,
    arrived: Arc<Notify>,
}

impl Outbox {
    /// An outbox in this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            arrived: Arc::default(),
        }
    }

    /// Stores deliveries. Once this answers `Ok`, they will be tried, whatever happens to the process.
    ///
    /// # Errors
    /// When the store fails; none is stored then.
    pub async fn post(&self, deliveries: Vec<Delivery>) -> Result<(), CommitError> {
        if deliveries.is_empty() {
            return Ok(());
        }
        let post = |all: Transaction, each| all.and(Change::PutDelivery(each));
        self.commit(deliveries.into_iter().fold(Transaction::default(), post))
            .await
    }

    /// Commits a transaction that has deliveries in it.
    ///
    /// # Errors
    /// As the store's.
    pub async fn commit(&self, transaction: Transaction) -> Result<(), CommitError> {
        self.store.commit(transaction).await?;
        self.arrived.notify_one();
        Ok(())
    }
}

/// Brings a delivery to whom it is for.
pub trait Carrier: Send + Sync + 'static {
    /// Once this answers `Ok` the recipient has it, durably. It may be asked again for what has arrived: at least once.
    ///
    /// # Errors
    /// When it has not arrived, or this is not known.
    fn carry<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<(), Undelivered>>;
}

/// Carries deliveries for as long as it runs.
pub struct Courier {
    outbox: Outbox,
    carrier: Arc<dyn Carrier>,
    meter: Arc<dyn Meter>,
    clock: Arc<dyn Clock>,
    options: Options,
}

impl Courier {
    /// A courier of this outbox.
    #[must_use]
    pub fn new(
        outbox: Outbox,
        carrier: Arc<dyn Carrier>,
        meter: Arc<dyn Meter>,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Self {
        Self {
            outbox,
            carrier,
            meter,
            clock,
            options,
        }
    }

    /// Runs until told to stop, then finishes the tries under way.
    pub async fn run(self, stop: CancellationToken) {
        work::run(Arc::new(self), stop).await;
    }

    async fn deliver(&self, delivery: Delivery, stop: &CancellationToken) {
        let id = delivery.id;
        let mut end = Transaction::default().when(Condition::DeliveryPresent(id));
        match self.carrier.carry(&delivery).await {
            Ok(()) => {
                self.meter.carried(Carried::Arrived);
                end = end.and(Change::DeleteDelivery(id));
            }
            Err(undelivered) => end.changes = self.after(&undelivered, &delivery),
        }
        work::conclude(&self.outbox, end, stop).await;
    }

    fn after(&self, undelivered: &Undelivered, delivery: &Delivery) -> Vec<Change> {
        let to = delivery.recipient.name();
        let now = self.clock.now();
        let fate = delivery::after(undelivered, delivery, now, self.options.time_scale);
        self.meter.carried(match &fate {
            Fate::Retry(_) => Carried::Later,
            Fate::GivenUp(_) => Carried::GivenUp,
        });
        match fate {
            Fate::Retry(next) => {
                tracing::debug!(delivery = %delivery.id, to, %undelivered, "a delivery is tried later");
                vec![Change::PutDelivery(*next)]
            }
            Fate::GivenUp(None) => {
                tracing::warn!(delivery = %delivery.id, to, %undelivered, "a delivery is given up");
                self.count(&delivery.origin);
                vec![Change::DeleteDelivery(delivery.id)]
            }
            Fate::GivenUp(Some(redirected)) => {
                let other = redirected.recipient.name();
                tracing::warn!(delivery = %delivery.id, to, other, %undelivered, "a delivery goes to its dead-letter queue");
                vec![Change::DeleteDelivery(delivery.id), Change::PutDelivery(*redirected)]
            }
        }
    }

    fn count(&self, origin: &Origin) {
        let (function, metric) = match origin {
            Origin::Destination(function) => (function, Occurrence::DestinationFailed),
            Origin::DeadLetter(function) => (function, Occurrence::DeadLetterFailed),
            Origin::Target(_) | Origin::Subscription { .. } => return,
        };
        self.meter.count(Subject::function(function), metric);
    }
}

impl Work for Courier {
    type Piece = Delivery;

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn parallel(&self) -> usize {
        self.options.parallel
    }

    fn arrived(&self) -> &Notify {
        &self.outbox.arrived
    }

    fn release(&self) -> BoxFuture<'_, Result<u64, Unavailable>> {
        self.outbox.store.release_deliveries(&self.options.node, self.now())
    }

    fn next_due(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Unavailable>> {
        self.outbox.store.next_delivery_due()
    }

    fn lease(&self, limit: usize) -> BoxFuture<'_, Result<Vec<Delivery>, Unavailable>> {
        let now = self.now();
        self.outbox
            .store
            .lease_deliveries(&self.options.node, now, now.plus(LEASE), limit)
    }

    fn attempt(self: Arc<Self>, delivery: Delivery, stop: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(async move { self.deliver(delivery, &stop).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_store::{DeliveryTable as _, NodeId, contract::scope};
    use lambent_store_memory::MemoryStore;
    use lambent_types::{FunctionKey, Ids as _, ManualClock, Recipient, RequestId, SeededIds};
    use std::sync::Mutex;
    use tokio::task::JoinSet;

    /// Fails as it is told to; records what arrived where.
    #[derive(Default)]
    struct Scripted {
        failures: Mutex<Vec<Undelivered>>,
        arrived: Mutex<Vec<(String, u8)>>,
        tries: Mutex<usize>,
    }

    impl Carrier for Scripted {
        fn carry<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Result<(), Undelivered>> {
            *self.tries.lock().unwrap() += 1;
            let failure = self.failures.lock().unwrap().pop();
            if failure.is_none() {
                let to = delivery.recipient.name().to_owned();
                self.arrived.lock().unwrap().push((to, delivery.payload[0]));
            }
            Box::pin(std::future::ready(failure.map_or(Ok(()), Err)))
        }
    }

    #[derive(Default)]
    struct Counted(Mutex<Vec<Occurrence>>);

    impl Meter for Counted {
        fn count(&self, _: Subject<'_>, metric: Occurrence) {
            self.0.lock().unwrap().push(metric);
        }
    }

    fn delivery(number: u8, lane: Option<&str>) -> Delivery {
        let ids = SeededIds::default();
        for _ in 0..number {
            ids.uuid();
        }
        let function = FunctionKey {
            scope: scope("111111111111"),
            name: "f".parse().unwrap(),
        };
        Delivery {
            id: RequestId::new(&ids),
            origin: Origin::Destination(function),
            recipient: Recipient::Function {
                arn: "first".to_owned(),
            },
            payload: vec![number],
            trace_id: None,
            otherwise: None,
            lane: lane.map(str::to_owned),
            accepted_at: Timestamp::from_micros(0),
            attempts: 0,
            due_at: Timestamp::from_micros(0),
        }
    }

    /// What arrives, how many tries it takes, and what is counted.
    async fn run(deliveries: Vec<Delivery>, failures: Vec<Undelivered>) -> (Vec<(String, u8)>, usize, Vec<Occurrence>) {
        let store = Arc::new(MemoryStore::default());
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(0)));
        let outbox = Outbox::new(Arc::clone(&store) as _);
        outbox.post(deliveries).await.unwrap();
        let carrier = Arc::new(Scripted {
            failures: Mutex::new(failures),
            ..Scripted::default()
        });
        let meter = Arc::new(Counted::default());
        let options = Options {
            node: NodeId("n".to_owned()),
            parallel: 4,
            time_scale: 1,
        };
        let courier = Courier::new(
            outbox,
            Arc::clone(&carrier) as _,
            Arc::clone(&meter) as _,
            Arc::clone(&clock) as _,
            options,
        );
        let stop = CancellationToken::new();
        let mut task = JoinSet::new();
        task.spawn(courier.run(stop.clone()));
        for _ in 0..10_000 {
            if store.delivery_count().await == Ok(0) {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            clock.advance(Duration::from_secs(1));
        }
        assert_eq!(store.delivery_count().await, Ok(0));
        stop.cancel();
        task.join_all().await;
        let arrived = std::mem::take(&mut *carrier.arrived.lock().unwrap());
        let counted = std::mem::take(&mut *meter.0.lock().unwrap());
        let tries = *carrier.tries.lock().unwrap();
        (arrived, tries, counted)
    }

    fn unreachable() -> Undelivered {
        Undelivered::Unreachable("closed".to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_delivery_is_carried_until_it_arrives() {
        let (arrived, tries, counted) = run(vec![delivery(1, None)], vec![unreachable(); 5]).await;
        assert_eq!((arrived, tries, counted), (vec![("first".to_owned(), 1)], 6, vec![]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_delivery_is_given_up_and_counted() {
        let failed = vec![Occurrence::DestinationFailed];
        let (arrived, tries, counted) = run(vec![delivery(1, None)], vec![unreachable(); 9_999]).await;
        assert_eq!((arrived.len(), counted), (0, failed.clone()));
        assert!((15..30).contains(&tries), "{tries}");
        let refused = vec![Undelivered::Refused("no such queue".to_owned())];
        let (arrived, tries, counted) = run(vec![delivery(1, None)], refused).await;
        assert_eq!((arrived.len(), tries, counted), (0, 1, failed));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_goes_to_its_dead_letter_queue() {
        let redirected = Delivery {
            otherwise: Some(Recipient::Function {
                arn: "other".to_owned(),
            }),
            ..delivery(1, None)
        };
        let refused = vec![Undelivered::Refused("deleted".to_owned())];
        let (arrived, tries, counted) = run(vec![redirected], refused).await;
        assert_eq!((arrived, tries, counted), (vec![("other".to_owned(), 1)], 2, vec![]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lane_keeps_its_order_whatever_fails() {
        let lane = (1..9).map(|number| delivery(number, Some("g"))).collect();
        let (arrived, _, _) = run(lane, vec![unreachable(); 7]).await;
        let numbers: Vec<u8> = arrived.iter().map(|(_, number)| *number).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
