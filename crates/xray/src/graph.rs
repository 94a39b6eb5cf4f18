//! The service graph: who calls whom, how often, and how it goes.

use crate::{
    assemble::{Trace, round},
    document::{Document, moment},
};
use lambent_models::xray::{
    Edge, EdgeStatistics, ErrorStatistics, FaultStatistics, HistogramEntry, Service, ServiceStatistics,
};
use lambent_wire::Time;
use std::collections::BTreeMap;

/// Whether a segment or a part stands for something that does work for others: a segment does, and so does a part that calls what tells
/// nothing itself.
pub(crate) fn is_service(document: &Document) -> bool {
    document.trace_id.is_some() && !document.is_part() || document.namespace.is_some()
}

/// Which kind of service it is.
pub(crate) fn kind(document: &Document) -> &str {
    match (&document.origin, document.namespace.as_deref()) {
        (Some(origin), _) => origin,
        (None, Some("aws")) => "AWS",
        (None, Some(_)) => "remote",
        (None, None) => "",
    }
}

/// Whose it is, where that is told.
pub(crate) fn account(document: &Document) -> Option<&str> {
    document.aws.as_ref()?.account_id.as_deref()
}

/// Who called whom in a trace.
pub(crate) fn calls(trace: &Trace) -> Vec<(&Document, &Document)> {
    let mut owners = BTreeMap::new();
    for segment in &trace.segments {
        segment.each(&mut |part| {
            owners.insert(&*part.id, segment);
        });
    }
    let mut calls = Vec::new();
    for segment in &trace.segments {
        if let Some(caller) = segment.parent_id.as_deref().and_then(|parent| owners.get(parent)) {
            calls.push((*caller, segment));
        }
        segment.each(&mut |part| {
            if part.namespace.is_some() && !answered(trace, part) {
                calls.push((segment, part));
            }
        });
    }
    calls
}

/// Whether what a part calls tells of itself.
fn answered(trace: &Trace, part: &Document) -> bool {
    let mut segments = trace.segments.iter();
    segments.any(|segment| segment.parent_id.as_deref() == Some(&*part.id))
}

/// Names a node.
type NodeKey = (String, String);

/// What is counted at a node or an edge.
#[derive(Default)]
struct Tally {
    total: i64,
    errors: i64,
    throttles: i64,
    faults: i64,
    time: f64,
    times: BTreeMap<i64, i64>,
    start: f64,
    end: f64,
}

impl Tally {
    fn add(&mut self, document: &Document) {
        let taken = round(document.end() - document.start_time);
        self.start = if self.total == 0 {
            document.start_time
        } else {
            self.start.min(document.start_time)
        };
        self.end = self.end.max(document.end());
        self.total += 1;
        self.time += taken;
        self.faults += i64::from(document.fault);
        self.throttles += i64::from(document.throttle && !document.fault);
        self.errors += i64::from(document.error && !document.throttle && !document.fault);
        *self.times.entry(moment(taken).as_millis()).or_default() += 1;
    }

    const fn ok(&self) -> i64 {
        self.total - self.errors - self.throttles - self.faults
    }

    const fn error_statistics(&self) -> ErrorStatistics {
        ErrorStatistics {
            throttle_count: Some(self.throttles),
            other_count: Some(self.errors),
            total_count: Some(self.errors + self.throttles),
        }
    }

    const fn fault_statistics(&self) -> FaultStatistics {
        FaultStatistics {
            other_count: Some(self.faults),
            total_count: Some(self.faults),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "times of requests are small")]
    fn histogram(&self) -> Vec<HistogramEntry> {
        let entry = |(millis, count): (&i64, &i64)| HistogramEntry {
            value: Some(*millis as f64 / 1e3),
            count: Some(*count),
        };
        self.times.iter().map(entry).collect()
    }
}

#[derive(Default)]
struct Node {
    tally: Tally,
    root: bool,
    account: Option<String>,
    edges: BTreeMap<NodeKey, Tally>,
}

/// The graph of these traces.
pub(crate) fn graph<'a>(traces: impl Iterator<Item = &'a Trace>) -> Vec<Service> {
    let mut nodes: BTreeMap<NodeKey, Node> = BTreeMap::new();
    for trace in traces {
        add(&mut nodes, trace);
    }
    let places: BTreeMap<NodeKey, i64> = (0..)
        .zip(nodes.keys())
        .map(|(place, key)| (key.clone(), place))
        .collect();
    nodes.iter().map(|(key, node)| service(key, node, &places)).collect()
}

