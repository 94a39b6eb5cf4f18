"""Functions that call AWS's APIs: the server's own, which every environment reaches at the same address inside."""

import concurrent.futures
import signal
import urllib.error
import urllib.request

import boto3
import botocore
import pytest

from kit import functions, host
from kit.eventually import eventually
from kit.sdk import sdk
from kit.server import Server
from kit.zips import package

# Asks the server with nothing but Python's own library: credentials that only look like some, and no signature.
CALL = '''
import http.client, json, os, time
from urllib.parse import urlsplit

def call(method, path, body=None, key=None, region=None, signed=True, headers={}):
    scope = f"{key or os.environ['AWS_ACCESS_KEY_ID']}/20260101/{region or os.environ['AWS_REGION']}/lambda/aws4_request"
    sent = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"}
    connection = http.client.HTTPConnection(urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc, timeout=60)
    connection.request(method, path, json.dumps(body), (sent if signed else {}) | headers)
    answer = connection.getresponse()
    return {"status": answer.status, "type": answer.headers.get("x-amzn-ErrorType"), "body": json.loads(answer.read() or "null")}

def invoke(name, event, **headers):
    return call("POST", f"/2015-03-31/functions/{name}/invocations", event, headers=headers)

def names(**options):
    return [each["FunctionName"] for each in call("GET", "/2015-03-31/functions", **options)["body"]["Functions"]]
'''
RELAY = f"""{CALL}
def handler(event, context):
    print("began")
    time.sleep(event.get("sleep", 0))
    return invoke(event["to"], event["event"])
"""
ECHO = """
import time
def handler(event, context):
    print("asked", str(event)[:100])
    time.sleep(event.get("sleep", 0))
    print("finished", event)
    return {"echo": event}
"""
KEYS = """
[[credentials]]
access-key = "AKIDONE"
secret-key = "first secret"
account = "111111111111"

[[credentials]]
access-key = "AKIDTWO"
secret-key = "second secret"
account = "222222222222"
"""


@pytest.fixture
def caller(python):
    """A function that does what the event says, in the words of CALL: `caller("names()")`."""
    function = python(f"{CALL}\ndef handler(event, context):\n    return eval(event['do'])\n", Timeout=60)

    def ask(what):
        answer = function.invoke({"do": what})
        assert answer.error is None, answer
        return answer.value

    ask.function = function
    return ask


def test_a_function_invokes_another(python):
    echo, relay = python(ECHO), python(RELAY, Timeout=60)
    answer = relay.invoke({"to": echo.name, "event": {"n": 1}}).value
    assert answer == {"status": 200, "type": None, "body": {"echo": {"n": 1}}}
    large = {"large": "x" * 5_000_000}
    assert relay.invoke({"to": echo.name, "event": large}).value["body"] == {"echo": large}
    assert relay.invoke({"to": "absent", "event": {}}).value["type"] == "ResourceNotFoundException"


def test_a_function_lists_and_sends_events(python, caller, lambent):
    echo = python(ECHO)
    assert {echo.name, caller.function.name} <= set(caller("names()"))
    sent = caller(f"""invoke({echo.name!r}, {{"n": 2}}, **{{"X-Amz-Invocation-Type": "Event"}})""")
    assert sent == {"status": 202, "type": None, "body": None}
    eventually(lambda: "asked {'n': 2}" in lambent.log(), what="the event")


def test_a_function_invokes_itself(python):
    function = python(f"""{CALL}
def handler(event, context):
    if event["n"] == 0:
        return 1
    return event["n"] * invoke(context.function_name, {{"n": event["n"] - 1}})["body"]
""", Timeout=60)  # fmt: skip
    assert function.invoke({"n": 5}).value == 120


def test_a_function_that_reserved_itself_is_refused_and_does_not_wait(python):
    function = python(f"{CALL}\ndef handler(event, context):\n    return invoke(context.function_name, {{}})\n", Timeout=60)
    function.client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=1)
    answer = function.invoke().value
    assert (answer["status"], answer["type"]) == (429, "TooManyRequestsException")


