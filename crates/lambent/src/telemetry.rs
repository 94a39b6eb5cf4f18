//! What the server tells of itself in numbers, at `/metrics`.
//!
//! Most of it is read where it is when somebody asks. What is over by then is counted while it happens, each thing by itself and none of
//! them by function: those metrics CloudWatch's API has. So there are as many members as there is here to read, and queues, of which
//! [`QUEUES`] are told apart.

use lambent_http::{Telemetry, Traffic};
use lambent_invoker::Invoker;
use lambent_log_store_files::FileLogs;
use lambent_sqs::{Depth, Sqs};
use lambent_store::{BoxFuture, Store};
use lambent_store_sqlite::Commits;
use lambent_types::{
    Carried, Meter, Occurrence, Outcome, Subject, Timestamp,
    measure::{Counter, Durations, Family, Labels, Members},
};
use rustix::{
    param::page_size,
    process::{Resource, getrlimit},
    time::{ClockId, clock_gettime},
};
use std::{fs, sync::Arc};

/// So many queues have members of their own; the others are one.
const QUEUES: usize = 100;

/// Counts for the whole server what is counted of functions, and passes it on.
pub(crate) struct Tally {
    functions: Arc<dyn Meter>,
    /// In the order of [`Outcome::ALL`].
    outcomes: [Counter; Outcome::ALL.len()],
    durations: Durations,
    initialisations: Durations,
    throttled: Counter,
    events: [Counter; 3],
    carried: [Counter; 3],
}

/// The names of what becomes of a delivery, in the order of their counters.
const CARRIED: [&str; 3] = ["arrived", "retried", "given_up"];

impl Tally {
    pub(crate) fn new(functions: Arc<dyn Meter>) -> Self {
        Self {
            functions,
            outcomes: Default::default(),
            durations: Durations::default(),
            initialisations: Durations::default(),
            throttled: Counter::default(),
            events: Default::default(),
            carried: Default::default(),
        }
    }

    /// How many environments were initialised.
    pub(crate) fn cold_starts(&self) -> u64 {
        self.initialisations.read().counts.iter().sum()
    }

    fn families(&self) -> Vec<Family> {
        let [received, retried, dropped] = &self.events;
        vec![
            counts(
                "lambent_invocations_total",
                "Invocations that ended, by how.",
                "outcome",
                Outcome::ALL.map(Outcome::as_str).iter().zip(&self.outcomes),
            ),
            Family::durations(
                "lambent_invocation_duration_seconds",
                "How long functions ran, without initialisation.",
                &self.durations,
            ),
            Family::durations(
                "lambent_cold_start_duration_seconds",
                "How long it took until a new environment was initialised.",
                &self.initialisations,
            ),
            Family::count(
                "lambent_invocations_throttled_total",
                "Invocations that were refused since a concurrency limit was reached.",
                &self.throttled,
            ),
            Family::count(
                "lambent_events_received_total",
                "Asynchronous events that were accepted.",
                received,
            ),
            Family::count(
                "lambent_events_retried_total",
                "Tries of events after which there is another.",
                retried,
            ),
            Family::count("lambent_events_dropped_total", "Events that were given up.", dropped),
            counts(
                "lambent_deliveries_total",
                "Attempts to deliver to destinations, dead-letter queues, subscribers and targets, by how they went.",
                "result",
                CARRIED.iter().zip(&self.carried),
            ),
        ]
    }
}

impl Meter for Tally {
    fn count(&self, subject: Subject<'_>, what: Occurrence) {
        let [received, retried, dropped] = &self.events;
        match what {
            Occurrence::Invoked { duration, outcome } => {
                let counters = Outcome::ALL.iter().zip(&self.outcomes);
                counters
                    .filter(|(each, _)| **each == outcome)
                    .for_each(|(_, counter)| counter.add(1));
                self.durations.observe(duration);
            }
            Occurrence::Initialised(took) => return self.initialisations.observe(took),
            Occurrence::EventRetried => return retried.add(1),
            Occurrence::Throttled => self.throttled.add(1),
            Occurrence::EventReceived => received.add(1),
            Occurrence::EventDropped => dropped.add(1),
            Occurrence::Running(_)
            | Occurrence::Provisioned { .. }
            | Occurrence::SpilledOver
            | Occurrence::EventAge(_)
            | Occurrence::RecursionDropped
            | Occurrence::DeadLetterFailed
            | Occurrence::DestinationFailed
            | Occurrence::IteratorAge(_)
            | Occurrence::UrlRequested { .. } => {}
        }
        self.functions.count(subject, what);
    }

