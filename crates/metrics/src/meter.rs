//! Counts what happens to functions: one row for each of them, spread over several locks, which nobody holds for longer than it takes to
//! add a number. Once in a while the rows are taken away and become series of the namespace `AWS/Lambda`.

use crate::summary::{Summary, Unit};
use lambent_store::Series;
use lambent_types::{FunctionKey, Meter, Occurrence, Subject, Version};
use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Enough that those who count for different functions seldom meet at one lock.
const SHARDS: usize = 16;
const NAMESPACE: &str = "AWS/Lambda";

/// The metrics of a function, in the order in which they are in a [`Row`]; the names and units are AWS's.
const METRICS: [(&str, Unit); 20] = [
    ("Invocations", Unit::COUNT),
    ("Errors", Unit::COUNT),
    ("Duration", Unit::MILLISECONDS),
    ("Throttles", Unit::COUNT),
    ("ConcurrentExecutions", Unit::COUNT),
    ("ProvisionedConcurrentExecutions", Unit::COUNT),
    ("ProvisionedConcurrencyUtilization", Unit::NONE),
    ("ProvisionedConcurrencyInvocations", Unit::COUNT),
    ("ProvisionedConcurrencySpilloverInvocations", Unit::COUNT),
    ("AsyncEventsReceived", Unit::COUNT),
    ("AsyncEventAge", Unit::MILLISECONDS),
    ("AsyncEventsDropped", Unit::COUNT),
    ("DeadLetterErrors", Unit::COUNT),
    ("DestinationDeliveryFailures", Unit::COUNT),
    ("IteratorAge", Unit::MILLISECONDS),
    ("UrlRequestCount", Unit::COUNT),
    ("UrlRequestLatency", Unit::MILLISECONDS),
    ("Url4xxCount", Unit::COUNT),
    ("Url5xxCount", Unit::COUNT),
    ("RecursiveInvocationsDropped", Unit::COUNT),
];

/// Counts what happens to functions.
#[derive(Default)]
pub struct FunctionMeter {
    hasher: RandomState,
    shards: [Mutex<HashMap<FunctionKey, Vec<Row>>>; SHARDS],
}

/// What was counted of one way to call a function.
struct Row {
    qualifier: Option<String>,
    version: Option<Version>,
    metrics: [Option<Summary>; METRICS.len()],
}

impl Row {
    fn add(&mut self, metric: usize, value: f64) {
        let Some(slot) = self.metrics.get_mut(metric) else {
            return;
        };
        match slot {
            Some(summary) => summary.add(value),
            None => *slot = METRICS.get(metric).map(|(_, unit)| Summary::of(value, 1.0, *unit)),
        }
    }

    fn count(&mut self, what: Occurrence) {
        let flag = |set: bool| f64::from(u8::from(set));
        let millis = |duration: std::time::Duration| duration.as_secs_f64() * 1_000.0;
        match what {
            Occurrence::Invoked { duration, outcome } => {
                self.add(0, 1.0);
                self.add(1, flag(!outcome.is_success()));
                self.add(2, millis(duration));
                // One for each invocation that was let in, so that the sum over the number is a rate.
                self.add(3, 0.0);
            }
            Occurrence::Throttled => self.add(3, 1.0),
            Occurrence::Running(count) => self.add(4, f64::from(count)),
            Occurrence::Provisioned { running, of } => {
                self.add(5, f64::from(running));
                self.add(6, f64::from(running) / f64::from(of.max(1)));
                self.add(7, 1.0);
            }
            Occurrence::SpilledOver => self.add(8, 1.0),
            Occurrence::EventReceived => self.add(9, 1.0),
            Occurrence::EventAge(age) => self.add(10, millis(age)),
            Occurrence::EventDropped => self.add(11, 1.0),
            Occurrence::RecursionDropped => self.add(19, 1.0),
            Occurrence::DeadLetterFailed => self.add(12, 1.0),
            Occurrence::DestinationFailed => self.add(13, 1.0),
            Occurrence::IteratorAge(age) => self.add(14, millis(age)),
            Occurrence::Initialised(_) | Occurrence::EventRetried => {}
            Occurrence::UrlRequested { status, latency } => {
                self.add(15, 1.0);
                self.add(16, millis(latency));
                self.add(17, flag((400..500).contains(&status)));
                self.add(18, flag(status >= 500));
            }
        }
    }
}

