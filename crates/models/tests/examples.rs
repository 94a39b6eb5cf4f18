//! botocore's example requests and raw requests as clients send them, through encoding, routing, decoding, validation and typing.

use bytes::Bytes;
use http::HeaderMap;
use lambent_models::lambda::{self, LambdaOperation, OPERATIONS};
use lambent_wire::{
    Value,
    rest_json::{decode_request, decode_response, encode_request, encode_response},
    route::{RouteError, Router},
    schema::{Kind, Shape},
    to_value,
    validate::validate,
};
use std::collections::BTreeMap;

const EXAMPLES: &str = include_str!("data/lambda-examples.json");

/// Examples that break the model they are published with, and how.
const OUTDATED: &[&str] = &[
    "UpdateEventSourceMapping: 1 validation error detected: Value '1234xCy789012' at 'uUID' failed to satisfy \
      constraint: Member must have length greater than or equal to 36",
];

/// Example documents write blobs as text.
fn canonical(shape: &Shape, value: Value) -> Value {
    match (value, &shape.kind) {
        (Value::Str(text), Kind::Blob) => Value::Bytes(text.into()),
        (Value::List(items), Kind::List { of, .. }) => {
            Value::List(items.into_iter().map(|item| canonical(of, item)).collect())
        }
        (Value::Map(entries), Kind::Structure(_)) => {
            let known = entries.into_iter().filter_map(|(key, value)| {
                let member = shape.member(&key)?;
                Some((key, canonical(member.shape, value)))
            });
            Value::Map(known.collect())
        }
        (other, _) => other,
    }
}

fn sorted(value: Value) -> Value {
    let Value::Map(entries) = value else { return value };
    let mut entries: Vec<_> = entries.into_iter().map(|(key, value)| (key, sorted(value))).collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    Value::Map(entries)
}

#[test]
fn examples_survive_the_wire() {
    let router = Router::new(OPERATIONS);
    let examples: BTreeMap<String, Vec<serde_json::Value>> = serde_json::from_str(EXAMPLES).unwrap();
    let (mut count, mut refused) = (0, Vec::new());
    for (name, inputs) in &examples {
        let operation = LambdaOperation::from_name(name).expect(name).operation();
        for input in inputs.iter().filter(|input| input.is_object()) {
            let value = canonical(operation.input, to_value(input).unwrap());
            let request = encode_request(operation, &value).expect(name);
            let (path, query) = (request.uri().path(), request.uri().query().unwrap_or(""));
            let routed = router.route(request.method().as_str(), path, query).expect(name);
            assert_eq!(routed.operation.name, name);
            let decoded = decode_request(&routed, request.headers(), request.body()).expect(name);
            assert_eq!(sorted(decoded.clone()), sorted(value), "{name}");
            if let Err(error) = validate(operation.input, &decoded) {
                refused.push(format!("{name}: {}", error.message));
            }
            count += 1;
        }
    }
    assert!(count > 40, "{count}");
    assert_eq!(refused, OUTDATED);
}

#[test]
fn every_operation_is_found_with_and_without_a_trailing_slash() {
    let router = Router::new(OPERATIONS);
    for operation in OPERATIONS {
        let (path, query) = operation.uri.split_once('?').unwrap_or((operation.uri, ""));
        let path = path.replace('{', "x-").replace('}', "%2Fy");
        for path in [path.clone(), format!("{path}/")] {
            let routed = router.route(operation.method, &path, query).expect(operation.name);
            assert_eq!(routed.operation.name, operation.name);
            assert!(
                routed
                    .labels
                    .iter()
                    .all(|(name, value)| *value == format!("x-{name}/y")),
                "{:?}",
                routed.labels
            );
        }
    }
}

#[test]
fn requests_as_clients_send_them() {
    let router = Router::new(OPERATIONS);
    let operation = |method: &str, path: &str, query: &str| {
        router
            .route(method, path, query)
            .map(|routed| (routed.operation.name, routed.labels))
    };
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let label = |name: &'static str, value: &str| vec![(name, value.to_owned())];
    for path in [
        "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af".to_owned(),
        format!("/2017-03-31/tags/{arn}"),
    ] {
        assert_eq!(operation("GET", &path, ""), Ok(("ListTags", label("Resource", arn))));
    }
    assert_eq!(
        operation("GET", "/2018-10-31/layers", "find=LayerVersion&Arn=x")
            .unwrap()
            .0,
        "GetLayerVersionByArn"
    );
    assert_eq!(
        operation("GET", "/2018-10-31/layers", "MaxItems=5").unwrap().0,
        "ListLayers"
    );
    let provisioned = "/2019-09-30/functions/f/provisioned-concurrency";
    assert_eq!(
        operation("GET", provisioned, "List=ALL").unwrap().0,
        "ListProvisionedConcurrencyConfigs"
    );
    assert_eq!(
        operation("GET", provisioned, "Qualifier=1").unwrap().0,
        "GetProvisionedConcurrencyConfig"
    );
    let list = operation("GET", "/2019-09-25/functions/f/event-invoke-config/list", "");
    assert_eq!(list, Ok(("ListFunctionEventInvokeConfigs", label("FunctionName", "f"))));
    assert_eq!(
        operation("PATCH", "/2015-03-31/functions", ""),
        Err(RouteError::UnknownMethod)
    );
    assert_eq!(
        operation("GET", "/2015-03-31/functions//policy", ""),
        Err(RouteError::UnknownPath)
    );
    assert_eq!(operation("GET", "/", ""), Err(RouteError::UnknownPath));

    let untag = router
        .route("DELETE", "/2017-03-31/tags/x", "tagKeys=a&tagKeys=b%20c")
        .unwrap();
    let input = decode_request(&untag, &HeaderMap::new(), b"").unwrap();
    let keys = Value::List(vec![Value::Str("a".into()), Value::Str("b c".into())]);
    assert_eq!(input.get("TagKeys"), Some(&keys));
}

