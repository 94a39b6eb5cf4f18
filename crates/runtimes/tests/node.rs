//! The Node.js bootstrap under every Node of this host.
#![expect(clippy::unwrap_used, reason = "tests: a failure is to end the test")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod harness;

use harness::{ARN, Function, Setup, interpreters, invocation, text};
use lambent_runtime_api::{InvocationResult, ResponseMode};
use lambent_runtimes::{Interpreter, Language};
use lambent_types::{Clock, SystemClock};

async fn start_as(
    interpreter: &Interpreter,
    runtime: &str,
    handler: &str,
    files: &[(&str, &str)],
    env: &[(&str, &str)],
) -> Function {
    Function::start(&Setup {
        interpreter,
        runtime,
        handler,
        files,
        env,
        bootstraps: None,
    })
    .await
}

async fn start(interpreter: &Interpreter, source: &str) -> Function {
    start_as(interpreter, "nodejs20.x", "index.handler", &[("index.js", source)], &[]).await
}

macro_rules! for_every_node {
    ($name:ident, |$interpreter:ident| $body:block) => {
        #[tokio::test]
        async fn $name() {
            for $interpreter in &interpreters(Language::Node) {
                println!("{}", $interpreter.program.display());
                $body
            }
        }
    };
}

fn json(body: &str) -> serde_json::Value {
    serde_json::from_str(body).unwrap()
}

/// Whether this Node reads `async` functions and ES modules.
fn is_modern(node: &Interpreter) -> bool {
    node.version.major() >= 14
}

for_every_node!(results_come_by_callback_promise_and_context, |node| {
    let cases = [
        (
            "exports.handler = (event, context, callback) => callback(null, { echo: event });",
            r#"{"echo":[1]}"#,
        ),
        (
            "exports.handler = (event) => Promise.resolve({ echo: event });",
            r#"{"echo":[1]}"#,
        ),
        (
            "exports.handler = (event, context) => { context.succeed('now'); setTimeout(() => {}, 60000); };",
            "\"now\"",
        ),
        (
            "exports.handler = (event, context) => { context.done(null, 'done'); };",
            "\"done\"",
        ),
        ("exports.handler = () => {};", "null"),
        (
            "exports.handler = (e, c, callback) => { setTimeout(() => callback(null, 'later'), 10); };",
            "\"later\"",
        ),
        (
            "exports.handler = (e, c, callback) => { callback(null, 1); callback(null, 2); };",
            "1",
        ),
        ("exports.handler = (e, c, callback) => callback();", "null"),
    ];
    for (source, expected) in cases {
        let function = start(node, source).await;
        assert_eq!(function.succeed("[1]").await, expected, "{source}");
        assert_eq!(function.succeed("[1]").await, expected, "again: {source}");
    }
    if is_modern(node) {
        assert_eq!(
            start(node, "exports.handler = async (event) => event;")
                .await
                .succeed("{\"a\":1}")
                .await,
            "{\"a\":1}"
        );
    }
});

for_every_node!(a_callback_waits_for_the_empty_loop_unless_told_not_to, |node| {
    // The second timer never fires while a test runs, however loaded the machine is.
    let source = |waits: &str, milliseconds: u32| {
        format!(
            "'use strict'; let late = 'no'; exports.handler = (event, context, callback) => {{ {waits} const before = late; \
             late = 'no'; setTimeout(() => {{ late = 'yes'; }}, {milliseconds}); callback(null, before); }};"
        )
    };
    let function = start(node, &source("", 50)).await;
    assert_eq!(function.succeed("{}").await, "\"no\"");
    assert_eq!(function.succeed("{}").await, "\"yes\"");
    let function = start(
        node,
        &source("context.callbackWaitsForEmptyEventLoop = false;", 3_600_000),
    )
    .await;
    assert_eq!(function.succeed("{}").await, "\"no\"");
    assert_eq!(function.succeed("{}").await, "\"no\"");
});

