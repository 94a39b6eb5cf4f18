//! Which mappings are read: those that are on, each by one task, from when it is found to be on until it is changed, off or deleted.

use crate::{Board, Queues, poller::Poller};
use bytes::Bytes;
use lambent_store::{BoxFuture, Unavailable};
use lambent_types::{
    Clock, Ids, RequestId,
    event_source_mapping::{EventSource, EventSourceMapping},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    task::{Id, JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;

/// How often mappings are looked at even if nobody says that they were changed.
const LOOK: Duration = Duration::from_secs(5);

/// How an invocation with a batch ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchEnd {
    /// The function returned this.
    Returned(Bytes),
    /// It failed, is gone, or the chain of calls is a loop.
    Failed,
    /// It was not reached: a concurrency limit, or an error of the server.
    NotRun,
}

/// The mappings of queues.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mappings {
    /// Those that are on.
    pub on: Vec<EventSourceMapping>,
    /// Those that are to go once their batches have ended.
    pub going: Vec<EventSourceMapping>,
}

/// What sources ask of functions.
pub trait Functions: Send + Sync + 'static {
    /// All mappings of queues that are on, or on their way out.
    fn mappings(&self) -> BoxFuture<'_, Result<Mappings, Unavailable>>;

    /// A mapping that is to go has no batches any more.
    fn remove<'a>(&'a self, mapping: &'a EventSourceMapping) -> BoxFuture<'a, Result<(), Unavailable>>;

    /// Invokes a mapping's function. `trace_id` is the X-Ray header of what is in the batch.
    fn run<'a>(
        &'a self,
        mapping: &'a EventSourceMapping,
        request_id: RequestId,
        payload: Bytes,
        trace_id: Option<String>,
    ) -> BoxFuture<'a, BatchEnd>;
}

/// Reads sources for as long as it runs.
pub struct Sources {
    /// The functions.
    pub functions: Arc<dyn Functions>,
    /// The queues.
    pub queues: Arc<dyn Queues>,
    /// Where it is told how mappings stand.
    pub board: Board,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Request ids.
    pub ids: Arc<dyn Ids>,
}

/// A mapping that is read.
struct Reading {
    mapping: watch::Sender<Arc<EventSourceMapping>>,
    stop: CancellationToken,
    task: Id,
}

