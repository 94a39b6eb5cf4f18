//! What is told of an event that has ended: AWS's invocation record, and the message for a dead-letter queue.
//!
//! The record follows "Capturing records of Lambda asynchronous invocations" of the developer guide and what was recorded
//! (`test_reserved_concurrency`); the message "Adding a dead-letter queue" (recorded: `test_sqs_queue_as_lambda_dead_letter_queue`).

use bytes::Bytes;
use lambent_engine::{Reason, lineage};
use lambent_types::{AsyncEvent, Attribute, Delivery, Fifo, Ids, Origin, Recipient, RequestId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap};

/// What a function answered to an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The version that ran, as its number or `$LATEST`.
    pub executed_version: String,
    /// `Unhandled`, if it failed.
    pub function_error: Option<String>,
    /// Its result, or the error's JSON.
    pub payload: Bytes,
}

/// Where to tell of the end of an event: ARNs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destinations {
    /// Told of success.
    pub on_success: Option<String>,
    /// Told of failure.
    pub on_failure: Option<String>,
    /// Gets the event itself after a failure.
    pub dead_letter: Option<String>,
}

/// How an event ended.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    /// The event, with its payload.
    pub event: &'a AsyncEvent,
    /// Why it was given up; `None` of one that succeeded.
    pub given_up: Option<Reason>,
    /// What the function answered to the last try, if that reached it.
    pub response: Option<&'a Response>,
    /// When.
    pub at: Timestamp,
}

/// The longest `ErrorMessage` of a dead letter, in bytes.
const LONGEST_MESSAGE: usize = 1024;

/// An invocation record, as it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    version: &'static str,
    timestamp: String,
    request_context: RequestContext,
    request_payload: Cow<'a, RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_context: Option<ResponseContext>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_payload: Option<Cow<'a, RawValue>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    request_id: RequestId,
    function_arn: String,
    condition: &'static str,
    approximate_invoke_count: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseContext {
    status_code: u16,
    executed_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_error: Option<String>,
}

/// The part of an error's JSON that a dead letter tells.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorPayload {
    error_message: String,
}

