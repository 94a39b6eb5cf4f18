//! The Java bootstrap under every Java of this host.
#![expect(clippy::unwrap_used, reason = "tests: a failure is to end the test")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod harness;

use harness::{ARN, Function, Setup, interpreters, invocation, text};
use lambent_runtime_api::InvocationResult;
use lambent_runtimes::{Bootstraps, Catalogue, Interpreter, Language};
use lambent_types::RuntimeId;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The handlers and the bootstrap, compiled once for all tests.
struct Compiled {
    bootstraps: PathBuf,
    task: PathBuf,
}

fn compiled(java: &Interpreter) -> &'static Compiled {
    static COMPILED: OnceLock<Compiled> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("java");
        let (bootstraps, task) = (root.join("bootstraps"), root.join("task"));
        fs::create_dir_all(&bootstraps).unwrap();
        let _ = fs::remove_dir_all(&task);
        fs::create_dir_all(&task).unwrap();
        let installed = Bootstraps::install(&bootstraps).unwrap();
        let found = interpreters(Language::Java);
        let catalogue = Catalogue::load(None, &found, &installed, &root).unwrap();
        let plan = catalogue.launch(&RuntimeId::new("java8")).unwrap();
        let preparation = plan.preparation.expect("a JDK");
        preparation.run().unwrap();
        assert!(preparation.is_done());
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/java/handlers");
        let sources = fs::read_dir(sources).unwrap().map(|entry| entry.unwrap().path());
        let output = Command::new(java.program.with_file_name("javac"))
            .args(["--release", "8", "-nowarn", "-Xlint:none", "-cp"])
            .arg(installed.of(Language::Java))
            .arg("-d")
            .arg(&task)
            .args(sources)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        Compiled { bootstraps, task }
    })
}

async fn start_as(java: &Interpreter, runtime: &str, handler: &str, env: &[(&str, &str)]) -> Function {
    let compiled = compiled(java);
    let task = ("LAMBDA_TASK_ROOT", compiled.task.to_str().unwrap());
    let env: Vec<_> = env.iter().copied().chain([task]).collect();
    Function::start(&Setup {
        interpreter: java,
        runtime,
        handler,
        files: &[("empty", "")],
        env: &env,
        bootstraps: Some(&compiled.bootstraps),
    })
    .await
}

async fn start(java: &Interpreter, handler: &str) -> Function {
    start_as(java, "java21", handler, &[]).await
}

macro_rules! for_every_java {
    ($name:ident, |$interpreter:ident| $body:block) => {
        #[tokio::test]
        async fn $name() {
            for $interpreter in &interpreters(Language::Java) {
                println!("{}", $interpreter.program.display());
                $body
            }
        }
    };
}

fn parsed(body: &str) -> Value {
    serde_json::from_str(body).unwrap()
}

