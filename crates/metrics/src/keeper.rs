//! Minutes in memory until they are written, and all minutes together for whoever asks.

use crate::{FunctionMeter, summary::Summary};
use lambent_store::{MetricTable, MinutePart, Series, Unavailable};
use lambent_types::{Clock, Scope};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Minutes since the epoch are numbered.
pub(crate) const MINUTE_MICROS: i64 = 60_000_000;
/// AWS keeps minutes for 15 days.
const KEPT_MINUTES: i64 = 15 * 24 * 60;
/// How often what was counted is written.
const WRITE_EVERY: Duration = Duration::from_secs(10);
/// How often what is too old is forgotten, in writes.
const FORGET_EVERY: u32 = 360;

/// A part of a minute that is in memory.
struct Part {
    id: u64,
    summary: Summary,
    /// Whether the table knows it as it is.
    written: bool,
}

/// Keeps metrics.
pub(crate) struct Keeper {
    table: Arc<dyn MetricTable>,
    clock: Arc<dyn Clock>,
    meter: Arc<FunctionMeter>,
    minutes: Mutex<Minutes>,
    /// Parts of this run have numbers from here on, which those of an earlier run had not.
    first_part: u64,
    /// The file may have so many bytes.
    cap: u64,
}

#[derive(Default)]
struct Minutes {
    parts: u64,
    of: HashMap<Arc<Series>, BTreeMap<i64, Part>>,
}

impl Minutes {
    fn add(&mut self, first_part: u64, series: &Arc<Series>, minute: i64, summary: &Summary) {
        let Self { parts, of } = self;
        let minutes = of.entry(Arc::clone(series)).or_default();
        match minutes.get_mut(&minute) {
            Some(part) => {
                part.summary.merge(summary);
                part.written = false;
            }
            None => {
                *parts += 1;
                let part = Part {
                    id: first_part + *parts,
                    summary: summary.clone(),
                    written: false,
                };
                minutes.insert(minute, part);
            }
        }
    }
}

impl Keeper {
    pub(crate) fn new(table: Arc<dyn MetricTable>, clock: Arc<dyn Clock>, meter: Arc<FunctionMeter>, cap: u64) -> Self {
        Self {
            first_part: clock.now().as_micros().unsigned_abs(),
            table,
            clock,
            meter,
            minutes: Mutex::default(),
            cap,
        }
    }

    /// The minute that it is.
    pub(crate) fn minute(&self) -> i64 {
        self.clock.now().as_micros().div_euclid(MINUTE_MICROS)
    }

    /// Adds values to a minute.
    pub(crate) fn add(&self, series: &Arc<Series>, minute: i64, summary: &Summary) {
        self.minutes().add(self.first_part, series, minute, summary);
    }

    /// What is known of a series in minutes `from..until`, by minute.
    pub(crate) async fn read(
        &self,
        series: &Series,
        from: i64,
        until: i64,
    ) -> Result<BTreeMap<i64, Summary>, Unavailable> {
        self.collect();
        let from = from.max(self.minute() - KEPT_MINUTES);
        let stored = self.table.summaries(series, from, until).await?;
        let minutes = self.minutes();
        let held = minutes.of.get(series);
        let mut found: BTreeMap<i64, Summary> = BTreeMap::new();
        let mut add = |minute: i64, summary: &Summary| match found.get_mut(&minute) {
            Some(known) => known.merge(summary),
            None => drop(found.insert(minute, summary.clone())),
        };
        for (minute, part) in held.into_iter().flat_map(|held| held.range(from..until.max(from))) {
            add(*minute, &part.summary);
        }
        for (minute, id, bytes) in stored {
            // What is in memory, too, is newer there.
            let newer = held
                .and_then(|held| held.get(&minute))
                .is_some_and(|part| part.id == id);
            if let Some(summary) = Summary::read(&bytes).filter(|_| !newer) {
                add(minute, &summary);
            }
        }
        Ok(found)
    }

