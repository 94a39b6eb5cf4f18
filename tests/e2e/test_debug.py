"""`lambent dev --debug`: debuggers attach, and the function has all the time that it takes."""

import concurrent.futures
import json
import socket
import subprocess
import sys

import pytest
from test_dev import dev  # noqa: F401: a fixture

from kit import host
from kit.eventually import eventually

PYTHON = """\
import time
def handler(event, context):
    value = event["n"] * 2
    print("left", context.get_remaining_time_in_millis())
    return value
"""


def a_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Adapter:
    """A client of the Debug Adapter Protocol."""

    def __init__(self, port):
        self.stream = socket.create_connection(("127.0.0.1", port), 30).makefile("rwb")
        self.number = 0

    def send(self, command, **arguments):
        self.number += 1
        message = json.dumps({"seq": self.number, "type": "request", "command": command, "arguments": arguments})
        self.stream.write(f"Content-Length: {len(message)}\r\n\r\n{message}".encode())
        self.stream.flush()
        return self.number

    def receive(self):
        length = None
        while line := self.stream.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length is not None, "the debugger hung up"
        return json.loads(self.stream.read(length))

    def until(self, fits):
        while not fits(message := self.receive()):
            assert message.get("success", True), message
        return message

    def event(self, name):
        return self.until(lambda message: message["type"] == "event" and message["event"] == name).get("body")

    def ask(self, command, **arguments):
        number = self.send(command, **arguments)
        answer = self.until(lambda message: message["type"] == "response" and message["request_seq"] == number)
        assert answer["success"], answer
        return answer.get("body")

    def attach(self, *breakpoints):
        """Attaches with breakpoints of the form (path inside, line)."""
        self.ask("initialize", adapterID="test", clientID="test", pathFormat="path", linesStartAt1=True)
        self.send("attach", justMyCode=False)
        self.event("initialized")
        for path, line in breakpoints:
            self.ask("setBreakpoints", source={"path": path}, breakpoints=[{"line": line}])
        self.ask("configurationDone")


@pytest.fixture(scope="session")
def debugpy(tmp_path_factory):
    """A directory with debugpy, for the interpreter that functions run with."""
    newest = host.newest("python")
    (found,) = [line for line in host.tell("runtimes", "list").splitlines() if line.split()[0] == newest]
    program = found.partition("(")[2].rstrip(")")
    folder = tmp_path_factory.mktemp("debugpy")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder)]
    version = newest.removeprefix("python")
    wanted = ["--python-version", version, "--only-binary", ":all:", "debugpy==1.8.22"]
    done = subprocess.run([*command, *wanted], capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"debugpy cannot be installed for {program}: {done.stderr[-300:]}")
    return folder


def with_debugpy(session, debugpy):
    """Puts it into the function's directory, in one change."""
    beside = session.code.parent / "debugpy"
    subprocess.run(["cp", "-r", f"{debugpy}/debugpy", str(beside)], check=True)
    subprocess.run(["chmod", "-R", "a+rX", str(beside)], check=True)
    beside.rename(session.code / "debugpy")


@pytest.mark.parametrize("wait", [False, True])
def test_debugpy_stops_a_function_past_its_timeout(dev, debugpy, wait):  # noqa: F811
    port = a_port()
    flags = ["--debug-wait"] if wait else []
    session = dev({"app.py": PYTHON}, "--timeout", "2", "--debug", str(port), *flags)
    with session.change():
        with_debugpy(session, debugpy)
    function = session.function()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        if not wait:
            assert function.invoke({"n": 1}).value == 2
        # Whoever attaches before there is an environment waits for one.
        running = pool.submit(function.invoke, {"n": 21}) if wait else None
        client = Adapter(port)
        client.attach(("/var/task/app.py", 4))
        running = running or pool.submit(function.invoke, {"n": 21})
        stopped = client.event("stopped")
        assert stopped["reason"] == "breakpoint"
        thread = stopped["threadId"]
        frame = client.ask("stackTrace", threadId=thread)["stackFrames"][0]
        assert (frame["name"], frame["line"]) == ("handler", 4)
        assert client.ask("evaluate", expression="value", frameId=frame["id"])["result"] == "42"
        # Longer than the timeout.
        with pytest.raises(concurrent.futures.TimeoutError):
            running.result(3)
        client.ask("evaluate", expression="value = 43", frameId=frame["id"], context="repl")
        client.ask("continue", threadId=thread)
        assert running.result(30).value == 43
        client.ask("disconnect", terminateDebuggee=False)
    eventually(lambda: "[my-function] left " in session.log(), what="the log")
    # Whoever comes later finds the same process, which is not frozen.
    again = Adapter(port)
    again.ask("initialize", adapterID="test", clientID="test")


