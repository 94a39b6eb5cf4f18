"""What only one runtime or another has."""

import json
import re

from scenario import NOTE, archive, code, compiled, scenarios_of, source

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


HANDLER = "cloud.localstack.sample.LambdaHandlerWithInterfaceAndCustom"
METHODS = f"{HANDLER}-INTERFACE", f"{HANDLER}::handleRequest-INTERFACE", f"{HANDLER}::handleRequestCustom-CUSTOM"


def java_function(s, name, handler, runtime="java11", files=None):
    """Creates a function in Java and waits for it."""
    package = {"ZipFile": archive(files or compiled())}
    return s.fixture(name, Runtime=runtime, Handler=handler, Code=package)


def split(library):
    """The functions with one library apart: in a jar in `lib`, or as classes beside them."""
    inside = {path: content for path, content in compiled().items() if path.startswith("library/")}
    others = {path: content for path, content in compiled().items() if path not in inside}
    return others | ({"lib/library.jar": archive(inside)} if library == "jar" else inside)


@java("test_java_runtime_with_lib")
def library(s):
    # One archive as Maven makes it with everything in it, and two with the library in a folder.
    for step, kind in ("jar-with-lib", "classes"), ("zip-with-lib", "jar"), ("zip-with-lib-gradle", "jar"):
        name = s.name()
        # As the recordings have it, each has other content.
        files = split(kind) | {"META-INF/MANIFEST.MF": f"Built-By: {step}\n"}
        created = java_function(s, name, "cloud.localstack.sample.LambdaHandlerWithLib", files=files)
        s.step(f"create-result-{step}", created)
        s.step(f"invoke-result-{step}", s.invoke(name, {"echo": "echo"}))


@java("test_stream_handler[{}]", *JAVA)
def streams(s, runtime):
    name = s.name()
    java_function(s, name, "cloud.localstack.sample.LambdaStreamHandler", runtime)
    s.step("invoke_result", s.invoke(name, {"echo": "echo"}))


@java("test_serializable_input_object[{}]", *JAVA)
def objects(s, runtime):
    name = s.name()
    handler = "cloud.localstack.awssdkv1.sample.SerializedInputLambdaHandler"
    s.step("create-result", java_function(s, name, handler, runtime))
    s.step("invoke-result", s.invoke(name, {"bucket": "test_bucket", "key": "test_key"}))


@java("test_java_custom_handler_method_specification[{}]", *METHODS)
def methods(s, parameter):
    handler, name = parameter.rpartition("-")[0], s.name()
    s.step("create-result", java_function(s, name, handler))
    s.step("invoke-result", s.invoke(name, {"echo": "echo"}))


@java("test_java_lambda_subscribe_sns_topic")
def subscription(s):
    name = s.name()
    java_function(s, name, "cloud.localstack.sample.LambdaHandler")
    s.step("get-function", s.ask.get_function(FunctionName=name))
    topic = s.arn("topic", service="sns")
    grant = {"StatementId": "sid", "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com", "SourceArn": topic}
    s.step("add-permission", s.ask.add_permission(FunctionName=name, **grant))
