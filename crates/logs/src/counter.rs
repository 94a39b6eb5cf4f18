//! Reads what comes to groups that have metric filters, and counts it.
//!
//! How far it came is kept in memory: a filter counts from the moment on at which it was put, and after a restart from the restart on.
//! What was written while the server stopped is counted before it has.

use crate::{
    Logs, Refusal,
    metric_filter::{MetricFilter, Reading, Value},
};
use lambent_control_core::documents::Stored;
use lambent_log_store::{LogError, LogGroupKey};
use lambent_store::{DocumentKey, Kind, Series};
use lambent_types::RevisionId;
use std::{collections::BTreeMap, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often minutes are looked at that are over.
const MINUTES: Duration = Duration::from_secs(5);
/// How long to wait after the store failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// Bytes of messages that are read at a time.
const BATCH: usize = 256 << 10;

/// A filter, and how far it came.
struct Counting {
    revision: RevisionId,
    filter: MetricFilter,
    reading: Reading,
    /// The number of the last event that was counted.
    counted: u64,
}

/// All filters, by their keys: those of a group stand together.
type Known = BTreeMap<DocumentKey, Counting>;

impl Logs {
    /// Counts until told to stop, and then what has come until then.
    pub async fn count(self, stop: CancellationToken) {
        let mut written = self.kept.written();
        let mut minutes = tokio::time::interval(MINUTES);
        let (mut known, mut changed) = (Known::new(), true);
        loop {
            let stopping = stop.is_cancelled();
            let counted = self.count_all(&mut known, changed).await;
            if stopping {
                return;
            }
            changed = false;
            if let Err(error) = counted {
                tracing::error!(?error, "log events are counted later");
                tokio::time::sleep(AFTER_FAILURE).await;
                changed = true;
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.filters_changed.notified() => changed = true,
                Ok(()) = written.changed(), if !known.is_empty() => {}
                _ = minutes.tick() => {}
            }
        }
    }

    async fn count_all(&self, known: &mut Known, changed: bool) -> Result<(), Refusal> {
        if changed {
            self.read_filters(known).await?;
        }
        let keys: Vec<DocumentKey> = known.keys().cloned().collect();
        for filters in keys.chunk_by(|a, b| (&a.scope, &a.parent) == (&b.scope, &b.parent)) {
            self.count_group(known, filters).await?;
        }
        let now = self.now();
        for (key, counting) in known {
            for value in counting.reading.defaults(now) {
                self.record(key, &counting.filter, value);
            }
        }
        Ok(())
    }

    /// Takes up filters that came or changed, and forgets those that are gone.
    async fn read_filters(&self, known: &mut Known) -> Result<(), Refusal> {
        let mut before = std::mem::take(known);
        for scope in self.core.store.document_scopes(Kind::LogMetricFilter).await? {
            for Stored { key, revision, value } in self.core.list_all::<MetricFilter>(&scope, None).await? {
                let counting = match before.remove(&key).filter(|counting| counting.revision == revision) {
                    Some(counting) => counting,
                    None => Counting {
                        revision,
                        reading: Reading::new(&value)?,
                        counted: self.begin(&key, &value),
                        filter: value,
                    },
                };
                known.insert(key, counting);
            }
        }
        Ok(())
    }

    /// From which event on a filter counts.
    fn begin(&self, key: &DocumentKey, filter: &MetricFilter) -> u64 {
        if filter.put >= self.started {
            filter.since
        } else {
            self.kept.newest(&group(key)).unwrap_or_default()
        }
    }

    /// Counts what came to a group, by the filters of these keys.
    async fn count_group(&self, known: &mut Known, filters: &[DocumentKey]) -> Result<(), Refusal> {
        let Some(first) = filters.first() else { return Ok(()) };
        let group = group(first);
        while let Some(newest) = self.kept.newest(&group) {
            let counted = filters
                .iter()
                .filter_map(|key| known.get(key))
                .map(|counting| counting.counted);
            // One that stands behind what is newest is of a group that was made again.
            let Some(behind) = counted.map(|counted| if counted > newest { 0 } else { counted }).min() else {
                break;
            };
            if behind == newest {
                break;
            }
            let events = match self.kept.follow(&group, behind, BATCH).await {
                Err(LogError::GroupMissing) => break,
                followed => followed?,
            };
            let through = events.last().map_or(newest, |last| last.position.sequence);
            for key in filters {
                let Some(counting) = known.get_mut(key) else { continue };
                let from = if counting.counted > newest { 0 } else { counting.counted };
                for event in events.iter().filter(|event| event.position.sequence > from) {
                    if let Some(value) = counting.reading.event(event.position.millis, &event.message) {
                        self.record(key, &counting.filter, value);
                    }
                }
                counting.counted = from.max(through);
            }
        }
        Ok(())
    }

    fn record(&self, key: &DocumentKey, filter: &MetricFilter, value: Value) {
        let series = Series {
            scope: key.scope.clone(),
            namespace: filter.namespace.clone(),
            name: filter.metric.clone(),
            dimensions: value.dimensions,
        };
        self.metrics
            .record(series, filter.unit.as_deref(), value.millis, value.value);
    }
}

/// The group of a filter.
fn group(key: &DocumentKey) -> LogGroupKey {
    LogGroupKey {
        scope: key.scope.clone(),
        name: key.parent.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::put_metric_filter::put_metric_filter,
        testing::{NOW, Served, context},
    };
    use lambent_models::logs::{MetricTransformation, PutMetricFilterRequest};

    async fn put(served: &Served, name: &str, pattern: &str) {
        let transformation = MetricTransformation {
            metric_name: Some(name.to_owned()),
            metric_namespace: Some("N".to_owned()),
            metric_value: Some("1".to_owned()),
            ..MetricTransformation::default()
        };
        let input = PutMetricFilterRequest {
            log_group_name: Some("/g".to_owned()),
            filter_name: Some(name.to_owned()),
            filter_pattern: Some(pattern.to_owned()),
            metric_transformations: Some(vec![transformation]),
            ..PutMetricFilterRequest::default()
        };
        put_metric_filter(&served.logs, &context(), input).await.unwrap();
    }

    #[tokio::test]
    async fn each_event_is_counted_once_by_each_filter() {
        let served = Served::with_group("/g").await;
        let mut known = Known::new();
        served.put("/g", "s", &[(NOW, "ERROR before")]).await;
        put(&served, "errors", "ERROR").await;
        served.put("/g", "s", &[(NOW, "ERROR 1"), (NOW, "INFO")]).await;
        served.logs.count_all(&mut known, true).await.unwrap();
        put(&served, "all", "").await;
        served.put("/g", "t", &[(NOW, "ERROR 2"), (NOW, "INFO")]).await;
        // As if nobody had told of the new filter yet: it counts from the moment on at which it was put, all the same.
        served.logs.count_all(&mut known, false).await.unwrap();
        served.logs.count_all(&mut known, true).await.unwrap();
        assert_eq!(
            (served.sum("N", "errors").await, served.sum("N", "all").await),
            (2.0, 2.0)
        );
        // What is put again is about what comes later.
        put(&served, "errors", "INFO").await;
        served.logs.count_all(&mut known, true).await.unwrap();
        served.put("/g", "t", &[(NOW, "INFO")]).await;
        served.logs.count_all(&mut known, false).await.unwrap();
        assert_eq!(
            (served.sum("N", "errors").await, served.sum("N", "all").await),
            (3.0, 3.0)
        );
    }

    #[tokio::test]
    async fn a_group_that_is_made_again_is_counted_from_its_begin() {
        let served = Served::with_group("/g").await;
        let mut known = Known::new();
        served.put("/g", "s", &[(NOW, "x"), (NOW, "x"), (NOW, "x")]).await;
        put(&served, "all", "").await;
        served.logs.count_all(&mut known, true).await.unwrap();
        let key = crate::group::key(&context(), "/g".to_owned());
        served.logs.kept.delete_group(&key).await.unwrap();
        served.logs.count_all(&mut known, false).await.unwrap();
        served.logs.kept.create_group(&key).await.unwrap();
        served.put("/g", "s", &[(NOW, "x")]).await;
        served.logs.count_all(&mut known, false).await.unwrap();
        assert_eq!(served.sum("N", "all").await, 1.0);
    }
}
