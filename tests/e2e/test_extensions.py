"""Extensions: programs from layers that run beside the runtime, and threads of the runtime that register (AWS: Lambda Extensions API)."""

import json
import os
import textwrap
import time

import pytest

from kit import functions, host
from kit.eventually import eventually
from kit.functions import a_name
from kit.zips import package

# What an extension needs, in the standard library alone.
CLIENT = '''
import http.client, json, os, sys, time

class Extension:
    def __init__(self, name=None):
        self.name = name or os.path.basename(sys.argv[0])
        self.id = None

    def ask(self, method, path, headers=None, body=None, version="2020-01-01"):
        connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
        connection.request(method, f"/{version}{path}", None if body is None else json.dumps(body), headers or {})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, dict(answer.getheaders()), json.loads(text) if text else None

    def register(self, *events, **headers):
        headers = {"Lambda-Extension-Name": self.name, **headers}
        status, answered, body = self.ask("POST", "/extension/register", headers, {"events": events})
        self.id = answered.get("Lambda-Extension-Identifier")
        return status, body

    def next(self):
        return self.ask("GET", "/extension/event/next", {"Lambda-Extension-Identifier": self.id})

    def report(self, phase, kind):
        headers = {"Lambda-Extension-Identifier": self.id, "Lambda-Extension-Function-Error-Type": kind}
        return self.ask("POST", f"/extension/{phase}/error", headers, {})

def say(*words):
    print(*words, flush=True)
'''
HANDLER = """
    import json, os
    def handler(event, context):
        return event
"""
# Registers for both events and says what it gets.
WATCHER = """
me = Extension()
say("registered", me.register("INVOKE", "SHUTDOWN"))
while True:
    status, headers, event = me.next()
    say("event", json.dumps(event, sort_keys=True), status, "Lambda-Extension-Event-Identifier" in headers)
    if event["eventType"] == "SHUTDOWN":
        say("left", event["deadlineMs"] - time.time() * 1000)
        break
"""


def script(source):
    return "#!/usr/bin/python3\n" + CLIENT + textwrap.dedent(source)


@pytest.fixture
def server(fresh_lambent):
    """A server of the test's own, whose log holds what functions and extensions write."""
    return fresh_lambent("--function-logs")


@pytest.fixture
def accompanied(server):
    """`accompanied({name: script}, handler)` is a Python function with a layer of these extensions."""
    client = server.client()

    def make(extensions, handler=HANDLER, **options):
        files = {f"extensions/{name}": (content, 0o755) for name, content in extensions.items()}
        layer = client.publish_layer_version(LayerName=a_name("layer"), Content={"ZipFile": package(files)})
        options.setdefault("Timeout", 20)
        return functions.create(
            client,
            {"function.py": handler},
            host.newest("python"),
            "function.handler",
            Layers=[layer["LayerVersionArn"]],
            **options,
        )

    return make


def lines(server, word):
    return [line for line in server.log().splitlines() if word in line]


def logged(server, text):
    """Waits for `text` in the log, and returns the lines with it."""
    eventually(lambda: text in server.log(), what=f"{text!r} in the log")
    return lines(server, text)


def test_the_runtime_starts_once_every_extension_has_registered(accompanied):
    late = """
    time.sleep(1)
    open("/tmp/prepared", "w").close()
    me = Extension()
    me.register("INVOKE")
    while True:
        me.next()
    """
    handler = """
        import os
        FOUND = os.path.exists("/tmp/prepared")
        def handler(event, context):
            if event:
                os._exit(1)
            return FOUND
    """
    function = accompanied({"late": script(late)}, handler)
    assert function.invoke({}).value is True
    function.invoke({"exit": True})
    assert function.invoke({}).value is True, "an environment that is used again after a crash"


