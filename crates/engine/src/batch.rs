//! Batches of an event source: when one is full, what becomes of its records, and how many are worked on at the same time.
//!
//! Follows "Using Lambda with Amazon SQS" of the developer guide and what was recorded (`event_source_sqs.json`).

use lambent_types::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};

/// What a batch may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Most records.
    pub records: usize,
    /// Most bytes: an invocation's payload.
    pub bytes: usize,
    /// How long it is gathered from its first record on.
    pub window: Duration,
}

/// A batch that is being gathered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Its records.
    pub records: usize,
    /// Their bytes.
    pub bytes: usize,
    /// When the first came.
    pub since: Option<Timestamp>,
}

impl Gathered {
    /// It with a record more.
    #[must_use]
    pub fn with(self, bytes: usize, now: Timestamp) -> Self {
        Self {
            records: self.records + 1,
            bytes: self.bytes.saturating_add(bytes),
            since: self.since.or(Some(now)),
        }
    }

    /// How long to go on gathering, and for how many records at most; `None` once it is to be run.
    #[must_use]
    pub fn wants(&self, bounds: &Bounds, now: Timestamp) -> Option<(Duration, usize)> {
        let room = bounds.records.checked_sub(self.records).filter(|room| *room > 0)?;
        let Some(since) = self.since else {
            return Some((Duration::MAX, room));
        };
        let left = bounds
            .window
            .checked_sub(now.since(since))
            .filter(|left| !left.is_zero())?;
        (self.bytes < bounds.bytes).then_some((left, room))
    }
}

/// What became of the records of a batch that the function returned from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// All were handled.
    Handled,
    /// All but these were: the ids that the function reported.
    AllBut(BTreeSet<String>),
    /// None was: the function reported something that cannot be.
    NotHandled,
}

#[derive(Deserialize)]
struct Report {
    #[serde(rename = "batchItemFailures")]
    failures: Option<Vec<Failure>>,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(rename = "itemIdentifier")]
    id: Option<Value>,
}

/// Reads what a function with `ReportBatchItemFailures` returned to a batch of records with these ids. Nothing, `null` and no failures
/// are a success; an empty or unknown id, or anything else that is no report, is a failure of the whole batch.
#[must_use]
pub fn judge(answer: &[u8], ids: &BTreeSet<&str>) -> Judgement {
    let answer = answer.trim_ascii();
    if matches!(answer, b"" | b"null" | b"\"\"") {
        return Judgement::Handled;
    }
    let Ok(report) = serde_json::from_slice::<Report>(answer) else {
        return Judgement::NotHandled;
    };
    let mut failed = BTreeSet::new();
    for failure in report.failures.unwrap_or_default() {
        match failure.id {
            Some(Value::String(id)) if ids.contains(id.as_str()) => failed.insert(id),
            _ => return Judgement::NotHandled,
        };
    }
    if failed.is_empty() {
        Judgement::Handled
    } else {
        Judgement::AllBut(failed)
    }
}

/// How many batches of a source are worked on at the same time: few at first, more as long as there is work, fewer when the function is
/// throttled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    now: usize,
    most: usize,
}

/// Batches at the same time where reading begins.
const FIRST: usize = 5;

impl Scale {
    /// The scale of a source that may keep at most so many environments busy.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            now: FIRST.min(most),
            most,
        }
    }

    /// The batches that there may be now.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.now
    }

    /// A batch was run, and the source had more.
    pub fn grow(&mut self) {
        self.now = (self.now + 1).min(self.most);
    }

    /// The function was throttled.
    pub fn shrink(&mut self) {
        self.now = (self.now / 2).max(1);
    }
}

