//! The way out: leases due events, tries them, and commits what becomes of each, together with what is to be told of its end.

use crate::{
    EventQueue,
    outbox::Outbox,
    record::{Destinations, End, Response},
    work::{self, Work},
};
use lambent_engine::{Attempt, Reason, RetryLimits, RetryPolicy, Verdict};
use lambent_store::{BoxFuture, Change, Condition, NodeId, Transaction, Unavailable};
use lambent_types::{AsyncEvent, Clock, Ids, Meter, Occurrence, Subject, Timestamp};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A try that takes longer than this is taken for dead: the longest function, its longest initialisation, and some.
const LEASE: Duration = Duration::from_secs(1_000);

/// Tries an event once.
pub trait EventRunner: Send + Sync + 'static {
    /// What is set now for events of this event's function and qualifier.
    fn limits<'a>(&'a self, event: &'a AsyncEvent) -> BoxFuture<'a, Result<RetryLimits, Unavailable>>;

    /// Resolves the function as it is now and runs it.
    fn run(&self, event: AsyncEvent) -> BoxFuture<'_, Tried>;

    /// Where to tell of the end of such an event.
    fn destinations<'a>(&'a self, event: &'a AsyncEvent) -> BoxFuture<'a, Result<Destinations, Unavailable>>;
}

/// How one try went, and what the function answered if it was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// How it went.
    pub attempt: Attempt,
    /// The answer.
    pub response: Option<Response>,
}

impl From<Attempt> for Tried {
    /// A try that did not reach the function.
    fn from(attempt: Attempt) -> Self {
        Self {
            attempt,
            response: None,
        }
    }
}

/// What an operator can set.
#[derive(Clone, Debug)]
pub struct Options {
    /// This server among those that share the store.
    pub node: NodeId,
    /// Events tried at the same time.
    pub parallel: usize,
    /// Divides the delays between tries, for tests. 1 in production.
    pub time_scale: u32,
}

/// What a dispatcher is made of.
pub struct Parts {
    /// Where events come from.
    pub queue: EventQueue,
    /// Where what is told of their end goes.
    pub outbox: Outbox,
    /// Runs them.
    pub runner: Arc<dyn EventRunner>,
    /// Counts them.
    pub meter: Arc<dyn Meter>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Names of deliveries.
    pub ids: Arc<dyn Ids>,
}

/// Tries events for as long as it runs.
pub struct Dispatcher {
    parts: Parts,
    options: Options,
}

impl Dispatcher {
    /// A dispatcher of a queue.
    #[must_use]
    pub fn new(parts: Parts, options: Options) -> Self {
        Self { parts, options }
    }

    /// Runs until told to stop, then finishes the tries under way.
    pub async fn run(self, stop: CancellationToken) {
        work::run(Arc::new(self), stop).await;
    }

    async fn once(&self, event: AsyncEvent, stop: &CancellationToken) {
        let (verdict, response) = self.try_once(&event).await;
        let id = event.id;
        let changes = match verdict {
            Verdict::Retry(next) => {
                self.count(&event, Occurrence::EventRetried);
                vec![Change::PutEvent(next)]
            }
            Verdict::Done => self.ended(&event, None, response.as_ref()).await,
            Verdict::GivenUp(reason) => {
                tracing::warn!(request_id = %id, function = %event.function.arn(), ?reason, "an event is dropped");
                self.ended(&event, Some(reason), response.as_ref()).await
            }
            Verdict::Forgotten => {
                tracing::warn!(request_id = %id, function = %event.function.arn(), "an event is dropped: its function is gone");
                vec![Change::DeleteEvent(id)]
            }
        };
        if changes.is_empty() {
            return;
        }
        let end = Transaction {
            conditions: vec![Condition::EventPresent(id)],
            changes,
        };
        work::conclude(&self.parts.outbox, end, stop).await;
    }

    async fn try_once(&self, event: &AsyncEvent) -> (Verdict, Option<Response>) {
        let policy = |limits| RetryPolicy {
            limits,
            time_scale: self.options.time_scale,
        };
        let limits = match self.parts.runner.limits(event).await {
            Ok(limits) => limits,
            Err(error) => {
                tracing::error!(request_id = %event.id, %error, "an event is tried later");
                let later = policy(RetryLimits::default()).after(Attempt::NotRun, event, self.now());
                return (later, None);
            }
        };
        let policy = policy(limits);
        if let Some(verdict) = policy.before(event, self.now()) {
            return (verdict, None);
        }
        self.count(event, Occurrence::EventAge(self.now().since(event.accepted_at)));
        let tried = self.parts.runner.run(event.clone()).await;
        (policy.after(tried.attempt, event, self.now()), tried.response)
    }

