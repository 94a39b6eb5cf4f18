"""What the developer guide's chapter on Node.js promises: handlers of each style, context object, logging, errors."""

import re

import pytest


@pytest.mark.parametrize(
    "source",
    [
        "exports.handler = function(event, context, callback) { callback(null, event.key1); };",
        "exports.handler = async function(event) { return event.key1; };",
        "exports.handler = (event) => Promise.resolve(event.key1);",
    ],
    ids=["callback", "async", "promise"],
)
def test_each_style_of_handler_answers(nodejs, source):
    answer = nodejs(source).invoke({"key1": "value1"})
    assert answer.error is None and answer.value == "value1"


def test_a_module_in_the_new_style_is_loaded(nodejs):
    function = nodejs("export const handler = async (event) => ({ hello: event.name });", file="index.mjs")
    assert function.invoke({"name": "Ada"}).value == {"hello": "Ada"}


def test_no_result_is_null(nodejs):
    assert nodejs("exports.handler = async () => {};").invoke().body == b"null"


def test_the_context_tells_who_and_how_long(nodejs):
    function = nodejs(
        """
        exports.handler = async (event, context) => ({
            name: context.functionName, version: context.functionVersion, arn: context.invokedFunctionArn,
            memory: context.memoryLimitInMB, request: context.awsRequestId, group: context.logGroupName,
            stream: context.logStreamName, left: context.getRemainingTimeInMillis(),
            wait: context.callbackWaitsForEmptyEventLoop,
        });
        """,
        Timeout=10,
    )
    answer = function.invoke()
    context = answer.value
    assert context["name"] == function.name and context["version"] == "$LATEST"
    assert context["arn"] == f"arn:aws:lambda:us-east-1:000000000000:function:{function.name}"
    assert context["memory"] == "128" and context["request"] == answer.request_id and context["wait"] is True
    assert context["group"] == f"/aws/lambda/{function.name}"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", context["stream"])
    assert 8_000 < context["left"] <= 10_000


def test_the_console_reaches_the_log(nodejs):
    answer = nodejs("""
        exports.handler = async (event) => {
            console.log("value1 =", event.key1);
            console.info("informed");
            console.warn("warned");
            console.error("failed");
        };
    """).invoke({"key1": "v"})
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    lines = [("INFO", "value1 = v"), ("INFO", "informed"), ("WARN", "warned"), ("ERROR", "failed")]
    for level, text in lines:
        assert re.search(rf"^{time}\t{answer.request_id}\t{level}\t{text}$", answer.log, re.M), answer.log


@pytest.mark.parametrize(
    "throw",
    [
        "async () => { throw error(); }",
        "(event, context, callback) => callback(error())",
        "() => { throw error(); }",
    ],
    ids=["rejects", "calls back", "throws"],
)
def test_an_error_is_the_answer(nodejs, throw):
    answer = nodejs(f"""
        class AccountAlreadyExistsError extends Error {{
            constructor(message) {{ super(message); this.name = "AccountAlreadyExistsError"; }}
        }}
        const error = () => new AccountAlreadyExistsError("Account is in use!");
        exports.handler = {throw};
    """).invoke()
    assert answer.status == 200 and answer.error == "Unhandled"
    error = answer.value
    assert list(error) == ["errorType", "errorMessage", "trace"]
    assert error["errorType"] == "AccountAlreadyExistsError" and error["errorMessage"] == "Account is in use!"
    assert error["trace"][0] == "AccountAlreadyExistsError: Account is in use!"
    assert any("/var/task/index.js" in line for line in error["trace"])
    assert f"{answer.request_id}\tERROR\tInvoke Error" in answer.log


def test_a_callback_with_text_for_an_error_is_an_error(nodejs):
    answer = nodejs("exports.handler = (event, context, callback) => callback('some error type');").invoke()
    assert answer.error == "Unhandled"
    assert answer.value["errorMessage"] == "some error type"


def test_a_module_that_cannot_be_loaded_fails_the_invocation(nodejs):
    answer = nodejs("throw new Error('at load');").invoke()
    assert answer.error == "Unhandled"
    assert answer.value["errorType"] == "Error" and answer.value["errorMessage"] == "at load"


def test_a_missing_module_and_a_missing_handler_are_told_apart(nodejs):
    source = "exports.handler = async () => {};"
    error = nodejs(source, handler="elsewhere.handler").invoke().value
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert error["errorMessage"].startswith("Error: Cannot find module 'elsewhere'")
    error = nodejs(source, handler="index.absent").invoke().value
    assert error["errorType"] == "Runtime.HandlerNotFound"
    assert error["errorMessage"] == "index.absent is undefined or not exported"


def test_an_unhandled_rejection_ends_the_invocation(nodejs):
    answer = nodejs("""
        exports.handler = () => new Promise(() => { Promise.reject(new Error("nobody listens")); });
    """).invoke()
    assert answer.error == "Unhandled"
    assert answer.value["errorType"] == "Runtime.UnhandledPromiseRejection"
    assert answer.value["errorMessage"] == "Error: nobody listens"
