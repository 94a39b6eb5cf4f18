"""What the developer guide's chapter on Python promises: handler, context object, logging, errors."""

import json
import re

import pytest


def test_hello(python):
    function = python("""
        def handler(event, context):
            return {"message": "Hello {} {}!".format(event["first_name"], event["last_name"])}
    """)
    assert function.invoke({"first_name": "Ada", "last_name": "Byron"}).value == {"message": "Hello Ada Byron!"}


@pytest.fixture
def echo(python):
    return python("def handler(event, context):\n    return event\n")


@pytest.mark.parametrize("event", [{"a": [1, 2.5, None, True, "ü"]}, [], "text", 7, 1.5, None], ids=repr)
def test_any_json_goes_in_and_comes_out(echo, event):
    assert echo.invoke(raw=json.dumps(event)).value == event


def test_no_result_is_null(python):
    assert python("def handler(event, context): pass\n").invoke().body == b"null"


def test_the_context_tells_who_and_how_long(python):
    function = python(
        """
        def handler(event, context):
            return {
                "name": context.function_name, "version": context.function_version, "arn": context.invoked_function_arn,
                "memory": context.memory_limit_in_mb, "request": context.aws_request_id, "group": context.log_group_name,
                "stream": context.log_stream_name, "left": context.get_remaining_time_in_millis(),
                "client": context.client_context, "cognito": context.identity.cognito_identity_id,
            }
        """,
        MemorySize=192,
        Timeout=10,
    )
    answer = function.invoke()
    context = answer.value
    assert context["name"] == function.name and context["version"] == "$LATEST"
    assert context["arn"] == f"arn:aws:lambda:us-east-1:000000000000:function:{function.name}"
    assert int(context["memory"]) == 192
    assert context["request"] == answer.request_id
    assert context["group"] == f"/aws/lambda/{function.name}"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", context["stream"])
    assert 8_000 < context["left"] <= 10_000
    assert context["client"] is None and context["cognito"] is None


def test_the_environment_is_the_functions_own(python):
    function = python(
        "import os\ndef handler(event, context): return dict(os.environ)\n",
        Environment={"Variables": {"TABLE": "orders"}},
    )
    variables = function.invoke().value
    assert variables["TABLE"] == "orders"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == function.name
    assert variables["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "128"
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "us-east-1"
    assert variables["LAMBDA_TASK_ROOT"] == "/var/task" and variables["_HANDLER"] == "function.handler"
    assert variables["AWS_LAMBDA_RUNTIME_API"] == "127.0.0.1:9001"
    assert variables["TZ"] == ":UTC"
    assert "SSH_AUTH_SOCK" not in variables and "CARGO_HOME" not in variables and "HOME" not in variables


def test_print_and_logging_reach_the_log(python):
    function = python("""
        import logging
        logger = logging.getLogger()
        logger.setLevel(logging.INFO)
        def handler(event, context):
            print("printed")
            logger.info("got event %s", event)
            logger.error("something went wrong")
    """)
    answer = function.invoke({"a": 1})
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert "printed\n" in answer.log
    assert re.search(rf"\[INFO\]\t{time}\t{answer.request_id}\tgot event {{'a': 1}}\n", answer.log)
    assert re.search(rf"\[ERROR\]\t{time}\t{answer.request_id}\tsomething went wrong\n", answer.log)


def test_a_raised_exception_is_the_answer(python):
    function = python("""\
        def handler(event, context):
            raise Exception("Handler fails")
    """)
    answer = function.invoke()
    assert answer.status == 200 and answer.error == "Unhandled"
    assert answer.value == {
        "errorMessage": "Handler fails",
        "errorType": "Exception",
        "requestId": answer.request_id,
        "stackTrace": ['  File "/var/task/function.py", line 2, in handler\n    raise Exception("Handler fails")\n'],
    }
    assert "[ERROR] Exception: Handler fails" in answer.log


def test_an_exception_class_of_the_functions_own_keeps_its_name(python):
    function = python("""
        class AccountAlreadyExistsException(Exception):
            pass
        def handler(event, context):
            raise AccountAlreadyExistsException("Account is in use!")
    """)
    error = function.invoke().value
    assert (error["errorType"], error["errorMessage"]) == ("AccountAlreadyExistsException", "Account is in use!")


def test_a_module_that_cannot_be_loaded_fails_each_invocation(python):
    function = python("""\
        raise Exception("Runtime startup fails")
        def handler(event, context): pass
    """)
    for _ in range(2):
        answer = function.invoke()
        assert answer.error == "Unhandled"
        assert answer.value["errorMessage"] == "Runtime startup fails" and answer.value["errorType"] == "Exception"
        assert answer.value["requestId"] == ""
        assert answer.value["stackTrace"][-1] == (
            '  File "/var/task/function.py", line 1, in <module>\n    raise Exception("Runtime startup fails")\n'
        )


def test_a_missing_module_and_a_missing_handler_are_told_apart(python):
    source = "def handler(event, context): pass\n"
    error = python(source, handler="elsewhere.handler").invoke().value
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert error["errorMessage"] == "Unable to import module 'elsewhere': No module named 'elsewhere'"
    error = python(source, handler="function.absent").invoke().value
    assert error["errorType"] == "Runtime.HandlerNotFound"
    assert error["errorMessage"] == "Handler 'absent' missing on module 'function'"


def test_a_result_that_is_no_json_is_an_error(python):
    answer = python("def handler(event, context): return object()\n").invoke()
    assert answer.error == "Unhandled"
    assert answer.value["errorType"] == "Runtime.MarshalError"
    assert answer.value["errorMessage"].startswith("Unable to marshal response: ")