#[test]
fn bodies_that_do_not_fit_are_refused_in_aws_words() {
    let router = Router::new(OPERATIONS);
    let create = router.route("POST", "/2015-03-31/functions/", "").unwrap();
    let answer = |body: &str| match decode_request(&create, &HeaderMap::new(), body.as_bytes()) {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("{} {}", error.code(), error.message),
    };
    let refused = |body: &str, message: &str| assert_eq!(answer(body), format!("SerializationException {message}"));
    refused(r#"{"FunctionName":5}"#, "NUMBER_VALUE cannot be converted to String");
    refused(
        r#"{"FunctionName":{}}"#,
        "Start of structure or map found where not expected",
    );
    refused(r#"{"Timeout":"3"}"#, "STRING_VALUE cannot be converted to Integer");
    refused(r#"{"Timeout":true}"#, "TRUE_VALUE cannot be converted to Integer");
    refused(r#"{"Timeout":[3]}"#, "Start of list found where not expected");
    refused(
        r#"{"Timeout":3000000000}"#,
        "Numeric value (3000000000) out of range of int",
    );
    refused(r#"{"Layers":"x"}"#, "Unexpected field type");
    refused(r#"{"Code":{"ZipFile":"!"}}"#, "Invalid base64 data");
    refused("[]", "Start of list found where not expected");
    for broken in [
        "{",
        "{}x",
        "nul",
        r#"{"Timeout":1e999}"#,
        &"[".repeat(100_000),
        &format!(r#"{{"x":{}"#, "[".repeat(100_000)),
    ] {
        assert!(answer(broken).starts_with("SerializationException "), "{broken:.20}");
    }
    for empty in [
        "",
        "  ",
        "{}",
        "null",
        r#"{"Unknown":{"deep":[1,{"x":null}]}}"#,
        r#"{"Role":null}"#,
    ] {
        assert_eq!(answer(empty), "Map([])", "{empty}");
    }
    assert_eq!(
        answer(r#"{"Timeout":1,"Timeout":3.0}"#),
        r#"Map([("Timeout", Int(3))])"#
    );
    let ordered = r#"{"Environment":{"Variables":{"z":"1","a":"2","z":"3"}}}"#;
    assert!(answer(ordered).contains(r#"[("a", Str("2")), ("z", Str("3"))]"#));
    let large = vec![b' '; create.operation.max_body + 1];
    let error = decode_request(&create, &HeaderMap::new(), &large).unwrap_err();
    assert_eq!(
        error.message,
        "Request must be smaller than 70167211 bytes for the CreateFunction operation"
    );
}

#[test]
fn answers_carry_status_headers_and_members() {
    let delete = LambdaOperation::DeleteFunction.operation();
    let answer = encode_response(delete, &to_value(&lambda::DeleteFunctionResponse::default()).unwrap()).unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.body()),
        (204, &Bytes::new()),
        "recorded: 204 without a body"
    );

    let invoke = LambdaOperation::Invoke.operation();
    let output = lambda::InvocationResponse {
        status_code: Some(202),
        executed_version: Some("$LATEST".into()),
        ..Default::default()
    };
    let answer = encode_response(invoke, &to_value(&output).unwrap()).unwrap();
    assert_eq!(answer.status().as_u16(), 202);
    assert_eq!(answer.headers()["X-Amz-Executed-Version"], "$LATEST");

    let mapping = LambdaOperation::GetEventSourceMapping.operation();
    let output = lambda::EventSourceMappingConfiguration {
        last_modified: Some(lambent_types::Timestamp::from_micros(1_569_284_520_333_000).into()),
        batch_size: Some(10),
        ..Default::default()
    };
    let output = to_value(&output).unwrap();
    let answer = encode_response(mapping, &output).unwrap();
    assert_eq!(answer.body(), r#"{"BatchSize":10,"LastModified":1569284520.333}"#);
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(decode_response(mapping, &answer), Ok(output));
}

#[test]
fn sensitive_members_are_not_printed() {
    let environment = lambda::Environment {
        variables: Some([("KEY", "secret".to_owned())].into_iter().collect()),
    };
    assert_eq!(format!("{environment:?}"), "Environment { variables: Some(***) }");
}