    /// What an event that has ended leaves behind. Nothing is changed, and the event is tried again, if it cannot be told where to tell.
    async fn ended(&self, event: &AsyncEvent, given_up: Option<Reason>, response: Option<&Response>) -> Vec<Change> {
        let to = match self.parts.runner.destinations(event).await {
            Ok(to) => to,
            Err(error) => {
                tracing::error!(request_id = %event.id, %error, "the destinations of an event could not be read");
                return Vec::new();
            }
        };
        if let Some(reason) = given_up {
            self.count(event, Occurrence::EventDropped);
            if reason == Reason::RecursiveInvocation {
                self.count(event, Occurrence::RecursionDropped);
            }
        }
        let end = End {
            event,
            given_up,
            response,
            at: self.now(),
        };
        let told = end.deliveries(&to, self.parts.ids.as_ref());
        let gone = std::iter::once(Change::DeleteEvent(event.id));
        gone.chain(told.into_iter().map(Change::PutDelivery)).collect()
    }

    fn count(&self, event: &AsyncEvent, metric: Occurrence) {
        let subject = Subject {
            qualifier: event.qualifier.as_deref(),
            ..Subject::function(&event.function)
        };
        self.parts.meter.count(subject, metric);
    }
}

impl Work for Dispatcher {
    type Piece = AsyncEvent;

    fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    fn parallel(&self) -> usize {
        self.options.parallel
    }

    fn arrived(&self) -> &Notify {
        &self.parts.queue.arrived
    }

