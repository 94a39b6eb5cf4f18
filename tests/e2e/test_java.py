"""What the developer guide's chapter on Java promises: handlers of every form, the context, logging, errors, events."""

import json
import re

import pytest

from kit import java
from kit.eventually import eventually
from kit.zips import package

RUNTIMES = "java8", "java8.al2", "java11", "java17", "java21", "java25"
DATE = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


@pytest.fixture
def function(make):
    """`function(handler)` is a function of the examples, in the newest Java of this host."""

    def create(handler, runtime=None, content=None, **options):
        options = {"MemorySize": 512, "Timeout": 30} | options
        return make(content or java.archive(), runtime or java.newest(), f"example.{handler}", **options)

    return create


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_runtime_runs_what_was_compiled_for_the_oldest(function, runtime):
    hello = function("HelloPojo", java.need(runtime))
    for name in "Ada", "Grace":
        answer = hello.invoke({"firstName": name, "lastName": "Hopper"})
        assert answer.error is None and answer.value == {"greetings": f"Hello {name}, Hopper."}


def test_another_version_says_so_in_the_log(lambent, function):
    other = (each for each in RUNTIMES if java.versions().get(each) not in (None, int(re.search(r"\d+", each)[0])))
    runtime = next(other, None)
    if runtime is None:
        pytest.skip("this host has the very Java of every runtime")
    hello = function("HelloText::myHandler", runtime)
    hello.invoke("Ada")
    noted = re.compile(rf"\[{hello.name}\] \[LAMBENT\] {re.escape(runtime)} is run by {java.versions()[runtime]}\.")
    eventually(lambda: noted.search(lambent.log()), what="the note in the log")


@pytest.mark.parametrize(
    ("handler", "event", "result"),
    [
        ("HelloNumber::myHandler", "123", b'"123"'),
        ("HelloText::myHandler", '"Ada"', b'"Hello Ada."'),
        ("HelloPojo", '{"firstName": "John", "lastName": "Doe"}', b'{"greetings":"Hello John, Doe."}'),
        ("HelloPojo::handleRequest", '{"firstName": "John"}', b'{"greetings":"Hello John, null."}'),
        ("HelloPojo::myHandler", '{"firstName": "John", "age": 7}', b'{"greetings":"Hello John, null."}'),
        ("HelloStream", '"test"', b'"TEST"'),
        ("HelloStream::handler", '"test"', b'"TEST"'),
        ("HelloContext::myHandler", '{"a": 1}', b'{"A": 1}'),
    ],
)
def test_the_guides_handlers(function, handler, event, result):
    answer = function(handler).invoke(raw=event)
    assert (answer.error, answer.body) == (None, result)


def test_the_context_is_printed(function):
    context = function("HelloContext::myHandler", MemorySize=320)
    log = context.invoke({}).log
    assert f"Function name: {context.name}\nMax mem allocated: 320\n" in log
    assert re.search(r"Time remaining in milliseconds: (29|30)\d{3}\n", log), log
    assert re.search(r"CloudWatch log stream name: \d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}\n", log)
    assert f"CloudWatch log group name: /aws/lambda/{context.name}\n" in log


def test_the_context_has_fields_that_libraries_see(function):
    content = java.archive(with_libraries=("aws-lambda-java-core", "gson"))
    look = function("Surroundings::context", content=content)
    answer = look.invoke({})
    seen = json.loads(answer.value)
    assert seen["awsRequestId"] == answer.request_id and seen["functionName"] == look.name and seen["memoryLimit"] == 512


def events_of(lambent, function):
    """What is in the function's log, without what the platform says and without ends of lines."""
    logs = lambent.client(service="logs")

    def written():
        found = logs.filter_log_events(logGroupName=f"/aws/lambda/{function.name}")["events"]
        messages = [event["message"].rstrip("\n") for event in found]
        return messages if any(message.startswith("REPORT") for message in messages) else None

    platform = "INIT_START", "START", "END", "REPORT", "[LAMBENT]"
    return [message for message in eventually(written, what="the log") if not message.startswith(platform)]


