//! What the tests of operations share.

use crate::{Logs, Parts, Refusal, group, ops, service::moment};
use lambent_control_core::{Pace, testing};
use lambent_log_store::{LogError, NewEvent};
use lambent_log_store_files::{FileLogs, Options};
use lambent_metrics::Metrics;
use lambent_models::logs::FilterLogEventsRequest;
use lambent_store_memory::MemoryStore;
use lambent_store_sqlite::SqliteMetrics;
use lambent_wire::ServiceError;
use std::sync::Arc;

pub(crate) use lambent_control_core::testing::context;

/// What the clock shows, in milliseconds.
pub(crate) const NOW: u64 = 1_795_435_534_123;

/// A service with files of its own.
pub(crate) struct Served {
    pub(crate) logs: Logs,
    _folder: tempfile::TempDir,
}

impl Served {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let core = testing::core(Arc::new(MemoryStore::default()), Pace::AtOnce);
        let options = Options { most_bytes: 1 << 30 };
        let kept = FileLogs::open(folder.path(), options, Arc::clone(&core.clock)).unwrap();
        let metrics = Metrics::new(lambent_metrics::Parts {
            table: Arc::new(SqliteMetrics::open(&folder.path().join("metrics.db")).unwrap()),
            clock: Arc::clone(&core.clock),
            meter: Arc::default(),
            cap: u64::MAX,
        });
        Self {
            logs: Logs::new(Parts {
                core,
                metrics,
                kept: Arc::new(kept),
            }),
            _folder: folder,
        }
    }

    pub(crate) async fn with_group(name: &str) -> Self {
        let served = Self::new();
        let key = group::key(&context(), name.to_owned());
        served.logs.kept.create_group(&key).await.unwrap();
        served
    }

    /// Puts events into a stream, which is made if it is not there.
    pub(crate) async fn put(&self, group: &str, stream: &str, events: &[(u64, &str)]) {
        let key = group::key(&context(), group.to_owned());
        match self.logs.kept.create_stream(&key, stream).await {
            Ok(()) | Err(LogError::StreamExists) => {}
            Err(error) => panic!("{error}"),
        }
        let events = events.iter().map(|(millis, text)| NewEvent {
            millis: *millis,
            message: text.as_bytes().to_vec(),
        });
        self.logs.kept.append(&key, stream, events.collect()).await.unwrap();
    }

    /// What a metric of the last minutes comes to.
    pub(crate) async fn sum(&self, namespace: &str, metric: &str) -> f64 {
        use lambent_models::cloudwatch::{CloudWatch as _, GetMetricStatisticsInput};
        let moment = |millis: i64| {
            Some(lambent_wire::Time(lambent_types::Timestamp::from_micros(
                millis * 1_000,
            )))
        };
        let now = moment_of(NOW);
        let input = GetMetricStatisticsInput {
            namespace: Some(namespace.to_owned()),
            metric_name: Some(metric.to_owned()),
            start_time: moment(now - 3_600_000),
            end_time: moment(now + 3_600_000),
            period: Some(86_400),
            statistics: Some(vec!["Sum".to_owned()]),
            ..GetMetricStatisticsInput::default()
        };
        let answer = self
            .logs
            .metrics
            .get_metric_statistics(&context(), input)
            .await
            .unwrap();
        answer
            .datapoints
            .unwrap_or_default()
            .iter()
            .filter_map(|point| point.sum)
            .sum()
    }

    /// The messages of a group.
    pub(crate) async fn texts(&self, group: &str) -> Vec<String> {
        let input = FilterLogEventsRequest {
            log_group_name: Some(group.to_owned()),
            start_time: Some(moment(0)),
            ..FilterLogEventsRequest::default()
        };
        let page = ops::filter_log_events::filter_log_events(&self.logs, &context(), input).await;
        page.unwrap()
            .events
            .unwrap()
            .into_iter()
            .filter_map(|event| event.message)
            .collect()
    }
}

fn moment_of(millis: u64) -> i64 {
    moment(millis)
}

/// What a refused request is answered: the error's code and message.
pub(crate) fn refused<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> (&'static str, String) {
    let error = ServiceError::from(answer.unwrap_err());
    (error.shape.code, error.message.into_owned())
}
