"""AWS's own runtime clients, unmodified, as functions that bring their own program: awslambdaric, aws-lambda-ric, lambda_runtime and
aws-lambda-go. Each is the same function, which does what its event says, and each is asked the same."""

import dataclasses
import json
import os
import pathlib
import shutil

import pytest
from kit import host, packages
from test_go import built

PYTHON = """
import os, sys, time

class CustomError(Exception):
    pass

def handler(event, context):
    text = event.get("text", "")
    print("logged", text[:20])
    what = event.get("what")
    if what == "fail":
        raise CustomError(text)
    if what == "exit":
        sys.exit(3)
    if what == "sleep":
        time.sleep(60)
    if what == "context":
        return {
            "request": context.aws_request_id,
            "arn": context.invoked_function_arn,
            "name": context.function_name,
            "memory": context.memory_limit_in_mb,
            "left": context.get_remaining_time_in_millis(),
            "client": context.client_context.custom,
        }
    return {"echo": event}
"""
NODE = """
class CustomError extends Error {
    constructor(text) { super(text); this.name = 'CustomError'; }
}
exports.handler = async (event, context) => {
    const text = event.text || '';
    console.log('logged', text.slice(0, 20));
    if (event.what === 'fail') { throw new CustomError(text); }
    if (event.what === 'exit') { process.exit(3); }
    if (event.what === 'sleep') { await new Promise((done) => setTimeout(done, 60000)); }
    if (event.what === 'context') {
        return {
            request: context.awsRequestId,
            arn: context.invokedFunctionArn,
            name: context.functionName,
            memory: context.memoryLimitInMB,
            left: context.getRemainingTimeInMillis(),
            client: context.clientContext.custom,
        };
    }
    return { echo: event };
};
exports.stream = awslambda.streamifyResponse(async (event, stream) => {
    for (const word of ['one', 'two', 'three']) { stream.write(word + '\\n'); }
    if (event.what === 'fail') { throw new CustomError('in the middle'); }
    stream.end();
});
"""
SYSTEM_PYTHON = "/usr/bin/python3"


@dataclasses.dataclass(frozen=True)
class Client:
    """A function on one of the clients."""

    files: dict
    handler: str = "function.handler"
    # How its error is told, beyond type and message.
    trace: str | None = None
    # What makes a function that streams of it; without, the client cannot.
    streams: dict | None = None


def python():
    files = packages.files(packages.folder("python-client")) | {"function.py": PYTHON}
    version = pathlib.Path(SYSTEM_PYTHON).resolve().name.removeprefix("python").replace(".", "")
    if not any(f"cpython-{version}-" in name for name in files):
        pytest.skip(f"awslambdaric is not installed for {SYSTEM_PYTHON}")
    script = f"#!/bin/sh\nexec {SYSTEM_PYTHON} -m awslambdaric $_HANDLER\n"
    return Client(files | {"bootstrap": (script, 0o755)}, trace="stackTrace")


def node():
    program = shutil.which("node", path="/usr/bin:/usr/local/bin")
    if not program:
        pytest.skip("there is no Node.js that functions see")
    root = packages.folder("node-client")
    files = packages.files(root, "node_modules/aws-lambda-ric/dist", "node_modules/aws-lambda-ric/bin", "node_modules/aws-lambda-ric/package.json")
    script = f"#!/bin/sh\nexec {program} node_modules/aws-lambda-ric/bin/index.mjs $_HANDLER\n"
    return Client(files | {"function.js": NODE, "bootstrap": (script, 0o755)}, trace="trace", streams={"handler": "function.stream"})


def rust():
    program = pathlib.Path(os.environ.get("LAMBENT_RUST_FUNCTION") or host.REPOSITORY / "target/clients-rust/debug/lambent-function-test")
    if not program.is_file():
        pytest.skip("the function in Rust is not built; scripts/test does it")
    files = {"bootstrap": (program.read_bytes(), 0o755)}
    return Client(files, streams={"Environment": {"Variables": {"STREAMS": "1"}}})


