"""Invocations of every type, their logs, and what functions see of themselves."""

import base64
import json

from scenario import code, logged, scenarios_of

recorded = scenarios_of("lambda::TestLambdaFeatures")

QUOTES = {"foo": "bar with 'quotes\""}
# The runtimes of the parameters.
SUFFIX = {"python": ".py", "nodejs": ".js"}


def echo(s, runtime):
    family = "python" if runtime.startswith("python") else "nodejs"
    return s.function(f"echo{SUFFIX[family]}", Runtime=runtime)


@recorded("test_basic_invoke")
def basic(s):
    one, two = s.name(), s.name()
    for name, step in (one, ""), (two, "_2"):
        created = s.create(name, Runtime="python3.9", Code={"ZipFile": code("echo.py", "index")})
        s.step(f"lambda_create_fn{step}", created)
    for name, step in (one, ""), (two, "_2"):
        s.active(name)
        s.step(f"lambda_get_fn{step}", s.ask.get_function(FunctionName=name))
    s.step("lambda_invoke_result", s.invoke(one))


@recorded("test_invocation_type_request_response[{}]", "python3.9", "python3.10", "nodejs16.x")
def synchronous(s, runtime):
    s.step("invoke-result", s.invoke(echo(s, runtime), InvocationType="RequestResponse"))


@recorded("test_invocation_type_event[{}]", "python3.9", "python3.10", "nodejs16.x")
def asynchronous(s, runtime):
    s.step("invoke-result", s.invoke(echo(s, runtime), InvocationType="Event"))


@recorded("test_invocation_type_dry_run[{}]", "python3.9", "python3.10", "nodejs16.x")
def dry_run(s, runtime):
    s.step("invoke-result", s.invoke(echo(s, runtime), InvocationType="DryRun"))


KINDS = [f"{family}-{kind}" for family in SUFFIX for kind in ("RequestResponse", "Event")]


@recorded("test_invocation_type_no_return_payload[{}]", *KINDS)
def without_a_result(s, parameter):
    family, kind = parameter.split("-")
    name = s.function(f"silent{SUFFIX[family]}")
    s.step("invoke-result", s.invoke(name, InvocationType=kind))


@recorded("test_invocation_type_event_error")
def event_that_fails(s):
    name = s.name(f"function-{s.account}")
    parameters = {"Runtime": "python3.10", "Code": {"ZipFile": code("fails.py")}}
    s.step("creation_response", s.fixture(name, **parameters))
    s.do.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    s.step("invocation_response", s.invoke(name, InvocationType="Event"))
    lines = s.log_of(name, lambda log: len([line for line in log if line.startswith("REPORT")]) == 2)
    s.step("log_events", [{"timestamp": "timestamp", "message": event_of(line), "ingestionTime": "timestamp"} for line in lines])


def event_of(line):
    """A line as CloudWatch Logs shows it: the platform's with their end, the carriage returns of an error as ends of lines."""
    return line.replace("\r", "\n") if line.startswith("[ERROR]") else f"{line}\n"


@recorded("test_invocation_with_logs[{}]", "python3.10", "nodejs16.x")
def with_logs(s, runtime):
    answer = s.step("invoke", s.invoke(echo(s, runtime), LogType="Tail"))
    s.step("logs", {"logs": logged(answer)})


@recorded("test_lambda_environment")
def environment(s):
    name = s.name()
    parameters = {"Runtime": "python3.9", "Environment": {"Variables": {"Hello": "World"}}}
    s.step("creation-result", s.fixture(name, Code={"ZipFile": code("environment.py")}, **parameters))
    s.step("invocation-result", s.invoke(name, {"names": ["Hello"]}))
    s.step("get-configuration-result", s.ask.get_function_configuration(FunctionName=name))


@recorded("test_invocation_with_qualifier")
def with_a_qualifier(s):
    name = s.name()
    package = {"ZipFile": code("context.py")}
    s.step("creation-response", s.create(name, Handler="handler.handler", Timeout=10, Code=package, Publish=True))
    s.active(name, "1")
    answer = s.invoke(name, QUOTES, Qualifier="1", LogType="Tail")
    lines = [line.strip() for line in logged(answer) if not line.startswith("REPORT")]
    s.step("log_result", {"log_result": [line for line in lines if line]})
    s.step("invocation-response", answer)


@recorded("test_upload_lambda_from_s3")
def from_s3(s):
    name = s.name()
    place = {"S3Bucket": "bucket", "S3Key": s.object(f"{s.account}.zip", code("context.py"))}
    s.step("creation-response", s.create(name, Handler="handler.handler", Timeout=10, Code=place))
    s.active(name)
    s.step("invocation-response", s.invoke(name, QUOTES))


@recorded("test_lambda_with_context")
def client_context(s):
    name = s.name()
    package = {"ZipFile": code("context.js", "lambda_integration")}
    parameters = {"Runtime": "nodejs16.x", "Handler": "lambda_integration.handler", "Code": package}
    s.step("creation", s.fixture(name, **parameters))
    told = {"custom": {"foo": "bar"}, "client": {"snap": ["crackle", "pop"]}, "env": {"fizz": "buzz"}}
    s.step("invocation", s.invoke(name, ClientContext=base64.b64encode(json.dumps(told).encode()).decode()))


@recorded("test_invoke_exceptions")
def refused(s):
    s.step("invoke_function_doesnotexist", s.invoke("doesnotexist"))


@recorded("test_invoke_exceptions (2023)")
def refused_in_2023(s):
    refused(s)
