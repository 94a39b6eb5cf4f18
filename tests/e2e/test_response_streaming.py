"""Answers that are passed on while the function writes them: InvokeWithResponseStream, and URLs that stream."""

import base64
import json
import signal
import socket

import pytest

from kit import functions, host
from kit.urls import Url, open_to_everyone

STREAM = """
    exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
        const wait = (ms) => new Promise((done) => setTimeout(done, ms));
        if (event.queryStringParameters) { event = event.queryStringParameters; }
        if (event.head) { stream = awslambda.HttpResponseStream.from(stream, JSON.parse(event.head)); }
        else if (event.type) { stream.setContentType(event.type); }
        if (event.early) { throw new TypeError('before anything'); }
        for (const word of (event.words || 'one two three').split(' ')) {
            stream.write(word + '\\n');
            await wait(Number(event.pause || 0));
        }
        if (event.megabytes) {
            const block = Buffer.alloc(1 << 20, 'x');
            for (let i = 0; i < Number(event.megabytes); i++) {
                if (!stream.write(block)) { await new Promise((done) => stream.once('drain', done)); }
            }
        }
        if (event.fail) { throw new TypeError('in the middle'); }
        if (event.exit) { process.exit(3); }
        if (event.sleep) { await wait(60000); }
        console.log('done', event.mark || '');
        stream.end();
    });
"""
PYTHON = """
    def handler(event, context):
        if event.get("fail"):
            raise ValueError("as asked")
        return {"statusCode": 201, "body": "hello"}
"""


def stream(aws, name, event, **options):
    """The chunks as they come, and the end."""
    answer = aws.invoke_with_response_stream(FunctionName=name, Payload=json.dumps(event), **options)
    chunks, end = [], None
    for each in answer["EventStream"]:
        if "PayloadChunk" in each:
            assert end is None
            chunks.append(each["PayloadChunk"]["Payload"])
        else:
            end = each["InvokeComplete"]
    return answer, b"".join(chunks), end