def test_lines_of_standard_output_are_events_and_so_is_each_call_of_the_logger(lambent, function):
    hello = function("HelloLog::myHandler")
    log = hello.invoke("Ada").log
    assert "log data from stdout \n this is continuation of system.out\n" in log
    assert "log data from stderr \n this is continuation of system.err\n" in log
    # The logger adds nothing to what it is given, not even the end of a line.
    assert "log data from LambdaLogger \n this is continuation of logger.logEND RequestId" in log
    assert events_of(lambent, hello) == [
        "log data from stdout ",
        " this is continuation of system.out",
        "log data from stderr ",
        " this is continuation of system.err",
        "log data from LambdaLogger \n this is continuation of logger.log",
    ]


def test_log4j2_writes_with_its_appender_as_it_is(function):
    content = java.archive(with_libraries=("aws-lambda-java-core", "aws-lambda-java-log4j2", "log4j-api", "log4j-core"))
    answer = function("HelloLog4j2::myHandler", content=content).invoke("Ada")
    assert answer.error is None, answer.body
    line = rf"{DATE} {answer.request_id} ERROR HelloLog4j2:\d+ - log data from log4j err\. \n this is a continuation of log4j\.err\n"
    assert re.search(line, answer.log), answer.log
    assert "below the level" not in answer.log


def test_log4j_writes_with_its_appender_as_it_is(function):
    content = java.archive(with_libraries=("aws-lambda-java-core", "aws-lambda-java-log4j-", "log4j-1.2"))
    answer = function("HelloLog4j::myHandler", content=content).invoke("Ada")
    assert answer.error is None, answer.body
    line = rf"{DATE} <{answer.request_id}> ERROR HelloLog4j:log data from log4j err\. \n this is a continuation of log4j\.err\n"
    assert re.search(line, answer.log), answer.log


