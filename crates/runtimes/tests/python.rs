//! The Python bootstrap under every Python of this host.
#![expect(clippy::unwrap_used, reason = "tests: a failure is to end the test")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod harness;

use harness::{ARN, Function, Setup, interpreters, invocation, text};
use lambent_runtime_api::InvocationResult;
use lambent_runtimes::{Bootstraps, Interpreter, Language};
use lambent_types::{Clock, SystemClock};

fn runtime_of(interpreter: &Interpreter) -> String {
    format!("python{}.{}", interpreter.version.major(), interpreter.version.minor())
}

fn release(interpreter: &Interpreter) -> (u32, u32) {
    (interpreter.version.major(), interpreter.version.minor())
}

async fn start(interpreter: &Interpreter, source: &str, env: &[(&str, &str)]) -> Function {
    start_named(interpreter, "handler.handler", &[("handler.py", source)], env).await
}

async fn start_named(
    interpreter: &Interpreter,
    handler: &str,
    files: &[(&str, &str)],
    env: &[(&str, &str)],
) -> Function {
    Function::start(&Setup {
        interpreter,
        runtime: &runtime_of(interpreter),
        handler,
        files,
        env,
        bootstraps: None,
    })
    .await
}

macro_rules! for_every_python {
    ($name:ident, |$interpreter:ident| $body:block) => {
        #[tokio::test]
        async fn $name() {
            for $interpreter in &interpreters(Language::Python) {
                println!("{}", $interpreter.program.display());
                $body
            }
        }
    };
}