def test_an_extension_is_told_of_invocations_and_of_the_end(server, accompanied):
    function = accompanied({"watcher": script(WATCHER)})
    answers = [function.invoke({"n": n}) for n in range(3)]
    assert [answer.value for answer in answers] == [{"n": 0}, {"n": 1}, {"n": 2}]
    logged(server, "EXTENSION\tName: watcher\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n")
    eventually(lambda: len(lines(server, '"INVOKE"')) == 3, what="three events")
    for line, answer in zip(lines(server, '"INVOKE"'), answers):
        assert f'"requestId": "{answer.request_id}"' in line and line.endswith("200 True")
        assert f'"invokedFunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:{function.name}' in line
    # An update replaces the environment, which had been frozen.
    time.sleep(0.1)
    function.configure(Description="new")
    function.invoke()
    ends = eventually(lambda: lines(server, '"eventType": "SHUTDOWN"'), what="the end's event")
    assert all('"shutdownReason": "spindown"' in end for end in ends)
    left = eventually(lambda: lines(server, "left "), what="the extension's last words")
    assert 0 < float(left[0].split("left ")[1]) <= 2000


def test_what_an_extension_gets_at_its_start(server, accompanied):
    function = accompanied(
        {
            "curious": script("""
                me = Extension()
                say("answer", json.dumps(me.register("INVOKE", **{"Lambda-Extension-Accept-Feature": "accountId"})))
                say("where", os.getcwd(), "names", sorted(os.environ))
                say("own", os.environ["MINE"])
                me.next()
                while True: me.next()
            """)
        },
        Environment={"Variables": {"MINE": "variable"}},
    )
    function.invoke()
    (answer,) = logged(server, "answer [200, {")
    for part in (f'"functionName": "{function.name}"', '"functionVersion": "$LATEST"', '"handler": "function.handler"'):
        assert part in answer
    assert '"accountId": "000000000000"' in answer
    logged(server, "own variable")
    (where,) = lines(server, "where / names")
    names = where.split("names")[1]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "PATH"):
        assert f"'{name}'" in names
    for name in ("_HANDLER", "AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME", "LAMBDA_TASK_ROOT", "_X_AMZN_TRACE_ID"):
        assert f"'{name}'" not in names


def test_an_extension_may_be_a_shell_script(server, accompanied):
    if not os.path.exists("/usr/bin/curl"):
        pytest.skip("needs curl")
    shell = """#!/bin/sh
API=http://$AWS_LAMBDA_RUNTIME_API/2020-01-01/extension
ID=$(curl -s -i -X POST -H "Lambda-Extension-Name: shell" -d '{"events":["INVOKE"]}' $API/register |
    tr -d '\\r' | sed -n 's/^Lambda-Extension-Identifier: //p')
while true; do
    echo "shell got $(curl -s -H "Lambda-Extension-Identifier: $ID" $API/event/next)"
done
"""
    function = accompanied({"shell": shell})
    assert function.invoke([1]).value == [1]
    eventually(lambda: lines(server, 'shell got {"eventType":"INVOKE"'), what="the shell's event")


def test_the_answer_does_not_wait_for_the_extension_but_the_next_invocation_does(server, accompanied):
    function = accompanied(
        {
            "slow": script("""
                me = Extension()
                me.register("INVOKE")
                while True:
                    me.next()
                    say("begins")
                    time.sleep(3)
                    say("ends")
            """)
        }
    )
    function.invoke()
    eventually(lambda: lines(server, "ends"), what="the first event's end")
    began = time.monotonic()
    function.invoke()
    assert time.monotonic() - began < 2.5
    # It is busy now: this one needs an environment of its own, or the end of that work.
    function.invoke()
    eventually(lambda: len(lines(server, "ends")) >= 2, what="the work after the answer")


def test_initialisation_waits_for_the_extension(server, accompanied):
    function = accompanied(
        {"late": script('me = Extension()\nme.register("INVOKE")\ntime.sleep(1)\nsay("now ready")\nwhile True: me.next()')},
    )
    answer = function.invoke()
    assert answer.error is None
    logged(server, "REPORT RequestId")
    log = server.log()
    assert log.index("now ready") < log.index("START RequestId")
    report = next(line for line in log.splitlines() if "REPORT RequestId" in line)
    assert float(report.split("Init Duration: ")[1].split(" ")[0]) > 1000