impl Sources {
    /// Runs until told to stop, then finishes the batches under way.
    pub async fn run(self, stop: CancellationToken) {
        let this = Arc::new(self);
        this.board.attend();
        let (mut reading, mut tasks) = (BTreeMap::new(), JoinSet::new());
        while !stop.is_cancelled() {
            match this.functions.mappings().await {
                Ok(mappings) => this.adjust(mappings, &mut reading, &mut tasks, &stop).await,
                Err(error) => tracing::error!(%error, "the event source mappings could not be read"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = this.board.wait_for_change() => {}
                Some(ended) = tasks.join_next_with_id(), if !tasks.is_empty() => this.ended(ended, &mut reading),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        tasks.join_all().await;
    }

    /// Ends what is off or gone, tells those that have changed, begins what is on, and removes what has ended and is to go.
    async fn adjust(
        self: &Arc<Self>,
        mappings: Mappings,
        reading: &mut BTreeMap<String, Reading>,
        tasks: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) {
        let wanted: BTreeMap<String, EventSourceMapping> = mappings
            .on
            .into_iter()
            .map(|mapping| (mapping.id.clone(), mapping))
            .collect();
        for (id, present) in reading.iter() {
            if !wanted.contains_key(id) {
                present.stop.cancel();
            }
        }
        for (id, mapping) in wanted {
            match reading.get(&id) {
                // One that is ending is begun again once it has ended.
                Some(present) if present.stop.is_cancelled() => {}
                Some(present) => {
                    present.mapping.send_if_modified(|now| {
                        let changed = **now != mapping;
                        if changed {
                            *now = Arc::new(mapping);
                        }
                        changed
                    });
                }
                None => {
                    if let Some(begun) = self.begin(mapping, tasks, stop) {
                        reading.insert(id, begun);
                    }
                }
            }
        }
        for mapping in mappings
            .going
            .iter()
            .filter(|mapping| !reading.contains_key(&mapping.id))
        {
            match self.functions.remove(mapping).await {
                Ok(()) => self.board.forget(&mapping.id),
                Err(error) => tracing::error!(%error, mapping = mapping.id, "a mapping could not be removed"),
            }
        }
    }

    /// Reads a mapping of a queue.
    fn begin(
        self: &Arc<Self>,
        mapping: EventSourceMapping,
        tasks: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) -> Option<Reading> {
        if !matches!(mapping.source, EventSource::Sqs { .. }) {
            return None;
        }
        let (end, mapping) = (stop.child_token(), Arc::new(mapping));
        let poller = Poller::new(Arc::clone(self), Arc::clone(&mapping), &end)?;
        let (changes, changed) = watch::channel(mapping);
        let task = tasks.spawn(poller.run(changed, end.clone()));
        Some(Reading {
            mapping: changes,
            stop: end,
            task: task.id(),
        })
    }

    /// A mapping is not read any more.
    fn ended(&self, ended: Result<(Id, ()), JoinError>, reading: &mut BTreeMap<String, Reading>) {
        let task = match ended {
            Ok((task, ())) => task,
            Err(error) => {
                tracing::error!(%error, "reading a queue broke, and begins anew");
                error.id()
            }
        };
        reading.retain(|id, present| {
            if present.task == task {
                self.board.ended(id);
            }
            present.task != task
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::mapping;
    use lambent_models::sqs::{CreateQueueRequest, SQS as _};
    use lambent_sqs::{Outgoing, Parts, Sqs};
    use lambent_store::contract::scope;
    use lambent_store_memory::MemoryStore;
    use lambent_types::{ManualClock, QueueKey, SeededIds, Timestamp};
    use std::sync::Mutex;

    /// A function that answers as it is told to and records what it was given.
    #[derive(Default)]
    struct Scripted {
        mappings: Mutex<Mappings>,
        answers: Mutex<Vec<BatchEnd>>,
        seen: Mutex<Vec<serde_json::Value>>,
    }

    impl Functions for Scripted {
        fn mappings(&self) -> BoxFuture<'_, Result<Mappings, Unavailable>> {
            let mappings = self.mappings.lock().unwrap().clone();
            Box::pin(std::future::ready(Ok(mappings)))
        }

        fn remove<'a>(&'a self, mapping: &'a EventSourceMapping) -> BoxFuture<'a, Result<(), Unavailable>> {
            self.mappings.lock().unwrap().going.retain(|going| going != mapping);
            Box::pin(std::future::ready(Ok(())))
        }

        fn run<'a>(
            &'a self,
            _: &'a EventSourceMapping,
            _: RequestId,
            payload: Bytes,
            _: Option<String>,
        ) -> BoxFuture<'a, BatchEnd> {
            self.seen
                .lock()
                .unwrap()
                .push(serde_json::from_slice(&payload).unwrap());
            let answer = self.answers.lock().unwrap().pop();
            let answer = answer.unwrap_or_else(|| BatchEnd::Returned(Bytes::from_static(b"null")));
            Box::pin(std::future::ready(answer))
        }
    }

    impl Scripted {
        /// The bodies of each batch.
        fn bodies(&self) -> Vec<Vec<String>> {
            let bodies = |batch: &serde_json::Value| {
                let records = batch["Records"].as_array().unwrap().iter();
                records
                    .map(|record| record["body"].as_str().unwrap().to_owned())
                    .collect()
            };
            self.seen.lock().unwrap().iter().map(bodies).collect()
        }
    }

    fn context() -> lambent_wire::RequestContext {
        lambent_wire::RequestContext {
            scope: scope("111111111111"),
            access_key: None,
            session: None,
            request_id: RequestId::new(&SeededIds::default()),
            host: Some("localhost".to_owned()),
            trace_id: None,
            secure: false,
        }
    }

    struct Bench {
        functions: Arc<Scripted>,
        sqs: Sqs,
        board: Board,
        clock: Arc<ManualClock>,
        stop: CancellationToken,
        tasks: JoinSet<()>,
    }

    impl Bench {
        async fn new(mapping: EventSourceMapping, answers: Vec<BatchEnd>) -> Self {
            let clock = Arc::new(ManualClock::new(Timestamp::from_micros(1_795_435_534_123_456)));
            let ids = Arc::new(SeededIds::default());
            let parts = Parts {
                store: Arc::new(MemoryStore::default()),
                clock: Arc::clone(&clock) as _,
                ids: Arc::clone(&ids) as _,
            };
            let sqs = Sqs::open(parts).await.unwrap();
            let queue = CreateQueueRequest {
                queue_name: Some("q".to_owned()),
                ..CreateQueueRequest::default()
            };
            sqs.create_queue(&context(), queue).await.unwrap();
            let functions = Arc::new(Scripted {
                mappings: Mutex::new(Mappings {
                    on: vec![mapping],
                    going: Vec::new(),
                }),
                answers: Mutex::new(answers),
                seen: Mutex::default(),
            });
            let board = Board::default();
            let sources = Sources {
                functions: Arc::clone(&functions) as _,
                queues: Arc::new(sqs.clone()),
                board: board.clone(),
                clock: Arc::clone(&clock) as _,
                ids,
            };
            let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
            tasks.spawn(sources.run(stop.clone()));
            Self {
                functions,
                sqs,
                board,
                clock,
                stop,
                tasks,
            }
        }

        async fn send(&self, bodies: &[&str]) {
            let key = QueueKey::from_arn("arn:aws:sqs:us-east-1:111111111111:q").unwrap();
            for body in bodies {
                let outgoing = Outgoing {
                    body: (*body).to_owned(),
                    ..Outgoing::default()
                };
                self.sqs.send(&key, &outgoing).await.unwrap();
            }
        }

        /// Lets time pass.
        async fn pass(&self, seconds: u64) {
            for _ in 0..seconds * 10 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                self.clock.advance(Duration::from_millis(100));
            }
        }

        async fn end(self) -> Vec<Vec<String>> {
            self.stop.cancel();
            self.sqs.stop();
            self.tasks.join_all().await;
            self.functions.bodies()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_handled_is_gone_and_what_failed_comes_again() {
        let bench = Bench::new(mapping(10), vec![BatchEnd::Failed]).await;
        bench.send(&["one"]).await;
        bench.pass(100).await;
        assert_eq!(bench.end().await, [["one"], ["one"]]);
    }

    #[tokio::test(start_paused = true)]
    async fn reported_failures_come_again_alone() {
        let mapping = EventSourceMapping {
            batch_window: Some(2),
            response_types: Some(vec!["ReportBatchItemFailures".to_owned()]),
            ..mapping(10)
        };
        let bench = Bench::new(mapping, Vec::new()).await;
        bench.send(&["a", "b", "c"]).await;
        bench.pass(1).await;
        // The second of what is being gathered fails; its id is known only to the function, so a wrong report fails all first.
        let wrong = Bytes::from_static(br#"{"batchItemFailures": [{"itemIdentifier": "unknown"}]}"#);
        bench.functions.answers.lock().unwrap().push(BatchEnd::Returned(wrong));
        bench.pass(100).await;
        let seen = bench.end().await;
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert_eq!(seen[0], seen[1]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_no_filter_wants_is_deleted() {
        let mapping = EventSourceMapping {
            filters: vec![r#"{"body": {"n": [{"numeric": [">", 1]}]}}"#.to_owned()],
            ..mapping(1)
        };
        let bench = Bench::new(mapping, Vec::new()).await;
        bench.send(&[r#"{"n": 1}"#, "text", r#"{"n": 2}"#]).await;
        bench.pass(100).await;
        assert_eq!(bench.end().await, [[r#"{"n": 2}"#]]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_batch_is_tried_until_it_runs() {
        let bench = Bench::new(mapping(10), vec![BatchEnd::NotRun; 3]).await;
        bench.send(&["one"]).await;
        bench.pass(10).await;
        assert_eq!(bench.end().await, vec![["one"]; 4]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_mapping_that_is_off_reads_nothing() {
        let bench = Bench::new(mapping(10), Vec::new()).await;
        bench.pass(2).await;
        bench.functions.mappings.lock().unwrap().on.clear();
        bench.pass(5).await;
        bench.send(&["late"]).await;
        bench.pass(5).await;
        assert!(bench.functions.bodies().is_empty());
        bench.functions.mappings.lock().unwrap().on.push(mapping(10));
        bench.pass(5).await;
        assert_eq!(bench.end().await, [["late"]]);
    }

    impl Bench {
        fn change(&self, with: impl FnOnce(&mut Mappings)) {
            with(&mut self.functions.mappings.lock().unwrap());
            self.board.changed();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_taken_over_and_told_once_the_batch_under_way_has_ended() {
        let bench = Bench::new(mapping(10), vec![BatchEnd::NotRun; 2]).await;
        bench.pass(1).await;
        assert!(bench.board.in_effect(&mapping(10), true));
        bench.send(&["one"]).await;
        bench.pass(1).await;
        bench.change(|mappings| mappings.on = vec![mapping(3)]);
        bench.pass(3).await;
        assert!(bench.board.in_effect(&mapping(3), true) && !bench.board.in_effect(&mapping(10), true));
        bench.pass(5).await;
        let seen = bench.end().await;
        assert!(
            seen.len() >= 3 && seen.iter().all(|batch| *batch == ["one"]),
            "what was given back came again: {seen:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_mapping_goes_once_nothing_of_it_is_under_way() {
        let bench = Bench::new(mapping(10), Vec::new()).await;
        bench.pass(1).await;
        bench.change(|mappings| mappings.going = std::mem::take(&mut mappings.on));
        bench.pass(8).await;
        assert_eq!(*bench.functions.mappings.lock().unwrap(), Mappings::default());
        assert!(bench.board.in_effect(&mapping(10), false));
        bench.send(&["late"]).await;
        bench.pass(5).await;
        assert!(bench.end().await.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_went_wrong_is_told_until_it_goes_well() {
        let bench = Bench::new(mapping(10), vec![BatchEnd::Failed]).await;
        bench.send(&["one"]).await;
        bench.pass(5).await;
        assert_eq!(
            bench.board.last_result("m").as_deref(),
            Some("PROBLEM: Function call failed")
        );
        bench.pass(40).await;
        assert_eq!(bench.board.last_result("m").as_deref(), Some("OK"));
        let url = Some("http://localhost/111111111111/q".to_owned());
        let request = lambent_models::sqs::DeleteQueueRequest { queue_url: url };
        bench.sqs.delete_queue(&context(), request).await.unwrap();
        bench.pass(20).await;
        let told = bench.board.last_result("m").unwrap();
        assert!(
            told.starts_with(
                "PROBLEM: Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue."
            ),
            "{told}"
        );
        bench.end().await;
    }

    #[tokio::test(start_paused = true)]
    async fn many_messages_are_carried_by_many_batches_and_each_once() {
        let bench = Bench::new(mapping(1), Vec::new()).await;
        let bodies: Vec<String> = (0..60).map(|n| n.to_string()).collect();
        bench.send(&bodies.iter().map(String::as_str).collect::<Vec<_>>()).await;
        bench.pass(30).await;
        let mut seen: Vec<u32> = bench
            .end()
            .await
            .concat()
            .iter()
            .map(|body| body.parse().unwrap())
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..60).collect::<Vec<_>>());
    }
}
