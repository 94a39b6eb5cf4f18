"""What was acknowledged survives `kill -9`; what was not is there wholly or not at all; nothing is left running.

Several threads create, update and delete functions and send events, each to functions of its own, so that each knows what must be
there. The server is killed in the middle of that, again and again. LAMBENT_SEED and LAMBENT_ROUNDS choose another course.
"""

import base64
import dataclasses
import hashlib
import os
import random
import threading
import urllib.request

import botocore.exceptions
import pytest

from kit import functions, host
from kit.eventually import eventually
from kit.functions import PACE, ROLE
from kit.zips import package

SEED = int(os.environ.get("LAMBENT_SEED", "1"))
ROUNDS = int(os.environ.get("LAMBENT_ROUNDS", "12"))
THREADS = 5
SOURCE = "import os\ndef handler(event, context):\n    return [{code}, int(os.environ['SETTING'])]\n"
LEDGER = """
import time
def handler(event, context):
    print("ran event", event["number"], "of", event["thread"])
    # The line is to be printed by the server before it is killed, once the event has been done with.
    time.sleep(0.1 + event["sleep"])
"""
# How a client sees a server that is killed.
DEAD = (botocore.exceptions.HTTPClientError, botocore.exceptions.EndpointConnectionError)


@dataclasses.dataclass(frozen=True)
class Version:
    """What makes one state of a function different from another."""

    code: int
    setting: int

    @property
    def archive(self):
        return package({"function.py": SOURCE.format(code=self.code)})

    @property
    def variables(self):
        return {"Variables": {"SETTING": str(self.setting)}}


class Worker:
    """Changes its own functions and remembers what it was told."""

    def __init__(self, number):
        self.number = number
        self.chance = random.Random(SEED * 1000 + number)
        # What each function is, as acknowledged; and what it may be, if the change under way at the kill was made. None: absent.
        self.known = {f"worker-{number}-{each}": None for each in range(3)}
        self.possible = dict(self.known)
        self.events = 0
        self.acknowledged = []
        self.fault = None

    def work(self, client):
        """Goes on until the server is dead."""
        try:
            while True:
                self.step(client)
        except DEAD:
            return
        except Exception as fault:
            self.fault = fault

    def step(self, client):
        name = self.chance.choice(list(self.known))
        present = self.known[name]
        fresh = self.chance.randrange(1_000_000)
        what = self.chance.choices(["event", "code", "setting", "delete"], [6, 3, 3, 1])[0]
        if what == "event":
            return self.send(client)
        if present is None:
            wanted = Version(fresh, fresh)
            change = lambda: client.create_function(
                FunctionName=name, Runtime=host.newest("python"), Handler="function.handler", Role=ROLE,
                Code={"ZipFile": wanted.archive}, Environment=wanted.variables,
            )  # fmt: skip
        elif what == "code":
            wanted = Version(fresh, present.setting)
            change = lambda: client.update_function_code(FunctionName=name, ZipFile=wanted.archive)
        elif what == "setting":
            wanted = Version(present.code, fresh)
            change = lambda: client.update_function_configuration(FunctionName=name, Environment=wanted.variables)
        else:
            wanted = None
            change = lambda: client.delete_function(FunctionName=name)
        self.possible[name] = wanted
        try:
            change()
        except client.exceptions.ResourceConflictException:
            # An update is in progress: refused, so nothing has changed.
            self.possible[name] = present
        else:
            self.known[name] = wanted

    def send(self, client):
        self.events += 1
        event = {"thread": self.number, "number": self.events, "sleep": self.chance.choice([0, 0, 0.05])}
        functions.Function(client, "ledger").send(event)
        self.acknowledged.append(self.events)

    def check(self, server, client):
        """Each function is as acknowledged, or as the change under way would have it; then that is what is known."""
        assert self.fault is None, self.fault
        for name in self.known:
            found = seen(server, client, name)
            assert found in (self.known[name], self.possible[name]), f"{name} is neither as acknowledged nor as asked for"
            self.known[name] = self.possible[name] = found


