"""What the developer guide's chapter on C# promises: handlers of every form, the context, logging, errors."""

import base64
import hashlib
import json
import re

import pytest

from kit import dotnet, functions
from kit.eventually import eventually
from kit.server import Server

RUNTIMES = "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "dotnet6", "dotnet8", "dotnet10"
FIRST, NEWEST = "dotnetcore2.1", "dotnet8"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with the interpreters that were fetched for the tests."""
    server = Server(tmp_path_factory.mktemp("dotnet"), "--function-logs")
    dotnet.provide(server.data)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def function(server, make):
    """`function(handler)` is a function of the examples."""
    client = server.client()

    def create(handler, runtime=NEWEST, content=None, **options):
        options = {"MemorySize": 512, "Timeout": 30, "client": client} | options
        handler = handler if content else f"Example::Example.{handler}"
        return make(content or dotnet.archive(runtime), runtime, handler, **options)

    return create


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_runtime_runs_what_was_built_for_it(function, runtime):
    hello = function("Hello::Greet", runtime)
    for name in "Ada", "Łucja":
        answer = hello.invoke({"FirstName": name, "LastName": "Hopper"})
        assert answer.error is None, answer.body
        assert answer.value == {"Text": f"Hello {name} Hopper", "Names": [name, "Hopper"], "Lengths": {name: len(name), "Hopper": 6}}


@pytest.mark.parametrize("runtime, by", [("dotnet6", "8.0.4"), ("dotnet10", "8.0.4"), ("dotnetcore2.0", "2.1.30")])
def test_another_version_says_so_in_the_log(server, function, runtime, by):
    hello = function("Hello::Stream", runtime)
    hello.invoke("Ada")
    noted = re.compile(rf"\[{hello.name}\] \[LAMBENT\] {re.escape(runtime)} is run by {by}\n")
    eventually(lambda: noted.search(server.log()), what="the note in the log")


def test_what_asks_for_newer_libraries_runs_with_those_that_there_are(function):
    content = {name: dotnet.asking_for_newer(image) for name, image in dotnet.assemblies("dotnet10").items()}
    hello = function("Example::Example.Hello::Later", "dotnet10", dotnet.archive("dotnet10", content=content))
    assert hello.invoke({"FirstName": "Ada"}).value["Text"] == "Hello Ada"


@pytest.mark.parametrize("runtime", [FIRST, NEWEST])
@pytest.mark.parametrize(
    ("handler", "event", "result"),
    [
        ("Hello::Stream", '"test é"', '"TEST É"'),
        ("Hello::Upper", '"test"', '"TEST"'),
        ("Hello::Upper", "null", "null"),
        ("Hello::Sum", "[1, 2, 3]", "6"),
        ("Hello::Later", '{"FirstName": "Ada"}', '{"Text":"Hello Ada","Names":["Ada"],"Lengths":{"Ada":3}}'),
        ("Hello::Soon", '{"FirstName": "Ada"}', ""),
        ("Hello::Nothing", "{}", ""),
    ],
)
def test_handlers_of_every_form(function, runtime, handler, event, result):
    answer = function(handler, runtime).invoke(raw=event)
    told = answer.body.decode()
    assert answer.error is None and (told and json.loads(told)) == (result and json.loads(result)), told


def test_the_object_lives_as_long_as_the_environment(function):
    count = function("Hello::Count")
    assert [count.invoke().value for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("runtime", [FIRST, NEWEST])
def test_the_context_has_every_member(function, runtime):
    tell = function("Context::Tell", runtime, MemorySize=320)
    client = {"client": {"app_title": "shop"}, "custom": {"a": "b", "n": 1}, "env": {"locale": "de"}}
    answer = tell.invoke(ClientContext=base64.b64encode(json.dumps(client).encode()).decode())
    assert answer.error is None, answer.body
    told = answer.value
    assert told["AwsRequestId"] == answer.request_id
    assert told["FunctionName"] == tell.name and told["FunctionVersion"] == "$LATEST"
    assert told["InvokedFunctionArn"].endswith(f":function:{tell.name}") and told["LogGroupName"] == f"/aws/lambda/{tell.name}"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", told["LogStreamName"])
    assert told["MemoryLimitInMB"] == 320 and 0 < told["RemainingMillis"] <= 30_000
    assert told["AppTitle"] == "shop" and told["Environment"] == {"locale": "de"} and told["Custom"] == {"a": "b", "n": "1"}
    assert told["IdentityId"] is None
    assert tell.invoke().value["Custom"] is None


def events_of(server, function):
    """What is in the function's log, without what the platform says and without ends of lines."""
    logs = server.client(service="logs")

    def written():
        found = logs.filter_log_events(logGroupName=f"/aws/lambda/{function.name}")["events"]
        messages = [event["message"].rstrip("\n") for event in found]
        return messages if any("REPORT" in message or "platform.report" in message for message in messages) else None

    platform = "INIT_START", "START", "END", "REPORT", "[LAMBENT]", '{"time"'
    return [message for message in eventually(written, what="the log") if not message.startswith(platform)]


