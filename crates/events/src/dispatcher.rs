//! The way out: leases due events, tries them, and commits what becomes of each.

use crate::EventQueue;
use lambent_engine::{Attempt, RetryLimits, RetryPolicy, Verdict};
use lambent_store::{BoxFuture, Change, Condition, NodeId, Transaction, Unavailable};
use lambent_types::{AsyncEvent, Clock};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A try that takes longer than this is taken for dead: the longest function, its longest initialisation, and some.
const LEASE: Duration = Duration::from_secs(1_000);
/// How often to look even if nothing seems due: another server may have stored or dropped an event.
const LONGEST_SLEEP: Duration = Duration::from_secs(20);
/// How long to wait after the store failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Tries an event once.
pub trait EventRunner: Send + Sync + 'static {
    /// What is set now for events of this event's function and qualifier.
    fn limits<'a>(&'a self, event: &'a AsyncEvent) -> BoxFuture<'a, Result<RetryLimits, Unavailable>>;

    /// Resolves the function as it is now and runs it.
    fn run(&self, event: AsyncEvent) -> BoxFuture<'_, Attempt>;
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

/// Tries events for as long as it runs.
pub struct Dispatcher {
    queue: EventQueue,
    runner: Arc<dyn EventRunner>,
    clock: Arc<dyn Clock>,
    options: Options,
}

impl Dispatcher {
    /// A dispatcher of this queue.
    #[must_use]
    pub fn new(queue: EventQueue, runner: Arc<dyn EventRunner>, clock: Arc<dyn Clock>, options: Options) -> Self {
        Self {
            queue,
            runner,
            clock,
            options,
        }
    }

    /// Runs until told to stop, then finishes the tries under way.
    pub async fn run(self, stop: CancellationToken) {
        let this = Arc::new(self);
        if let Err(error) = this
            .queue
            .store
            .release_leases(&this.options.node, this.clock.now())
            .await
        {
            tracing::error!(%error, "leases of an earlier run could not be released; they end by themselves");
        }
        let mut tries = JoinSet::new();
        while !stop.is_cancelled() {
            let pause = match this.fill(&mut tries).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!(%error, "events could not be read");
                    AFTER_FAILURE
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = this.queue.arrived.notified() => {}
                Some(_) = tries.join_next() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        while tries.join_next().await.is_some() {}
    }

    /// Starts as many tries as there is room for and says how long nothing more will be due.
    async fn fill(self: &Arc<Self>, tries: &mut JoinSet<()>) -> Result<Duration, Unavailable> {
        while tries.try_join_next().is_some() {}
        let room = self.options.parallel.saturating_sub(tries.len());
        if room == 0 {
            return Ok(LONGEST_SLEEP);
        }
        let now = self.clock.now();
        let Some(due) = self.queue.store.next_event_due().await? else {
            return Ok(LONGEST_SLEEP);
        };
        if due > now {
            return Ok(due.since(now).min(LONGEST_SLEEP));
        }
        let events = self
            .queue
            .store
            .lease_events(&self.options.node, now, now.plus(LEASE), room)
            .await?;
        for event in events {
            tries.spawn(Arc::clone(self).attempt(event));
        }
        Ok(Duration::ZERO)
    }

    async fn attempt(self: Arc<Self>, event: AsyncEvent) {
        let verdict = self.try_once(&event).await;
        let present = Condition::EventPresent(event.id);
        let change = match verdict {
            Verdict::Done => Change::DeleteEvent(event.id),
            Verdict::Retry(next) => Change::PutEvent(next),
            verdict @ (Verdict::RetriesExhausted | Verdict::AgeExceeded | Verdict::ZeroReservedConcurrency) => {
                tracing::warn!(request_id = %event.id, function = %event.function.arn(), ?verdict, "an event is dropped");
                Change::DeleteEvent(event.id)
            }
        };
        // If this fails the lease ends in time and the event is tried again: better twice than never.
        if let Err(error) = self.queue.store.commit(Transaction::of(change).when(present)).await {
            tracing::error!(request_id = %event.id, %error, "the end of a try could not be stored");
        }
    }
}

impl Dispatcher {
    async fn try_once(&self, event: &AsyncEvent) -> Verdict {
        let policy = |limits| RetryPolicy {
            limits,
            time_scale: self.options.time_scale,
        };
        let limits = match self.runner.limits(event).await {
            Ok(limits) => limits,
            Err(error) => {
                tracing::error!(request_id = %event.id, %error, "an event is tried later");
                return policy(RetryLimits::default()).after(Attempt::NotRun, event, self.clock.now());
            }
        };
        let policy = policy(limits);
        match policy.before(event, self.clock.now()) {
            Some(verdict) => verdict,
            None => {
                let attempt = self.runner.run(event.clone()).await;
                policy.after(attempt, event, self.clock.now())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_store::{EventTable as _, contract::scope};
    use lambent_store_memory::MemoryStore;
    use lambent_types::{FunctionKey, Ids as _, ManualClock, RequestId, SeededIds, Timestamp};
    use std::sync::Mutex;

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

        fn run(&self, event: AsyncEvent) -> BoxFuture<'_, Attempt> {
            self.seen.lock().unwrap().push(event);
            let attempt = self.failures.lock().unwrap().pop().unwrap_or(Attempt::Success);
            Box::pin(std::future::ready(attempt))
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
            accepted_at: Timestamp::from_micros(0),
            failures: 0,
            deferrals: 0,
            due_at: Timestamp::from_micros(0),
        }
    }

    /// Runs a dispatcher in paused time, its clock driven along, until the queue is empty.
    async fn run(failures: Vec<Attempt>, leased_before: bool) -> Vec<AsyncEvent> {
        run_within(RetryLimits::default(), failures, leased_before).await
    }

    async fn run_within(limits: RetryLimits, failures: Vec<Attempt>, leased_before: bool) -> Vec<AsyncEvent> {
        let store = Arc::new(MemoryStore::default());
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(0)));
        let queue = EventQueue::new(Arc::clone(&store) as Arc<dyn lambent_store::Store>);
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
        let dispatcher = Dispatcher::new(
            queue,
            Arc::clone(&runner) as Arc<dyn EventRunner>,
            Arc::clone(&clock) as _,
            options,
        );
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
        std::mem::take(&mut *runner.seen.lock().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_is_tried_until_it_succeeds() {
        assert_eq!(run(vec![], false).await.len(), 1);
        let tries = run(
            vec![Attempt::NotRun, Attempt::FunctionError, Attempt::FunctionError],
            false,
        )
        .await;
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
        assert_eq!(run(vec![Attempt::FunctionError; 9], false).await.len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_client_set_decides() {
        let once = RetryLimits {
            maximum_retry_attempts: 0,
            ..RetryLimits::default()
        };
        assert_eq!(run_within(once, vec![Attempt::FunctionError; 9], false).await.len(), 1);
        let briefly = RetryLimits {
            maximum_event_age: Some(Duration::from_secs(60)),
            ..RetryLimits::default()
        };
        let tries = run_within(briefly, vec![Attempt::NotRun; 99], false).await;
        assert_eq!(tries.len(), 6, "after 0, 1, 3, 7, 15 and 31 seconds");
        assert_eq!(run(vec![Attempt::SwitchedOff; 9], false).await.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_that_was_under_way_when_the_server_died_is_tried_at_once() {
        assert_eq!(run(vec![], true).await.len(), 1);
    }
}
