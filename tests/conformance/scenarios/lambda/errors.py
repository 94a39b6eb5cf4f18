"""What becomes of functions that fail, in their handler and before."""

from scenario import code, scenarios_of

recorded = scenarios_of("lambda::TestLambdaErrors")


def failing(s, source, **parameters):
    """A function whose module has the name that the recorded traces show."""
    module = f"lambda_{source}"
    package = {"ZipFile": code(f"{source}.py", module)}
    return s.function(f"{source}.py", Handler=f"{module}.handler", **({"Code": package} | parameters))


def error_of(s, name):
    s.step("invocation_error", s.invoke(name))


@recorded("test_lambda_runtime_error")
def import_error(s):
    error_of(s, failing(s, "runtime_error", Runtime="python3.13"))


@recorded("test_lambda_runtime_exit")
def exit_before_the_handler(s):
    error_of(s, failing(s, "runtime_exit"))


@recorded("test_lambda_runtime_exit_segfault")
def crash_before_the_handler(s):
    error_of(s, failing(s, "runtime_segfault"))


@recorded("test_lambda_handler_error")
def error_in_the_handler(s):
    error_of(s, failing(s, "handler_error"))


@recorded("test_lambda_handler_exit")
def exit_in_the_handler(s):
    error_of(s, failing(s, "handler_exit"))


@recorded("test_lambda_runtime_wrapper_not_found")
def missing_wrapper(s):
    variables = {"AWS_LAMBDA_EXEC_WRAPPER": "/idontexist.sh"}
    error_of(s, s.function("echo.py", Environment={"Variables": variables}))


# As Python writes bytes.
PAYLOADS = "body-n\\x87r\\x9e\\xe9\\xb5\\xd7I\\xee\\x9bmt", "message-\\x99\\xeb,j\\x07\\xa1zYh"


@recorded("test_lambda_invoke_payload_encoding_error[{}]", *PAYLOADS)
def payload_that_is_no_json(s, parameter):
    kind, _, payload = parameter.partition("-")
    payload = payload.encode().decode("unicode_escape").encode("latin1")
    s.step(f"invoke_function_invalid_payload_{kind}", s.invoke(s.function("echo.py"), Payload=payload))