def test_events_have_times_requests_and_levels(server, function):
    logging = function("Logging::Write")
    request = logging.invoke().request_id
    events = events_of(server, logging)
    assert all(re.match(rf"{TIME}\t{request}\t", event) for event in events), events
    told = [event.split("\t", 2)[2] for event in events]
    assert told[:-1] == [
        "info\tfrom the console\nin two lines",
        "fail\tfrom standard error",
        "from LambdaLogger",
        "info\tfrom the context",
        "info\twith a level",
        "warn\twith a higher one",
        "info\t2 of tea",
    ]
    assert told[-1] == "fail\tcannot serve Ada\nSystem.InvalidOperationException: no tea"


def test_events_are_json_where_the_function_asks_for_it(server, function):
    logging = function("Logging::Write", LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "WARN"})
    request = logging.invoke().request_id
    events = [json.loads(event) for event in events_of(server, logging)]
    assert {event["requestId"] for event in events} == {request}
    assert [(event["level"], event["message"]) for event in events] == [
        ("Error", "from standard error"),
        ("Information", "from LambdaLogger"),
        ("Warning", "with a higher one"),
        ("Error", "cannot serve Ada"),
    ]
    last = events[-1]
    assert last["guest"] == "Ada" and last["errorType"] == "System.InvalidOperationException" and last["errorMessage"] == "no tea"


def test_lines_are_as_they_were_written_before_there_were_levels(server, function):
    logging = function("Logging::Write", "dotnetcore2.1")
    logging.invoke()
    told = ["from the console", "in two lines", "from standard error", "from LambdaLogger", "from the context"]
    assert sorted(events_of(server, logging)) == sorted(told)


@pytest.mark.parametrize("runtime", [FIRST, NEWEST])
def test_an_error_is_told_with_its_causes(function, runtime):
    answer = function("Failing::Now", runtime).invoke("Ada")
    assert answer.error == "Unhandled"
    told = answer.value
    assert list(told) == ["errorType", "errorMessage", "stackTrace", "cause"]
    assert (told["errorType"], told["errorMessage"]) == ("AccountAlreadyExistsException", "Account is in use!")
    assert [line for line in told["stackTrace"] if not line.startswith("at Example.Failing.Now(String name)")] == []
    assert told["cause"]["errorType"] == "ArgumentException" and told["cause"]["errorMessage"] == "no account Ada"
    assert told["cause"]["stackTrace"][0].startswith("at Example.Failing.Look(String name)")
    assert "Account is in use!" in answer.log and "Lambent.Runtime" not in answer.log


@pytest.mark.parametrize("runtime, variables, wrapped", [(FIRST, {}, True), (FIRST, {"UNWRAP_AGGREGATE_EXCEPTIONS": "1"}, False), (NEWEST, {}, False)])
def test_what_a_task_throws(function, runtime, variables, wrapped):
    told = function("Failing::Later", runtime, Environment={"Variables": variables}).invoke("Ada").value
    if wrapped:
        assert told["errorType"] == "AggregateException" and [each["errorMessage"] for each in told["causes"]] == ["no account Ada"]
        told = told["cause"]
    assert (told["errorType"], told["errorMessage"]) == ("ArgumentException", "no account Ada")


def test_an_error_of_many_tells_of_each(function):
    told = function("Failing::Many").invoke().value
    assert told["errorType"] == "AggregateException" and told["cause"]["errorMessage"] == "one"
    assert [each["errorType"] for each in told["causes"]] == ["ArgumentException", "InvalidOperationException"]


def test_what_cannot_be_read_or_written_is_an_error(function):
    endless = function("Failing::Endless").invoke()
    assert endless.error == "Unhandled" and endless.value["errorType"] == "JsonException"
    unread = function("Hello::Sum").invoke("no numbers").value
    assert unread["errorType"] == "JsonSerializerException" and unread["cause"]["errorType"] == "JsonException"