for_every_python!(results_are_marshalled, |python| {
    let source = "# -*- coding: utf-8 -*-\nimport decimal\n\
        def handler(event, context):\n    return {'echo': event, 'number': decimal.Decimal('1.10'), 'text': u'\\xfc'}\n";
    let function = start(python, source, &[]).await;
    let body = function.succeed(r#"{"a": [1, null, "x"]}"#).await;
    let value: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(value["echo"], serde_json::json!({"a": [1, null, "x"]}));
    assert!(body.contains("\"number\": 1.10"), "{body}");
    assert_eq!(body.contains("\\u00fc"), release(python) < (3, 12), "{body}");
    assert_eq!(value["text"], "ü");
});

for_every_python!(bytes_are_a_result_of_their_own, |python| {
    if release(python) >= (3, 0) {
        let function = start(python, "def handler(event, context):\n    return b'raw'\n", &[]).await;
        let InvocationResult::Response { content_type, body, .. } = function.invoke("{}").await else {
            panic!()
        };
        assert_eq!(
            (content_type.as_deref(), text(&body).as_str()),
            (Some("application/unknown"), "raw")
        );
    }
});

for_every_python!(the_context_is_complete, |python| {
    let source = "import os\n\
        def handler(event, context):\n    \
        left = context.get_remaining_time_in_millis()\n    \
        client = context.client_context\n    \
        return [context.aws_request_id, context.function_name, context.function_version, context.memory_limit_in_mb,\n        \
        context.log_group_name, context.log_stream_name, context.invoked_function_arn, 0 < left <= 30000,\n        \
        client.client.app_title, client.custom, client.env, context.identity.cognito_identity_id,\n        \
        context.identity.cognito_identity_pool_id, os.environ.get('_X_AMZN_TRACE_ID'), context.tenant_id]\n";
    let function = start(python, source, &[]).await;
    let mut sent = invocation("{}");
    sent.client_context = Some(r#"{"client":{"app_title":"ü"},"custom":{"a":1},"env":{}}"#.to_owned());
    sent.cognito_identity = Some(r#"{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}"#.to_owned());
    sent.trace_id = Some("Root=1-2-3".to_owned());
    sent.tenant_id = Some("t".to_owned());
    let id = sent.request_id.to_string();
    let InvocationResult::Response { body, .. } = function.invoke_as(sent).await else {
        panic!()
    };
    let expected = serde_json::json!([
        id, "f", "$LATEST", "128", "/aws/lambda/f", "stream", ARN, true, "ü", {"a": 1}, {}, "i", "p", "Root=1-2-3", "t"
    ]);
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap(), expected);
    // Without its headers everything optional is absent.
    let body = start(
        python,
        "import os\ndef handler(event, context):\n    return [context.client_context, \
        context.identity.cognito_identity_id, os.environ.get('_X_AMZN_TRACE_ID')]\n",
        &[("_X_AMZN_TRACE_ID", "old")],
    )
    .await
    .succeed("{}")
    .await;
    assert_eq!(body, "[null, null, null]");
});

for_every_python!(an_error_is_answered_and_logged, |python| {
    let source = "def handler(event, context):\n    raise Exception(\"Handler fails\")\n";
    let function = start(python, source, &[]).await;
    let sent = invocation("{}");
    let id = sent.request_id.to_string();
    let InvocationResult::Error { body, error_type } = function.invoke_as(sent).await else {
        panic!()
    };
    let file = format!("{}/handler.py", function.task_root());
    let request = if release(python) >= (3, 9) {
        format!("\"requestId\": \"{id}\", ")
    } else {
        String::new()
    };
    assert_eq!(
        text(&body),
        format!(
            "{{\"errorMessage\": \"Handler fails\", \"errorType\": \"Exception\", {request}\"stackTrace\": [\"  File \\\"{file}\\\", \
             line 2, in handler\\n    raise Exception(\\\"Handler fails\\\")\\n\"]}}"
        )
    );
    assert_eq!(error_type, None);
    let indent = "\u{a0}";
    assert_eq!(
        function.output().await,
        format!(
            "[ERROR] Exception: Handler fails\rTraceback (most recent call last):\r{indent}{indent}File \"{file}\", line 2, in \
             handler\r{indent}{indent}{indent}{indent}raise Exception(\"Handler fails\")\n"
        )
    );
});

for_every_python!(initialisation_faults_have_their_words, |python| {
    let missing = if release(python) >= (3, 0) {
        "No module named 'nothing'"
    } else {
        "No module named nothing"
    };
    let unpack = if release(python) >= (3, 0) {
        "not enough values to unpack (expected 2, got 1)"
    } else {
        "need more than 1 value to unpack"
    };
    let cases = [
        (
            "handler",
            "Runtime.MalformedHandlerName",
            format!("Bad handler 'handler': {unpack}"),
        ),
        (
            "nothing.handler",
            "Runtime.ImportModuleError",
            format!("Unable to import module 'nothing': {missing}"),
        ),
        (
            "handler.absent",
            "Runtime.HandlerNotFound",
            "Handler 'absent' missing on module 'handler'".to_owned(),
        ),
        (
            "sys.exit",
            "Runtime.BuiltInModuleConflict",
            "Cannot use built-in module sys as a handler module".to_owned(),
        ),
    ];
    for (handler, error_type, message) in cases {
        let function = start_named(python, handler, &[("handler.py", "x = 1\n")], &[]).await;
        let failure = function.init_failure().await;
        assert_eq!(failure.error_type.as_deref(), Some(error_type));
        let request = if release(python) >= (3, 9) {
            "\"requestId\": \"\", "
        } else {
            ""
        };
        let document = format!(
            "{{\"errorMessage\": \"{message}\", \"errorType\": \"{error_type}\", {request}\"stackTrace\": []}}"
        );
        assert_eq!(text(&failure.body), document);
        let log = format!("[ERROR] {error_type}: {message}\rTraceback (most recent call last):\n");
        assert_eq!(function.ended().await, (Some(1), log));
    }
    let function = start(python, "def handler(:\n", &[]).await;
    let failure = function.init_failure().await;
    assert_eq!(failure.error_type.as_deref(), Some("Runtime.UserCodeSyntaxError"));
    assert!(text(&failure.body).starts_with("{\"errorMessage\": \"Syntax error in module 'handler': "));
});

for_every_python!(an_error_at_import_keeps_the_importers_frames, |python| {
    let function = start(python, "raise Exception(\"Runtime startup fails\")\n", &[]).await;
    let failure = function.init_failure().await;
    assert_eq!(failure.error_type.as_deref(), Some("Runtime.Unknown"));
    let document: serde_json::Value = serde_json::from_slice(&failure.body).unwrap();
    assert_eq!(document["errorMessage"], "Runtime startup fails");
    assert_eq!(document["errorType"], "Exception");
    let frames: Vec<_> = document["stackTrace"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect();
    assert!(frames[0].contains("/importlib/__init__.py\", line "), "{frames:?}");
    let last = format!(
        "  File \"{}/handler.py\", line 1, in <module>\n    raise Exception(\"Runtime startup fails\")\n",
        function.task_root()
    );
    assert_eq!(*frames.last().unwrap(), last);
    if release(python) == (3, 13) {
        // Recorded: test_lambda_runtime_error.
        assert_eq!(frames.len(), 8);
        assert_eq!(
            frames[1],
            "  File \"<frozen importlib._bootstrap>\", line 1387, in _gcd_import\n"
        );
    }
});

for_every_python!(handlers_in_packages_are_found, |python| {
    let source = "def handler(event, context):\n    return 'deep'\n";
    let files = [("a/__init__.py", ""), ("a/b.py", source)];
    for name in ["a.b.handler", "a/b.handler"] {
        assert_eq!(
            start_named(python, name, &files, &[]).await.succeed("{}").await,
            "\"deep\""
        );
    }
});

for_every_python!(exits_end_the_process, |python| {
    let function = start(
        python,
        "import sys\nsys.exit(3)\ndef handler(event, context): pass\n",
        &[],
    )
    .await;
    assert_eq!(function.ended().await.0, Some(3));
    let function = start(python, "def handler(event, context):\n    exit(0)\n", &[]).await;
    let api = std::sync::Arc::clone(&function.api);
    let ended = tokio::select! { _ = api.invoke(invocation("{}")) => panic!(), ended = function.ended() => ended };
    assert_eq!(ended.0, Some(0));
});

for_every_python!(what_cannot_be_marshalled_is_an_error, |python| {
    let function = start(python, "def handler(event, context):\n    return object()\n", &[]).await;
    let document: serde_json::Value = serde_json::from_str(&function.fail("{}").await).unwrap();
    assert_eq!(document["errorType"], "Runtime.MarshalError");
    let message = document["errorMessage"].as_str().unwrap();
    assert!(
        message.starts_with("Unable to marshal response: ") && message.contains("is not JSON serializable"),
        "{message}"
    );
    let document: serde_json::Value = serde_json::from_str(&function.fail("{oops").await).unwrap();
    assert_eq!(document["errorType"], "Runtime.UnmarshalError");
    assert!(
        document["errorMessage"]
            .as_str()
            .unwrap()
            .starts_with("Unable to unmarshal input: ")
    );
});

for_every_python!(odd_errors_are_reported_too, |python| {
    let source = "# -*- coding: utf-8 -*-\nclass Odd(Exception):\n    def __str__(self):\n        raise ValueError('no')\n\
        def handler(event, context):\n    \
        raise [Odd(), ValueError(u'\\udc80'), ValueError(b'\\xff'), ValueError(u'\\xfc')][event]\n";
    let function = start(python, source, &[]).await;
    for (at, error_type) in [(0, "Odd"), (1, "ValueError"), (2, "ValueError"), (3, "ValueError")] {
        // A lone surrogate is JSON, but no text of Rust's.
        assert!(
            function
                .fail(at.to_string())
                .await
                .contains(&format!("\"errorType\": \"{error_type}\"")),
            "{at}"
        );
    }
});

for_every_python!(log_lines_are_text, |python| {
    let source = "# -*- coding: utf-8 -*-\nimport logging\nlogging.getLogger().setLevel('INFO')\n\
        def handler(event, context):\n    print('plain')\n    logging.info(u'h\\xfc %s', 1)\n    context.log('own\\n')\n";
    let function = start(python, source, &[]).await;
    let sent = invocation("{}");
    let id = sent.request_id.to_string();
    function.invoke_as(sent).await;
    let output = function.output().await;
    let lines: Vec<_> = output.lines().collect();
    assert_eq!((lines[0], lines[2], lines.len()), ("plain", "own", 3), "{output}");
    let fields: Vec<_> = lines[1].split('\t').collect();
    assert_eq!((fields[0], fields[2], fields[3]), ("[INFO]", id.as_str(), "hü 1"));
    assert!(fields[1].len() == 24 && fields[1].ends_with('Z'), "{}", fields[1]);
});

for_every_python!(log_lines_are_json, |python| {
    let source = "import logging\nlog = logging.getLogger('mine')\n\
        def handler(event, context):\n    log.debug('no')\n    log.info('hello', extra={'more': [1]})\n    \
        try:\n        1 / 0\n    except ZeroDivisionError:\n        log.exception('bad')\n    raise KeyError('k')\n";
    let function = start(
        python,
        source,
        &[("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", "INFO")],
    )
    .await;
    let sent = invocation("{}");
    let id = sent.request_id.to_string();
    function.invoke_as(sent).await;
    let output = function.output().await;
    let lines: Vec<serde_json::Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{output}");
    assert_eq!(
        (&lines[0]["level"], &lines[0]["message"], &lines[0]["logger"]),
        (&"INFO".into(), &"hello".into(), &"mine".into())
    );
    assert_eq!(
        (&lines[0]["requestId"], &lines[0]["more"]),
        (&id.as_str().into(), &serde_json::json!([1]))
    );
    assert_eq!(
        (&lines[1]["errorType"], &lines[1]["message"]),
        (&"ZeroDivisionError".into(), &"bad".into())
    );
    assert!(lines[1]["stackTrace"].is_array() && lines[1]["location"].as_str().unwrap().contains(":handler:"));
    assert_eq!(
        (&lines[2]["level"], &lines[2]["errorType"]),
        (&"ERROR".into(), &"KeyError".into())
    );
});

for_every_python!(six_megabytes_pass_both_ways, |python| {
    let function = start(python, "def handler(event, context):\n    return event\n", &[]).await;
    let payload = format!("\"{}\"", "x".repeat(6 * 1_024 * 1_024));
    assert_eq!(function.succeed(payload.clone()).await, payload);
    let function = start(python, "def handler(event, context):\n    return 'x' * 7000000\n", &[]).await;
    assert_eq!(function.invoke("{}").await, InvocationResult::ResponseTooLarge);
    assert_eq!(function.invoke("{}").await, InvocationResult::ResponseTooLarge);
});

for_every_python!(the_search_path_is_awss, |python| {
    let function = start(
        python,
        "import sys\ndef handler(event, context):\n    return sys.path\n",
        &[],
    )
    .await;
    let path: Vec<String> = serde_json::from_str(&function.succeed("{}").await).unwrap();
    let version = runtime_of(python);
    assert_eq!(path[0], function.task_root());
    assert_eq!(
        path[1..3],
        [
            format!("/opt/python/lib/{version}/site-packages"),
            "/opt/python".to_owned()
        ]
    );
    assert!(path[3].ends_with("/site-packages"));
});

for_every_python!(speed, |python| {
    let (clock, dir) = (SystemClock::default(), tempfile::tempdir().unwrap());
    Bootstraps::install(dir.path()).unwrap().precompile(python).unwrap();
    let source = "def handler(event, context):\n    return event\n";
    let setup = Setup {
        interpreter: python,
        runtime: &runtime_of(python),
        handler: "handler.handler",
        files: &[("handler.py", source)],
        env: &[],
        bootstraps: Some(dir.path()),
    };
    let (mut init, mut warm) = (u64::MAX, u64::MAX);
    for _ in 0..5 {
        let start_at = clock.monotonic_micros();
        let function = Function::start(&setup).await;
        function.api.initialised().await.unwrap();
        init = init.min(clock.monotonic_micros() - start_at);
        for _ in 0..100 {
            function.api.waiting().await;
            let invoked_at = clock.monotonic_micros();
            function.invoke("{}").await;
            warm = warm.min(clock.monotonic_micros() - invoked_at);
        }
    }
    println!("  init {init} us, warm {warm} us");
});