def test_the_caller_is_the_functions_account_whatever_it_says(lambent, make):
    one, two = lambent.client("111111111111"), lambent.client("222222222222")
    source = {"function.py": f"{CALL}\ndef handler(event, context):\n    return names(**event)\n"}
    first, second = (
        make(source, host.newest("python"), "function.handler", client=client, Timeout=60) for client in (one, two)
    )
    assert first.invoke({}).value == [first.name]
    assert first.invoke({"key": "222222222222"}).value == [first.name]
    assert second.invoke({"key": "111111111111"}).value == [second.name]
    assert second.invoke({"key": "AKIDEXAMPLE"}).value == [second.name]
    assert first.invoke({"region": "eu-west-1"}).value == [], "the region is the caller's"


def test_it_works_where_signatures_are_verified(fresh_lambent, tmp_path):
    config = tmp_path / "lambent.toml"
    config.write_text(KEYS)
    server = fresh_lambent("--config", str(config))
    client = boto3.client(
        "lambda", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="AKIDONE", aws_secret_access_key="first secret"
    )
    source = {"function.py": f"{CALL}\ndef handler(event, context):\n    return names(**event)\n"}
    function = functions.create(client, source, host.newest("python"), "function.handler", Timeout=60)
    for key in (None, "AKIDONE", "AKIDTWO", "222222222222", "AKIDSTRANGER"):
        assert function.invoke({"key": key}).value == [function.name], key
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.url}/2015-03-31/functions", timeout=10)
    assert refused.value.code == 403, "outside nothing has changed"


def test_calls_are_answered_during_initialisation_too(python):
    function = python(f"{CALL}\nLISTED = names()\ndef handler(event, context):\n    return LISTED\n")
    assert function.name in function.invoke().value


def test_what_is_not_for_functions_is_not_there(caller):
    assert caller("call('GET', '/2015-03-31/functions', signed=False)")["type"] == "MissingAuthenticationTokenException"
    assert caller("call('GET', '/_lambent/health')")["status"] == 404
    code = f"call('GET', '/2015-03-31/functions/{caller.function.name}')['body']['Code']['Location']"
    assert caller(f"len(__import__('urllib.request').request.urlopen({code}).read()) > 100"), "its own code is"


def test_an_sdk_needs_nothing_told(make):
    """boto3 as anybody packs it, without a word about endpoints, regions or credentials."""
    source = """
import boto3
def handler(event, context):
    client = boto3.client("lambda")
    listed = [each["FunctionName"] for each in client.list_functions()["Functions"]]
    answer = client.invoke(FunctionName=event["to"], Payload=b'{"n": 3}')
    stream = client.invoke_with_response_stream(FunctionName=event["to"], Payload=b'{"n": 4}')["EventStream"]
    pieces = [each["PayloadChunk"]["Payload"].decode() for each in stream if "PayloadChunk" in each]
    return {"listed": listed, "answers": [answer["Payload"].read().decode(), *pieces], "endpoint": client.meta.endpoint_url}
"""
    echo = make({"function.py": ECHO}, host.newest("python"), "function.handler")
    function = make(
        {"function.py": source} | sdk(), host.newest("python"), "function.handler", Timeout=60, MemorySize=512
    )
    saw = function.invoke({"to": echo.name}).value
    assert {echo.name, function.name} <= set(saw["listed"])
    assert saw["answers"] == ['{"echo": {"n": 3}}', '{"echo": {"n": 4}}']
    assert saw["endpoint"] == "http://127.0.0.1:4566"


def test_a_function_in_node_invokes_another(python, nodejs):
    echo = python(ECHO)
    function = nodejs("""
const http = require('http');
exports.handler = (event) => new Promise((resolve, reject) => {
  const scope = `${process.env.AWS_ACCESS_KEY_ID}/20260101/${process.env.AWS_REGION}/lambda/aws4_request`;
  const headers = {Authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=${'0'.repeat(64)}`};
  const url = `${process.env.AWS_ENDPOINT_URL}/2015-03-31/functions/${event.to}/invocations`;
  const request = http.request(url, {method: 'POST', headers}, (answer) => {
    const pieces = [];
    answer.on('data', (piece) => pieces.push(piece)).on('end', () => resolve(Buffer.concat(pieces).toString()));
  });
  request.on('error', reject).end(JSON.stringify({n: 4}));
});
""", Timeout=60)  # fmt: skip
    assert function.invoke({"to": echo.name}).value == '{"echo": {"n": 4}}'


