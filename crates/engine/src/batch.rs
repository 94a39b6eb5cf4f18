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

/// How many batches of a queue there are at the same time, and how many of them are being gathered.
///
/// "Configuring scaling behavior for SQS event source mappings" of the developer guide: five batches at first; while there is more than
/// they can carry, up to 300 more each minute, up to 1,250 or what the mapping says; when there is little, five again, and two after a
/// while, unless the mapping says how many. One is gathered at a time, so that batches become as large as they can; when they fill up
/// at once, more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    limit: usize,
    gatherers: usize,
    /// What the mapping says.
    maximum: Option<usize>,
    /// Since when growth is owed; `None` while there is no need of it.
    grown_at: Option<Timestamp>,
    /// Since when there has been nothing.
    quiet_since: Option<Timestamp>,
}

/// Batches at the same time where reading begins.
const FIRST: usize = 5;
/// Batches at the same time after a quiet minute.
const FEWEST: usize = 2;
/// Batches at the same time where the mapping does not say how many.
const MOST: usize = 1_250;
/// One batch more each time: 300 a minute.
const GROWTH: Duration = Duration::from_millis(200);
/// A queue that gave nothing for so long is quiet.
const QUIET: Duration = Duration::from_secs(60);

impl Scale {
    /// The scale of a mapping that may keep so many environments busy, if it says how many.
    #[must_use]
    pub fn new(maximum: Option<usize>) -> Self {
        let scale = Self {
            limit: FIRST,
            gatherers: 1,
            maximum,
            grown_at: None,
            quiet_since: None,
        };
        scale.bounded(maximum)
    }

    /// It where the mapping says something else.
    #[must_use]
    pub fn bounded(mut self, maximum: Option<usize>) -> Self {
        self.maximum = maximum;
        self.limit = self.limit.min(self.most());
        self.gatherers = self.gatherers.min(self.limit);
        self
    }

    fn most(&self) -> usize {
        self.maximum.unwrap_or(MOST).max(1)
    }

    /// The batches that there may be now, those that are being gathered included.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// The batches that may be gathered at the same time.
    #[must_use]
    pub const fn gatherers(&self) -> usize {
        self.gatherers
    }

    /// How long to wait for room before growth is worth another look.
    #[must_use]
    pub const fn pace(&self) -> Duration {
        GROWTH
    }

    /// A batch was gathered: full, so that there may be more, or not.
    pub fn gathered(&mut self, full: bool) {
        self.quiet_since = None;
        self.gatherers = if full { (self.gatherers * 2).min(self.limit) } else { 1 };
    }

    /// There are as many batches as there may be, and more to do.
    pub fn busy(&mut self, now: Timestamp) {
        self.quiet_since = None;
        let since = *self.grown_at.get_or_insert(now);
        let owed = now.since(since).as_millis() / GROWTH.as_millis();
        let owed = usize::try_from(owed).unwrap_or(MOST).min(MOST);
        if owed > 0 {
            self.limit = (self.limit + owed).min(self.most());
            self.grown_at = Some(now);
        }
    }

    /// There is room for more batches than there are.
    pub fn roomy(&mut self) {
        self.grown_at = None;
    }

    /// The queue gave nothing.
    pub fn quiet(&mut self, now: Timestamp) {
        self.grown_at = None;
        self.gatherers = 1;
        let since = *self.quiet_since.get_or_insert(now);
        let rest = FIRST.min(self.most());
        // What throttling took away comes back by growth alone.
        self.limit = self.limit.min((self.limit / 2).max(rest));
        if self.maximum.is_none() && now.since(since) >= QUIET {
            self.limit = self.limit.min(FEWEST);
        }
    }

    /// The function was throttled.
    pub fn throttled(&mut self) {
        self.grown_at = None;
        self.limit = (self.limit / 2).max(1);
        self.gatherers = 1;
    }
}

/// How long to wait before a queue is looked at again that could not be read so many times in a row.
#[must_use]
pub fn unreadable(tries: u32) -> Duration {
    Duration::from_secs(1)
        .saturating_mul(1 << tries.saturating_sub(1).min(5))
        .min(Duration::from_secs(10))
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

    #[test]
    fn a_queue_with_more_than_can_be_carried_gets_300_more_each_minute() {
        let mut scale = Scale::new(None);
        assert_eq!((scale.limit(), scale.gatherers()), (5, 1));
        scale.busy(at(0));
        assert_eq!(scale.limit(), 5, "growth is earned by waiting");
        scale.busy(at(1));
        assert_eq!(scale.limit(), 10);
        for second in 2..=60 {
            scale.busy(at(second));
        }
        assert_eq!(scale.limit(), 305);
        scale.roomy();
        scale.busy(at(100));
        assert_eq!(scale.limit(), 305, "nothing is owed for when there was room");
        for second in 100..=400 {
            scale.busy(at(second));
        }
        assert_eq!(scale.limit(), 1_250);
    }

    #[test]
    fn a_queue_with_little_goes_back_to_five_and_then_to_two() {
        let mut scale = Scale::new(None);
        scale.busy(at(0));
        scale.busy(at(20));
        assert_eq!(scale.limit(), 105);
        for second in 21..30 {
            scale.quiet(at(second));
        }
        assert_eq!(scale.limit(), 5);
        scale.quiet(at(90));
        assert_eq!(scale.limit(), 2);
        scale.gathered(true);
        assert_eq!(scale.gatherers(), 2);
        scale.gathered(false);
        assert_eq!(scale.gatherers(), 1);
    }

    #[test]
    fn a_mapping_that_says_how_many_has_them() {
        let mut scale = Scale::new(Some(7));
        scale.busy(at(0));
        scale.busy(at(60));
        assert_eq!(scale.limit(), 7);
        scale.quiet(at(61));
        scale.quiet(at(200));
        assert_eq!(scale.limit(), 5, "two only where nothing was said");
        assert_eq!(scale.bounded(Some(2)).limit(), 2);
        assert_eq!(
            Scale::new(Some(2)).bounded(None).limit(),
            2,
            "it grows again when there is need"
        );
        scale.throttled();
        scale.throttled();
        scale.throttled();
        assert_eq!(scale.limit(), 1);
    }

    #[test]
    fn a_queue_that_cannot_be_read_is_left_alone_for_longer_and_longer() {
        let pauses: Vec<_> = (1..8).map(|tries| unreadable(tries).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 10, 10, 10]);
    }

    proptest! {
        #[test]
        fn the_scale_stays_within_its_bounds(most in prop::option::of(0_usize..2_000), steps in prop::collection::vec((0_u8..6, 0_u64..90), 0..300)) {
            let (mut scale, mut now) = (Scale::new(most), at(0));
            for (step, seconds) in steps {
                now = now.plus(Duration::from_secs(seconds));
                match step {
                    0 => scale.gathered(true),
                    1 => scale.gathered(false),
                    2 => scale.busy(now),
                    3 => scale.quiet(now),
                    4 => scale.throttled(),
                    _ => scale.roomy(),
                }
                prop_assert!((1..=most.unwrap_or(MOST).max(1)).contains(&scale.limit()));
                prop_assert!((1..=scale.limit()).contains(&scale.gatherers()));
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