@pytest.mark.parametrize(
    "body, kind, text",
    [
        ("sys.exit(3)", "Extension.Crash", "exit status 3"),
        ("sys.exit(0)", "Extension.Crash", "exit code 0"),
        ("os.kill(os.getpid(), 9)", "Extension.Crash", "signal: killed"),
        ('me = Extension(); me.register("INVOKE"); me.report("init", "Extension.Mine")', "Extension.InitError", "exit code 0"),
        ('me = Extension(); me.register("INVOKE"); me.report("exit", "Extension.Mine"); sys.exit(2)', "Extension.ExitError", "exit status 2"),
    ],
)
def test_an_extension_that_fails_at_its_start_fails_the_invocation(server, accompanied, body, kind, text):
    answer = accompanied({"broken": script(body)}).invoke()
    assert answer.error == "Unhandled"
    assert answer.value == {"errorType": kind, "errorMessage": f"RequestId: {answer.request_id} Error: {text}"}
    assert f"RequestId: {answer.request_id} Error: {text}\n{kind}\n" in answer.log
    logged(server, "EXTENSION\tName: broken\tState: ")
    if "Mine" in body:
        logged(server, "Events: [INVOKE]\tError Type: Extension.Mine\n")


def test_an_extension_that_cannot_be_started(server):
    client = server.client()
    for mode, content, text in [(0o644, "#!/bin/sh\n", "permission denied"), (0o755, "#!/no/such\n", "no such file or directory")]:
        layer = client.publish_layer_version(
            LayerName=a_name("layer"), Content={"ZipFile": package({"extensions/x": (content, mode)})}
        )
        function = functions.create(
            client, {"function.py": HANDLER}, host.newest("python"), "function.handler", Layers=[layer["LayerVersionArn"]]
        )
        answer = function.invoke()
        assert answer.value == {
            "errorType": "Extension.LaunchError",
            "errorMessage": f"RequestId: {answer.request_id} Error: fork/exec /opt/extensions/x: {text}",
        }


def test_an_extension_that_fails_in_an_invocation_fails_it(server, accompanied):
    function = accompanied(
        {"fragile": script('me = Extension()\nme.register("INVOKE")\nme.next()\nsys.exit(7)')},
        "import time\ndef handler(event, context):\n    time.sleep(15)\n",
    )
    answer = function.invoke()
    assert answer.value == {
        "errorType": "Extension.Crash",
        "errorMessage": f"RequestId: {answer.request_id} Error: exit status 7",
    }


def test_a_timeout_is_told_to_the_extension(server, accompanied):
    function = accompanied(
        {"watcher": script(WATCHER)}, "import time\ndef handler(event, context):\n    time.sleep(event)\n", Timeout=1
    )
    assert function.invoke(0).error is None
    answer = function.invoke(15)
    assert answer.value["errorType"] == "Sandbox.Timedout"
    eventually(lambda: lines(server, '"shutdownReason": "timeout"'), what="the end's event")
    assert function.invoke(0).error is None


def test_a_failure_of_the_runtime_is_told_to_the_extension(server, accompanied):
    function = accompanied(
        {"watcher": script(WATCHER)}, "import os\ndef handler(event, context):\n    if event: os._exit(4)\n"
    )
    assert function.invoke(0).error is None
    assert function.invoke(1).value["errorType"] == "Runtime.ExitError"
    eventually(lambda: lines(server, '"shutdownReason": "failure"'), what="the end's event")


def test_the_runtime_is_terminated_before_the_extension_is_told(server, accompanied):
    function = accompanied(
        {"watcher": script(WATCHER)},
        """
        import signal, sys
        def end(number, frame):
            print("terminated", flush=True)
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        def handler(event, context):
            return event
        """,
    )
    function.invoke()
    time.sleep(0.1)
    server.stop()
    log = server.log()
    assert 0 < log.index("terminated") < log.index('"shutdownReason": "spindown"')