@pytest.fixture(scope="session")
def go_program(tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "go"
    folder.mkdir(exist_ok=True)
    return lambda: built("go", str(folder))


@pytest.fixture(params=["awslambdaric", "aws-lambda-ric", "lambda_runtime"])
def client(request, make):
    """`client()` is a function on one of the clients; `client.of` says what is particular to it."""
    of = {"awslambdaric": python, "aws-lambda-ric": node, "lambda_runtime": rust}[request.param]()

    def create(**options):
        options = {"MemorySize": 256, "Timeout": 30} | options
        return make(of.files, "provided.al2023", options.pop("handler", of.handler), **options)

    create.of = of
    return create


def test_it_answers_and_logs(client):
    function = client()
    for number, text in enumerate(("Ada", "Grace", "Łucja")):
        event = {"text": text, "number": number}
        answer = function.invoke(event)
        assert answer.error is None and answer.value == {"echo": event}, answer
        assert f"logged {text}" in answer.log


def test_its_context_tells_who_and_how_long(client):
    function = client()
    answer = function.invoke({"what": "context"}, ClientContext="eyJjdXN0b20iOiB7ImEiOiAiYiJ9fQ==")
    seen = answer.value
    assert seen["request"] == answer.request_id and seen["arn"].endswith(f":function:{function.name}")
    assert (seen["name"], seen["memory"], seen["client"]) == (function.name, "256", {"a": "b"})
    assert 20_000 < seen["left"] <= 30_000


def test_its_errors_are_told(client):
    function = client()
    answer = function.invoke({"what": "fail", "text": "as asked"})
    assert answer.error == "Unhandled" and (answer.value["errorType"], answer.value["errorMessage"]) == ("CustomError", "as asked")
    assert client.of.trace is None or answer.value[client.of.trace]
    assert function.invoke({"text": "again"}).value == {"echo": {"text": "again"}}


def test_its_exit_is_told_with_its_status(client):
    function = client()
    answer = function.invoke({"what": "exit"})
    assert answer.error == "Unhandled" and answer.value["errorType"] == "Runtime.ExitError"
    assert answer.value["errorMessage"] == f"RequestId: {answer.request_id} Error: Runtime exited with error: exit status 3"
    assert function.invoke({"text": "again"}).value == {"echo": {"text": "again"}}


def test_six_megabytes_pass_both_ways(client):
    event = {"text": "x" * 5_900_000}
    answer = client().invoke(event)
    assert answer.error is None and answer.value == {"echo": event}


def test_its_time_is_up_when_it_is_up(client):
    function = client(Timeout=2)
    assert function.invoke({"text": "first"}).error is None
    answer = function.invoke({"what": "sleep"})
    assert answer.value == {"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: {answer.request_id} Error: Task timed out after 2.00 seconds"}
    assert function.invoke({"text": "again"}).value == {"echo": {"text": "again"}}


def test_its_answers_stream(aws, client):
    if client.of.streams is None:
        pytest.skip("this client does not stream")
    function = client(**client.of.streams)
    body, end = streamed(aws, function, {})
    # The client for Rust writes the head of an HTTP answer first.
    assert body.rpartition(b"\0")[2] == b"one\ntwo\nthree\n" and "ErrorCode" not in end
    body, end = streamed(aws, function, {"what": "fail"})
    assert body.rpartition(b"\0")[2].startswith(b"one\ntwo\nthree\n")
    # The client for Rust writes its trailers into the body.
    assert "ErrorCode" in end or b"Lambda-Runtime-Function-Error-Type" in body


def test_a_panic_in_rust_is_told(make):
    function = make(rust().files, "provided.al2023", "any", Timeout=30)
    answer = function.invoke({"what": "panic", "text": "lost"})
    assert answer.error == "Unhandled" and "lost" in answer.value["errorMessage"]
    assert function.invoke({"text": "again"}).value == {"echo": {"text": "again"}}


def test_go_streams_and_its_time_is_up(aws, make, go_program):
    """The rest of what aws-lambda-go does is in test_go.py."""
    function = make({"bootstrap": (go_program(), 0o755)}, "provided.al2023", "bootstrap", Timeout=2)
    body, end = streamed(aws, function, {"what": "stream"})
    assert body == b"one\ntwo\nthree\n" and "ErrorCode" not in end
    assert function.invoke({"what": "sleep"}).value["errorMessage"].endswith("Task timed out after 2.00 seconds")
    assert function.invoke({"name": "again"}).value == "Hello again!"


def streamed(aws, function, event):
    """What came, and how it ended."""
    answer = aws.invoke_with_response_stream(FunctionName=function.name, Payload=json.dumps(event))
    events = list(answer["EventStream"])
    return b"".join(each["PayloadChunk"]["Payload"] for each in events if "PayloadChunk" in each), events[-1]["InvokeComplete"]
