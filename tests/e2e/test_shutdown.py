"""The end of a server, in its written order."""

import concurrent.futures
import signal
import socket

import botocore.exceptions
import pytest

from kit import functions, host
from kit.eventually import eventually
from kit.processes import Traces
from kit.raw import connect

SOURCE = """
import time
def handler(event, context):
    print("began")
    time.sleep(event["sleep"])
    return "finished"
"""


def busy(server, sleep, pool):
    """An invocation that runs now: the future of its answer."""
    function = functions.create(
        server.client(), {"function.py": SOURCE}, host.newest("python"), "function.handler", Timeout=120
    )
    running = pool.submit(function.invoke, {"sleep": sleep})
    eventually(lambda: "began" in server.log(), what="the invocation's start")
    return running


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    # A listener that closes resets what it had not taken yet.
    except (ConnectionRefusedError, ConnectionResetError):
        return False


def test_an_invocation_under_way_finishes_and_nothing_new_comes_in(fresh_lambent):
    server = fresh_lambent("--function-logs")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = busy(server, 1.5, pool)
        traces = Traces.of(server.process.pid)
        server.signal(signal.SIGTERM)
        eventually(lambda: not accepts(server.port), what="the end of listening")
        assert not running.done()
        assert running.result().value == "finished"
    assert server.wait() == 0
    eventually(lambda: not traces.left(), what="the end of all processes and control groups")
    with socket.create_server(("127.0.0.1", server.port)):
        pass


def test_a_second_signal_ends_it_at_once(fresh_lambent):
    server = fresh_lambent("--function-logs")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = busy(server, 60, pool)
        traces = Traces.of(server.process.pid)
        server.signal(signal.SIGTERM)
        eventually(lambda: "stopping" in server.log(), what="the first signal's effect")
        server.signal(signal.SIGTERM)
        server.wait(5)
        eventually(lambda: not traces.left(), what="the end of all processes and control groups")
        with pytest.raises(botocore.exceptions.HTTPClientError):
            running.result(10)
    assert not accepts(server.port)


def test_idle_connections_and_environments_hold_nothing_up(fresh_lambent):
    server = fresh_lambent()
    function = functions.create(server.client(), {"function.py": SOURCE}, host.newest("python"), "function.handler")
    assert function.invoke({"sleep": 0}).value == "finished"
    with connect(server) as silent:
        server.signal(signal.SIGTERM)
        assert server.wait(10) == 0
        assert silent.recv(1) == b""


def test_an_accepted_event_that_did_not_run_runs_after_the_restart(fresh_lambent):
    server = fresh_lambent("--function-logs", "--event-time-scale", "60")
    source = 'import pathlib\ndef handler(e, c):\n    print("trying", e["n"])\n    raise Exception("not today")\n'
    function = functions.create(server.client(), {"function.py": source}, host.newest("python"), "function.handler")
    function.send({"n": 7})
    eventually(lambda: "trying 7" in server.log(), what="the first try")
    server.restart()
    eventually(lambda: server.log().count("trying 7") == 3, 20, "the other tries")
