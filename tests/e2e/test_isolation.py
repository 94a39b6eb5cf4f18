"""What a function is kept from: the host, other functions, and its own excess."""

import concurrent.futures
import socket

import pytest

from kit import host
from kit.eventually import eventually
from kit.processes import command_line, everyone

# Tries what the event names and tells how that ended.
PROBE = """
import os, pathlib, pwd, socket, subprocess

def write(path):
    pathlib.Path(path).write_text("x")
    return "written"

def read(path):
    return pathlib.Path(path).read_text(errors="replace")

def connect(address, port):
    socket.create_connection((address, port), 3).close()
    return "connected"

def shell(command):
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=20)
    return done.stdout + done.stderr

def handler(event, context):
    try:
        return globals()[event["do"]](*event["with"])
    except Exception as error:
        return f"{type(error).__name__}: {error}"
"""


@pytest.fixture
def probe(python):
    """`probe("read", path)` tries that inside a function and returns the result or the error's text."""
    function = python(PROBE, Timeout=30)

    def attempt(what, *arguments):
        answer = function.invoke({"do": what, "with": list(arguments)})
        assert answer.error is None, answer
        return answer.value

    return attempt


@pytest.mark.parametrize("folder", ["/var/task", "/var/runtime", "/etc", "/usr", "/", "/opt", "/dev", "/proc"])
def test_nothing_but_tmp_is_writable(probe, folder):
    assert "Error" in probe("write", f"{folder}/planted")


def test_the_code_cannot_be_changed(probe):
    assert "Error" in probe("write", "/var/task/function.py")
    assert "Error" in probe("shell", "chmod u+w /var/task /var/task/* 2>&1 || echo Error")
    assert "def handler" in probe("read", "/var/task/function.py")


def test_tmp_is_writable_and_lasts_as_long_as_the_environment(probe):
    assert probe("write", "/tmp/mine") == "written"
    assert probe("read", "/tmp/mine") == "x"


def test_another_functions_tmp_is_invisible(python):
    one, two = python(PROBE), python(PROBE)
    assert one.invoke({"do": "write", "with": ["/tmp/secret"]}).value == "written"
    assert "FileNotFoundError" in two.invoke({"do": "read", "with": ["/tmp/secret"]}).value
    assert "secret" not in two.invoke({"do": "shell", "with": ["ls -laR /tmp /proc/*/root/tmp 2>&1"]}).value


def test_the_hosts_ports_are_unreachable(probe, lambent):
    with socket.create_server(("0.0.0.0", 0)) as listener:
        port = listener.getsockname()[1]
        outside = socket.gethostbyname(socket.gethostname())
        for address, number in [("127.0.0.1", port), ("127.0.0.1", lambent.port), (outside, port)]:
            assert "connected" not in probe("connect", address, number)


def test_another_environments_runtime_api_is_unreachable(python):
    """Each sees a Runtime API at the same address; it is its own."""
    source = """
        import time, urllib.request, urllib.error
        def handler(event, context):
            time.sleep(event["sleep"])
            if not event["other"]:
                return context.aws_request_id
            url = f"http://127.0.0.1:9001/2018-06-01/runtime/invocation/{event['other']}/response"
            try:
                return urllib.request.urlopen(url, data=b'"forged"').status
            except urllib.error.HTTPError as error:
                return error.code
    """
    victim, attacker = python(source, Timeout=20), python(source, Timeout=20)
    attacker.invoke({"sleep": 0, "other": None})
    with concurrent.futures.ThreadPoolExecutor() as pool:
        pending = pool.submit(victim.invoke, {"sleep": 1.5, "other": None})
        # The victim's request id is secret; even one that is known opens nothing.
        known = victim.invoke({"sleep": 0, "other": None}).value
        assert attacker.invoke({"sleep": 0, "other": known}).value in (400, 403, 404)
        assert pending.result().value == pending.result().request_id


