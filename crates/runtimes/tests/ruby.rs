//! The Ruby bootstrap under every Ruby of this host.
#![expect(clippy::unwrap_used, reason = "tests: a failure is to end the test")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod harness;

use harness::{ARN, Function, Setup, interpreters, invocation};
use lambent_runtime_api::InvocationResult;
use lambent_runtimes::{Interpreter, Language};
use serde_json::{Value, json};

async fn start(interpreter: &Interpreter, handler: &str, source: &str, env: &[(&str, &str)]) -> Function {
    let environment: Vec<_> = [("LC_CTYPE", "C.utf8")].iter().chain(env).copied().collect();
    Function::start(&Setup {
        interpreter,
        runtime: "ruby3.4",
        handler,
        files: &[("function.rb", source)],
        env: &environment,
        bootstraps: None,
    })
    .await
}

async fn failure(function: &Function, payload: &'static str) -> Value {
    serde_json::from_str(&function.fail(payload).await).unwrap()
}

macro_rules! for_every_ruby {
    ($name:ident, |$interpreter:ident| $body:block) => {
        #[tokio::test]
        async fn $name() {
            for $interpreter in &interpreters(Language::Ruby) {
                println!("{}", $interpreter.program.display());
                $body
            }
        }
    };
}

for_every_ruby!(each_form_of_handler_answers, |ruby| {
    let source = "def free(event:, context:)\n  { own: event['n'], text: 'ü' }\nend\n\
        class Plain\n  def self.go(event:, context:)\n    event\n  end\nend\n\
        module Outer\n  class Inner\n    def self.go(event:, context:)\n      context.invoked_function_arn\n    end\n  end\nend\n";
    let function = start(ruby, "function.free", source, &[]).await;
    assert_eq!(function.succeed(r#"{"n": 1.5}"#).await, r#"{"own":1.5,"text":"ü"}"#);
    let function = start(ruby, "function.Plain.go", source, &[]).await;
    for event in ["null", "\"üñ♥\"", "[1,null,true]", "3.14"] {
        assert_eq!(function.succeed(event).await, event);
    }
    let function = start(ruby, "function.Outer::Inner.go", source, &[]).await;
    assert_eq!(function.succeed("{}").await, format!("\"{ARN}\""));
});

for_every_ruby!(the_context_is_complete, |ruby| {
    let names = "aws_request_id invoked_function_arn log_group_name log_stream_name function_name memory_limit_in_mb function_version \
        identity client_context deadline_ms";
    let source = format!(
        "def handler(event:, context:)\n  %w[{names}].map {{ |name| [name, context.send(name)] }}.to_h\
         .merge(left: context.get_remaining_time_in_millis, trace: ENV['_X_AMZN_TRACE_ID'], locale: ENV['LC_CTYPE'])\nend\n"
    );
    let function = start(ruby, "function.handler", &source, &[]).await;
    let mut sent = invocation("{}");
    sent.trace_id = Some("Root=1".to_owned());
    sent.client_context = Some(r#"{"custom":{"a":"ü"}}"#.to_owned());
    sent.cognito_identity = Some(r#"{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}"#.to_owned());
    let id = sent.request_id.to_string();
    let InvocationResult::Response { body, .. } = function.invoke_as(sent).await else {
        panic!("no response");
    };
    let mut seen: Value = serde_json::from_slice(&body).unwrap();
    let left = seen["left"].take().as_i64().unwrap();
    assert!((20_000..=30_000).contains(&left), "{left}");
    assert!(seen["deadline_ms"].take().as_u64().unwrap() > 1_000_000_000_000);
    assert_eq!(
        seen,
        json!({
            "aws_request_id": id, "invoked_function_arn": ARN, "log_group_name": "/aws/lambda/f", "log_stream_name": "stream",
            "function_name": "f", "memory_limit_in_mb": "128", "function_version": "$LATEST", "deadline_ms": null, "left": null,
            "identity": {"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"}, "client_context": {"custom": {"a": "ü"}},
            "trace": "Root=1", "locale": null,
        })
    );
});

for_every_ruby!(errors_are_reported_as_awss, |ruby| {
    let source = "class Custom < StandardError; end\ndef inner\n  raise Custom, \"b\\xFFd\"\nend\n\
        def handler(event:, context:)\n  event == 1 ? inner : raise('Error: some')\nend\n";
    let function = start(ruby, "function.handler", source, &[]).await;
    let error = failure(&function, "1").await;
    assert_eq!(
        (&error["errorType"], &error["errorMessage"]),
        (&json!("Function<Custom>"), &json!("b\u{fffd}d"))
    );
    let frames: Vec<_> = error["stackTrace"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each.as_str().unwrap())
        .collect();
    let file = format!("{}/function.rb", function.task_root());
    assert_eq!(frames.len(), 2, "{frames:?}");
    assert!(
        frames[0].starts_with(&format!("{file}:3:in ")) && frames[1].starts_with(&format!("{file}:6:in ")),
        "{frames:?}"
    );
    let error = failure(&function, "2").await;
    assert_eq!(
        (&error["errorType"], &error["errorMessage"]),
        (&json!("Function<RuntimeError>"), &json!("Error: some"))
    );
    let output = function.output().await;
    assert!(
        output.contains("Error raised from handler method\n{\n  \"errorMessage\": "),
        "{output}"
    );
});

for_every_ruby!(what_cannot_go_on_ends_the_process, |ruby| {
    for (body, kind, message) in [
        ("exit 3", "SystemExit", "exit"),
        ("Object.new.odd", "NoMethodError", "odd"),
        ("odd", "NameError", "odd"),
        ("raise Exception, 'x'", "Exception", "x"),
    ] {
        let source = format!("def handler(event:, context:)\n  {body}\nend\n");
        let function = start(ruby, "function.handler", &source, &[]).await;
        let error = failure(&function, "{}").await;
        assert_eq!(error["errorType"], format!("Function<{kind}>"));
        assert!(error["errorMessage"].as_str().unwrap().contains(message), "{error}");
        let (status, output) = function.ended().await;
        assert_eq!(status, Some(255));
        assert!(output.contains("Critical exception from handler"), "{output}");
    }
    let function = start(ruby, "function.nothing", "", &[]).await;
    let error = failure(&function, "{}").await;
    assert_eq!(error["errorType"], "Function<NoMethodError>");
    assert!(
        error["errorMessage"].as_str().unwrap().contains("LambdaHandler"),
        "{error}"
    );
});

for_every_ruby!(what_cannot_be_loaded_is_an_init_error, |ruby| {
    for (handler, source, kind, message) in [
        (
            "function.handler",
            "require 'none/such'\n",
            "LoadError",
            "cannot load such file -- none/such",
        ),
        ("function.handler", "def handler(\n", "SyntaxError", "function.rb"),
        ("function.handler", "raise 'no'\n", "RuntimeError", "no"),
        ("function.handler", "exit\n", "SystemExit", "exit"),
        ("other.handler", "", "LoadError", "cannot load such file -- other"),
        (
            "handler",
            "",
            "ArgumentError",
            "Invalid handler [\"handler\"], must be of form FILENAME.METHOD",
        ),
    ] {
        let function = start(ruby, handler, source, &[]).await;
        let failure = function.init_failure().await;
        let error: Value = serde_json::from_slice(&failure.body).unwrap();
        assert_eq!(error["errorType"], format!("Init<{kind}>"));
        assert!(error["errorMessage"].as_str().unwrap().contains(message), "{error}");
        assert_eq!(function.ended().await.0, Some(252));
    }
});

for_every_ruby!(log_lines_name_the_request, |ruby| {
    let source = "require 'logger'\nLOG = Logger.new($stdout, progname: 'mine')\ndef handler(event:, context:)\n  puts 'plain'\n  \
        LOG.info('hellö')\n  LOG.debug { 'deep' }\nend\n";
    let function = start(ruby, "function.handler", source, &[]).await;
    let sent = invocation("{}");
    let id = sent.request_id.to_string();
    function.invoke_as(sent).await;
    let output = function.output().await;
    let lines: Vec<_> = output.lines().collect();
    assert_eq!((lines[0], lines.len()), ("plain", 3), "{output}");
    assert!(
        lines[1].starts_with("I, [20") && lines[1].ends_with(&format!("]  INFO {id} -- mine: hellö")),
        "{output}"
    );
    assert!(lines[2].starts_with("D, ["), "{output}");
});

for_every_ruby!(log_lines_are_json, |ruby| {
    let source = "require 'logger'\ndef handler(event:, context:)\n  log = Logger.new($stdout, progname: 'mine')\n  log.info('no')\n  \
        log.warn('hellö')\n  begin\n    raise ArgumentError, 'bad'\n  rescue => error\n    log.error(error)\n  end\n  raise 'end'\nend\n";
    let env = [("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", "WARN")];
    let function = start(ruby, "function.handler", source, &env).await;
    let sent = invocation("{}");
    let id = sent.request_id.to_string();
    function.invoke_as(sent).await;
    let output = function.output().await;
    let lines: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{output}");
    assert_eq!(
        (
            &lines[0]["level"],
            &lines[0]["message"],
            &lines[0]["logger"],
            &lines[0]["requestId"]
        ),
        (&json!("WARN"), &json!("hellö"), &json!("mine"), &json!(id))
    );
    assert_eq!(
        (&lines[1]["errorType"], &lines[1]["errorMessage"]),
        (&json!("ArgumentError"), &json!("bad"))
    );
    assert!(lines[1]["stackTrace"].is_array());
    assert_eq!(
        (&lines[2]["errorType"], &lines[2]["requestId"]),
        (&json!("Function<RuntimeError>"), &json!(id))
    );
});

for_every_ruby!(six_megabytes_pass_both_ways, |ruby| {
    let source = "def handler(event:, context:)\n  event.is_a?(Integer) ? 'x' * event : event\nend\n";
    let function = start(ruby, "function.handler", source, &[]).await;
    let payload = format!("\"{}\"", "x".repeat(6 * 1_024 * 1_024));
    assert_eq!(function.succeed(payload.clone()).await, payload);
    assert_eq!(function.invoke("7000000").await, InvocationResult::ResponseTooLarge);
    assert_eq!(function.invoke("7000000").await, InvocationResult::ResponseTooLarge);
    assert_eq!(function.succeed("1").await, "\"x\"");
});

for_every_ruby!(streams_and_own_marshallers_are_taken, |ruby| {
    let source = "module AwsLambda\n  class Marshaller\n    def self.marshall_request(raw)\n      raw.body.reverse\n    end\n  end\nend\n\
        def handler(event:, context:)\n  event == 'cba' ? StringIO.new(event) : { uri: URI('http://x/y').path, net: Net::HTTP.name }\nend\n";
    let function = start(ruby, "function.handler", source, &[]).await;
    assert_eq!(function.succeed("abc").await, "cba");
    assert_eq!(function.succeed("1").await, r#"{"uri":"/y","net":"Net::HTTP"}"#);
});
