//! `PutEvents`.

use crate::{
    Events, Refusal,
    event::{Event, detail_of},
};
use lambent_models::eventbridge::{PutEventsRequest, PutEventsRequestEntry, PutEventsResponse, PutEventsResultEntry};
use lambent_wire::RequestContext;

/// The largest request: 1 MB.
const MOST_BYTES: usize = 1 << 20;

/// Each entry is taken or refused by itself. Those that are taken are committed bus by bus.
pub(crate) async fn put_events(events: &Events, cx: &RequestContext, input: PutEventsRequest) -> Result<PutEventsResponse, Refusal> {
    let entries = input.entries.unwrap_or_default();
    let size: usize = entries.iter().map(size).sum();
    if size > MOST_BYTES {
        let words = format!("Total size of the entries in the request is over the limit. Total size in bytes: {size}. Limit: {MOST_BYTES}.");
        return Err(Refusal::Invalid(words));
    }
    let mut results = Vec::new();
    for entry in entries {
        let trace = entry.trace_header.clone().or_else(|| cx.trace_id.clone());
        let bus = entry.event_bus_name.clone();
        let taken = match read(events, cx, entry) {
            Ok(event) => match events.bus(cx, bus).await {
                Ok(bus) => {
                    let id = event.id.clone();
                    events.publish(&bus, &[event], trace.as_deref()).await?;
                    Ok(id)
                }
                // AWS takes what is for a bus that is not there, and it is gone.
                Err(Refusal::NoBus(_)) => Ok(event.id),
                Err(refusal) => return Err(refusal),
            },
            Err(wrong) => Err(wrong),
        };
        results.push(taken);
    }
    let failed = results.iter().filter(|result| result.is_err()).count();
    let entries = results.into_iter().map(|result| match result {
        Ok(id) => PutEventsResultEntry {
            event_id: Some(id),
            ..PutEventsResultEntry::default()
        },
        Err((code, message)) => PutEventsResultEntry {
            event_id: None,
            error_code: Some(code.to_owned()),
            error_message: Some(message.to_owned()),
        },
    });
    Ok(PutEventsResponse {
        entries: Some(entries.collect()),
        failed_entry_count: i64::try_from(failed).ok(),
    })
}

/// What counts for the limit, as "Calculating PutEvents event entry size" has it.
fn size(entry: &PutEventsRequestEntry) -> usize {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let time = if entry.time.is_some() { 14 } else { 0 };
    let resources: usize = entry.resources.iter().flatten().map(String::len).sum();
    time + length(&entry.source) + length(&entry.detail_type) + length(&entry.detail) + resources
}

/// Why an entry is not taken: code and words.
type Wrong = (&'static str, &'static str);

fn read(events: &Events, cx: &RequestContext, entry: PutEventsRequestEntry) -> Result<Event, Wrong> {
    let required = |text: Option<String>, words: &'static str| text.filter(|text| !text.is_empty()).ok_or(("InvalidArgument", words));
    let source = required(entry.source, "Parameter Source is not valid. Reason: Source is a required argument.")?;
    let detail_type = required(entry.detail_type, "Parameter DetailType is not valid. Reason: DetailType is a required argument.")?;
    let detail = required(entry.detail, "Parameter Detail is not valid. Reason: Detail is a required argument.")?;
    if source.starts_with("aws.") {
        return Err(("NotAuthorizedForSourceException", "Not authorized for the source."));
    }
    let detail = detail_of(&detail).ok_or(("MalformedDetail", "Detail is malformed."))?;
    Ok(Event {
        id: events.ids.uuid().to_string(),
        source,
        detail_type,
        scope: cx.scope.clone(),
        time: entry.time.map_or_else(|| events.clock.now(), |time| time.0),
        resources: entry.resources.unwrap_or_default(),
        detail,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{put_rule, put_targets},
        testing::{context, deliveries, service},
    };
    use lambent_models::eventbridge::{PutRuleRequest, PutTargetsRequest, Target};
    use lambent_types::Recipient;

    fn entry(source: &str, detail: &str) -> PutEventsRequestEntry {
        PutEventsRequestEntry {
            source: Some(source.to_owned()),
            detail_type: Some("t".to_owned()),
            detail: Some(detail.to_owned()),
            ..PutEventsRequestEntry::default()
        }
    }

    #[tokio::test]
    async fn what_meets_a_rule_goes_to_its_targets() {
        let events = service();
        let rule = PutRuleRequest {
            name: Some("r".to_owned()),
            event_pattern: Some(r#"{"source": ["shop"], "detail": {"n": [{"numeric": [">", 1]}]}}"#.to_owned()),
            ..PutRuleRequest::default()
        };
        put_rule::put_rule(&events, &context(), rule).await.unwrap();
        let target = |id: &str, arn: &str, path: Option<&str>| Target {
            id: Some(id.to_owned()),
            arn: Some(arn.to_owned()),
            input_path: path.map(str::to_owned),
            ..Target::default()
        };
        let (function, queue) = ("arn:aws:lambda:us-east-1:111111111111:function:f", "arn:aws:sqs:us-east-1:111111111111:q");
        let targets = PutTargetsRequest {
            rule: Some("r".to_owned()),
            targets: Some(vec![target("1", function, None), target("2", queue, Some("$.detail.n"))]),
            ..PutTargetsRequest::default()
        };
        put_targets::put_targets(&events, &context(), targets).await.unwrap();
        let input = PutEventsRequest {
            entries: Some(vec![entry("shop", r#"{"n": 2}"#), entry("shop", r#"{"n": 1}"#), entry("other", r#"{"n": 2}"#)]),
            ..PutEventsRequest::default()
        };
        let answer = put_events(&events, &context(), input).await.unwrap();
        assert_eq!((answer.failed_entry_count, answer.entries.unwrap().len()), (Some(0), 3));
        let sent = deliveries(&events).await;
        let to = |name: &str| {
            let found = sent.iter().find(|each| each.recipient.name() == name).unwrap();
            String::from_utf8(found.payload.clone()).unwrap()
        };
        assert_eq!(sent.len(), 2);
        assert!(matches!(&sent[0].recipient, Recipient::Function { .. } | Recipient::Queue { .. }));
        assert_eq!(to(queue), "2");
        assert!(to(function).starts_with(r#"{"version":"0","id":""#), "{}", to(function));
        assert!(to(function).contains(r#""detail-type":"t","source":"shop","account":"111111111111""#));
    }

    #[tokio::test]
    async fn entries_are_refused_one_by_one() {
        let events = service();
        let mut untyped = entry("s", "{}");
        untyped.detail_type = None;
        let input = PutEventsRequest {
            entries: Some(vec![entry("s", "{}"), entry("aws.x", "{}"), entry("s", "[]"), untyped]),
            ..PutEventsRequest::default()
        };
        let answer = put_events(&events, &context(), input).await.unwrap();
        let codes: Vec<_> = answer.entries.unwrap().into_iter().map(|entry| entry.error_code).collect();
        let code = |text: &str| Some(text.to_owned());
        assert_eq!(codes, [None, code("NotAuthorizedForSourceException"), code("MalformedDetail"), code("InvalidArgument")]);
        assert_eq!(answer.failed_entry_count, Some(3));
    }
}