impl Meter for FunctionMeter {
    fn count(&self, subject: Subject<'_>, what: Occurrence) {
        let place = usize::try_from(self.hasher.hash_one(subject.function)).unwrap_or(0) % SHARDS;
        let Some(shard) = self.shards.get(place) else { return };
        let mut rows = lock(shard);
        if !rows.contains_key(subject.function) {
            rows.insert(subject.function.clone(), Vec::new());
        }
        let Some(rows) = rows.get_mut(subject.function) else {
            return;
        };
        let same = |row: &&mut Row| row.qualifier.as_deref() == subject.qualifier && row.version == subject.version;
        match rows.iter_mut().find(same) {
            Some(row) => row.count(what),
            None => {
                let mut row = Row {
                    qualifier: subject.qualifier.map(str::to_owned),
                    version: subject.version,
                    metrics: Default::default(),
                };
                row.count(what);
                rows.push(row);
            }
        }
    }
}

impl FunctionMeter {
    /// Takes away what was counted, as series.
    pub(crate) fn take(&self) -> Vec<(Arc<Series>, Summary)> {
        let mut out = Vec::new();
        for shard in &self.shards {
            for (function, rows) in std::mem::take(&mut *lock(shard)) {
                for row in rows {
                    tell(&mut out, &function, row);
                }
            }
        }
        out
    }
}

fn lock<T>(shard: &Mutex<T>) -> MutexGuard<'_, T> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A row as the series that AWS makes of it: of the account, of the function, and of the resource that was named; of an alias, also of
/// the version that ran.
fn tell(out: &mut Vec<(Arc<Series>, Summary)>, function: &FunctionKey, row: Row) {
    let name = function.name.as_str();
    let resource = row
        .qualifier
        .as_ref()
        .map_or_else(|| name.to_owned(), |qualifier| format!("{name}:{qualifier}"));
    let by_function = ("FunctionName", name.to_owned());
    let by_resource = ("Resource", resource);
    let mut views = vec![
        Vec::new(),
        vec![by_function.clone()],
        vec![by_function.clone(), by_resource.clone()],
    ];
    let version = row.version.map(|version| version.to_string());
    if let Some(version) = version.filter(|version| row.qualifier.as_ref().is_some_and(|named| named != version)) {
        views.push(vec![("ExecutedVersion", version), by_function, by_resource]);
    }
    for ((metric, _), summary) in METRICS.iter().zip(row.metrics) {
        let Some(summary) = summary else { continue };
        for view in &views {
            let series = Series {
                scope: function.scope.clone(),
                namespace: NAMESPACE.to_owned(),
                name: (*metric).to_owned(),
                dimensions: view
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.clone()))
                    .collect(),
            };
            out.push((Arc::new(series), summary.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_store::contract::scope;
    use lambent_types::Outcome;
    use std::time::Duration;

    fn function() -> FunctionKey {
        FunctionKey {
            scope: scope("111111111111"),
            name: "f".parse().unwrap(),
        }
    }

    fn found(taken: &[(Arc<Series>, Summary)], name: &str, dimensions: &[(&str, &str)]) -> Vec<f64> {
        let has = |series: &Series| {
            let own = series
                .dimensions
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()));
            series.name == name && own.eq(dimensions.iter().copied())
        };
        let found = taken.iter().filter(|(series, _)| has(series));
        found.map(|(_, summary)| summary.sum).collect()
    }

    #[test]
    fn an_invocation_through_an_alias_has_four_views() {
        let (meter, function) = (FunctionMeter::default(), function());
        let alias = Subject {
            function: &function,
            qualifier: Some("live"),
            version: Some(Version::Published(3)),
        };
        let ran = |outcome| Occurrence::Invoked {
            duration: Duration::from_millis(20),
            outcome,
        };
        meter.count(alias, ran(Outcome::Timeout));
        meter.count(alias, ran(Outcome::Success));
        meter.count(Subject::function(&function), Occurrence::Throttled);
        let taken = meter.take();
        assert_eq!(found(&taken, "Invocations", &[]), [2.0]);
        assert_eq!(found(&taken, "Errors", &[("FunctionName", "f")]), [1.0]);
        let resource = [("FunctionName", "f"), ("Resource", "f:live")];
        assert_eq!(found(&taken, "Duration", &resource), [40.0]);
        let version = [("ExecutedVersion", "3"), ("FunctionName", "f"), ("Resource", "f:live")];
        assert_eq!(found(&taken, "Invocations", &version), [2.0]);
        let mut throttles = found(&taken, "Throttles", &[("FunctionName", "f")]);
        throttles.sort_by(f64::total_cmp);
        assert_eq!(throttles, [0.0, 1.0]);
        assert!(meter.take().is_empty());
    }

    #[test]
    fn counting_is_quick_to_share() {
        let meter = Arc::new(FunctionMeter::default());
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (meter, function) = (Arc::clone(&meter), function());
                std::thread::spawn(move || {
                    (0..1_000).for_each(|count| meter.count(Subject::function(&function), Occurrence::Running(count)));
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let taken = meter.take();
        let total = taken.iter().find(|(series, _)| series.dimensions.is_empty()).unwrap();
        assert_eq!((total.1.count, total.1.max), (4_000.0, 999.0));
    }
}