for_every_node!(the_context_is_complete, |node| {
    let source = "exports.handler = (event, c, callback) => { const left = c.getRemainingTimeInMillis(); callback(null, [c.awsRequestId,\
        c.functionName, c.functionVersion, c.memoryLimitInMB, c.logGroupName, c.logStreamName, c.invokedFunctionArn,\
        left > 0 && left <= 30000, c.clientContext, c.identity, process.env._X_AMZN_TRACE_ID, c.tenantId,\
        c.callbackWaitsForEmptyEventLoop]); };";
    let function = start(node, source).await;
    let mut sent = invocation("{}");
    sent.client_context = Some(r#"{"custom":{"a":"ü"}}"#.to_owned());
    sent.cognito_identity = Some(r#"{"cognitoIdentityId":"i"}"#.to_owned());
    sent.trace_id = Some("Root=1-2-3".to_owned());
    sent.tenant_id = Some("t".to_owned());
    let id = sent.request_id.to_string();
    let InvocationResult::Response { body, .. } = function.invoke_as(sent).await else {
        panic!()
    };
    let expected = serde_json::json!([
        id, "f", "$LATEST", "128", "/aws/lambda/f", "stream", ARN, true, {"custom": {"a": "ü"}},
        {"cognitoIdentityId": "i"}, "Root=1-2-3", "t", true
    ]);
    assert_eq!(json(&text(&body)), expected);
});

for_every_node!(errors_are_answered_and_logged, |node| {
    let cases = [
        (
            "exports.handler = () => { throw new TypeError('boom'); };",
            "TypeError",
            "boom",
            true,
        ),
        (
            "exports.handler = (e, c, callback) => callback(new Error('boom'));",
            "Error",
            "boom",
            true,
        ),
        (
            "exports.handler = (e, c, callback) => callback('text');",
            "string",
            "text",
            false,
        ),
        (
            "exports.handler = () => Promise.reject(new RangeError('boom'));",
            "RangeError",
            "boom",
            true,
        ),
        ("exports.handler = (e, c) => c.fail();", "string", "handled", false),
        (
            "exports.handler = (e, c, callback) => { const a = {}; a.a = a; callback(null, a); };",
            "Error",
            "Unable to stringify response body",
            true,
        ),
    ];
    for (source, error_type, message, traced) in cases {
        let function = start(node, source).await;
        let document = json(&function.fail("{}").await);
        assert_eq!(
            (&document["errorType"], &document["errorMessage"]),
            (&error_type.into(), &message.into()),
            "{source}"
        );
        assert_eq!(document["trace"].as_array().unwrap().is_empty(), !traced, "{source}");
        assert_eq!(
            json(&function.fail("{}").await)["errorMessage"],
            message,
            "again: {source}"
        );
    }
    let function = start(node, cases[0].0).await;
    let sent = invocation("{}");
    let id = sent.request_id.to_string();
    let InvocationResult::Error { body, error_type } = function.invoke_as(sent).await else {
        panic!()
    };
    assert_eq!(error_type, None);
    assert!(
        text(&body)
            .starts_with(r#"{"errorType":"TypeError","errorMessage":"boom","trace":["TypeError: boom","    at "#)
    );
    let output = function.output().await;
    let fields: Vec<_> = output.trim_end().split('\t').collect();
    assert_eq!(
        (fields[1], fields[2], fields[3]),
        (id.as_str(), "ERROR", "Invoke Error ")
    );
    assert_eq!(
        (&json(fields[4])["errorType"], &json(fields[4])["stack"][0]),
        (&"TypeError".into(), &"TypeError: boom".into())
    );
});

for_every_node!(initialisation_faults_have_their_words, |node| {
    let cases = [
        ("index", "exports.x = 1;", "Runtime.MalformedHandlerName", "Bad handler"),
        (
            "../index.handler",
            "",
            "Runtime.MalformedHandlerName",
            "'../index.handler' is not a valid handler name. Use absolute paths when specifying root directories in handler names.",
        ),
        (
            "index.handler",
            "exports.x = 1;",
            "Runtime.HandlerNotFound",
            "index.handler is undefined or not exported",
        ),
        (
            "index.x",
            "exports.x = 1;",
            "Runtime.HandlerNotFound",
            "index.x is not a function",
        ),
    ];
    for (handler, source, error_type, message) in cases {
        let function = start_as(node, "nodejs20.x", handler, &[("index.js", source)], &[]).await;
        let failure = function.init_failure().await;
        assert_eq!(failure.error_type.as_deref(), Some(error_type));
        let document = json(&text(&failure.body));
        assert_eq!(
            (&document["errorType"], &document["errorMessage"]),
            (&error_type.into(), &message.into())
        );
        let (status, output) = function.ended().await;
        assert_eq!(status, Some(129));
        assert!(
            output.contains("\tundefined\tERROR\tUncaught Exception \t{\"errorType\":\""),
            "{output}"
        );
    }
    let function = start_as(node, "nodejs20.x", "absent.handler", &[("index.js", "")], &[]).await;
    let document = json(&text(&function.init_failure().await.body));
    assert_eq!(document["errorType"], "Runtime.ImportModuleError");
    assert!(
        document["errorMessage"]
            .as_str()
            .unwrap()
            .starts_with("Error: Cannot find module 'absent'"),
        "{document}"
    );
    let document = json(&text(
        &start(node, "exports.handler = (;").await.init_failure().await.body,
    ));
    assert_eq!(document["errorType"], "Runtime.UserCodeSyntaxError");
    assert!(document["errorMessage"].as_str().unwrap().starts_with("SyntaxError: "));
    let document = json(&text(
        &start(node, "throw new Error('early');").await.init_failure().await.body,
    ));
    assert_eq!(
        (&document["errorType"], &document["errorMessage"]),
        (&"Error".into(), &"early".into())
    );
});

for_every_node!(what_nobody_catches_ends_the_process, |node| {
    let uncaught = "exports.handler = (e, c, callback) => { setTimeout(() => { throw new Error('late'); }, 5); };";
    let rejected =
        "exports.handler = (e, c, callback) => { Promise.reject(new Error('lost')); setTimeout(callback, 1000); };";
    for (source, error_type, status) in [
        (uncaught, "Error", 129),
        (rejected, "Runtime.UnhandledPromiseRejection", 128),
    ] {
        let function = start(node, source).await;
        assert_eq!(json(&function.fail("{}").await)["errorType"], error_type);
        assert_eq!(function.ended().await.0, Some(status));
    }
    let function = start(node, "exports.handler = () => process.exit(3);").await;
    let api = std::sync::Arc::clone(&function.api);
    let ended = tokio::select! { _ = api.invoke(invocation("{}")) => panic!(), ended = function.ended() => ended };
    assert_eq!(ended.0, Some(3));
});

for_every_node!(an_async_handler_that_never_settles_fails, |node| {
    if is_modern(node) {
        let function = start(node, "exports.handler = async () => new Promise(() => {});").await;
        assert_eq!(json(&function.fail("{}").await)["errorType"], "Runtime.NodeJsExit");
        assert_eq!(json(&function.fail("{}").await)["errorType"], "Runtime.NodeJsExit");
    }
});

for_every_node!(modules_are_found_in_every_form, |node| {
    let commonjs = "exports.handler = (e, c, callback) => callback(null, 'found');";
    let module =
        "export const handler = async () => 'found';\nexport const deep = { er: { handler: async () => 'found' } };";
    let mut cases = vec![
        ("index.handler", vec![("index.js", commonjs)]),
        ("src/sub/index.handler", vec![("src/sub/index.js", commonjs)]),
        (
            "index.a.b.handler",
            vec![(
                "index.js",
                "exports.a = { b: { handler: (e, c, cb) => cb(null, 'found') } };",
            )],
        ),
        ("index.handler", vec![("index.cjs", commonjs)]),
    ];
    if is_modern(node) {
        cases.push(("index.handler", vec![("index.mjs", module)]));
        cases.push(("index.deep.er.handler", vec![("index.mjs", module)]));
        cases.push((
            "index.handler",
            vec![("index.js", module), ("package.json", "{\"type\":\"module\"}")],
        ));
        cases.push(("app.handler", vec![("node_modules/app/index.js", commonjs)]));
    }
    for (handler, files) in cases {
        assert_eq!(
            start_as(node, "nodejs20.x", handler, &files, &[])
                .await
                .succeed("{}")
                .await,
            "\"found\"",
            "{handler}"
        );
    }
});

for_every_node!(log_lines_are_text, |node| {
    let source = "console.log('early'); exports.handler = (e, c, callback) => { console.info('a %s\\nb', 1, { x: 1 }); \
        console.warn('w'); process.stdout.write('raw\\n'); callback(); };";
    let function = start(node, source).await;
    let sent = invocation("{}");
    let id = sent.request_id.to_string();
    function.invoke_as(sent).await;
    let output = function.output().await;
    let lines: Vec<Vec<_>> = output.split('\n').map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines[0][1..], ["undefined", "INFO", "early"], "{output}");
    assert!(lines[0][0].len() == 24 && lines[0][0].ends_with('Z'));
    assert_eq!(lines[1][1..], [id.as_str(), "INFO", "a 1\rb { x: 1 }"]);
    assert_eq!(lines[2][1..], [id.as_str(), "WARN", "w"]);
    assert_eq!(lines[3], ["raw"]);
});

for_every_node!(log_lines_are_json, |node| {
    let source = "exports.handler = (e, c, callback) => { console.debug('no'); console.info({ a: 1 }); \
        console.error('bad', new TypeError('t')); callback(new Error('end')); };";
    let env = [("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", "INFO")];
    let function = start_as(node, "nodejs20.x", "index.handler", &[("index.js", source)], &env).await;
    let sent = invocation("{}");
    let id = sent.request_id.to_string();
    function.invoke_as(sent).await;
    let output = function.output().await;
    let lines: Vec<_> = output.lines().map(json).collect();
    assert_eq!(lines.len(), 3, "{output}");
    assert_eq!(
        (&lines[0]["level"], &lines[0]["requestId"]),
        (&"INFO".into(), &id.as_str().into())
    );
    assert_eq!(lines[0]["message"], serde_json::json!({"a": 1}));
    assert_eq!(
        (&lines[1]["errorType"], &lines[1]["errorMessage"]),
        (&"TypeError".into(), &"t".into())
    );
    assert_eq!(lines[2]["message"]["errorMessage"], "end");
});

for_every_node!(responses_can_be_streamed, |node| {
    if is_modern(node) {
        let source = "exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {\
            if (event.fail) { stream.write('part'); throw new Error('midway'); }\
            if (event.http) { stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 }); }\
            else { stream.setContentType('text/plain'); }\
            stream.write('one '); await new Promise((r) => setTimeout(r, 5)); stream.write('two'); stream.end(); });";
        let function = start(node, source).await;
        let result = |content_type: &str, body: &str| InvocationResult::Response {
            content_type: Some(content_type.to_owned()),
            mode: ResponseMode::Streaming,
            body: body.to_owned().into(),
        };
        assert_eq!(function.invoke("{}").await, result("text/plain", "one two"));
        let http = "{\"statusCode\":201}\0\0\0\0\0\0\0\0one two";
        let integration = "application/vnd.awslambda.http-integration-response";
        assert_eq!(function.invoke("{\"http\":1}").await, result(integration, http));
        let InvocationResult::Error { error_type, body } = function.invoke("{\"fail\":1}").await else {
            panic!()
        };
        assert_eq!(error_type.as_deref(), Some("Function.Unknown"));
        assert_eq!(json(&text(&body))["errorMessage"], "midway");
        assert_eq!(function.invoke("{}").await, result("text/plain", "one two"));
    }
});

for_every_node!(callbacks_end_with_node_24, |node| {
    let source = "exports.handler = (event, context, callback) => callback(null, 1);";
    let function = start_as(node, "nodejs24.x", "index.handler", &[("index.js", source)], &[]).await;
    let document = json(&text(&function.init_failure().await.body));
    assert_eq!(document["errorType"], "Runtime.CallbackHandlerDeprecated");
    let source = "exports.handler = (event, context) => [typeof context.done, event];";
    let function = start_as(node, "nodejs24.x", "index.handler", &[("index.js", source)], &[]).await;
    assert_eq!(function.succeed("1").await, "[\"undefined\",1]");
});

for_every_node!(six_megabytes_pass_both_ways, |node| {
    let function = start(
        node,
        "exports.handler = (event, context, callback) => callback(null, event);",
    )
    .await;
    let payload = format!("\"{}\"", "x".repeat(6 * 1_024 * 1_024));
    assert_eq!(function.succeed(payload.clone()).await, payload);
    let function = start(
        node,
        "exports.handler = (e, c, callback) => callback(null, 'x'.repeat(7000000));",
    )
    .await;
    assert_eq!(function.invoke("{}").await, InvocationResult::ResponseTooLarge);
    assert_eq!(function.invoke("{}").await, InvocationResult::ResponseTooLarge);
});

for_every_node!(speed, |node| {
    let clock = SystemClock::default();
    let (mut init, mut warm) = (u64::MAX, u64::MAX);
    for _ in 0..5 {
        let start_at = clock.monotonic_micros();
        let function = start(
            node,
            "exports.handler = (event, context, callback) => callback(null, event);",
        )
        .await;
        function.api.initialised().await.unwrap();
        init = init.min(clock.monotonic_micros() - start_at);
        for _ in 0..200 {
            function.api.waiting().await;
            let invoked_at = clock.monotonic_micros();
            function.invoke("{}").await;
            warm = warm.min(clock.monotonic_micros() - invoked_at);
        }
    }
    println!("  init {init} us, warm {warm} us");
});