    fn release(&self) -> BoxFuture<'_, Result<u64, Unavailable>> {
        self.parts.queue.store.release_leases(&self.options.node, self.now())
    }

    fn next_due(&self) -> BoxFuture<'_, Result<Option<Timestamp>, Unavailable>> {
        self.parts.queue.store.next_event_due()
    }

    fn lease(&self, limit: usize) -> BoxFuture<'_, Result<Vec<AsyncEvent>, Unavailable>> {
        let now = self.now();
        let store = &self.parts.queue.store;
        store.lease_events(&self.options.node, now, now.plus(LEASE), limit)
    }

    fn attempt(self: Arc<Self>, event: AsyncEvent, stop: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(async move { self.once(event, &stop).await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use lambent_store::{DeliveryTable as _, EventTable as _, contract::scope};
    use lambent_store_memory::MemoryStore;
    use lambent_types::{FunctionKey, ManualClock, RequestId, SeededIds, Uncounted};
    use std::sync::Mutex;
    use tokio::task::JoinSet;

    /// Fails as often as it is told to and records what it was given.
    struct Scripted {
        limits: RetryLimits,
        failures: Mutex<Vec<Attempt>>,
        seen: Mutex<Vec<AsyncEvent>>,
    }

    impl EventRunner for Scripted {
        fn limits<'a>(&'a self, _: &'a AsyncEvent) -> BoxFuture<'a, Result<RetryLimits, Unavailable>> {
            Box::pin(std::future::ready(Ok(self.limits)))
        }

        fn run(&self, event: AsyncEvent) -> BoxFuture<'_, Tried> {
            self.seen.lock().unwrap().push(event);
            let attempt = self.failures.lock().unwrap().pop().unwrap_or(Attempt::Success);
            let reached = matches!(attempt, Attempt::Success | Attempt::FunctionError);
            let response = reached.then(|| Response {
                executed_version: "$LATEST".to_owned(),
                function_error: (attempt == Attempt::FunctionError).then(|| "Unhandled".to_owned()),
                payload: Bytes::from_static(b"{}"),
            });
            Box::pin(std::future::ready(Tried { attempt, response }))
        }

        fn destinations<'a>(&'a self, _: &'a AsyncEvent) -> BoxFuture<'a, Result<Destinations, Unavailable>> {
            let arn = |name: &str| Some(format!("arn:aws:sqs:us-east-1:111111111111:{name}"));
            let to = Destinations {
                on_success: arn("good"),
                on_failure: arn("bad"),
                dead_letter: arn("dead"),
            };
            Box::pin(std::future::ready(Ok(to)))
        }
    }

    /// The tries of an event, and what was told of its end.
    struct Ended {
        seen: Vec<AsyncEvent>,
        told: Vec<lambent_types::Delivery>,
    }

    impl Ended {
        fn told_to(&self) -> Vec<&str> {
            let names = self.told.iter().map(|each| each.recipient.name());
            names.filter_map(|arn| arn.rsplit(':').next()).collect()
        }
    }

    fn event() -> AsyncEvent {
        let ids = SeededIds::default();
        ids.uuid();
        AsyncEvent {
            id: RequestId::new(&ids),
            function: FunctionKey {
                scope: scope("111111111111"),
                name: "f".parse().unwrap(),
            },
            qualifier: None,
            payload: b"{}".to_vec(),
            client_context: None,
            trace_id: None,
            accepted_at: Timestamp::from_micros(0),
            failures: 0,
            deferrals: 0,
            due_at: Timestamp::from_micros(0),
        }
    }

    /// Runs a dispatcher in paused time, its clock driven along, until the queue is empty.
    async fn run(failures: Vec<Attempt>, leased_before: bool) -> Ended {
        run_within(RetryLimits::default(), failures, leased_before).await
    }

    async fn run_within(limits: RetryLimits, failures: Vec<Attempt>, leased_before: bool) -> Ended {
        let store = Arc::new(MemoryStore::default());
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(0)));
        let queue = EventQueue::new(Arc::clone(&store) as _, Arc::new(Uncounted));
        queue.accept(event()).await.unwrap();
        let node = NodeId("n".to_owned());
        if leased_before {
            let end = clock.now().plus(LEASE);
            assert_eq!(store.lease_events(&node, clock.now(), end, 9).await.unwrap().len(), 1);
        }
        let runner = Arc::new(Scripted {
            limits,
            failures: Mutex::new(failures),
            seen: Mutex::default(),
        });
        let options = Options {
            node,
            parallel: 4,
            time_scale: 1,
        };
        let parts = Parts {
            queue,
            outbox: Outbox::new(Arc::clone(&store) as _),
            runner: Arc::clone(&runner) as _,
            meter: Arc::new(Uncounted),
            clock: Arc::clone(&clock) as _,
            ids: Arc::new(SeededIds::default()),
        };
        let dispatcher = Dispatcher::new(parts, options);
        let stop = CancellationToken::new();
        let mut task = JoinSet::new();
        task.spawn(dispatcher.run(stop.clone()));
        for _ in 0..10_000 {
            if store.event_count().await == Ok(0) {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            clock.advance(Duration::from_secs(1));
        }
        assert_eq!(store.event_count().await, Ok(0));
        stop.cancel();
        task.join_all().await;
        let seen = std::mem::take(&mut *runner.seen.lock().unwrap());
        let told = store.lease_deliveries(&NodeId("t".to_owned()), clock.now(), clock.now(), 9);
        let told = told.await.unwrap();
        Ended { seen, told }
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_is_tried_until_it_succeeds() {
        let ended = run(vec![], false).await;
        assert_eq!((ended.seen.len(), ended.told_to()), (1, vec!["good"]));
        let tries = run(
            vec![Attempt::NotRun, Attempt::FunctionError, Attempt::FunctionError],
            false,
        )
        .await
        .seen;
        assert_eq!(
            tries
                .iter()
                .map(|event| (event.failures, event.deferrals))
                .collect::<Vec<_>>(),
            [(0, 0), (1, 0), (2, 0), (2, 1)]
        );
        assert!(
            tries
                .iter()
                .all(|event| event.payload == b"{}" && event.id == tries[0].id)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_is_given_up_after_the_third_failure() {
        let ended = run(vec![Attempt::FunctionError; 9], false).await;
        assert_eq!((ended.seen.len(), ended.told_to()), (3, vec!["bad", "dead"]));
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_client_set_decides() {
        let once = RetryLimits {
            maximum_retry_attempts: 0,
            ..RetryLimits::default()
        };
        assert_eq!(
            run_within(once, vec![Attempt::FunctionError; 9], false)
                .await
                .seen
                .len(),
            1
        );
        let briefly = RetryLimits {
            maximum_event_age: Some(Duration::from_secs(60)),
            ..RetryLimits::default()
        };
        let tries = run_within(briefly, vec![Attempt::NotRun; 99], false).await.seen;
        assert_eq!(tries.len(), 6, "after 0, 1, 3, 7, 15 and 31 seconds");
        for attempt in [Attempt::SwitchedOff, Attempt::Recursive] {
            let ended = run(vec![attempt; 9], false).await;
            assert_eq!((ended.seen.len(), ended.told_to()), (1, vec!["bad", "dead"]));
        }
        let forgotten = run(vec![Attempt::Obsolete; 9], false).await;
        assert_eq!((forgotten.seen.len(), forgotten.told_to()), (1, vec![]));
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_that_was_under_way_when_the_server_died_is_tried_at_once() {
        assert_eq!(run(vec![], true).await.seen.len(), 1);
    }
}
