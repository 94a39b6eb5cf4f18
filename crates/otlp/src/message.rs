//! What goes to the collector.

use bytes::Bytes;
use lambent_types::{
    Timestamp,
    measure::{BOUNDS, Distribution, Family, Labels, Members},
};
use opentelemetry_proto::tonic::{
    collector::{metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    metrics::v1::{
        AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
        ScopeMetrics, Sum, metric::Data, number_data_point,
    },
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans},
};
use prost::Message as _;

pub(crate) use opentelemetry_proto::tonic::trace::v1::Span;

const NAME: &str = "lambent";

/// Spans, in one request.
pub(crate) fn traces(spans: Vec<Span>, version: &str) -> Bytes {
    let of_scope = ScopeSpans {
        scope: Some(scope(version)),
        spans,
        ..ScopeSpans::default()
    };
    let of_resource = ResourceSpans {
        resource: Some(resource(version)),
        scope_spans: vec![of_scope],
        ..ResourceSpans::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![of_resource],
    };
    request.encode_to_vec().into()
}

/// Families as they are now, in one request. Counts are from the server's start on.
pub(crate) fn metrics(families: Vec<Family>, version: &str, started: Timestamp, now: Timestamp) -> Bytes {
    let times = (nanos(started), nanos(now));
    let of_scope = ScopeMetrics {
        scope: Some(scope(version)),
        metrics: families.into_iter().map(|family| metric(family, times)).collect(),
        ..ScopeMetrics::default()
    };
    let of_resource = ResourceMetrics {
        resource: Some(resource(version)),
        scope_metrics: vec![of_scope],
        ..ResourceMetrics::default()
    };
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![of_resource],
    };
    request.encode_to_vec().into()
}

fn metric(family: Family, times: (u64, u64)) -> Metric {
    let cumulative = AggregationTemporality::Cumulative.into();
    let numbers = |members: Vec<(Labels, f64)>| members.into_iter().map(|member| number(member, times)).collect();
    let data = match family.members {
        Members::Counts(members) => Data::Sum(Sum {
            data_points: numbers(members),
            aggregation_temporality: cumulative,
            is_monotonic: true,
        }),
        Members::Levels(members) => Data::Gauge(Gauge {
            data_points: numbers(members),
        }),
        Members::Durations(members) => Data::Histogram(Histogram {
            data_points: members.into_iter().map(|member| histogram(member, times)).collect(),
            aggregation_temporality: cumulative,
        }),
    };
    // "Unified Code for Units of Measure", as OpenTelemetry has units.
    let units = [("_seconds", "s"), ("_bytes", "By")];
    let plain = family.name.trim_end_matches("_total");
    let unit = units.iter().find(|(ending, _)| plain.ends_with(ending));
    Metric {
        name: family.name.to_owned(),
        description: family.help.to_owned(),
        unit: unit.map_or("1", |(_, unit)| unit).to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

fn number((labels, value): (Labels, f64), (started, now): (u64, u64)) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(labels),
        start_time_unix_nano: started,
        time_unix_nano: now,
        value: Some(number_data_point::Value::AsDouble(value)),
        ..NumberDataPoint::default()
    }
}

fn histogram((labels, read): (Labels, Distribution), (started, now): (u64, u64)) -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: attributes(labels),
        start_time_unix_nano: started,
        time_unix_nano: now,
        count: read.counts.iter().sum(),
        sum: Some(read.sum),
        bucket_counts: read.counts,
        explicit_bounds: BOUNDS.to_vec(),
        ..HistogramDataPoint::default()
    }
}

fn attributes(labels: Labels) -> Vec<KeyValue> {
    labels.into_iter().map(|(name, value)| text(name, value)).collect()
}

fn resource(version: &str) -> Resource {
    Resource {
        attributes: vec![
            text("service.name", NAME.to_owned()),
            text("service.version", version.to_owned()),
        ],
        ..Resource::default()
    }
}

fn scope(version: &str) -> InstrumentationScope {
    InstrumentationScope {
        name: NAME.to_owned(),
        version: version.to_owned(),
        ..InstrumentationScope::default()
    }
}

fn text(key: &str, value: String) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value)),
        }),
        ..KeyValue::default()
    }
}

fn nanos(moment: Timestamp) -> u64 {
    u64::try_from(moment.as_micros()).unwrap_or(0).saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_types::measure::Durations;

    #[test]
    fn families_become_metrics_of_their_kinds() {
        let families = vec![
            Family::durations("a_seconds", "A.", &Durations::default()),
            Family::level("b_bytes", "B.", 2.0),
            Family {
                name: "c_total",
                help: "C.",
                members: Members::Counts(vec![(vec![("x", "y".to_owned())], 3.0)]),
            },
        ];
        let moment = Timestamp::from_micros;
        let body = metrics(families, "1", moment(1), moment(2));
        let request = ExportMetricsServiceRequest::decode(body).unwrap();
        let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
        let units: Vec<_> = metrics.iter().map(|metric| metric.unit.as_str()).collect();
        assert_eq!(units, ["s", "By", "1"]);
        let Some(Data::Histogram(histogram)) = &metrics[0].data else {
            panic!()
        };
        let point = &histogram.data_points[0];
        assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
        let Some(Data::Sum(sum)) = &metrics[2].data else {
            panic!()
        };
        assert!(sum.is_monotonic && sum.data_points[0].time_unix_nano == 2_000);
    }
}