    fn carried(&self, how: Carried) {
        let [arrived, later, given_up] = &self.carried;
        match how {
            Carried::Arrived => arrived.add(1),
            Carried::Later => later.add(1),
            Carried::GivenUp => given_up.add(1),
        }
    }
}

/// Reads everything that there is to tell.
pub(crate) struct ServerTelemetry {
    pub(crate) tally: Arc<Tally>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) invoker: Invoker,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) commits: Arc<Commits>,
    pub(crate) logs: Arc<FileLogs>,
    pub(crate) sqs: Sqs,
    pub(crate) started: Timestamp,
}

impl Telemetry for ServerTelemetry {
    fn families(&self) -> BoxFuture<'_, Vec<Family>> {
        Box::pin(async {
            let mut families = self.environments();
            families.extend(self.tally.families());
            families.extend(self.kept().await);
            families.extend(self.traffic.families());
            families.extend(process(self.started));
            families
        })
    }
}

impl ServerTelemetry {
    fn environments(&self) -> Vec<Family> {
        let census = self.invoker.census();
        let states = [
            ("starting", census.starting),
            ("busy", census.busy),
            ("idle", census.idle),
        ];
        let states = states.map(|(state, count)| (vec![("state", state.to_owned())], number(count)));
        let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
        vec![
            Family {
                name: "lambent_info",
                help: "Which server this is.",
                members: Members::Levels(vec![(version, 1.0)]),
            },
            Family {
                name: "lambent_environments",
                help: "Execution environments, by what they do.",
                members: Members::Levels(states.to_vec()),
            },
            Family::level(
                "lambent_invocations_waiting",
                "Invocations that wait for an environment.",
                number(census.waiting),
            ),
        ]
    }

    /// What is stored. What a store that does not answer would tell is left out.
    async fn kept(&self) -> Vec<Family> {
        let mut families = vec![
            Family::count(
                "lambent_store_transactions_total",
                "Transactions that became durable.",
                &self.commits.transactions,
            ),
            Family::durations(
                "lambent_store_commit_duration_seconds",
                "How long commits took, each of all transactions that waited.",
                &self.commits.durations,
            ),
            Family::count(
                "lambent_store_commits_failed_total",
                "Commits that failed.",
                &self.commits.failed,
            ),
            Family::level(
                "lambent_logs_bytes",
                "The room that logs take.",
                wide(self.logs.stored_bytes()),
            ),
            Family {
                name: "lambent_logs_events_lost_total",
                help: "Log events that could not be written.",
                members: Members::Counts(vec![(Labels::new(), wide(self.logs.lost()))]),
            },
        ];
        let (events, deliveries) = (self.store.event_count().await, self.store.delivery_count().await);
        let pending = [
            (
                "lambent_events_pending",
                "Asynchronous events that are not finished.",
                events,
            ),
            (
                "lambent_deliveries_pending",
                "Deliveries that have not arrived.",
                deliveries,
            ),
        ];
        let pending = pending
            .into_iter()
            .filter_map(|(name, help, count)| Some(Family::level(name, help, wide(count.ok()?))));
        families.extend(pending);
        families.extend(self.sqs.depths(QUEUES).await.ok().map(queues));
        families
    }
}

fn queues(depths: Vec<Depth>) -> Family {
    let members = depths.into_iter().flat_map(|depth| {
        let labels = match depth.queue {
            Some(queue) => vec![
                ("account", queue.scope.account.to_string()),
                ("region", queue.scope.region.to_string()),
                ("queue", queue.name),
            ],
            None => vec![("queue", "(others)".to_owned())],
        };
        let counts = depth.messages;
        let states = [
            ("waiting", counts.waiting),
            ("in_flight", counts.in_flight),
            ("delayed", counts.delayed),
        ];
        states.map(|(state, count)| {
            let state = ("state", state.to_owned());
            (labels.iter().cloned().chain([state]).collect(), wide(count))
        })
    });
    Family {
        name: "lambent_queue_messages",
        help: "Messages in queues of SQS.",
        members: Members::Levels(members.collect()),
    }
}