def test_the_hosts_processes_and_files_are_invisible(probe, lambent):
    listing = probe("shell", "ls -d /proc/[0-9]*; cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert "__starter" not in listing and str(lambent.data) not in listing
    for path in ("/home", "/root", "/etc/shadow", "/etc/hostname", "/sys/fs/cgroup", "/var/lib", "/run", str(lambent.data)):
        assert "No such file" in probe("shell", f"ls -d {path}"), path
    (lambent.data.parent / "secret").write_text("secret")
    assert "Error" in probe("read", str(lambent.data.parent / "secret"))


def test_a_function_runs_as_an_unprivileged_user_of_its_own(probe):
    lines = probe("shell", "id -u; id -un; cat /proc/self/status").splitlines()
    assert lines[0] != "0" and lines[1] == "sbx_user1051"
    for fact in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
        assert fact in lines


def test_the_kernel_refuses_mounts_and_namespaces(probe):
    assert "mounted" not in probe("shell", "mount -t tmpfs none /tmp && echo mounted")
    assert "root" not in probe("shell", "unshare -Ur id -un")


@pytest.fixture
def neighbour(python):
    """A function that must go on answering whatever happens beside it."""
    function = python("def handler(event, context): return 'well'\n", Timeout=30)
    assert function.invoke().value == "well"
    return function


def test_a_fork_bomb_is_contained(python, neighbour):
    host.need_enforced("limit on processes")
    bomb = python("""
        import os, time
        def handler(event, context):
            made = 0
            while True:
                try:
                    if os.fork() == 0:
                        time.sleep(60)
                        os._exit(0)
                    made += 1
                except OSError:
                    return made
    """, MemorySize=1024, Timeout=30)  # fmt: skip
    answer = bomb.invoke()
    assert answer.error is None and 10 < answer.value < 2_000, answer
    assert neighbour.invoke().value == "well"


def test_a_full_tmp_is_the_functions_own_problem(python, neighbour):
    function = python("""
        def handler(event, context):
            try:
                with open("/tmp/big", "wb") as file:
                    for _ in range(600):
                        file.write(bytes(1 << 20))
            except OSError as error:
                return error.strerror
    """, MemorySize=1024, Timeout=60)  # fmt: skip
    assert function.invoke().value == "No space left on device"
    assert neighbour.invoke().value == "well"


def test_a_flood_of_log_lines_does_not_drown_the_server(python, neighbour, lambent):
    function = python("""
        def handler(event, context):
            for number in range(200_000):
                print("a line of the flood, as long as lines usually are, number", number)
            return "done"
    """, Timeout=60)  # fmt: skip
    with concurrent.futures.ThreadPoolExecutor() as pool:
        flood = pool.submit(function.invoke)
        while not flood.done():
            assert neighbour.invoke().value == "well"
    answer = flood.result()
    assert answer.value == "done" and len(answer.log) <= 4096
    assert lambent.memory() < 1 << 30


def test_a_line_without_end_does_not_fill_the_servers_memory(python, lambent):
    before = lambent.memory()
    function = python("""
        import sys
        def handler(event, context):
            for _ in range(200):
                sys.stdout.write("x" * (1 << 20))
            return "done"
    """, Timeout=60)  # fmt: skip
    assert function.invoke().value == "done"
    assert lambent.memory() - before < 64 << 20


def sleepers():
    """The processes on this host that run `sleep 4242`."""
    return {pid for pid in everyone() if command_line(pid) == ["sleep", "4242"]}


def test_processes_left_behind_end_with_their_environment(python):
    function = python("""
        import subprocess
        def handler(event, context):
            subprocess.Popen(["sleep", "4242"])
    """)
    before = sleepers()
    answer = function.invoke()
    assert answer.error is None, answer
    mine = eventually(lambda: sleepers() - before, what="the process that the function leaves behind")
    function.delete()
    eventually(lambda: not mine & sleepers(), what="the end of the environment's processes")