def test_an_extension_that_does_not_end_is_killed_after_two_seconds(server, accompanied):
    function = accompanied(
        {
            "stubborn": script("""
                me = Extension()
                me.register("SHUTDOWN")
                say("got", me.next()[2]["eventType"])
                while True: time.sleep(1)
            """)
        }
    )
    function.invoke()
    began = time.monotonic()
    server.stop()
    assert lines(server, "got SHUTDOWN") and 1.5 < time.monotonic() - began < 10


def test_internal_extensions(server, accompanied):
    function = accompanied(
        {},
        CLIENT
        + textwrap.dedent("""
            import threading
            me = Extension("inside")
            REFUSED = me.register("INVOKE", "SHUTDOWN")
            REGISTERED = me.register("INVOKE")
            AGAIN = Extension("inside").register("INVOKE")
            EVENTS = []
            def listen():
                while True:
                    EVENTS.append(me.next()[2])
            threading.Thread(target=listen, daemon=True).start()
            def handler(event, context):
                deadline = time.time() + 5
                while not any(each["requestId"] == context.aws_request_id for each in EVENTS) and time.time() < deadline:
                    time.sleep(0.01)
                return [REFUSED, REGISTERED, AGAIN, EVENTS, Extension("late").register("INVOKE")]
        """),
    )
    answer = function.invoke()
    refused, registered, again, events, late = answer.value
    assert refused == [
        403,
        {
            "errorMessage": "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension",
            "errorType": "Extension.InvalidEventType",
        },
    ]
    assert registered[0] == 200 and registered[1]["functionName"] == function.name
    assert again == [
        403,
        {"errorMessage": "Extension with this name already registered", "errorType": "Extension.InvalidExtensionState"},
    ]
    assert [event["requestId"] for event in events] == [answer.request_id]
    assert late == [
        403,
        {"errorMessage": "Extension registration closed already", "errorType": "Extension.RegistrationClosed"},
    ]
    logged(server, "EXTENSION\tName: inside\tState: Ready\tEvents: [INVOKE]\n")
    eventually(lambda: len(function.invoke().value[3]) >= 2, what="an environment that is used again")


def test_refusals(server, accompanied):
    function = accompanied(
        {
            "asker": script("""
                me = Extension()
                def get(**headers): return me.ask("GET", "/extension/event/next", headers)
                answers = [
                    get(),
                    me.ask("GET", "/extension/event/next", {"Lambda-Extension-Identifier": "x"}),
                    me.ask("GET", "/extension/event/next", {"Lambda-Extension-Identifier": "8476a536-e9f4-11e8-9739-2dfe598c3fcd"}),
                    me.ask("POST", "/extension/register", {}, {"events": []}),
                    me.ask("POST", "/extension/register", {"Lambda-Extension-Name": "asker"}, {"events": ["RESTART"]}),
                    me.ask("POST", "/extension/register", {"Lambda-Extension-Name": "asker"}),
                ]
                me.register("INVOKE")
                answers.append(me.ask("POST", "/extension/register", {"Lambda-Extension-Name": "asker"}, {}))
                answers.append(me.ask("POST", "/extension/init/error", {"Lambda-Extension-Identifier": me.id}, {}))
                for status, _, body in answers:
                    say("refused", status, json.dumps(body, sort_keys=True))
                while True: me.next()
            """)
        }
    )
    function.invoke()
    logged(server, "Extension.MissingHeader")
    refused = [line.split("refused ")[1] for line in lines(server, "refused ")]
    expected = [
        ("Missing Lambda-Extension-Identifier header", "Extension.MissingExtensionIdentifier"),
        ("Invalid Lambda-Extension-Identifier", "Extension.InvalidExtensionIdentifier"),
        ("Unknown extension 8476a536-e9f4-11e8-9739-2dfe598c3fcd", "Extension.UnknownExtensionIdentifier"),
        ("Empty extension name", "Extension.InvalidExtensionName"),
        ("RESTART: ErrorInvalidEventType", "Extension.InvalidEventType"),
        ("unexpected end of JSON input", "InvalidRequestFormat"),
        (
            "State transition from Registered to Registered failed for extension asker. Error: State transition is not allowed",
            "Extension.InvalidExtensionState",
        ),
        ("Lambda-Extension-Function-Error-Type not found", "Extension.MissingHeader"),
    ]
    assert refused == [f'403 {{"errorMessage": "{text}", "errorType": "{kind}"}}' for text, kind in expected]