impl End<'_> {
    /// What is to be delivered to whom.
    #[must_use]
    pub fn deliveries(&self, to: &Destinations, ids: &dyn Ids) -> Vec<Delivery> {
        let function = &self.event.function;
        let destination = match self.given_up {
            None => &to.on_success,
            Some(_) => &to.on_failure,
        };
        let record = destination.as_ref().map(|arn| {
            let origin = Origin::Destination(function.clone());
            self.delivery(ids, origin, self.recipient(arn, ids), self.record())
        });
        let letter = to.dead_letter.as_ref().filter(|_| self.given_up.is_some()).map(|arn| {
            let origin = Origin::DeadLetter(function.clone());
            self.delivery(ids, origin, self.letter_box(arn), self.event.payload.clone())
        });
        record.into_iter().chain(letter).collect()
    }

    fn delivery(&self, ids: &dyn Ids, origin: Origin, recipient: Recipient, payload: Vec<u8>) -> Delivery {
        let header = self.event.trace_id.as_deref().unwrap_or_default();
        Delivery {
            id: RequestId::new(ids),
            origin,
            recipient,
            payload,
            trace_id: lineage::call(header, &self.event.function.arn(), true).ok(),
            otherwise: None,
            lane: None,
            accepted_at: self.at,
            attempts: 0,
            due_at: self.at,
        }
    }

    /// The function's ARN with the qualifier of the event.
    fn function_arn(&self) -> String {
        let qualifier = self.event.qualifier.as_deref().unwrap_or("$LATEST");
        self.event.function.qualified_arn(qualifier)
    }

    fn record(&self) -> Vec<u8> {
        let tried = u32::from(self.response.is_some());
        let record = Record {
            version: "1.0",
            timestamp: self.at.to_iso_millis(),
            request_context: RequestContext {
                request_id: self.event.id,
                function_arn: self.function_arn(),
                condition: self.given_up.map_or("Success", Reason::condition),
                approximate_invoke_count: self.event.failures + tried,
            },
            request_payload: json(&self.event.payload),
            response_context: self.response.map(|response| ResponseContext {
                status_code: 200,
                executed_version: response.executed_version.clone(),
                function_error: response.function_error.clone(),
            }),
            response_payload: self.response.map(|response| json(&response.payload)),
        };
        serde_json::to_vec(&record).unwrap_or_default()
    }

    /// To whom a record goes.
    fn recipient(&self, arn: &str, ids: &dyn Ids) -> Recipient {
        let outcome = if self.given_up.is_none() { "Success" } else { "Failure" };
        let arn = arn.to_owned();
        match arn.split(':').nth(2) {
            Some("lambda") => Recipient::Function { arn },
            Some("sns") => Recipient::Topic {
                arn,
                attributes: BTreeMap::new(),
            },
            Some("events") => Recipient::EventBus {
                resources: vec![self.function_arn(), arn.clone()],
                arn,
                detail_type: format!("Lambda Function Invocation Result - {outcome}"),
            },
            Some("s3") => Recipient::Bucket {
                arn,
                key: self.object_key(ids),
            },
            _ => self.queue(arn, BTreeMap::new()),
        }
    }

    /// `aws/lambda/async/f/2026/11/23/2026-11-23T12.05.34-<uuid>`.
    fn object_key(&self, ids: &dyn Ids) -> String {
        let (name, date) = (&self.event.function.name, self.at.to_log_date());
        let iso = self.at.to_iso_millis();
        let second = iso.split('.').next().unwrap_or_default().replace(':', ".");
        format!("aws/lambda/async/{name}/{date}/{second}-{}", ids.uuid())
    }

    /// To whom a dead letter goes, with what is said of it.
    fn letter_box(&self, arn: &str) -> Recipient {
        let (code, message) = self.error();
        let attributes = BTreeMap::from([
            ("RequestID".to_owned(), Attribute::text(self.event.id.to_string())),
            ("ErrorCode".to_owned(), Attribute::number(code)),
            ("ErrorMessage".to_owned(), Attribute::text(message)),
        ]);
        let arn = arn.to_owned();
        if arn.split(':').nth(2) == Some("sns") {
            return Recipient::Topic { arn, attributes };
        }
        self.queue(arn, attributes)
    }

    fn queue(&self, arn: String, attributes: BTreeMap<String, Attribute>) -> Recipient {
        let fifo = arn.ends_with(".fifo").then(|| Fifo {
            group: self.event.function.name.to_string(),
            deduplication: self.event.id.to_string(),
        });
        Recipient::Queue { arn, attributes, fifo }
    }

    /// The HTTP status of the last try, and its message: what the function said, or AWS in its place.
    fn error(&self) -> (u64, String) {
        let Some(response) = self.response else {
            return match self.given_up {
                Some(Reason::ZeroReservedConcurrency) => (429, "Rate Exceeded.".to_owned()),
                reason => (400, reason.map_or("", Reason::condition).to_owned()),
            };
        };
        let text = match serde_json::from_slice::<ErrorPayload>(&response.payload) {
            Ok(error) => error.error_message,
            Err(_) => String::from_utf8_lossy(&response.payload).into_owned(),
        };
        (200, first_kilobyte(text))
    }
}

/// Not more than AWS sends, cut between characters.
fn first_kilobyte(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(LONGEST_MESSAGE));
    text
}