METHOD = "cannot be used as a Lambda Handler because it is"


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        ("Example::Example.Hello", "Invalid lambda function handler: 'Example::Example.Hello'. The valid format is 'ASSEMBLY::TYPE::METHOD'."),
        ("Example::None::Greet", "Unable to load type 'None' from assembly 'Example'."),
        (
            "Example::Example.Hello::none",
            "Unable to find method 'none' in type 'Example.Hello' from assembly 'Example': Found no methods matching method name 'none'.",
        ),
        (
            "None::Example.Hello::Greet",
            "Could not find the specified handler assembly with the file name 'None, Culture=neutral, PublicKeyToken=null'."
            " The assembly should be located in the root of your uploaded .zip file.",
        ),
        ("Example::Example.Hello::Twice", "appears to have a number of overloads"),
        ("Example::Example.Failing::Lost", f"{METHOD} an 'async void' method."),
        ("Example::Example.Failing::Generic", f"{METHOD} a generic method."),
        ("Example::Example.Failing::Three", "Method 'Three' of type 'Example.Failing' is not supported: the method has more than 2 parameters."),
    ],
)
def test_a_handler_that_is_none_is_refused(function, handler, message):
    answer = function(handler, content=dotnet.archive(NEWEST)).invoke()
    assert answer.error == "Unhandled" and answer.value["errorType"] == "LambdaValidationException"
    assert message in answer.value["errorMessage"]


def test_what_the_constructor_throws(function):
    told = function("Broken::Handle").invoke().value
    assert told["errorType"] == "TargetInvocationException" and told["cause"]["errorMessage"] == "Sorry"
    told = function("Broken::Handle", FIRST).invoke().value
    assert told["errorType"] == "LambdaException" and told["cause"]["cause"]["errorType"] == "ArithmeticException"
    assert told["errorMessage"] == (
        "An exception was thrown when the constructor for type 'Example.Broken' was invoked. Check inner exception for more details."
    )


def test_a_package_without_its_lists_is_said_so(function):
    assemblies = {f"{name}.dll": image for name, image in dotnet.assemblies(NEWEST).items()}
    answer = function("Example::Example.Hello::Stream", content=assemblies).invoke()
    assert answer.value["errorType"] == "Runtime.ExitError" and "exit status 105" in answer.value["errorMessage"]
    assert "The /var/task directory is missing the required .deps.json file." in answer.log


def test_assemblies_that_no_list_names_are_found_beside_the_function(function):
    content = dotnet.assemblies(NEWEST)
    lists = dotnet.lists("Example", NEWEST, ["Example"])
    files = {f"{name}.dll": image for name, image in content.items()} | lists
    assert function("Example::Example.Hello::Upper", content=files).invoke("ada").value == "ADA"


@pytest.mark.parametrize("runtime", [FIRST, "dotnetcore3.1", NEWEST])
def test_a_program_of_the_functions_own_speaks_the_runtime_api(function, runtime):
    source = dotnet.STAND_INS / "OwnProgram.cs"
    content = {"Own": dotnet.compiled("Own", [source], target="exe")}
    own = function("Own", runtime, content=dotnet.archive(runtime, name="Own", content=content))
    # The event's SHA-256, which needs a library of the host or of the interpreter.
    assert own.invoke("Ada").value == base64.b64encode(hashlib.sha256(b'"Ada"').digest()).decode()


@pytest.mark.parametrize("runtime", [FIRST, "dotnetcore3.1", NEWEST])
def test_https_believes_who_vouches_for_aws(tmp_path, runtime):
    source = dotnet.STAND_INS / "Https.cs"
    content = {"Https": dotnet.compiled("Https", [source])}
    server = Server(tmp_path, "--intercept-aws")
    dotnet.provide(server.data)
    server.start()
    try:
        archive = dotnet.archive(runtime, name="Https", content=content)
        options = {"MemorySize": 1024, "Timeout": 60}
        look = functions.create(server.client(), archive, runtime, "Https::Https::Look", **options)
        answer = look.invoke()
        assert answer.error is None and [each["FunctionName"] for each in answer.value["Functions"]] == [look.name], answer.body
    finally:
        server.stop()


def test_a_program_that_is_not_there(function):
    answer = function("Nobody", content=dotnet.archive(NEWEST)).invoke()
    assert "exit status 104" in answer.value["errorMessage"]
    assert "Error: executable assembly /var/task/Nobody.dll or binary /var/task/Nobody not found." in answer.log
