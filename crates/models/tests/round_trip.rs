//! Any value that fits an operation's schema becomes a typed struct and comes back as it was, and survives the wire.

use lambent_models::lambda::{self, LambdaOperation, OPERATIONS};
use lambent_wire::{
    Value, from_value,
    rest_json::{decode_request, encode_request},
    route::Router,
    schema::{Kind, Location, Shape},
    to_value,
};
use proptest::{collection::vec, prelude::*};
use serde::{Serialize, de::DeserializeOwned};

/// Values of a shape, structures with some of their members.
fn value(shape: &'static Shape, depth: u32) -> BoxedStrategy<Value> {
    match &shape.kind {
        Kind::Boolean => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::Integer => any::<i32>().prop_map(|number| Value::Int(number.into())).boxed(),
        Kind::Long => any::<i64>().prop_map(Value::Int).boxed(),
        Kind::Double => (-1_000_000..1_000_000_i32)
            .prop_map(|number| Value::Float(f64::from(number) / 8.0))
            .boxed(),
        Kind::String => "\\PC{1,8}".prop_map(Value::Str).boxed(),
        // An empty payload and an absent one look the same on the wire.
        Kind::Blob => vec(any::<u8>(), 1..8)
            .prop_map(|bytes| Value::Bytes(bytes.into()))
            .boxed(),
        Kind::Timestamp(_) => (0..2_000_000_000_000_i64)
            .prop_map(|millis| Value::Time(lambent_types::Timestamp::from_micros(millis * 1_000)))
            .boxed(),
        Kind::List { of, .. } => vec(value(of, depth + 1), 1..3).prop_map(Value::List).boxed(),
        Kind::Map { value: of, .. } => proptest::collection::btree_map("[a-z]{1,4}", value(of, depth + 1), 0..3)
            .prop_map(|map| Value::Map(map.into_iter().map(|(key, value)| (key.into(), value)).collect()))
            .boxed(),
        Kind::Structure(_) if depth > 5 => Just(Value::Map(vec![])).boxed(),
        Kind::Structure(members) => members
            .iter()
            .map(|member| {
                let always = member.required || member.location == Location::Uri;
                let present = if always {
                    Just(true).boxed()
                } else {
                    any::<bool>().boxed()
                };
                (present, value(member.shape, depth + 1))
                    .prop_map(|(present, value)| present.then_some((member.name.into(), value)))
                    .boxed()
            })
            .collect::<Vec<_>>()
            .prop_map(|members| Value::Map(members.into_iter().flatten().collect()))
            .boxed(),
    }
}

fn check<T: Serialize + DeserializeOwned>(operation: LambdaOperation) {
    let (router, operation) = (Router::new(OPERATIONS), operation.operation());
    let config = ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let outcome = proptest::test_runner::TestRunner::new(config).run(&value(operation.input, 0), |input| {
        prop_assert_eq!(typed_and_back::<T>(input.clone())?, input.clone());
        let request = encode_request(operation, &input).map_err(fail)?;
        let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
        let routed = router.route(operation.method, path, query).map_err(fail)?;
        let decoded = decode_request(&routed, request.headers(), request.body()).map_err(fail)?;
        prop_assert_eq!(typed_and_back::<T>(decoded)?, input);
        Ok(())
    });
    assert!(outcome.is_ok(), "{outcome:?}");
}

fn typed_and_back<T: Serialize + DeserializeOwned>(value: Value) -> Result<Value, TestCaseError> {
    from_value::<T>(value).and_then(|typed| to_value(&typed)).map_err(fail)
}

fn fail(error: impl std::fmt::Display) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

#[test]
fn inputs_survive_typing_and_the_wire() {
    check::<lambda::CreateFunctionRequest>(LambdaOperation::CreateFunction);
    check::<lambda::CreateEventSourceMappingRequest>(LambdaOperation::CreateEventSourceMapping);
    check::<lambda::CreateAliasRequest>(LambdaOperation::CreateAlias);
    check::<lambda::UntagResourceRequest>(LambdaOperation::UntagResource);
    check::<lambda::ListDurableExecutionsByFunctionRequest>(LambdaOperation::ListDurableExecutionsByFunction);
    check::<lambda::CheckpointDurableExecutionRequest>(LambdaOperation::CheckpointDurableExecution);
    check::<lambda::SendDurableExecutionCallbackSuccessRequest>(LambdaOperation::SendDurableExecutionCallbackSuccess);
    check::<lambda::AddLayerVersionPermissionRequest>(LambdaOperation::AddLayerVersionPermission);
}

#[test]
fn the_table_has_every_operation() {
    assert_eq!(
        (LambdaOperation::ALL.len(), OPERATIONS.len(), lambda::errors::ALL.len()),
        (91, 91, 58)
    );
    for (kind, row) in LambdaOperation::ALL.into_iter().zip(OPERATIONS) {
        assert_eq!(LambdaOperation::from_name(row.name), Some(kind));
    }
    let raw: Vec<&str> = OPERATIONS
        .iter()
        .filter(|row| row.raw_payload)
        .map(|row| row.name)
        .collect();
    assert_eq!(raw, ["Invoke", "InvokeAsync", "InvokeWithResponseStream"]);
    assert_eq!(LambdaOperation::from_name("NoSuchOperation"), None);
}

/// Serves one operation and nothing else.
struct OnlyAliases;

impl lambda::Lambda for OnlyAliases {
    async fn get_alias(
        &self,
        _cx: &lambent_wire::RequestContext,
        input: lambda::GetAliasRequest,
    ) -> Result<lambda::AliasConfiguration, lambent_wire::ServiceError> {
        match input.name.as_deref() {
            Some("live") => Ok(lambda::AliasConfiguration {
                name: input.name,
                ..Default::default()
            }),
            _ => Err(lambda::errors::RESOURCE_NOT_FOUND_EXCEPTION.with("no such alias")),
        }
    }
}

#[test]
fn a_service_answers_what_it_implements() {
    let cx = lambent_wire::RequestContext {
        scope: lambent_types::Scope {
            account: lambent_types::AccountId::DEFAULT,
            region: lambent_types::Region::default(),
        },
        access_key: None,
        session: None,
        request_id: "0b5a37a8-6b4f-4b1a-8a3e-3f2f6f0d6a11".parse().unwrap(),
        host: None,
        trace_id: None,
        secure: false,
    };
    let run = |operation: LambdaOperation, name: &str| {
        let input = Value::Map(vec![("Name".into(), Value::Str(name.into()))]);
        let future = std::pin::pin!(lambda::dispatch(&OnlyAliases, &cx, operation.operation(), input));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.poll(&mut context) {
            std::task::Poll::Ready(answer) => answer,
            std::task::Poll::Pending => panic!("nothing here waits"),
        }
    };
    let found = run(LambdaOperation::GetAlias, "live").unwrap();
    assert_eq!(found.get("Name"), Some(&Value::Str("live".into())));
    let error = run(LambdaOperation::GetAlias, "gone").unwrap_err();
    let answer = lambent_wire::rest_json::encode_error(&error);
    assert_eq!(answer.body(), r#"{"Type":"User","Message":"no such alias"}"#);
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["x-amzn-errortype"].to_str().unwrap()
        ),
        (404, "ResourceNotFoundException")
    );
    for operation in [LambdaOperation::Invoke, LambdaOperation::ListAliases] {
        assert_eq!(run(operation, "x").unwrap_err().code(), "NotImplementedException");
    }
}
