"""What was acknowledged survives `kill -9`, for everything that can be written beside functions and events.

Several threads write, each to what is its own, and reckon what must be there. The server is killed in the middle of that, again and
again; then all that a client can read must be what was acknowledged, or that and the one change that was under way. Nothing may refer
to what is gone, and no code may be left that nothing refers to. LAMBENT_SEED and LAMBENT_ROUNDS choose another course.
"""

import base64
import concurrent.futures
import os
import random
import threading

import pytest

from kit.eventually import eventually
from kit.operations import OPERATIONS
from kit.writer import Writer

SEED = int(os.environ.get("LAMBENT_SEED", "1"))
ROUNDS = int(os.environ.get("LAMBENT_ROUNDS", "6"))
THREADS = 4


def interfere(server, writers, chance):
    """Lets the writers write for a moment, then kills the server. Returns what it had running."""
    client = server.client()
    threads = [threading.Thread(target=writer.work, args=(client,)) for writer in writers]
    for thread in threads:
        thread.start()
    # The moment of the kill is what the test is about; this is no wait for something to happen.
    threading.Event().wait(chance.uniform(0.05, 1.0))
    traces = server.kill()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return traces


def packages(server):
    return {each.name for each in (server.data / "code").iterdir()}


def in_use(writers):
    """The packages of what there is: of functions, of layers, and of layers that are gone but for the versions that use them."""
    digests = set()
    for writer in writers:
        for function in writer.known["functions"].values():
            for version in function["versions"].values():
                digests |= {version["code"], *(writer.layer_digests[arn] for arn in version["layers"])}
        digests |= {version["code"] for versions in writer.known["layers"].values() for version in versions.values()}
    return {base64.b64decode(digest).hex() for digest in digests}


def write_what_is_missing(client, writers, chance):
    """Makes up for what chance or a slow host has left out, or it would not be known that it works at all. Returns what that is."""
    missing = [name for name in OPERATIONS if not any(writer.acknowledged[name] for writer in writers)]
    for writer in chance.sample(writers, len(writers) if missing else 0):
        writer.step(client)
        writer.step(client, missing)
    return missing


@pytest.mark.parametrize("seed", [SEED])
def test_everything_acknowledged_is_there_after_a_kill(fresh_lambent, seed):
    print(f"LAMBENT_SEED={seed} LAMBENT_ROUNDS={ROUNDS}")
    chance = random.Random(seed)
    server = fresh_lambent()
    writers = [Writer(number, seed) for number in range(THREADS)]
    for _ in range(ROUNDS):
        traces = interfere(server, writers, chance)
        eventually(lambda: not traces.left(), within=30, what="the end of all processes and control groups of the killed server")
        server.start()
        client = server.client()
        with concurrent.futures.ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(lambda writer: writer.check(client), writers))
        eventually(lambda: packages(server) == in_use(writers), within=30, what="code of exactly what there is")
    eventually(lambda: not write_what_is_missing(client, writers, chance), 60, "an acknowledgement of every operation")
    for writer in writers:
        writer.check(client)
        writer.delete_everything(client)
    usage = client.get_account_settings()["AccountUsage"]
    assert usage == {"FunctionCount": 0, "TotalCodeSize": 0}
    eventually(lambda: not packages(server), within=30, what="the removal of all code")