NODE_CLIENT = """
const http = require("node:http"), net = require("node:net"), crypto = require("node:crypto");
const port = Number(process.argv[2]);
// A websocket by hand: the client of older Node.js versions is behind a flag.
function open(path, onMessage) {
  const socket = net.connect(port, "127.0.0.1");
  const key = crypto.randomBytes(16).toString("base64");
  socket.write(`GET ${path} HTTP/1.1\\r\\nHost: 127.0.0.1:${port}\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n` +
    `Sec-WebSocket-Key: ${key}\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n`);
  let buffer = Buffer.alloc(0), upgraded = false;
  socket.on("data", (data) => {
    buffer = Buffer.concat([buffer, data]);
    if (!upgraded) {
      const end = buffer.indexOf("\\r\\n\\r\\n");
      if (end < 0) return;
      upgraded = true; buffer = buffer.subarray(end + 4); onMessage(null);
    }
    for (;;) {
      if (buffer.length < 2) return;
      let length = buffer[1] & 127, offset = 2;
      if (length === 126) { if (buffer.length < 4) return; length = buffer.readUInt16BE(2); offset = 4; }
      else if (length === 127) { if (buffer.length < 10) return; length = Number(buffer.readBigUInt64BE(2)); offset = 10; }
      if (buffer.length < offset + length) return;
      const text = buffer.subarray(offset, offset + length).toString(); buffer = buffer.subarray(offset + length);
      try { onMessage(JSON.parse(text)); } catch (error) { if (!(error instanceof SyntaxError)) throw error; }
    }
  });
  return { send(message) {
    const payload = Buffer.from(JSON.stringify(message)), mask = crypto.randomBytes(4);
    const head = payload.length < 126 ? Buffer.from([0x81, 0x80 | payload.length])
      : Buffer.from([0x81, 0xfe, payload.length >> 8, payload.length & 255]);
    socket.write(Buffer.concat([head, mask, Buffer.from(payload.map((byte, i) => byte ^ mask[i % 4]))]));
  }, end() { socket.end(); } };
}
http.get({ port, host: "127.0.0.1", path: "/json/list" }, (response) => {
  let body = ""; response.on("data", (data) => body += data);
  response.on("end", () => {
    const path = new URL(JSON.parse(body)[0].webSocketDebuggerUrl).pathname;
    let id = 0; const waiting = new Map();
    const client = open(path, (message) => {
      if (message === null) begin();
      else if (message.id) waiting.get(message.id)(message.result);
      else if (message.method === "Debugger.paused") paused(message.params);
    });
    const ask = (method, params = {}) => new Promise((resolve) => { waiting.set(++id, resolve); client.send({ id, method, params }); });
    async function begin() {
      await ask("Debugger.enable");
      await ask("Debugger.setBreakpointByUrl", { urlRegex: ".*/var/task/index.js", lineNumber: 2 });
      await ask("Runtime.runIfWaitingForDebugger");
      console.log("ready");
    }
    async function paused(params) {
      const frame = params.callFrames[0];
      if (!params.hitBreakpoints.length) return ask("Debugger.resume");
      const { result } = await ask("Debugger.evaluateOnCallFrame", { callFrameId: frame.callFrameId, expression: "value" });
      console.log("value", result.value);
      await new Promise((resolve) => setTimeout(resolve, 3000));
      await ask("Debugger.evaluateOnCallFrame", { callFrameId: frame.callFrameId, expression: "value = 43" });
      await ask("Debugger.resume");
      client.end();
    }
  });
});
"""


@pytest.mark.parametrize("wait", [False, True])
def test_the_inspector_stops_a_function_past_its_timeout(dev, tmp_path, wait):  # noqa: F811
    host.newest("nodejs")
    node = host.need("node")
    port = a_port()
    source = "exports.handler = async (event) => {\n  let value = event.n * 2;\n  return value;\n};\n"
    flags = ["--debug-wait"] if wait else []
    session = dev({"index.js": source}, "--timeout", "2", "--debug", str(port), *flags)
    function = session.function()
    script = tmp_path / "client.js"
    script.write_text(NODE_CLIENT)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = pool.submit(function.invoke, {"n": 21})
        if not wait:
            assert running.result(30).value == 42
        client = subprocess.Popen(["timeout", "60", node, str(script), str(port)], stdout=subprocess.PIPE, text=True)
        with client:
            assert client.stdout.readline() == "ready\n"
            running = running if wait else pool.submit(function.invoke, {"n": 21})
            assert client.stdout.readline() == "value 42\n"
            assert running.result(30).value == 43
            assert client.wait(30) == 0


def test_without_a_debugger_it_is_a_function_like_any_other(dev):  # noqa: F811
    host.newest("nodejs")
    session = dev(
        {"index.js": "exports.handler = async (event) => event.fail ? process.exit(3) : process.env.NODE_OPTIONS;"},
        "--debug",
        str(a_port()),
        "--env",
        "NODE_OPTIONS=--trace-warnings",
    )
    function = session.function()
    assert function.invoke({}).value == "--trace-warnings --inspect=127.0.0.1:9229"
    assert function.invoke({"fail": True}).error
    assert function.invoke({}).error is None
    with session.change():
        session.save("index.js", "exports.handler = async () => 'new';")
    assert function.invoke({}).value == "new"


def test_a_port_that_is_taken_is_told(tmp_path):
    (tmp_path / "app.py").write_text(PYTHON)
    host.newest("python")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [host.binary(), "dev", str(tmp_path), "--listen", "127.0.0.1:0", "--debug", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and f"cannot listen for a debugger on port {port}" in done.stderr
