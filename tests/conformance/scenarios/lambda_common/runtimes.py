"""What every runtime has in common: each scenario once for each of them."""

import json

from scenario import archive, assembled, compiled, scenarios_of, source

recorded = scenarios_of("lambda_common::TestLambdaRuntimesCommon")
calling = scenarios_of("lambda_common::TestLambdaCallingLocalstack")

PYTHON = [f"python3.{minor}" for minor in range(8, 15)]
NODE = [f"nodejs{major}.x" for major in (16, 18, 20, 22, 24)]
PROVIDED = ["provided.al2", "provided.al2023"]
JAVA = ["java8.al2", "java11", "java17", "java21", "java25"]
DOTNET = ["dotnet6", "dotnet8", "dotnet10"]
RUBY = ["ruby3.2", "ruby3.3", "ruby3.4"]

MANAGED = [*PYTHON, *NODE, *JAVA, *DOTNET, *RUBY]
EVERY = [*MANAGED, *PROVIDED]

# The file that a package holds, the source it is made of, and the handler.
WRITTEN = (
    dict.fromkeys(PYTHON, ("handler.py", "common.py", "handler.handler"))
    | dict.fromkeys(NODE, ("index.js", "common.js", "index.handler"))
    | dict.fromkeys(RUBY, ("function.rb", "common.rb", "function.handler"))
    | dict.fromkeys(PROVIDED, ("bootstrap", "common_program.py", "function.handler"))
)


def function(s, runtime, **parameters):
    """Creates a function, which is the recorded step, and waits for it."""
    if runtime in DOTNET:
        files, handler = assembled(runtime), "dotnet::Dotnet.Function::FunctionHandler"
    elif runtime in JAVA:
        files, handler = compiled(), "echo.Handler"
    else:
        file, text, handler = WRITTEN[runtime]
        files = {file: source(text)}
    package = archive(files | {"environment_wrapper": source("wrapper.sh")}, programs=["bootstrap", "environment_wrapper"])
    name = s.name()
    created = s.create(name, Runtime=runtime, Handler=handler, MemorySize=1024, Code={"ZipFile": package}, **parameters)
    s.active(name)
    return name, created


# None, texts in several languages, numbers, and what is made of them.
EVENTS = [None, "text", "üñ♥", 0, 3.14, True, [], {}, ["one", 2, None], {"one": {"two": [3, {"four": None}]}}]


@recorded("test_echo_invoke[{}]", *EVERY)
def echo(s, runtime):
    name, _ = function(s, runtime)
    for event in EVENTS:
        answer = s.invoke(name, Payload=json.dumps(event))
        s.check("FunctionError" not in answer and json.loads(answer["Payload"]) == event, answer)


@recorded("test_introspection_invoke[{}]", *EVERY)
def introspection(s, runtime):
    name, created = function(s, runtime, Environment={"Variables": {"TEST_KEY": "TEST_VAL"}})
    s.step("create_function_result", created)
    event = {"common": "tell"}
    s.step("invocation_result_payload", s.invoke(name, event)["Payload"])
    s.step("invocation_result_payload_qualified", s.invoke(name, event, Qualifier="$LATEST")["Payload"])


@recorded("test_uncaught_exception_invoke[{}]", *EVERY)
def uncaught(s, runtime):
    name, created = function(s, runtime)
    s.step("create_function_result", created)
    s.step("error_result", s.invoke(name, {"common": "fail", "message": "some_error_msg"}))


@recorded("test_runtime_wrapper_invoke[{}]", *MANAGED)
def wrapped(s, runtime):
    variables = {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/environment_wrapper"}
    name, created = function(s, runtime, Environment={"Variables": variables})
    s.step("create_function_result", created)
    seen = json.loads(s.invoke(name, {"common": "tell"})["Payload"])
    s.check(seen["environment"].get("WRAPPED") == "yes", seen)
    s.check(seen["ctx"]["log_stream_name"] == "wrapped", seen)


@calling("test_manual_endpoint_injection[{}]", *MANAGED)
def calling_back(s, runtime):
    """Nothing was recorded but that it works: a client in the function finds the API where a variable says."""
    # Where many of them are at it, a client that has to be compiled first may take longer than the seconds of a new function.
    name, _ = function(s, runtime, Timeout=60)
    answer = s.invoke(name, {"common": "call"})
    s.check("FunctionError" not in answer, answer)
    s.check(name in json.loads(answer["Payload"])["functions"], answer)