def seen(server, client, name):
    """The function as every way of looking at it shows it."""
    try:
        client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=PACE)
        client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig=PACE)
    except botocore.exceptions.WaiterError as error:
        if "ResourceNotFound" in str(error):
            return None
        raise
    shown = client.get_function(FunctionName=name)
    with urllib.request.urlopen(shown["Code"]["Location"]) as answer:
        archive = answer.read()
    configuration = shown["Configuration"]
    assert base64.b64encode(hashlib.sha256(archive).digest()).decode() == configuration["CodeSha256"]
    answer = functions.Function(client, name).invoke()
    assert answer.error is None, answer
    version = Version(*answer.value)
    assert archive == version.archive and configuration["Environment"] == version.variables
    return version


def interfere(server, workers, chance):
    """Lets the workers work for a moment, then kills the server. Returns what it had running."""
    client = server.client()
    threads = [threading.Thread(target=worker.work, args=(client,)) for worker in workers]
    for thread in threads:
        thread.start()
    # The moment of the kill is what the test is about; this is no wait for something to happen.
    threading.Event().wait(chance.uniform(0.05, 1.0))
    traces = server.kill()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return traces


def digests_in_use(client):
    pages = client.get_paginator("list_functions").paginate()
    return {base64.b64decode(each["CodeSha256"]).hex() for page in pages for each in page["Functions"]}


@pytest.mark.parametrize("seed", [SEED])
def test_nothing_acknowledged_is_lost_and_nothing_is_left_behind(fresh_lambent, seed):
    chance = random.Random(seed)
    server = fresh_lambent("--function-logs", "--event-time-scale", "60")
    functions.create(server.client(), {"function.py": LEDGER}, host.newest("python"), "function.handler", name="ledger", Timeout=30)
    workers = [Worker(number) for number in range(THREADS)]
    for _ in range(ROUNDS):
        traces = interfere(server, workers, chance)
        eventually(lambda: not traces.left(), what="the end of all processes and control groups of the killed server")
        server.start()
        client = server.client()
        for worker in workers:
            worker.check(server, client)
        names = {name for worker in workers for name, version in worker.known.items() if version}
        listed = {each["FunctionName"] for page in client.get_paginator("list_functions").paginate() for each in page["Functions"]}
        assert listed == names | {"ledger"}
    eventually(lambda: server.health()["pendingEvents"] == 0, 60, "the end of all events")
    log = server.log()
    ran = lambda worker, number: f"ran event {number} of {worker.number}\n" in log
    lost = [(worker.number, number) for worker in workers for number in worker.acknowledged if not ran(worker, number)]
    assert not lost, f"{len(lost)} acknowledged events never ran: {lost[:10]}"
    assert sum(len(worker.acknowledged) for worker in workers) > ROUNDS
    packages = lambda: {each.name for each in (server.data / "code").iterdir() if len(each.name) == 64}
    eventually(lambda: packages() == digests_in_use(server.client()), what="the removal of packages that nothing refers to")


def test_a_server_that_is_killed_while_functions_run_leaves_nothing(fresh_lambent):
    server = fresh_lambent("--function-logs")
    source = "import subprocess, time\ndef handler(e, c):\n    subprocess.Popen(['sleep', '600'])\n    print('began')\n    time.sleep(600)\n"
    function = functions.create(server.client(read_timeout=30), {"function.py": source}, host.newest("python"), "function.handler", Timeout=900)
    callers = [threading.Thread(target=lambda: pytest.raises(DEAD, function.invoke)) for _ in range(4)]
    for caller in callers:
        caller.start()
    eventually(lambda: server.log().count("began") == 4, what="four runs")
    traces = server.kill()
    assert len(traces.processes) >= 4 * 3, "each environment has an init, a runtime and its child"
    eventually(lambda: not traces.left(), what="the end of all processes and control groups of the killed server")
    for caller in callers:
        caller.join(10)