def test_a_function_of_its_own_extensions_leaves_nothing_behind(server, accompanied):
    """Each environment ends with its extensions: none outlives the server's wish."""
    function = accompanied({"watcher": script(WATCHER), "other": script('me = Extension()\nme.register()\nme.next()')})
    for _ in range(3):
        function.invoke()
        function.configure(Description=a_name())
    function.delete()
    eventually(lambda: server.health().get("environments", 0) == 0, what="the end of every environment")
    server.stop()
    assert len(lines(server, '"shutdownReason": "spindown"')) == 3


# Subscribes to telemetry at a server of its own, and writes what it gets to its log, one event a line.
LISTENER = """
import http.server, socket, threading
EVENTS, ASKED = [], []
class Taker(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        ASKED.append((self.path, self.headers["Content-Type"]))
        EVENTS.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()
    def log_message(self, *words): pass
server = http.server.ThreadingHTTPServer(("sandbox.localdomain", 8080), Taker)
threading.Thread(target=server.serve_forever, daemon=True).start()
me = Extension()
me.register("INVOKE", "SHUTDOWN")
BUFFERING = {"maxItems": 1000, "maxBytes": 262144, "timeoutMs": 25}
HTTP = {"protocol": "HTTP", "URI": "http://sandbox.localdomain:8080/path"}
def subscribe(version="2022-07-01", path="/telemetry", schema="2022-12-13", types=("platform", "function", "extension"), destination=HTTP, **more):
    body = {"schemaVersion": schema, "types": types, "destination": destination, "buffering": BUFFERING, **more}
    return me.ask("PUT", path, {"Lambda-Extension-Identifier": me.id}, body, version=version)
"""
# Waits for what is told of the invocation before it asks for the next.
TOLD = """
def told(kind, **record):
    return [e for e in EVENTS if e["type"] == kind and all(e["record"].get(k) == v for k, v in record.items())]
def show():
    while EVENTS:
        sys.stderr.write("told " + json.dumps(EVENTS.pop(0)) + "\\n")
    sys.stderr.flush()
while True:
    event = me.next()[2]
    if event["eventType"] == "SHUTDOWN":
        time.sleep(0.3)
        show()
        break
    deadline = time.time() + 5
    while not told("platform.report", requestId=event["requestId"]) and time.time() < deadline:
        time.sleep(0.01)
    show()
"""


def told(server):
    return [json.loads(line.split("told ", 1)[1]) for line in lines(server, "told {")]


def test_telemetry(server, accompanied):
    function = accompanied(
        {"listener": script(LISTENER + 'say("subscribed", subscribe()[0::2])\nsay("started")\n' + TOLD)},
        "def handler(event, context):\n    print('hello', event)\n    return [1, 2]\n",
    )
    answer = function.invoke(5)
    assert answer.value == [1, 2]
    logged(server, "subscribed (200, 'OK')")
    events = eventually(lambda: any(e["type"] == "platform.report" for e in told(server)) and told(server), what="the report")
    kinds = [event["type"] for event in events if event["type"].startswith("platform")]
    for kind in ("initStart", "telemetrySubscription", "initRuntimeDone", "extension", "initReport", "start", "runtimeDone", "report"):
        assert f"platform.{kind}" in kinds, kind
    assert "platform.end" not in kinds
    record = {event["type"]: event["record"] for event in events}
    assert record["platform.initStart"]["initializationType"] == "on-demand"
    assert record["platform.initStart"]["phase"] == "init"
    assert record["platform.initStart"]["functionName"] == function.name
    assert record["platform.telemetrySubscription"] == {
        "name": "listener",
        "state": "Subscribed",
        "types": ["platform", "function", "extension"],
    }
    assert record["platform.extension"] == {"name": "listener", "state": "Ready", "events": ["INVOKE", "SHUTDOWN"]}
    assert record["platform.start"] == {"requestId": answer.request_id, "version": "$LATEST", **only(record["platform.start"], "tracing")}
    done = record["platform.runtimeDone"]
    assert done["requestId"] == answer.request_id and done["status"] == "success" and done["metrics"]["producedBytes"] == 6
    metrics = record["platform.report"]["metrics"]
    assert metrics["memorySizeMB"] == 128 and metrics["billedDurationMs"] >= 1 and metrics["initDurationMs"] > 0
    assert "hello 5\n" in [event["record"] for event in events if event["type"] == "function"]
    assert "started\n" in [event["record"] for event in events if event["type"] == "extension"]
    assert all(len(event["time"]) == 24 and event["time"].endswith("Z") for event in events)