/// A payload within a record; what is no JSON is written as a text.
fn json(payload: &[u8]) -> Cow<'_, RawValue> {
    match serde_json::from_slice::<&RawValue>(payload) {
        Ok(value) => Cow::Borrowed(value),
        Err(_) => {
            let text = serde_json::value::to_raw_value(&String::from_utf8_lossy(payload));
            Cow::Owned(text.unwrap_or_else(|_| RawValue::NULL.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_store::contract::scope;
    use lambent_types::{AttributeValue, FunctionKey, SeededIds};

    const QUEUE: &str = "arn:aws:sqs:us-east-1:111111111111:q";

    fn event() -> AsyncEvent {
        AsyncEvent {
            id: "e4b46cbf-b738-4000-8880-a18cdf61200e".parse().unwrap(),
            function: FunctionKey {
                scope: scope("111111111111"),
                name: "f".parse().unwrap(),
            },
            qualifier: None,
            payload: br#"{"ORDER_IDS": [ "9e07" ]}"#.to_vec(),
            client_context: None,
            trace_id: Some("Root=1".to_owned()),
            accepted_at: Timestamp::from_micros(0),
            failures: 2,
            deferrals: 0,
            due_at: Timestamp::from_micros(0),
        }
    }

    fn response(payload: &'static str, failed: bool) -> Response {
        Response {
            executed_version: "$LATEST".to_owned(),
            function_error: failed.then(|| "Unhandled".to_owned()),
            payload: Bytes::from_static(payload.as_bytes()),
        }
    }

    fn told(
        event: &AsyncEvent,
        given_up: Option<Reason>,
        response: Option<&Response>,
        to: &Destinations,
    ) -> Vec<Delivery> {
        let end = End {
            event,
            given_up,
            response,
            at: Timestamp::from_micros(1_573_754_365_568_000),
        };
        end.deliveries(to, &SeededIds::default())
    }

    fn to(arn: &str) -> Destinations {
        Destinations {
            on_success: Some(arn.to_owned()),
            on_failure: Some(arn.to_owned()),
            dead_letter: None,
        }
    }

    fn text(delivery: &Delivery) -> &str {
        std::str::from_utf8(&delivery.payload).unwrap()
    }

    #[test]
    fn a_failure_is_recorded_as_aws_does() {
        let answer = response(r#"{"errorMessage": "Process exited"}"#, true);
        let told = told(&event(), Some(Reason::RetriesExhausted), Some(&answer), &to(QUEUE));
        assert_eq!(told.len(), 1);
        assert_eq!(
            text(&told[0]),
            r#"{"version":"1.0","timestamp":"2019-11-14T17:59:25.568Z","requestContext":{"requestId":"e4b46cbf-b738-4000-8880-a18cdf61200e","functionArn":"arn:aws:lambda:us-east-1:111111111111:function:f:$LATEST","condition":"RetriesExhausted","approximateInvokeCount":3},"requestPayload":{"ORDER_IDS": [ "9e07" ]},"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},"responsePayload":{"errorMessage": "Process exited"}}"#
        );
        assert!(told[0].trace_id.as_deref().unwrap().starts_with("Root=1;Lineage=1:"));
    }

    #[test]
    fn what_never_ran_has_no_response() {
        let event = AsyncEvent {
            failures: 0,
            qualifier: Some("live".to_owned()),
            ..event()
        };
        let told = told(&event, Some(Reason::ZeroReservedConcurrency), None, &to(QUEUE));
        let record = text(&told[0]);
        assert!(record.contains(r#""functionArn":"arn:aws:lambda:us-east-1:111111111111:function:f:live""#));
        assert!(record.contains(r#""condition":"ZeroReservedConcurrency","approximateInvokeCount":0}"#));
        assert!(!record.contains("response"), "{record}");
    }

    #[test]
    fn success_is_told_to_the_one_and_failure_to_the_other() {
        let both = Destinations {
            on_success: Some("arn:aws:lambda:us-east-1:111111111111:function:good".to_owned()),
            on_failure: Some("arn:aws:s3:::bad".to_owned()),
            dead_letter: Some("arn:aws:sns:us-east-1:111111111111:dead".to_owned()),
        };
        let (good, bad) = (response("not json", false), response(r#"{"errorMessage":"no"}"#, true));
        let success = told(&event(), None, Some(&good), &both);
        let names = |told: &[Delivery]| {
            told.iter()
                .map(|each| each.recipient.name().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&success), ["arn:aws:lambda:us-east-1:111111111111:function:good"]);
        assert!(text(&success[0]).ends_with(
            r#""responseContext":{"statusCode":200,"executedVersion":"$LATEST"},"responsePayload":"not json"}"#
        ));
        let failure = told(&event(), Some(Reason::RetriesExhausted), Some(&bad), &both);
        assert_eq!(
            names(&failure),
            ["arn:aws:s3:::bad", "arn:aws:sns:us-east-1:111111111111:dead"]
        );
        let Recipient::Bucket { key, .. } = &failure[0].recipient else {
            panic!("it goes to a bucket");
        };
        assert!(
            key.starts_with("aws/lambda/async/f/2019/11/14/2019-11-14T17.59.25-"),
            "{key}"
        );
        assert_eq!(failure[1].payload, event().payload);
        assert!(told(&event(), None, Some(&good), &Destinations::default()).is_empty());
    }

    #[test]
    fn a_dead_letter_tells_what_went_wrong() {
        let dead = Destinations {
            dead_letter: Some(QUEUE.to_owned()),
            ..Destinations::default()
        };
        let long = format!(r#"{{"errorMessage":"{}"}}"#, "ä".repeat(600));
        let answer = Response {
            payload: long.into(),
            ..response("", true)
        };
        let told = told(&event(), Some(Reason::RetriesExhausted), Some(&answer), &dead);
        let Recipient::Queue { attributes, fifo, .. } = &told[0].recipient else {
            panic!("it goes to a queue");
        };
        let said = |name: &str| match &attributes[name].value {
            AttributeValue::Text(text) => (attributes[name].data_type.as_str(), text.as_str()),
            AttributeValue::Binary(_) => panic!("a text"),
        };
        assert_eq!(said("RequestID"), ("String", "e4b46cbf-b738-4000-8880-a18cdf61200e"));
        assert_eq!(said("ErrorCode"), ("Number", "200"));
        assert_eq!(said("ErrorMessage"), ("String", "ä".repeat(512).as_str()));
        assert!(fifo.is_none());
    }
}