def test_a_stream_comes_in_chunks_and_ends(aws, nodejs):
    function = nodejs(STREAM)
    answer, body, end = stream(aws, function.name, {"mark": "here"}, LogType="Tail")
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert answer["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    assert body == b"one\ntwo\nthree\n" and "ErrorCode" not in end
    log = base64.b64decode(end["LogResult"]).decode()
    assert "done here" in log and "REPORT RequestId: " in log
    assert stream(aws, function.name, {})[2] == {}, "no log unless it is asked for"
    assert function.invoke({}).body == b"one\ntwo\nthree\n", "Invoke collects the same"


def test_a_function_that_does_not_stream_is_one_chunk(aws, python):
    function = python(PYTHON)
    _, body, end = stream(aws, function.name, {})
    assert (json.loads(body), end) == ({"statusCode": 201, "body": "hello"}, {})
    _, body, end = stream(aws, function.name, {"fail": True}, LogType="Tail")
    assert body == b"" and end["ErrorCode"] == "Unhandled"
    assert json.loads(end["ErrorDetails"])["errorType"] == "ValueError" and "LogResult" in end
    dry = aws.invoke_with_response_stream(FunctionName=function.name, InvocationType="DryRun")
    assert dry["StatusCode"] == 204


@pytest.mark.parametrize("how, details", [("early", "before anything"), ("fail", "in the middle"), ("exit", "truncated"), ("sleep", "timed out")])
def test_what_fails_in_the_middle_says_so_at_the_end(aws, nodejs, how, details):
    function = nodejs(STREAM, Timeout=2)
    _, body, end = stream(aws, function.name, {how: "1"})
    assert body == (b"" if how == "early" else b"one\ntwo\nthree\n")
    assert end["ErrorCode"] and details in end["ErrorDetails"], end
    assert stream(aws, function.name, {})[2] == {}, "the next invocation is served"


def test_the_same_is_refused_as_of_invoke(aws, nodejs):
    refused = lambda **options: pytest.raises(aws.exceptions.ClientError, aws.invoke_with_response_stream, **options).value.response
    assert refused(FunctionName="absent")["Error"]["Code"] == "ResourceNotFoundException"
    function = nodejs(STREAM)
    assert refused(FunctionName=function.name, Payload=b"{")["Error"]["Code"] == "InvalidRequestContentException"
    aws.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    throttled = refused(FunctionName=function.name)
    assert (throttled["Error"]["Code"], throttled["ResponseMetadata"]["HTTPStatusCode"]) == ("TooManyRequestsException", 429)


def test_more_than_6_mb_pass_and_more_than_200_do_not(aws, nodejs, lambent):
    function = nodejs(STREAM, Timeout=60, MemorySize=256)
    before = lambent.memory()
    _, body, end = stream(aws, function.name, {"megabytes": 50})
    assert (len(body), end) == (len(b"one\ntwo\nthree\n") + (50 << 20), {})
    _, body, end = stream(aws, function.name, {"megabytes": 201})
    assert len(body) == 200 << 20 and end["ErrorCode"] == "Function.ResponseSizeTooLarge"
    assert lambent.memory() - before < 64 << 20, "nothing of it is kept"
    assert stream(aws, function.name, {})[2] == {}


@pytest.fixture
def url(lambent, aws, nodejs):
    def create(source=STREAM, make=nodejs, **options):
        function = make(source, **options)
        created = aws.create_function_url_config(FunctionName=function.name, AuthType="NONE", InvokeMode="RESPONSE_STREAM")
        open_to_everyone(aws, function.name)
        made = Url(lambent, created["FunctionUrl"])
        made.function = function
        return made

    return create


def test_a_url_streams(url):
    asked = url()
    answer = asked.ask("/?type=text/plain")
    assert (answer.status, answer.headers["content-type"], answer.data) == (200, "text/plain", b"one\ntwo\nthree\n")
    assert "content-length" not in answer.headers
    assert asked.ask("/?words=one").headers["content-type"] == "application/octet-stream"
    head = {"statusCode": 418, "headers": {"Content-Type": "text/html", "X-A": "b"}, "cookies": ["a=1", "b=2"]}
    answer = asked.ask("/?" + "head=" + json.dumps(head).replace('"', "%22").replace(" ", ""))
    assert (answer.status, answer.headers["x-a"], answer.data) == (418, "b", b"one\ntwo\nthree\n")
    assert answer.headers["content-type"] == "text/html" and answer.headers.getlist("set-cookie") == ["a=1", "b=2"]


def test_the_first_word_is_there_before_the_last_is_written(url):
    """The function does not end by itself: a server that collects would answer at its timeout alone, and with an error."""
    asked = url(Timeout=8)
    with socket.create_connection(("127.0.0.1", asked.server.port), 30) as connection:
        connection.sendall(f"GET /?words=first&sleep=1 HTTP/1.1\r\nHost: {asked.host}\r\n\r\n".encode())
        received = b""
        while b"first\n" not in received:
            data = connection.recv(65536)
            assert data, received
            received += data
        assert received.startswith(b"HTTP/1.1 200 OK") and b"ransfer-encoding: chunked" in received.lower()


def test_a_url_breaks_off_what_fails_in_the_middle(url):
    asked = url()
    with socket.create_connection(("127.0.0.1", asked.server.port), 30) as connection:
        connection.sendall(f"GET /?fail=1 HTTP/1.1\r\nHost: {asked.host}\r\n\r\n".encode())
        received = b""
        while data := connection.recv(65536):
            received += data
    assert b"three\n" in received and not received.endswith(b"0\r\n\r\n"), "it must not look complete"
    assert asked.ask().status == 200


def test_a_buffered_function_behind_a_streaming_url_is_not_interpreted(url, python):
    answer = url(PYTHON, make=python).ask()
    assert (answer.status, answer.json()) == (200, {"statusCode": 201, "body": "hello"})
    assert answer.headers["content-type"] == "application/json"


def test_a_stopping_server_finishes_its_streams(fresh_lambent):
    server = fresh_lambent()
    aws = server.client()
    function = functions.create(aws, {"index.js": STREAM}, host.newest("nodejs"), "index.handler", Timeout=30)
    answer = aws.invoke_with_response_stream(FunctionName=function.name, Payload=json.dumps({"words": "a b c d", "pause": 500}))
    events = iter(answer["EventStream"])
    assert next(events)["PayloadChunk"]["Payload"] == b"a\n"
    server.signal(signal.SIGTERM)
    rest = list(events)
    assert b"".join(each["PayloadChunk"]["Payload"] for each in rest[:-1]) == b"b\nc\nd\n"
    assert rest[-1] == {"InvokeComplete": {}}
    server.wait()


def test_a_client_that_does_not_read_does_not_keep_the_server_alive(fresh_lambent):
    server = fresh_lambent()
    aws = server.client()
    function = functions.create(aws, {"index.js": STREAM}, host.newest("nodejs"), "index.handler", Timeout=3)
    created = aws.create_function_url_config(FunctionName=function.name, AuthType="NONE", InvokeMode="RESPONSE_STREAM")
    open_to_everyone(aws, function.name)
    asked = Url(server, created["FunctionUrl"])
    with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        connection.sendall(f"GET /?megabytes=100 HTTP/1.1\r\nHost: {asked.host}\r\n\r\n".encode())
        assert connection.recv(1)
        server.signal(signal.SIGTERM)
        assert server.wait() == 0, "the function is held up until its timeout, and the server no longer"