for_every_java!(every_form_of_handler_is_called, |java| {
    let cases = [
        ("handlers.Forms::text", r#""Ada""#, r#""Hello Ada.""#),
        ("handlers.Forms::text", "7", r#""Hello 7.""#),
        ("handlers.Forms::number", "41", "42"),
        ("handlers.Forms::number", r#""41""#, "42"),
        ("handlers.Forms::length", "[1, 2, 3]", "6"),
        ("handlers.Forms::length", "4", "4"),
        (
            "handlers.Forms::map",
            r#"{"b": [1, 2.5, null, true], "a": {"c": "\u00fc\n"}, "none": null, "big": 12345678901}"#,
            r#"{"b":[1,2.5,null,true],"a":{"c":"ü\n"},"big":12345678901}"#,
        ),
        ("handlers.Forms::not", "true", "false"),
        ("handlers.Forms::nothing", "{}", "null"),
        ("handlers.Forms::noParameters", "{}", r#""none""#),
        ("handlers.Forms::onlyContext", "{}", r#""f""#),
        ("handlers.Forms::upper", r#""abc""#, r#""ABC""#),
        ("handlers.Forms::ignored", "{}", "null"),
        ("handlers.Forms::onlyOut", "{}", "<not json>"),
        ("handlers.Forms::many", r#""x""#, r#""2""#),
        (
            "handlers.Forms$Pojo",
            r#"{"first": "Ada", "count": 2, "unknown": {"x": []}}"#,
            r#"{"greeting":"Hello Ada 2"}"#,
        ),
        (
            "handlers.Forms$Pojo::handleRequest",
            "{}",
            r#"{"greeting":"Hello null 0"}"#,
        ),
        (
            "handlers.Forms$Pojo::handleRequestToo",
            r#"{"first": "Ada"}"#,
            r#""another of Ada""#,
        ),
        ("handlers.Forms$Inherited", r#"[{"first": "Ada"}]"#, r#""Ada""#),
        ("handlers.Forms$Stream", r#"{"any":  1}"#, r#"{"any":  1}"#),
    ];
    for (handler, event, expected) in cases {
        let function = start(java, handler).await;
        assert_eq!(function.succeed(event).await, expected, "{handler} {event}");
    }
});

for_every_java!(what_is_no_handler_fails_each_invocation, |java| {
    let open = "Class handlers.Forms$Open does not implement RequestHandler with concrete type parameters: parameter T has no upper bound.";
    let raw = "Class handlers.Forms$Raw does not implement RequestHandler with concrete type parameters";
    let no_method =
        |name| format!("No public method named {name} with appropriate method signature found on class handlers.Forms");
    let (hidden, many) = (no_method("hidden"), no_method("tooMany"));
    let inner = "Class handlers.Forms$Inner cannot be instantiated because it is a non-static inner class";
    let closed = "Class handlers.Forms$NoConstructor has no public zero-argument constructor";
    let not_found = Some("java.lang.ClassNotFoundException");
    let exception = Some("java.lang.Exception");
    let cases = [
        ("handlers.Absent", "Class not found: handlers.Absent", not_found),
        ("handlers.Absent::x", "Class not found: handlers.Absent", not_found),
        ("handlers.Forms::", "Invalid handler: `handlers.Forms::'", None),
        (
            "handlers.Forms",
            "Class does not implement an appropriate handler interface: handlers.Forms",
            None,
        ),
        ("handlers.Forms::hidden", &hidden, None),
        ("handlers.Forms::tooMany", &many, None),
        ("handlers.Forms$Open", open, None),
        ("handlers.Forms$Raw", raw, None),
        ("handlers.Forms$Inner::handle", inner, exception),
        ("handlers.Forms$NoConstructor::handle", closed, exception),
    ];
    for (handler, message, error_type) in cases {
        let function = start(java, handler).await;
        for _ in 0..2 {
            let mut expected = json!({"errorMessage": message});
            if let Some(error_type) = error_type {
                expected["errorType"] = json!(error_type);
            }
            assert_eq!(parsed(&function.fail("{}").await), expected, "{handler}");
        }
    }
});

for_every_java!(beans_are_read_and_written, |java| {
    let function = start(java, "handlers.Binding::handle").await;
    let event = json!({
        "aText": "t", "colour": "GREEN", "date": "2018-05-01T12:30:00.5Z", "instant": 1_525_177_800.5, "day": "2018-05-01",
        "amount": "1.10", "big": 9_007_199_254_740_993_i64, "ratio": "0.5", "on": "true", "letter": "x", "bytes": "AQID",
        "id": "01234567-89ab-cdef-0123-456789abcdef", "numbers": [1, 2], "names": ["b"], "counts": {"RED": "3"},
        "ordered": {"GREEN": 1}, "parts": [{"content": "p"}, {"content": 5}], "perhaps": "so", "URL": "u", "none": null, "open": "o",
        "atext": "another name",
    });
    let expected = json!({
        "aText": "t", "colour": "GREEN", "date": 1_525_177_800_500_i64, "instant": 1_525_177_800.5, "day": [2018, 5, 1],
        "amount": 1.1, "big": 9_007_199_254_740_993_i64, "ratio": 0.5, "on": true, "letter": "x", "bytes": "AQID",
        "id": "01234567-89ab-cdef-0123-456789abcdef", "numbers": [1, 2], "names": ["b"], "counts": {"RED": 3},
        "ordered": {"GREEN": "1"}, "parts": [{"content": "p"}, {"content": "5"}], "perhaps": "so", "URL": "u", "open": "o",
    });
    let answer = function.succeed(event.to_string()).await;
    assert_eq!(parsed(&answer), expected);
    assert!(
        answer.starts_with(r#"{"aText":"t","colour":"GREEN","date":"#),
        "in the order of the fields: {answer}"
    );
    let answer = function
        .succeed(r#"{"colour": "PINK", "date": 1525177800500, "on": 1, "names": "one"}"#)
        .await;
    let answer = parsed(&answer);
    assert_eq!(answer["colour"], Value::Null);
    assert_eq!(
        (&answer["date"], &answer["on"], &answer["names"]),
        (&json!(1_525_177_800_500_i64), &json!(true), &json!(["one"]))
    );
});

for_every_java!(events_that_do_not_fit_are_errors_of_the_function, |java| {
    for (handler, event) in [
        ("handlers.Forms::number", r#""x""#),
        ("handlers.Forms::number", "{}"),
        ("handlers.Forms::number", "12345678901"),
        ("handlers.Forms::text", "{}"),
        ("handlers.Forms::map", "[1, 2]"),
        ("handlers.Forms$Pojo", r#"{"first": {}}"#),
    ] {
        let function = start(java, handler).await;
        let error = parsed(&function.fail(event).await);
        assert_eq!(
            error["errorMessage"], "An error occurred during JSON parsing",
            "{handler} {event}"
        );
        assert_eq!(error["errorType"], "java.lang.RuntimeException");
        assert_eq!(error["stackTrace"], json!([]));
    }
});

for_every_java!(errors_are_answered_and_logged, |java| {
    let function = start(java, "handlers.Failures").await;
    let error = parsed(&function.fail(r#"{"how": "throw"}"#).await);
    let frame = "handlers.Failures.handleRequest(Failures.java:21)";
    assert_eq!(error["errorMessage"], "boom");
    assert_eq!(error["errorType"], "java.lang.IllegalStateException");
    assert_eq!(error["stackTrace"][0], frame);
    // A second method takes the types that the interface erased.
    assert_eq!(error["stackTrace"].as_array().unwrap().len(), 2, "{error}");
    let error = parsed(&function.fail(r#"{"how": "silent"}"#).await);
    assert_eq!(error["errorMessage"], "java.lang.NullPointerException");
    for how in ["self", "deep"] {
        let error = parsed(&function.fail(json!({"how": how}).to_string()).await);
        assert_eq!(
            error["errorMessage"],
            "An error occurred during JSON serialization of response"
        );
    }
    assert_eq!(function.succeed(r#"{"how": "not"}"#).await, "\"fine\"");
    let log = function.output().await;
    let logged =
        format!("boom: java.lang.IllegalStateException\rjava.lang.IllegalStateException: boom\r\tat {frame}\r");
    assert!(log.contains(&logged), "{log}");
    assert!(!log.contains("lambent.runtime.Bootstrap"), "{log}");
});

for_every_java!(the_first_runtime_tells_causes, |java| {
    for (runtime, told) in [("java8", true), ("java21", false)] {
        let function = start_as(java, runtime, "handlers.Failures::withCause", &[]).await;
        let error = parsed(&function.fail("\"x\"").await);
        assert_eq!(
            (&error["errorMessage"], &error["errorType"]),
            (&json!("outer"), &json!("handlers.Failures$Own"))
        );
        assert_eq!(error["stackTrace"][0], "handlers.Failures.withCause(Failures.java:50)");
        assert_eq!(
            error["cause"]["errorType"],
            if told {
                json!("java.lang.IllegalArgumentException")
            } else {
                Value::Null
            }
        );
        let log = function.output().await;
        assert!(
            log.contains("Caused by: java.lang.IllegalArgumentException: inner"),
            "{log}"
        );
    }
});

for_every_java!(the_virtual_machine_ends_with_its_errors, |java| {
    for (how, error_type) in [
        ("overflow", "java.lang.StackOverflowError"),
        ("memory", "java.lang.OutOfMemoryError"),
    ] {
        let env = [("JAVA_TOOL_OPTIONS", "-Xmx48m")];
        let function = start_as(java, "java21", "handlers.Failures", &env).await;
        let error = parsed(&function.fail(json!({"how": how}).to_string()).await);
        assert_eq!(error["errorType"], error_type);
        assert_eq!(function.ended().await.0, Some(1));
    }
    let function = start(java, "handlers.Failures").await;
    let api = std::sync::Arc::clone(&function.api);
    let mut invoked = tokio::task::JoinSet::new();
    invoked.spawn(async move { api.invoke(invocation(r#"{"how": "exit"}"#)).await });
    assert_eq!(function.ended().await.0, Some(3));
});

for_every_java!(a_failed_initialisation_is_reported, |java| {
    for (handler, message, error_type) in [
        (
            "handlers.Failures$InConstructor::handle",
            "no object",
            "java.lang.IllegalStateException",
        ),
        (
            "handlers.Failures$InInitialiser::handle",
            "Error loading class handlers.Failures$InInitialiser",
            "java.lang.ExceptionInInitializerError",
        ),
    ] {
        let function = start(java, handler).await;
        let failure = function.init_failure().await;
        assert_eq!(
            parsed(&text(&failure.body)),
            json!({"errorMessage": message, "errorType": error_type})
        );
        let (status, log) = function.ended().await;
        assert_eq!(status, Some(1));
        assert!(log.contains(&format!("{message}: {error_type}\r")), "{log}");
    }
});

for_every_java!(the_context_is_complete, |java| {
    for (runtime, variable) in [("java11", "Root=1-2-3"), ("java21", "null")] {
        let function = start_as(java, runtime, "handlers.Surroundings::context", &[]).await;
        let mut sent = invocation("{}");
        sent.client_context =
            Some(r#"{"client": {"app_title": "app"}, "custom": {"a": "ü"}, "env": {"b": "c"}}"#.to_owned());
        sent.cognito_identity = Some(r#"{"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"}"#.to_owned());
        sent.trace_id = Some("Root=1-2-3".to_owned());
        sent.tenant_id = Some("t".to_owned());
        let id = sent.request_id.to_string();
        let InvocationResult::Response { body, .. } = function.invoke_as(sent).await else {
            panic!()
        };
        let expected = json!([
            id, "f", "$LATEST", 128, "/aws/lambda/f", "stream", ARN, true, {"a": "ü"}, {"b": "c"}, "app", "i", "p", "t", "Root=1-2-3",
            "Root=1-2-3", variable
        ]);
        assert_eq!(parsed(&text(&body)), expected);
    }
    let function = start(java, "handlers.Surroundings::bare").await;
    for calls in 1..=2 {
        let answer = function.succeed("{}").await;
        assert_eq!(
            parsed(&answer),
            json!(["null", "null", "null", calls]),
            "and state is kept"
        );
    }
});

for_every_java!(each_call_of_the_logger_is_one_event, |java| {
    let function = start(java, "handlers.Surroundings::log").await;
    function.succeed("{}").await;
    let log = function.output().await;
    let expected = "out 1\nout 2 ü\nlogged 1\rlogged 2\nbytes\n[DEBUG] debugged\n[WARN] warned\rof something\nerr\n";
    assert_eq!(log, expected);
});

for_every_java!(events_are_framed_where_there_is_a_descriptor, |java| {
    for runtime in ["java11", "java21"] {
        let env = [("_LAMBDA_TELEMETRY_LOG_FD", "1")];
        let function = start_as(java, runtime, "handlers.Surroundings::log", &env).await;
        function.succeed("{}").await;
        let log = function.output_bytes().await;
        let head = [0xa5, 0x5a, 0x00, 0x03, 0, 0, 0, 17];
        let at = log.windows(8).position(|window| window == head).expect("a head");
        assert_eq!(&log[at + 16..at + 33], b"logged 1\nlogged 2");
        assert!(
            log.windows(8)
                .any(|window| window == [0xa5, 0x5a, 0x00, 0x03 | 4 << 2, 0, 0, 0, 26]),
            "with its level"
        );
    }
});

for_every_java!(logs_are_json_where_the_function_asks_for_it, |java| {
    let env = [("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", "WARN")];
    let function = start_as(java, "java21", "handlers.Surroundings::log", &env).await;
    let mut sent = invocation("{}");
    sent.tenant_id = Some("t".to_owned());
    let id = sent.request_id.to_string();
    function.invoke_as(sent).await;
    let log = function.output().await;
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.len(), 6, "without the one for debugging: {log}");
    let first = parsed(lines[2]);
    assert_eq!(
        (
            &first["message"],
            &first["level"],
            &first["AWSRequestId"],
            &first["tenantId"]
        ),
        (
            &json!("logged 1\nlogged 2"),
            &json!("UNDEFINED"),
            &json!(id),
            &json!("t")
        )
    );
    assert_eq!(
        first["timestamp"].as_str().unwrap().len(),
        "2026-11-23T12:05:34.123Z".len()
    );
    assert_eq!(lines[3], "bytes");
    assert_eq!(parsed(lines[4])["level"], "WARN");
    let function = start_as(java, "java21", "handlers.Failures::withCause", &env).await;
    function.fail("\"x\"").await;
    let line = parsed(function.output().await.lines().next().unwrap());
    assert_eq!(line["level"], "ERROR");
    assert!(
        line["message"]
            .as_str()
            .unwrap()
            .starts_with("outer: handlers.Failures$Own\n"),
        "{line}"
    );
});