/// The server's process alone, by the names that Prometheus's clients have for them. Functions' processes are not part of it.
fn process(started: Timestamp) -> Vec<Family> {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "seconds and nanoseconds of one process")]
    let cpu = cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9;
    let pages = |place: usize| {
        let text = fs::read_to_string("/proc/self/statm").ok()?;
        text.split_whitespace().nth(place)?.parse::<usize>().ok()
    };
    let bytes = |place| pages(place).map(|pages| number(pages * page_size()));
    let files = fs::read_dir("/proc/self/fd")
        .ok()
        .map(|entries| number(entries.count()));
    let most_files = getrlimit(Resource::Nofile).current.map(wide);
    #[expect(clippy::cast_precision_loss, reason = "a moment in seconds")]
    let started = started.as_micros() as f64 / 1e6;
    let levels = [
        (
            "process_virtual_memory_bytes",
            "Virtual memory size in bytes.",
            bytes(0),
        ),
        (
            "process_resident_memory_bytes",
            "Resident memory size in bytes.",
            bytes(1),
        ),
        ("process_open_fds", "Number of open file descriptors.", files),
        (
            "process_max_fds",
            "Maximum number of open file descriptors.",
            most_files,
        ),
        (
            "process_start_time_seconds",
            "Start time of the process since unix epoch in seconds.",
            Some(started),
        ),
    ];
    let levels = levels
        .into_iter()
        .filter_map(|(name, help, value)| Some(Family::level(name, help, value?)));
    let cpu = Family {
        name: "process_cpu_seconds_total",
        help: "Total user and system CPU time spent in seconds.",
        members: Members::Counts(vec![(Labels::new(), cpu)]),
    };
    std::iter::once(cpu).chain(levels).collect()
}

fn counts<'a>(
    name: &'static str,
    help: &'static str,
    label: &'static str,
    counters: impl Iterator<Item = (&'a &'static str, &'a Counter)>,
) -> Family {
    let members = counters.map(|(value, counter)| (vec![(label, (*value).to_owned())], wide(counter.get())));
    Family {
        name,
        help,
        members: Members::Counts(members.collect()),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers are told as floating point, exact up to 2 to the 53rd"
)]
fn wide(count: u64) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers are told as floating point, exact up to 2 to the 53rd"
)]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::FunctionKey;
    use std::time::Duration;

    #[derive(Default)]
    struct Next(Counter);

    impl Meter for Next {
        fn count(&self, _: Subject<'_>, _: Occurrence) {
            self.0.add(1);
        }
    }

    #[test]
    fn what_is_counted_is_told_and_passed_on() {
        let next = Arc::new(Next::default());
        let tally = Tally::new(Arc::clone(&next) as _);
        let function = FunctionKey {
            scope: lambent_types::Scope {
                account: "111111111111".parse().unwrap(),
                region: "us-east-1".parse().unwrap(),
            },
            name: "f".parse().unwrap(),
        };
        let duration = Duration::from_millis(3);
        for outcome in [Outcome::Success, Outcome::Success, Outcome::Timeout] {
            tally.count(Subject::function(&function), Occurrence::Invoked { duration, outcome });
        }
        tally.carried(Carried::GivenUp);
        let families = tally.families();
        let Members::Counts(outcomes) = &families[0].members else {
            panic!()
        };
        let told: Vec<f64> = outcomes.iter().map(|(_, count)| *count).collect();
        assert_eq!(told, [2.0, 0.0, 1.0, 0.0, 0.0]);
        let Members::Durations(durations) = &families[1].members else {
            panic!()
        };
        assert_eq!(durations[0].1.counts.iter().sum::<u64>(), 3);
        assert_eq!(next.0.get(), 3);
    }

    #[test]
    fn the_process_is_told_of() {
        let names: Vec<_> = process(Timestamp::from_micros(1))
            .iter()
            .map(|family| family.name)
            .collect();
        assert_eq!(names.len(), 6, "{names:?}");
    }
}
