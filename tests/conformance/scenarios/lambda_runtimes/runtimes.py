"""What only one runtime or another has."""

import json
import re

from scenario import NOTE, archive, code, scenarios_of, source

nodejs = scenarios_of("lambda_runtimes::TestNodeJSRuntimes")
python = scenarios_of("lambda_runtimes::TestPythonRuntimes")
java = scenarios_of("lambda_runtimes::TestJavaRuntimes")
go = scenarios_of("lambda_runtimes::TestGoProvidedRuntimes")
logs = scenarios_of("lambda_runtimes::TestCloudwatchLogs")

PYTHON = [f"python3.{minor}" for minor in range(8, 15)]
JAVA = ["java8.al2", "java11", "java17", "java21", "java25"]
PROVIDED = ["provided.al2", "provided.al2023"]


@nodejs("test_invoke_nodejs_es6_lambda[{}]", *(f"nodejs{major}.x" for major in (16, 18, 20, 22, 24)))
def ecmascript_module(s, runtime):
    name = s.name()
    package = {"ZipFile": code("module.mjs", "lambda_handler_es6")}
    s.step("creation-result", s.fixture(name, Runtime=runtime, Handler="lambda_handler_es6.handler", Code=package))
    s.step("invocation-result", s.invoke(name, {"event_type": "test_lambda"}))


@python("test_handler_in_submodule[{}]", *PYTHON)
def handler_in_a_package(s, runtime):
    package = {"ZipFile": archive({"package/__init__.py": "", "package/nested/main.py": source("echo.py")})}
    name = s.function("echo.py", Runtime=runtime, Handler="package.nested.main.handler", Code=package)
    answer = s.invoke(name, {"one": 1})
    s.check(json.loads(answer["Payload"]) == {"one": 1}, answer)


@python("test_python_runtime_correct_versions[{}]", *PYTHON)
def versions(s, runtime):
    name = s.function("interpreter.py", s.name(f"function-{s.account}"), Runtime=runtime)
    version = json.loads(s.invoke(name)["Payload"])["version"]
    log = s.whole_log_of(name, lambda log: any(line.startswith("REPORT") for line in log))
    # Where this host does not have it, the log names the one in its place.
    note = re.compile(re.escape(NOTE.format(f"{runtime} is run by {version}")) + r"(\.[0-9]+)?")
    s.check(runtime == f"python{version}" or any(note.fullmatch(line) for line in log), (version, log))


@go("test_uncaught_exception_invoke[{}]", *PROVIDED)
def error_of_a_program(s, runtime):
    name = s.name()
    package = archive({"bootstrap": source("program_error.py")}, programs=["bootstrap"])
    created = s.create(name, Runtime=runtime, Handler="function.handler", MemorySize=1024, Code={"ZipFile": package})
    s.step("create_function_result", created)
    s.active(name)
    s.step("error_result", s.invoke(name, {"message": "some_error_msg"}))


@go("test_manual_endpoint_injection[{}]", *PROVIDED)
def calling_back(s, runtime):
    """Nothing was recorded but that it works, as with `calling_back` of what the runtimes have in common."""
    name = s.name()
    package = archive({"bootstrap": source("common_program.py")}, programs=["bootstrap"])
    s.do.create_function(FunctionName=name, Role=s.role, Runtime=runtime, Handler="function.handler", Code={"ZipFile": package})
    s.active(name)
    answer = s.invoke(name, {"common": "call"})
    s.check("FunctionError" not in answer and name in json.loads(answer["Payload"])["functions"], answer)


@logs("test_multi_line_prints")
def lines(s):
    name = s.function("prints.py", s.name(f"function-{s.account}"), Runtime="python3.13")
    s.do.invoke(FunctionName=name)
    found = s.log_of(name, lambda log: any(line.startswith("REPORT") for line in log))
    # What CloudWatch Logs keeps with each event.
    event = {"logStreamName": "stream", "timestamp": "timestamp", "ingestionTime": "timestamp", "eventId": "event-id"}
    s.step("log-events", [event | {"message": f"{line}\n"} for line in found])


def no_java(s, *_):
    s.check(False, "there is no bootstrap for Java, and no function of it yet")


HANDLER = "cloud.localstack.sample.LambdaHandlerWithInterfaceAndCustom"
METHODS = f"{HANDLER}-INTERFACE", f"{HANDLER}::handleRequest-INTERFACE", f"{HANDLER}::handleRequestCustom-CUSTOM"

java("test_java_runtime_with_lib")(no_java)
java("test_stream_handler[{}]", *JAVA)(no_java)
java("test_serializable_input_object[{}]", *JAVA)(no_java)
java("test_java_custom_handler_method_specification[{}]", *METHODS)(no_java)
java("test_java_lambda_subscribe_sns_topic")(no_java)