/// How long to wait before a throttled batch is tried again; `None` when its records will be visible to others before that.
#[must_use]
pub fn throttled(tries: u32, now: Timestamp, visible_again: Timestamp) -> Option<Duration> {
    let pause = Duration::from_millis(100)
        .saturating_mul(1 << tries.min(8))
        .min(Duration::from_secs(10));
    (now.plus(pause) < visible_again).then_some(pause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOUNDS: Bounds = Bounds {
        records: 10,
        bytes: 1_000,
        window: Duration::from_secs(5),
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_batch_is_gathered_until_it_is_full_or_its_time_is_over() {
        let empty = Gathered::default();
        assert_eq!(empty.wants(&BOUNDS, at(99)), Some((Duration::MAX, 10)));
        let one = empty.with(100, at(10));
        assert_eq!(one.wants(&BOUNDS, at(12)), Some((Duration::from_secs(3), 9)));
        assert_eq!(one.wants(&BOUNDS, at(15)), None);
        assert_eq!(one.with(900, at(11)).wants(&BOUNDS, at(11)), None);
        let full = (0..10).fold(empty, |batch, _| batch.with(1, at(0)));
        assert_eq!(full.wants(&BOUNDS, at(0)), None);
        let at_once = Bounds {
            window: Duration::ZERO,
            ..BOUNDS
        };
        assert_eq!(one.wants(&at_once, at(10)), None);
    }

    #[test]
    fn a_report_is_judged_as_documented() {
        let ids = BTreeSet::from(["a", "b"]);
        let judged = |text: &str| judge(text.as_bytes(), &ids);
        for good in [
            "",
            "null",
            "{}",
            r#"{"batchItemFailures": []}"#,
            r#"{"batchItemFailures": null}"#,
        ] {
            assert_eq!(judged(good), Judgement::Handled, "{good}");
        }
        let one = judged(r#"{"batchItemFailures": [{"itemIdentifier": "a"}]}"#);
        assert_eq!(one, Judgement::AllBut(BTreeSet::from(["a".to_owned()])));
        for bad in [
            "7",
            "\"text\"",
            r#"{"batchItemFailures": [{"itemIdentifier": ""}]}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": null}]}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": "unknown"}]}"#,
            r#"{"batchItemFailures": [{"wrong": "a"}]}"#,
            r#"{"batchItemFailures": 1}"#,
        ] {
            assert_eq!(judged(bad), Judgement::NotHandled, "{bad}");
        }
    }

    #[test]
    fn a_throttled_batch_is_tried_while_nobody_else_sees_its_records() {
        let pauses: Vec<_> = (0..9)
            .filter_map(|tries| throttled(tries, at(0), at(30)))
            .map(|pause| pause.as_millis())
            .collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        assert_eq!(throttled(8, at(25), at(30)), None);
    }

    proptest! {
        #[test]
        fn the_scale_stays_within_its_bounds(most in 0_usize..2_000, steps in prop::collection::vec(any::<bool>(), 0..300)) {
            let mut scale = Scale::new(most);
            for grows in steps {
                if grows { scale.grow() } else { scale.shrink() }
                prop_assert!((1..=most.max(1)).contains(&scale.limit()));
            }
        }

        #[test]
        fn a_batch_never_outgrows_its_bounds(sizes in prop::collection::vec(1_usize..400, 0..40), pause in 0_i64..3) {
            let (mut batch, mut now) = (Gathered::default(), at(0));
            for size in sizes {
                let Some((wait, room)) = batch.wants(&BOUNDS, now) else { break };
                prop_assert!(room > 0 && !wait.is_zero());
                batch = batch.with(size, now);
                now = now.plus(Duration::from_secs(pause.unsigned_abs()));
            }
            prop_assert!(batch.records <= BOUNDS.records && batch.bytes < BOUNDS.bytes + 400);
        }

        #[test]
        fn whatever_a_function_returns_no_unknown_record_fails(answer in ".{0,60}") {
            if let Judgement::AllBut(failed) = judge(answer.as_bytes(), &BTreeSet::from(["a"])) {
                prop_assert!(failed.iter().all(|id| id == "a"));
            }
        }
    }
}