def test_the_functions_own_variable_wins(python):
    source = "import os\ndef handler(event, context):\n    return os.environ['AWS_ENDPOINT_URL']\n"
    own = python(source, Environment={"Variables": {"AWS_ENDPOINT_URL": "http://elsewhere:1"}})
    assert own.invoke().value == "http://elsewhere:1"
    assert python(source).invoke().value == "http://127.0.0.1:4566"


def test_what_a_function_invoked_outlives_its_timeout(python, lambent):
    echo, relay = python(ECHO, Timeout=30), python(RELAY, Timeout=2)
    answer = relay.invoke({"to": echo.name, "event": {"sleep": 4, "of": relay.name}})
    assert "Task timed out after 2.00 seconds" in answer.value["errorMessage"]
    eventually(lambda: f"finished {{'sleep': 4, 'of': '{relay.name}'}}" in lambent.log(), 20, "the end of what it invoked")


def test_a_function_can_delete_itself(python):
    function = python(f"""{CALL}
def handler(event, context):
    return call("DELETE", f"/2015-03-31/functions/{{context.function_name}}")["status"]
""", Timeout=60)  # fmt: skip
    assert function.invoke().value == 204
    with pytest.raises(function.client.exceptions.ResourceNotFoundException):
        function.configuration()


def test_more_connections_than_there_is_room_for_harm_nobody(python, caller):
    hoarder = python(f"""{CALL}
import socket
def handler(event, context):
    address = urlsplit(os.environ["AWS_ENDPOINT_URL"])
    held = [socket.create_connection((address.hostname, address.port), 20) for _ in range(300)]
    for each in held:
        each.close()
    return len(names()) > 0
""", Timeout=60, MemorySize=512)  # fmt: skip
    with concurrent.futures.ThreadPoolExecutor() as pool:
        hoarding = pool.submit(hoarder.invoke)
        while not hoarding.done():
            assert caller.function.name in caller("names()")
    assert hoarding.result().value is True


def test_bodies_that_never_end_use_up_nobody_elses_room(python, caller):
    echo = python(ECHO)
    hoarder = python(f"""{CALL}
import socket
def handler(event, context):
    address = urlsplit(os.environ["AWS_ENDPOINT_URL"])
    credential = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0"
    lines = ["POST /2015-03-31/functions HTTP/1.1", "Host: a", f"Authorization: {{credential}}", "Content-Length: 60000000", "", ""]
    held = [socket.create_connection((address.hostname, address.port), 20) for _ in range(20)]
    for each in held:
        each.sendall((chr(13) + chr(10)).join(lines).encode() + b"x" * 100_000)
    time.sleep(4)
    return len(held)
""", Timeout=60)  # fmt: skip
    with concurrent.futures.ThreadPoolExecutor() as pool:
        hoarding = pool.submit(hoarder.invoke)
        while not hoarding.done():
            answer = caller(f"len(invoke({echo.name!r}, {{'large': 'x' * 1_000_000}})['body']['echo']['large'])")
            assert answer == 1_000_000
    assert hoarding.result().value == 20


def test_what_a_function_calls_while_the_server_stops_is_answered(fresh_lambent):
    server = fresh_lambent("--function-logs")
    create = lambda source: functions.create(server.client(), {"function.py": source}, host.newest("python"), "function.handler", Timeout=60)
    echo, relay = create(ECHO), create(RELAY)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = pool.submit(relay.invoke, {"to": echo.name, "event": {"n": 5}, "sleep": 2})
        eventually(lambda: "began" in server.log(), what="the invocation's start")
        server.signal(signal.SIGTERM)
        eventually(lambda: "stopping" in server.log(), what="the signal's effect")
        assert running.result().value["body"] == {"echo": {"n": 5}}
    assert server.wait() == 0


def test_a_caller_that_went_away_holds_up_no_stop(fresh_lambent):
    """Nobody waits for this invocation. It ends when it likes, and what it calls by then is answered or refused, but not kept waiting."""
    server = fresh_lambent("--function-logs")
    source = f"{CALL}\ndef handler(event, context):\n    time.sleep(2)\n    print('told', invoke('any', {{}})['status'])\n"
    function = functions.create(server.client(read_timeout=1), {"function.py": source}, host.newest("python"), "function.handler", Timeout=60)
    with pytest.raises(botocore.exceptions.ReadTimeoutError):
        function.invoke()
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
    assert "told" in server.log()