    /// The series of an account that have had a value since that minute, in order.
    pub(crate) async fn series(&self, scope: &Scope, since: i64) -> Result<Vec<Arc<Series>>, Unavailable> {
        self.collect();
        let stored = self.table.series(scope, since).await?;
        let mut found: Vec<Arc<Series>> = stored.into_iter().map(Arc::new).collect();
        let minutes = self.minutes();
        let held = minutes.of.iter().filter(|(series, minutes)| {
            series.scope == *scope && minutes.last_key_value().is_some_and(|(minute, _)| *minute >= since)
        });
        found.extend(held.map(|(series, _)| Arc::clone(series)));
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// Writes what was counted, at intervals, and once more at the end.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        let mut writes = 0_u32;
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(WRITE_EVERY) => {}
            }
            self.write().await;
            if writes.is_multiple_of(FORGET_EVERY)
                && let Err(error) = self.table.forget(self.minute() - KEPT_MINUTES, self.cap).await
            {
                tracing::warn!(%error, "old metrics could not be forgotten");
            }
            writes = writes.wrapping_add(1);
        }
    }

    /// Takes what was counted of functions into the minute that it is.
    fn collect(&self) {
        let minute = self.minute();
        let taken = self.meter.take();
        let mut minutes = self.minutes();
        for (series, summary) in &taken {
            minutes.add(self.first_part, series, minute, summary);
        }
    }

    async fn write(&self) {
        self.collect();
        let parts = self.unwritten();
        let written: Vec<(Arc<Series>, i64, u64)> = parts
            .iter()
            .map(|part| (Arc::clone(&part.series), part.minute, part.part))
            .collect();
        if parts.is_empty() {
            return self.forget_past();
        }
        if let Err(error) = self.table.put(parts).await {
            tracing::warn!(%error, "metrics could not be written; they are kept in memory");
            let mut minutes = self.minutes();
            for (series, minute, _) in &written {
                if let Some(part) = minutes.of.get_mut(series).and_then(|held| held.get_mut(minute)) {
                    part.written = false;
                }
            }
            return;
        }
        self.forget_past();
    }

    /// What the table does not know yet, from now on taken for written.
    fn unwritten(&self) -> Vec<MinutePart> {
        let mut parts = Vec::new();
        for (series, held) in &mut self.minutes().of {
            for (minute, part) in held.iter_mut().filter(|(_, part)| !part.written) {
                part.written = true;
                parts.push(MinutePart {
                    series: Arc::clone(series),
                    minute: *minute,
                    part: part.id,
                    summary: part.summary.written(),
                });
            }
        }
        parts
    }

    /// Minutes that are over and written need not be in memory.
    fn forget_past(&self) {
        let minute = self.minute();
        let mut minutes = self.minutes();
        for held in minutes.of.values_mut() {
            held.retain(|of, part| !part.written || *of >= minute);
        }
        minutes.of.retain(|_, held| !held.is_empty());
    }

    fn minutes(&self) -> MutexGuard<'_, Minutes> {
        self.minutes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::Unit;
    use lambent_store::contract::scope;
    use lambent_store_sqlite::SqliteMetrics;
    use lambent_types::{ManualClock, Timestamp};

    fn series() -> Arc<Series> {
        Arc::new(Series {
            scope: scope("111111111111"),
            namespace: "N".to_owned(),
            name: "m".to_owned(),
            dimensions: Vec::new(),
        })
    }

    fn keeper(path: &std::path::Path, minute: i64) -> Keeper {
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(minute * MINUTE_MICROS)));
        let table = Arc::new(SqliteMetrics::open(path).unwrap());
        Keeper::new(table, clock, Arc::default(), u64::MAX)
    }

    async fn sums(keeper: &Keeper) -> Vec<(i64, f64)> {
        let read = keeper.read(&series(), 0, i64::MAX).await.unwrap();
        read.into_iter()
            .map(|(minute, summary)| (minute, summary.sum))
            .collect()
    }

    #[tokio::test]
    async fn values_add_up_whether_written_or_not_and_over_runs() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("m.db");
        let one = Summary::of(1.0, 1.0, Unit::COUNT);
        let first = keeper(&path, 1_000);
        first.add(&series(), 999, &one);
        first.add(&series(), 1_000, &one);
        first.write().await;
        first.add(&series(), 1_000, &one);
        first.add(&series(), 999, &one);
        assert_eq!(sums(&first).await, [(999, 2.0), (1_000, 2.0)]);
        first.write().await;
        drop(first);
        let second = keeper(&path, 1_001);
        second.add(&series(), 1_000, &one);
        assert_eq!(sums(&second).await, [(999, 2.0), (1_000, 3.0)]);
        assert_eq!(second.series(&scope("111111111111"), 1_000).await.unwrap(), [series()]);
        assert!(second.series(&scope("111111111111"), 1_001).await.unwrap().is_empty());
    }
}