def test_logs_are_json_where_the_function_wants_them(function):
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO"}
    answer = function("HelloNumber::myHandler", LoggingConfig=logging).invoke(5)
    line = next(json.loads(line) for line in answer.log.splitlines() if "received" in line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    assert line == {"message": "received : 5", "level": "UNDEFINED", "AWSRequestId": answer.request_id}


def test_an_exception_of_its_own_is_the_answer(function):
    answer = function("Accounts::createAccount").invoke("name")
    assert answer.status == 200 and answer.error == "Unhandled"
    assert answer.value["errorMessage"] == "Account is in use!"
    assert answer.value["errorType"] == "example.AccountAlreadyExistsException"
    assert re.fullmatch(r"example\.Accounts\.createAccount\(Accounts\.java:\d+\)", answer.value["stackTrace"][0])
    assert "Account is in use!: example.AccountAlreadyExistsException" in answer.log


def test_causes_are_in_the_log_and_state_is_kept_after_an_error(function):
    failing = function("Failing::handle")
    answer = failing.invoke({"how": "throw"})
    assert answer.value["errorMessage"] == "outer" and "cause" not in answer.value
    assert "Caused by: java.lang.IllegalStateException: inner" in answer.log
    assert failing.invoke({"how": "not"}).value == "call 2"


@pytest.mark.parametrize(
    ("how", "error_type", "message"),
    [
        ("exit", "Runtime.ExitError", r"RequestId: \S+ Error: Runtime exited with error: exit status 7"),
        ("sleep", "Sandbox.Timedout", r"RequestId: \S+ Error: Task timed out after 5.00 seconds"),
        ("overflow", "java.lang.StackOverflowError", "java.lang.StackOverflowError"),
        ("memory", "java.lang.OutOfMemoryError", "Java heap space"),
    ],
)
def test_the_function_goes_on_with_another_process(function, how, error_type, message):
    failing = function("Failing::handle", Timeout=5, Environment={"Variables": {"JAVA_TOOL_OPTIONS": "-Xmx64m"}})
    answer = failing.invoke({"how": how})
    assert answer.error == "Unhandled" and answer.value["errorType"] == error_type, answer.body
    assert re.fullmatch(message, answer.value["errorMessage"]), answer.body
    assert failing.invoke({"how": "not"}).value == "call 1"


def test_what_is_missing_is_named(function):
    assert function("Absent::handle").invoke().value == {
        "errorMessage": "Class not found: example.Absent",
        "errorType": "java.lang.ClassNotFoundException",
    }
    assert function("HelloText::absent").invoke().value == {
        "errorMessage": "No public method named absent with appropriate method signature found on class example.HelloText"
    }
    error = function("Failing$Broken::handle").invoke("x").value
    assert error == {"errorMessage": "no object", "errorType": "java.lang.IllegalStateException"}


def test_events_that_do_not_fit_are_errors(function):
    answer = function("HelloNumber::myHandler").invoke({"no": "number"})
    assert answer.error == "Unhandled"
    assert answer.value == {
        "errorMessage": "An error occurred during JSON parsing",
        "errorType": "java.lang.RuntimeException",
        "stackTrace": [],
    }


EVENTS = {
    "s3": (
        {"Records": [{
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventTime": "1970-01-01T00:00:01.000Z",
            "eventName": "ObjectCreated:Put", "userIdentity": {"principalId": "me"}, "requestParameters": {"sourceIPAddress": "127.0.0.1"},
            "responseElements": {"x-amz-request-id": "1", "x-amz-id-2": "2"},
            "s3": {
                "s3SchemaVersion": "1.0", "configurationId": "c",
                "bucket": {"name": "b", "ownerIdentity": {"principalId": "me"}, "arn": "arn:aws:s3:::b"},
                "object": {"key": "a+key", "size": 1024, "eTag": "e", "sequencer": "0A"},
            },
        }]},
        ["b", "a key", 1024, "ObjectCreated:Put", 1000, "me"],
    ),
    "sqs": (
        {"Records": [{
            "messageId": "1", "receiptHandle": "h", "body": "text", "attributes": {"SenderId": "S"}, "md5OfBody": "m",
            "messageAttributes": {"colour": {"stringValue": "red", "stringListValues": [], "dataType": "String"}},
            "eventSource": "aws:sqs", "eventSourceARN": "arn:q", "awsRegion": "us-east-1",
        }]},
        {"batchItemFailures": [{"itemIdentifier": "text arn:q S red"}]},
    ),
    "sns": (
        {"Records": [{
            "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "arn:s",
            "Sns": {
                "Type": "Notification", "MessageId": "1", "TopicArn": "arn:t", "Message": "text", "Timestamp": "1970-01-01T00:00:02.000Z",
                "MessageAttributes": {"colour": {"Type": "String", "Value": "red"}},
            },
        }]},
        ["text", 2000, "arn:s", "red"],
    ),
    "scheduled": (
        {"id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "time": "1970-01-01T00:00:03Z", "resources": ["r"], "detail": {"a": [1]}},
        ["Scheduled Event", 3000, ["r"], {"a": [1]}],
    ),
    "kinesis": (
        {"Records": [{
            "kinesis": {"partitionKey": "p", "sequenceNumber": "1", "data": "dGV4dA==", "approximateArrivalTimestamp": 4.5},
            "eventSource": "aws:kinesis", "eventSourceARN": "arn:k",
        }]},
        ["text", "p", 4500, "arn:k"],
    ),
    "dynamodb": (
        {"Records": [{
            "eventID": "1", "eventName": "INSERT", "eventSourceARN": "arn:d",
            "dynamodb": {
                "ApproximateCreationDateTime": 5.0, "Keys": {"Id": {"N": "101"}}, "SizeBytes": 26,
                "NewImage": {"Tags": {"SS": ["a", "b"]}, "On": {"BOOL": True}, "Id": {"N": "101"}},
            },
        }]},
        ["INSERT", "101", ["a", "b"], True, 5000, "arn:d"],
    ),
    "rest": (
        {
            "resource": "/", "path": "/p", "httpMethod": "GET", "queryStringParameters": {"q": "7"},
            "requestContext": {"identity": {"sourceIp": "127.0.0.9"}}, "isBase64Encoded": False,
        },
        {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": "GET /p 7 127.0.0.9"},
    ),
    "http": (
        {"version": "2.0", "rawPath": "/r", "requestContext": {"http": {"method": "PUT"}}, "isBase64Encoded": False},
        {"statusCode": 201, "body": "PUT /r", "isBase64Encoded": False},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EVENTS)
def test_the_events_of_the_library_are_taken(function, name):
    content = java.archive(with_libraries=("aws-lambda-java-core", "aws-lambda-java-events", "joda-time"))
    event, expected = EVENTS[name]
    answer = function(f"Events::{name}", content=content).invoke(event)
    assert answer.error is None, (answer.body, answer.log)
    assert answer.value == expected


def test_an_event_is_written_as_it_was_read(function):
    content = java.archive(with_libraries=("aws-lambda-java-core", "aws-lambda-java-events", "joda-time"))
    event = EVENTS["sqs"][0]
    assert function("Events::sqsBack", content=content).invoke(event).value == event


@pytest.mark.parametrize("runtime", ["java17", "java25"])
def test_a_started_ahead_process_is_like_any_other(function, runtime):
    content = java.archive(files={"file.txt": "7"}, with_libraries=("aws-lambda-java-core", "gson"))
    variables = {"COLOUR": "grün", "EMPTY": ""}
    look = function("Surroundings::look", java.need(runtime), content, Environment={"Variables": variables})
    for _ in range(2):
        seen = look.invoke({}).value
        assert seen["directory"] == "/var/task\n" and seen["absolute"] == "/var/task/file.txt"
        assert seen["listed"] is True and seen["read"] == ord("7")
        inherited = dict(line.split("=", 1) for line in seen["inherited"].splitlines())
        assert seen["variables"] == {name: value for name, value in inherited.items() if name not in ("PWD", "_")}
        assert seen["variables"]["COLOUR"] == "grün" and seen["variables"]["EMPTY"] == ""
        assert seen["variables"]["AWS_LAMBDA_FUNCTION_NAME"] == look.name and "LAMBENT_HANDOVER_FD" not in inherited
        assert seen["home"] == "/var/lang" and 400 << 20 < seen["heap"] < 440 << 20
        # The next environment finds one that has been started ahead, where this version of Java allows it.
        look.configure(Description="changed")


def test_options_of_the_function_win(function):
    content = java.archive(files={"file.txt": "7"}, with_libraries=("aws-lambda-java-core", "gson"))
    options = {"JAVA_TOOL_OPTIONS": "-Xmx100m -XX:+UseParallelGC -Dmine=1"}
    seen = function("Surroundings::look", content=content, Environment={"Variables": options}).invoke({}).value
    assert seen["heap"] < 101 << 20
    assert "-Dmine=1" in seen["flags"] and "-XX:+UseSerialGC" not in seen["flags"]


def test_layers_bring_libraries(function, aws):
    libraries = {f"java/{path}": content for path, content in java.library("gson").items()}
    layer = aws.publish_layer_version(LayerName="java-libraries", Content={"ZipFile": package(libraries)})
    try:
        look = function("Surroundings::context", Layers=[layer["LayerVersionArn"]])
        assert json.loads(look.invoke({}).value)["functionName"] == look.name
    finally:
        aws.delete_layer_version(LayerName="java-libraries", VersionNumber=layer["Version"])


def test_a_wrapper_starts_java(function):
    wrapper = '#!/bin/sh\nexport WRAPPED=yes\nexec "$@" --not-for-java\n'
    files = {"wrap": (wrapper, 0o755), "file.txt": "7"}
    content = java.archive(files=files, with_libraries=("aws-lambda-java-core", "gson"))
    look = function("Surroundings::look", content=content, Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrap"}})
    assert look.invoke({}).value["variables"]["WRAPPED"] == "yes"


def test_records_and_a_serializer_of_the_functions_own(function):
    runtime = java.need("java17", at_least=17)
    content = java.archive("java17", "17")
    answer = function("HandlerRecord", runtime, content).invoke({"x": 1, "y": 20, "message": "Hello World!"})
    assert (answer.value, "String found: Hello World!" in answer.log) == (21, True)
    answer = function("HandlerRecord::swap", runtime, content).invoke({"x": 1, "y": 20})
    assert answer.body == b'{"x":20,"y":1}'
    services = "META-INF/services/com.amazonaws.services.lambda.runtime.CustomPojoSerializer"
    own = java.archive("java17", "17", {services: "example.Serializer\n"})
    answer = function("HandlerOwn::handle", runtime, own).invoke(raw=b'{"a": 1}')
    assert answer.value == "own {'a': 1} as java.lang.String"