fn add(nodes: &mut BTreeMap<NodeKey, Node>, trace: &Trace) {
    let root = trace.root();
    for segment in &trace.segments {
        let node = nodes.entry(key(segment)).or_default();
        node.tally.add(segment);
        node.root |= root.is_some_and(|root| root.id == segment.id);
        node.account = account(segment).map(str::to_owned).or(node.account.take());
    }
    for (caller, called) in calls(trace) {
        if called.trace_id.is_none() || called.is_part() {
            nodes.entry(key(called)).or_default().tally.add(called);
        }
        let edges = &mut nodes.entry(key(caller)).or_default().edges;
        edges.entry(key(called)).or_default().add(called);
    }
    if let Some(root) = root {
        // Who asked first is a node, too.
        let client = (root.name.clone(), "client".to_owned());
        let node = nodes.entry(client).or_default();
        node.tally.add(root);
        node.edges.entry(key(root)).or_default().add(root);
    }
}

fn key(document: &Document) -> NodeKey {
    (document.name.clone(), kind(document).to_owned())
}

fn service((name, kind): &NodeKey, node: &Node, places: &BTreeMap<NodeKey, i64>) -> Service {
    let (tally, client) = (&node.tally, kind == "client");
    let time = |seconds| Some(Time(moment(seconds)));
    let edges = node.edges.iter().map(|(called, tally)| Edge {
        reference_id: places.get(called).copied(),
        start_time: time(tally.start),
        end_time: time(tally.end),
        summary_statistics: Some(EdgeStatistics {
            ok_count: Some(tally.ok()),
            error_statistics: Some(tally.error_statistics()),
            fault_statistics: Some(tally.fault_statistics()),
            total_count: Some(tally.total),
            total_response_time: Some(tally.time),
        }),
        response_time_histogram: Some(tally.histogram()),
        aliases: Some(Vec::new()),
        ..Edge::default()
    });
    Service {
        reference_id: places.get(&(name.clone(), kind.clone())).copied(),
        name: Some(name.clone()),
        names: Some(vec![name.clone()]),
        root: node.root.then_some(true),
        account_id: node.account.clone(),
        r#type: Some(kind.clone()).filter(|kind| !kind.is_empty()),
        state: Some(if client { "unknown" } else { "active" }.to_owned()),
        start_time: time(tally.start),
        end_time: time(tally.end),
        edges: Some(edges.collect()),
        summary_statistics: (!client).then(|| ServiceStatistics {
            ok_count: Some(tally.ok()),
            error_statistics: Some(tally.error_statistics()),
            fault_statistics: Some(tally.fault_statistics()),
            total_count: Some(tally.total),
            total_response_time: Some(tally.time),
        }),
        duration_histogram: (!client).then(|| tally.histogram()),
        response_time_histogram: (!client).then(|| tally.histogram()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assemble::tests::trace;
    use serde_json::json;

    #[test]
    fn a_function_that_calls_another_and_the_world() {
        let id = "1-581cf771-a006649127e371903a2de979";
        let two = trace(&[
            json!({"id": "1", "trace_id": id, "name": "f", "origin": "AWS::Lambda", "start_time": 1.0, "end_time": 2.0}),
            json!({"id": "2", "trace_id": id, "parent_id": "1", "name": "f", "origin": "AWS::Lambda::Function", "start_time": 1.0, "end_time": 2.0,
                "subsegments": [
                    {"id": "3", "name": "Lambda", "namespace": "aws", "start_time": 1.1, "end_time": 1.2},
                    {"id": "4", "name": "x.org", "namespace": "remote", "start_time": 1.1, "end_time": 1.35, "throttle": true, "error": true}]}),
            json!({"id": "5", "trace_id": id, "parent_id": "3", "name": "g", "origin": "AWS::Lambda", "start_time": 1.1, "end_time": 1.2, "fault": true}),
        ]);
        let services = graph([&two, &two].into_iter());
        let named: Vec<_> = services
            .iter()
            .map(|each| (each.name.as_deref().unwrap(), each.r#type.as_deref().unwrap()))
            .collect();
        let expected = [
            ("f", "AWS::Lambda"),
            ("f", "AWS::Lambda::Function"),
            ("f", "client"),
            ("g", "AWS::Lambda"),
            ("x.org", "remote"),
        ];
        assert_eq!(named, expected);
        let called = |place: usize| -> Vec<i64> {
            let edges = services[place].edges.as_ref().unwrap().iter();
            edges.filter_map(|edge| edge.reference_id).collect()
        };
        assert_eq!((called(0), called(1), called(2)), (vec![1], vec![3, 4], vec![0]));
        assert_eq!(services[0].root, Some(true));
        let statistics = services[4].summary_statistics.as_ref().unwrap();
        assert_eq!(
            (
                statistics.total_count,
                statistics.ok_count,
                statistics.total_response_time
            ),
            (Some(2), Some(0), Some(0.5))
        );
        assert_eq!(statistics.error_statistics.as_ref().unwrap().throttle_count, Some(2));
        assert_eq!(
            services[3]
                .summary_statistics
                .as_ref()
                .unwrap()
                .fault_statistics
                .as_ref()
                .unwrap()
                .total_count,
            Some(2)
        );
    }
}