def only(record, name):
    return {name: record[name]} if name in record else {}


def test_telemetry_is_flushed_at_the_end_and_tells_of_failures(server, accompanied):
    function = accompanied(
        {"listener": script(LISTENER + 'BUFFERING["timeoutMs"] = 30000\nsubscribe(types=["platform"])\n' + TOLD.replace("+ 5", "+ 0"))},
        "import time\ndef handler(event, context):\n    time.sleep(event)\n",
        Timeout=1,
    )
    answer = function.invoke(15)
    assert answer.value["errorType"] == "Sandbox.Timedout"
    done = eventually(lambda: [e for e in told(server) if e["type"] == "platform.runtimeDone"], what="the telemetry")
    assert done[0]["record"]["status"] == "timeout"


def test_the_logs_api_by_tcp(server, accompanied):
    taker = """
listener = socket.create_server(("127.0.0.1", 9999))
def take():
    while True:
        connection, _ = listener.accept()
        for line in connection.makefile():
            EVENTS.append(json.loads(line))
threading.Thread(target=take, daemon=True).start()
subscribe("2020-08-15", "/logs", "2021-03-18", ["platform", "function"], {"protocol": "TCP", "port": 9999})
"""
    function = accompanied(
        {"listener": script(LISTENER + taker + TOLD)}, "def handler(event, context):\n    print('by tcp')\n"
    )
    function.invoke()
    events = eventually(lambda: any(e["type"] == "platform.report" for e in told(server)) and told(server), what="the report")
    kinds = {event["type"] for event in events}
    assert kinds == {
        "platform.logsSubscription",
        "platform.extension",
        "platform.start",
        "platform.runtimeDone",
        "platform.end",
        "platform.report",
        "function",
    }
    assert "by tcp\n" in [event["record"] for event in events if event["type"] == "function"]


def test_subscriptions_that_are_refused(server, accompanied):
    asker = """
answers = [
    subscribe(types=[], destination={"protocol": "HTTP", "URI": "http://sandbox.localdomain"}),
    subscribe("2020-08-15", "/logs", "2020-08-15", types=[]),
    subscribe(buffering={"timeoutMs": 1}),
    me.ask("PUT", "/telemetry", {}, {}, version="2022-07-01"),
]
me.next()
answers.append(subscribe())
for status, _, body in answers:
    say("refused", status, json.dumps(body, sort_keys=True))
while True: me.next()
"""
    accompanied({"listener": script(LISTENER + asker)}).invoke()
    refused = eventually(lambda: len(lines(server, "refused ")) == 5 and lines(server, "refused "), what="the answers")
    expected = [
        (400, "URI port is not provided; types should not be empty", "ValidationError"),
        (400, "types should not be empty", "Logs.ValidationError"),
        (400, "timeoutMs should be between 25 and 30000", "ValidationError"),
        (403, "Missing Lambda-Extension-Identifier header", "Extension.MissingExtensionIdentifier"),
        (403, "Telemetry API subscription is closed already", "Telemetry.SubscriptionClosed"),
    ]
    answers = [line.split("refused ")[1] for line in refused]
    assert answers == [
        f'{status} {{"errorMessage": "{text}", "errorType": "{kind}"}}' for status, text, kind in expected
    ]
