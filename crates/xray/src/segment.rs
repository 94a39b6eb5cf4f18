//! The segments of Lambda itself: "Visualize Lambda function invocations using AWS X-Ray" in the developer guide names them and their
//! parts.

use crate::document::{Aws, Cause, Document, Exception, Exceptions, Http, HttpResponse, seconds};
use lambent_types::{
    Fault, FunctionKey, RequestId, SegmentId, Span, Timestamp,
    trace::{FunctionSpan, Place},
};
use serde_json::Map;

/// The document of a span.
pub(crate) fn document(span: Span) -> Document {
    match span {
        Span::Service {
            place,
            function,
            request,
            status,
            fault,
        } => Document {
            origin: Some("AWS::Lambda".to_owned()),
            resource_arn: Some(function.arn()),
            http: Some(Http {
                request: None,
                response: Some(HttpResponse {
                    status: Some(status.into()),
                    rest: Map::new(),
                }),
            }),
            aws: Some(aws(&function, &function.arn(), request)),
            ..faulty(at(&place, function.name.as_str()), fault)
        },
        Span::Dwell { place, .. } => part(&place, "Dwell Time"),
        Span::Attempt {
            place, number, fault, ..
        } => faulty(part(&place, &format!("Attempt #{number}")), fault),
        Span::Function(span) => function(*span),
    }
}

fn function(span: FunctionSpan) -> Document {
    let FunctionSpan {
        place,
        function,
        invoked_arn,
        request,
        invocation,
        initialised,
        invoked,
        answered,
        fault,
    } = span;
    let aside = |n: u32, name: &str, began: Timestamp, ended: Timestamp| within(place.id.part(n), name, began, ended);
    let initialisation = initialised.map(|began| aside(0, "Initialization", began, invoked));
    let run = faulty(within(invocation, "Invocation", invoked, answered), fault.clone());
    let overhead = aside(1, "Overhead", answered, place.ended.max(answered));
    let mut segment = faulty(at(&place, function.name.as_str()), fault);
    // Why is told where it happened.
    segment.cause = None;
    Document {
        origin: Some("AWS::Lambda::Function".to_owned()),
        resource_arn: Some(invoked_arn.clone()),
        subsegments: initialisation.into_iter().chain([run, overhead]).collect(),
        aws: Some(aws(&function, &invoked_arn, request)),
        ..segment
    }
}

/// What documents say of the resource.
fn aws(function: &FunctionKey, arn: &str, request: RequestId) -> Aws {
    Aws {
        account_id: Some(function.scope.account.as_str().to_owned()),
        function_arn: Some(arn.to_owned()),
        request_id: Some(request.to_string()),
        resource_names: Some(vec![function.name.as_str().to_owned()]),
        rest: Map::new(),
    }
}

fn at(place: &Place, name: &str) -> Document {
    Document {
        id: place.id.to_string(),
        name: name.to_owned(),
        start_time: seconds(place.began),
        end_time: Some(seconds(place.ended)),
        trace_id: Some(place.trace.to_string()),
        parent_id: place.parent.map(|parent| parent.to_string()),
        ..Document::default()
    }
}

/// A part that is told of by itself.
fn part(place: &Place, name: &str) -> Document {
    Document {
        kind: Some("subsegment".to_owned()),
        ..at(place, name)
    }
}

/// A part that stands where it belongs.
fn within(id: SegmentId, name: &str, began: Timestamp, ended: Timestamp) -> Document {
    Document {
        id: id.to_string(),
        name: name.to_owned(),
        start_time: seconds(began),
        end_time: Some(seconds(ended)),
        ..Document::default()
    }
}

fn faulty(document: Document, fault: Option<Fault>) -> Document {
    let (error, throttle, failed) = match &fault {
        None => (false, false, false),
        Some(Fault::Refused) => (true, false, false),
        Some(Fault::Throttled) => (true, true, false),
        Some(Fault::Failed(_)) => (false, false, true),
    };
    let cause = match fault {
        Some(Fault::Failed(Some(exception))) => Some(Cause::Exceptions(Exceptions {
            exceptions: vec![Exception {
                id: None,
                kind: exception.kind,
                message: exception.message,
                rest: Map::new(),
            }],
            rest: Map::new(),
        })),
        Some(Fault::Failed(None) | Fault::Refused | Fault::Throttled) | None => None,
    };
    Document {
        error,
        throttle,
        fault: failed,
        cause,
        ..document
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambent_store::contract::scope;
    use lambent_types::{Ids as _, SeededIds, TraceId, trace};

    fn place(began: i64, ended: i64) -> Place {
        let ids = SeededIds::default();
        ids.uuid();
        Place {
            trace: TraceId::new(Timestamp::from_micros(0), &ids),
            id: SegmentId::new(&ids),
            parent: Some(SegmentId::new(&ids)),
            began: Timestamp::from_micros(began),
            ended: Timestamp::from_micros(ended),
        }
    }

    fn key() -> FunctionKey {
        FunctionKey {
            scope: scope("111111111111"),
            name: "f".parse().unwrap(),
        }
    }

    #[test]
    fn a_function_s_segment_has_its_three_parts() {
        let span = FunctionSpan {
            place: place(1_000_000, 5_000_000),
            function: key(),
            invoked_arn: key().arn(),
            request: RequestId::new(&SeededIds::default()),
            invocation: SegmentId::new(&SeededIds::default()),
            initialised: Some(Timestamp::from_micros(1_000_000)),
            invoked: Timestamp::from_micros(2_000_000),
            answered: Timestamp::from_micros(4_000_000),
            fault: Some(Fault::Failed(Some(trace::Exception {
                kind: Some("ValueError".to_owned()),
                message: Some("no".to_owned()),
            }))),
        };
        let made = document(Span::Function(Box::new(span)));
        let parts: Vec<_> = made
            .subsegments
            .iter()
            .map(|part| (&*part.name, part.start_time, part.end_time))
            .collect();
        let expected = [
            ("Initialization", 1.0, Some(2.0)),
            ("Invocation", 2.0, Some(4.0)),
            ("Overhead", 4.0, Some(5.0)),
        ];
        assert_eq!(parts, expected);
        assert!(made.fault && made.subsegments[1].fault && made.cause.is_none());
        let text = serde_json::to_string(&made).unwrap();
        assert!(
            text.contains(r#""cause":{"exceptions":[{"type":"ValueError","message":"no"}]}"#),
            "{text}"
        );
        assert!(text.contains(r#""origin":"AWS::Lambda::Function""#));
        assert!(made.into_piece(&scope("111111111111"), Timestamp::default()).is_ok());
    }

    #[test]
    fn the_service_s_segment_says_how_it_answered() {
        let made = document(Span::Service {
            place: place(1, 2),
            function: key(),
            request: RequestId::new(&SeededIds::default()),
            status: 429,
            fault: Some(Fault::Throttled),
        });
        assert!(made.error && made.throttle && !made.fault);
        let text = serde_json::to_string(&made).unwrap();
        assert!(text.contains(r#""http":{"response":{"status":429}}"#), "{text}");
        assert!(text.contains(r#""resource_names":["f"]"#));
        let attempt = document(Span::Attempt {
            place: place(1, 2),
            function: key(),
            number: 2,
            fault: None,
        });
        assert_eq!((&*attempt.name, attempt.is_part()), ("Attempt #2", true));
    }
}
