"""A day of a server's life in seconds: many invocations, everything going wrong now and then, and nothing of it left afterwards.

`LAMBENT_TEST_ROUNDS` is how many invocations are made (200000 for the whole of it), `LAMBENT_TEST_SEED` which faults happen when.
"""

import concurrent.futures
import os
import random
import time
from collections import Counter

from kit import functions, host
from kit.eventually import eventually
from kit.ledger import Ledger
from kit.raw import connect, head
from kit.zips import package

ROUNDS = int(os.environ.get("LAMBENT_TEST_ROUNDS", "3000"))
SEED = int(os.environ.get("LAMBENT_TEST_SEED") or time.time())
WORKERS = 6
# What the server's memory may have grown by: what an allocator keeps, not what grows with the number of rounds.
GROWTH = 48 << 20

SOURCE = """
import os, signal, sys, time

VERSION = {version}

def handler(event, context):
    match event["do"]:
        case "answer":
            return [VERSION, event["number"]]
        case "fail":
            raise ValueError("as asked for")
        case "exit":
            os._exit(event["number"] % 3)
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "stall":
            time.sleep(60)
        case "leave":
            if os.fork() == 0:
                time.sleep(600)
            return [VERSION, event["number"]]
        case "talk":
            print("x" * (event["number"] % 5_000))
            return [VERSION, event["number"]]
        case "large":
            return "x" * 6_291_556
"""

# What is done, how often, and how it may end: with these types of error, or well.
SCRIPT = {
    "answer": (1_000, None),
    "talk": (100, None),
    "fail": (60, "ValueError"),
    "leave": (20, None),
    "exit": (15, "Runtime.ExitError"),
    "crash": (10, "Runtime.ExitError"),
    "large": (4, "Function.ResponseSizeTooLarge"),
    "stall": (3, "Sandbox.Timedout"),
    "hang up": (15, None),
    "update": (4, None),
    "recreate": (4, None),
}


class Worker:
    """Invokes functions, and changes one of its own meanwhile."""

    def __init__(self, server, number, shared):
        self.server, self.client = server, server.client()
        self.chance = random.Random(SEED * 100 + number)
        self.version = 0
        self.shared = shared
        self.own = self.create()
        self.ended = Counter()

    def create(self):
        files = {"function.py": SOURCE.format(version=0)}
        return functions.create(self.client, files, host.newest("python"), "function.handler", Timeout=1, MemorySize=256)

    def work(self, rounds):
        weights = [weight for weight, _ in SCRIPT.values()]
        for what in self.chance.choices(list(SCRIPT), weights, k=rounds):
            self.do(what)
            self.ended[what] += 1

    def do(self, what):
        function = self.chance.choice([self.own, *self.shared])
        match what:
            case "update":
                self.version += 1
                self.own.client.update_function_code(
                    FunctionName=self.own.name, ZipFile=package({"function.py": SOURCE.format(version=self.version)})
                )
            case "recreate":
                self.own.delete()
                self.own, self.version = self.create(), 0
            case "hang up":
                self.hang_up(function)
            case _:
                self.invoke(function, what, SCRIPT[what][1])

    def invoke(self, function, what, error):
        number = self.chance.randrange(10**6)
        options = {} if self.chance.random() < 0.5 else {"LogType": "None"}
        answer = function.invoke({"do": what, "number": number}, **options)
        # A function has a second, which a busy machine may use up: then that is the right answer.
        if answer.error is not None and answer.value["errorType"] == "Sandbox.Timedout":
            self.ended["late"] += what != "stall"
        elif error is not None:
            assert answer.error == "Unhandled" and answer.value["errorType"] == error, (what, answer)
        else:
            assert answer.error is None and answer.value[1] == number, (what, answer)

    def hang_up(self, function):
        """Goes away while the function runs, or in the middle of the request."""
        body = b'{"do": "answer", "number": 1}'
        sent = head("POST", f"/2015-03-31/functions/{function.name}/invocations", length=len(body)) + body
        with connect(self.server) as connection:
            connection.sendall(sent[: self.chance.choice([len(sent), len(sent) - 5, 40])])


def settled(server, look, within=30):
    """What `look()` says once it has said the same for a while: spares are made, what has ended is cleared away."""
    seen = []

    def quiet():
        seen.append(look())
        return len(seen) > 25 and all(each == seen[-1] for each in seen[-25:])

    eventually(quiet, within, "a quiet server")
    return seen[-1]


def counted(server):
    """The ledger without memory, which is never the same."""
    ledger = Ledger.of(server)
    ledger.memory = ledger.starter_memory = 0
    return ledger


def round_of(server, rounds):
    """Makes the functions, does the work, deletes them, and says how often what was done."""
    client = server.client()
    files = {"function.py": SOURCE.format(version=0)}
    shared = [
        functions.create(client, files, host.newest("python"), "function.handler", Timeout=1, MemorySize=256) for _ in range(3)
    ]
    workers = [Worker(server, number, shared) for number in range(WORKERS)]
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for done in [pool.submit(worker.work, rounds // WORKERS) for worker in workers]:
            done.result()
    for function in [*shared, *(worker.own for worker in workers)]:
        function.delete()
    return sum((worker.ended for worker in workers), Counter())


def test_nothing_is_left_of_many_invocations_with_random_faults(fresh_lambent):
    print("seed", SEED)
    # No interpreters that wait: how many there are depends on what was asked for lately.
    server = fresh_lambent("--prestarted", "0", "--concurrency", "100")
    # The first rounds fill what is filled once: allocators, caches, the thread pool.
    round_of(server, min(1_000, ROUNDS // 3))
    settled(server, lambda: counted(server))
    before = Ledger.of(server)
    began = time.monotonic()
    ended = round_of(server, ROUNDS)
    print(f"{sum(ended.values())} rounds in {time.monotonic() - began:.0f} s:", dict(ended))
    eventually(lambda: not counted(server).grown(before, 0), 60, f"the end of what was made since {before}")
    after = Ledger.of(server)
    print("before", before)
    print("after ", after)
    assert after.grown(before, GROWTH) == {}
