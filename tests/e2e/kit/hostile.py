"""Functions that mean harm: what they do, and how a server is watched while they do it."""

import concurrent.futures
import contextlib
import dataclasses
import itertools
import pathlib
import time

from kit import functions, host
from kit.eventually import eventually
from kit.processes import Traces, command_line, everyone

# The neighbours' answers may take this long on a machine that is busy with other things, too.
PATIENCE = 3.0
# A new environment joins control groups. Where these are version 1 the kernel lets it wait for every fork that is under way on the
# host, also for that of a process which has used up its share: seconds, beside a function that does nothing but fork.
PATIENCE_BESIDE_FORKS = 10.0
# What the answer to a hostile function may take beyond its timeout, for the same reason.
SLACK = 5.0
# What the server may grow by for the sake of one hostile function: one answer of 6 MB and what arrives with it, a few times over.
GROWTH = 64 << 20
_marks = itertools.count(1)

# What every hostile function can use. `attack` is its own.
PRELUDE = """
import ctypes, errno, os, resource, signal, socket, struct, subprocess, sys, threading, time, traceback

API = ("127.0.0.1", 9001)

def connect():
    return socket.create_connection(API, 5)

def post(path, *lines):
    head = [f"POST /2018-06-01/runtime/{path} HTTP/1.1", "Host: 127.0.0.1:9001", *lines, "", ""]
    return "\\r\\n".join(head).encode()

def own(context):
    return f"invocation/{context.aws_request_id}/response"

def in_children(count, work):
    children = []
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            try:
                work()
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(0)
        children.append(pid)
    return children

def refused(attempt, *arguments):
    try:
        return attempt(*arguments)
    except (OSError, ValueError) as error:
        return type(error).__name__

def handler(event, context):
    if "mark" in event:
        with open("/proc/self/comm", "w") as name:
            name.write(event["mark"])
        return "marked"
    return attack(context)
"""


@dataclasses.dataclass
class Outcome:
    """How a hostile function fared."""

    answer: functions.Answer
    # Seconds until it was answered, the longest that the neighbour waited meanwhile and afterwards, and that a new one waited.
    took: float
    neighbour: float
    newcomer: float


class Street:
    """A server, a function that must go on answering whatever happens beside it, and hostile ones that come and go."""

    def __init__(self, server):
        self.server = server
        self.client = server.client()
        self.neighbour = self.live_here()
        self.starter = self.starters()

    def live_here(self):
        source = "def handler(event, context): return {'well': event['number']}\n"
        return functions.create(self.client, {"function.py": source}, host.newest("python"), "function.handler", Timeout=30)

    def starters(self):
        """The processes that the server makes environments with: one."""
        children = {pid for pid, (parent, _) in everyone().items() if parent == self.server.process.pid}
        return {pid for pid in children if "__starter" in command_line(pid)}

    def suffer(self, source, what="attack", newcomers=PATIENCE, **options):
        """Lets a function with `source` attack, and shows that it harmed nobody and that nothing of it is left."""
        options = {"Timeout": 5, "MemorySize": 512} | options
        files = {"function.py": PRELUDE + "\n" + source}
        hostile = functions.create(self.client, files, host.newest("python"), "function.handler", **options)
        self.greet(self.neighbour)
        before = self.server.memory()
        with contextlib.ExitStack() as at_the_end:
            at_the_end.callback(delete, hostile)
            traces = self.mark(hostile) if what == "attack" else []
            outcome = self.watch(lambda: hostile.invoke({}), options["Timeout"])
            # It is as welcome as before, whatever became of its environment. One that it has left full is its own to suffer from; it
            # does so once.
            if what == "attack":
                if (answer := hostile.invoke({"mark": "again"})).error is not None:
                    assert answer.value["errorMessage"].endswith("signal: killed"), answer
                traces += self.mark(hostile)
            self.check(outcome, options["Timeout"], newcomers)
        for each in traces:
            eventually(lambda each=each: not each.left(), 20, "the end of the hostile function's processes and control groups")
        grown = self.server.memory() - before
        assert grown < GROWTH, f"the server grew by {grown >> 20} MB"
        assert self.starter == self.starters(), "the starter ended"
        print(f"{outcome.took:.2f} s, neighbours {outcome.neighbour:.2f} s and {outcome.newcomer:.2f} s, grown by {grown >> 10} kB: {outcome.answer.body[:200]}")
        return outcome.answer

    def mark(self, hostile):
        """The environments of a hostile function at this moment: what must be gone when it is deleted."""
        mark = f"hostile-{next(_marks)}"
        answer = hostile.invoke({"mark": mark})
        assert answer.error is None and answer.value == "marked", answer
        return [Traces.of(init, itself=True) for init in self.inits_with(mark)]

    def inits_with(self, mark):
        """The first processes of the environments in which a process has this name."""
        processes, found = everyone(), set()
        for pid in Traces.of(self.server.process.pid).processes:
            if name_of(pid) == mark:
                while pid in processes and processes[pid][0] not in self.starter:
                    pid = processes[pid][0]
                found.add(pid)
        assert found, f"no process is named {mark}"
        return found

    def watch(self, attack, timeout):
        """Calls on the neighbours for as long as `attack()` runs."""
        waits, took = [], []
        with concurrent.futures.ThreadPoolExecutor() as pool:
            began = time.monotonic()
            attacking = pool.submit(attack)
            attacking.add_done_callback(lambda _: took.append(time.monotonic() - began))
            newcomer = pool.submit(self.move_in)
            while not attacking.done():
                waits.append(self.greet(self.neighbour))
                time.sleep(0.05)
        waits.append(self.greet(self.neighbour))
        return Outcome(attacking.result(), took[0], max(waits), newcomer.result())

    def move_in(self):
        """Seconds until a function that has never run answers."""
        newcomer = self.live_here()
        try:
            return self.greet(newcomer)
        finally:
            newcomer.delete()

    def greet(self, neighbour):
        """Seconds that a neighbour's answer takes."""
        began = time.monotonic()
        number = int(began * 1e6)
        answer = neighbour.invoke({"number": number})
        assert answer.error is None and answer.value == {"well": number}, answer
        return time.monotonic() - began

    def check(self, outcome, timeout, newcomers):
        answer = outcome.answer
        assert answer.status == 200
        if answer.error is not None:
            # The function may have written the error itself; that is an answer, too.
            assert answer.error == "Unhandled" and {"errorType", "errorMessage"} <= set(answer.value), answer
        assert outcome.took < timeout + SLACK, f"the answer took {outcome.took:.1f} s, the timeout is {timeout} s"
        assert outcome.neighbour < PATIENCE, f"a neighbour waited for {outcome.neighbour:.1f} s"
        assert outcome.newcomer < newcomers, f"a new neighbour waited for {outcome.newcomer:.1f} s"


def delete(function):
    with contextlib.suppress(function.client.exceptions.ResourceNotFoundException):
        function.delete()


def name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except OSError:
        return None


def timed_out(answer):
    return answer.error == "Unhandled" and answer.value["errorType"] == "Sandbox.Timedout"


def exited(answer, how=""):
    return answer.error == "Unhandled" and answer.value["errorType"] == "Runtime.ExitError" and how in answer.value["errorMessage"]
