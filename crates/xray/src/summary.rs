//! What is told of a trace in a list of them.

use crate::{
    assemble::{Trace, round},
    document::{Annotation, Document, moment},
    graph,
};
use lambent_models::xray::{
    AnnotationValue, Http, ResourceARNDetail, ServiceId, TraceSummary, TraceUser, ValueWithServiceIds,
};
use lambent_wire::{Map, Time};
use std::collections::{BTreeMap, BTreeSet};

/// The summary of a trace.
pub(crate) fn summary(trace: &Trace) -> TraceSummary {
    let root = trace.root();
    let mut seen = Seen::default();
    for segment in &trace.segments {
        let service = service_id(segment);
        segment.each(&mut |document| seen.see(document, &service));
    }
    let start = Time(moment(trace.start()));
    TraceSummary {
        id: Some(trace.id.clone()),
        start_time: Some(start),
        duration: Some(trace.duration()),
        response_time: root.map(|root| round(root.end() - root.start_time)),
        has_fault: Some(seen.fault),
        has_error: Some(seen.error),
        has_throttle: Some(seen.throttle),
        is_partial: Some(seen.partial),
        http: Some(root.map(http).unwrap_or_default()),
        annotations: Some(seen.annotations()),
        users: Some(seen.users()),
        service_ids: Some(seen.services),
        resource_ar_ns: Some(
            seen.arns
                .into_iter()
                .map(|arn| ResourceARNDetail { arn: Some(arn) })
                .collect(),
        ),
        instance_ids: Some(Vec::new()),
        availability_zones: Some(Vec::new()),
        entry_point: root.map(service_id),
        fault_root_causes: Some(Vec::new()),
        error_root_causes: Some(Vec::new()),
        response_time_root_causes: Some(Vec::new()),
        revision: Some(trace.revision),
        matched_event_time: Some(start),
    }
}

/// What there is anywhere in a trace.
#[derive(Default)]
struct Seen {
    fault: bool,
    error: bool,
    throttle: bool,
    partial: bool,
    services: Vec<ServiceId>,
    arns: BTreeSet<String>,
    /// By key and value; values as JSON, so that they can be told apart.
    annotations: BTreeMap<(String, String), (AnnotationValue, Vec<ServiceId>)>,
    users: BTreeMap<String, Vec<ServiceId>>,
}

impl Seen {
    fn see(&mut self, document: &Document, service: &ServiceId) {
        self.fault |= document.fault;
        self.error |= document.error;
        self.throttle |= document.throttle;
        self.partial |= document.in_progress;
        if graph::is_service(document) {
            add(&mut self.services, &service_id(document));
        }
        self.arns.extend(document.resource_arn.clone());
        if let Some(user) = &document.user {
            add(self.users.entry(user.clone()).or_default(), service);
        }
        for (key, annotation) in document.annotations.iter().flatten() {
            let Some((value, text)) = value(annotation) else {
                continue;
            };
            let known = self
                .annotations
                .entry((key.clone(), text))
                .or_insert((value, Vec::new()));
            add(&mut known.1, service);
        }
    }

    fn annotations(&mut self) -> Map<Vec<ValueWithServiceIds>> {
        let mut by_key: BTreeMap<String, Vec<ValueWithServiceIds>> = BTreeMap::new();
        for ((key, _), (value, services)) in std::mem::take(&mut self.annotations) {
            by_key.entry(key).or_default().push(ValueWithServiceIds {
                annotation_value: Some(value),
                service_ids: Some(services),
            });
        }
        by_key.into_iter().collect()
    }

    fn users(&mut self) -> Vec<TraceUser> {
        let users = std::mem::take(&mut self.users).into_iter();
        users
            .map(|(name, services)| TraceUser {
                user_name: Some(name),
                service_ids: Some(services),
            })
            .collect()
    }
}

fn add(services: &mut Vec<ServiceId>, service: &ServiceId) {
    if !services.contains(service) {
        services.push(service.clone());
    }
}

/// An annotation's value, and a text that no other value has.
fn value(annotation: &Annotation) -> Option<(AnnotationValue, String)> {
    let value = match annotation {
        Annotation::Boolean(value) => AnnotationValue {
            boolean_value: Some(*value),
            ..AnnotationValue::default()
        },
        Annotation::Number(value) => AnnotationValue {
            number_value: Some(*value),
            ..AnnotationValue::default()
        },
        Annotation::Text(value) => AnnotationValue {
            string_value: Some(value.clone()),
            ..AnnotationValue::default()
        },
        Annotation::Other(_) => return None,
    };
    Some((value, serde_json::to_string(annotation).ok()?))
}

fn service_id(document: &Document) -> ServiceId {
    ServiceId {
        name: Some(document.name.clone()),
        names: Some(vec![document.name.clone()]),
        account_id: graph::account(document).map(str::to_owned),
        r#type: Some(graph::kind(document).to_owned()).filter(|kind| !kind.is_empty()),
    }
}

fn http(root: &Document) -> Http {
    let http = root.http.clone().unwrap_or_default();
    let request = http.request.unwrap_or_default();
    Http {
        http_url: request.url,
        http_status: http.response.and_then(|response| response.status),
        http_method: request.method,
        user_agent: request.user_agent,
        client_ip: request.client_ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assemble::tests::trace;
    use serde_json::json;

    #[test]
    fn a_summary_gathers_what_lies_deep() {
        let trace = trace(&[
            json!({"id": "1", "name": "f", "origin": "AWS::Lambda", "start_time": 1.0, "end_time": 3.0, "http": {"response": {"status": 200}}}),
            json!({"id": "2", "parent_id": "1", "name": "f", "origin": "AWS::Lambda::Function", "start_time": 1.0, "end_time": 2.5, "user": "ann",
                "resource_arn": "arn:f", "annotations": {"k": "v", "odd": [1]},
                "subsegments": [{"id": "3", "name": "deep", "start_time": 2.0, "end_time": 2.5, "fault": true, "annotations": {"k": "v", "n": 2}}]}),
        ]);
        let summary = summary(&trace);
        assert_eq!((summary.duration, summary.response_time), (Some(2.0), Some(2.0)));
        assert_eq!(
            (summary.has_fault, summary.has_error, summary.is_partial),
            (Some(true), Some(false), Some(false))
        );
        assert_eq!(summary.http.unwrap().http_status, Some(200));
        let annotations = summary.annotations.unwrap();
        assert_eq!(annotations.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["k", "n"]);
        let values = annotations.get("k").unwrap();
        assert_eq!((values.len(), values[0].service_ids.as_ref().unwrap().len()), (1, 1));
        assert_eq!(summary.service_ids.unwrap().len(), 2);
        assert_eq!(summary.entry_point.unwrap().r#type.as_deref(), Some("AWS::Lambda"));
        assert_eq!(summary.users.unwrap()[0].user_name.as_deref(), Some("ann"));
    }
}
