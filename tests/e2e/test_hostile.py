"""Functions that mean harm. Each harms nobody but itself: see `kit/hostile.py` for what is shown of every one of them.

What is refused at once is in `test_isolation.py` and, call by call, in `crates/sandbox-linux/tests/environments`; here is what takes
effort. `docs/isolation.md` says which test proves what.
"""

import os
import signal
import subprocess

import pytest
from kit import host
from kit.eventually import eventually
from kit.hostile import PATIENCE_BESIDE_FORKS, Street, exited, timed_out
from kit.server import Server


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("hostile"), "--function-logs")
    server.start()
    yield Street(server)
    server.stop()


# Processes and processors.


def test_forks_that_fork(street):
    host.need_enforced("limit on processes")
    host.need_enforced("processor share")
    answer = street.suffer("""
def attack(context):
    while True:
        refused(os.fork)
""", newcomers=PATIENCE_BESIDE_FORKS)  # fmt: skip
    # There may be no memory for all of them.
    assert timed_out(answer) or exited(answer, "signal: killed")


def test_children_that_outlive_the_invocation(street):
    """They leave the session, ignore what they can ignore, go on writing and are adopted by pid 1; some are never waited for."""
    answer = street.suffer("""
def linger():
    if os.fork() != 0:
        return
    os.setsid()
    for each in range(1, 65):
        refused(signal.signal, each, signal.SIG_IGN)
    for _ in range(600):
        refused(os.write, 1, b"still here\\n")
        time.sleep(0.1)

def attack(context):
    in_children(20, linger)
    return [os.fork() or os._exit(0) for _ in range(200)] and "gone"
""")
    assert answer.value == "gone"


def test_thousands_of_threads(street):
    answer = street.suffer("""
def attack(context):
    made = 0
    try:
        while made < 5_000:
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            made += 1
    except RuntimeError:
        pass
    return made
""", MemorySize=1024)  # fmt: skip
    if answer.error is None and any(line.startswith("limit on processes") for line in host.enforced()):
        assert answer.value <= 1_024


def test_spinning_on_all_processors(street):
    host.need_enforced("processor share")
    answer = street.suffer("""
def spin():
    while True:
        pass

def attack(context):
    in_children(16, spin)
    spin()
""")
    assert timed_out(answer)


# Memory and /tmp.


def test_memory_of_many_processes(street):
    host.need_enforced("memory limit")
    answer = street.suffer("""
def grow():
    kept = []
    while True:
        kept.append(b"x" * (1 << 20))

def attack(context):
    in_children(20, grow)
    grow()
""", MemorySize=256, Timeout=20)  # fmt: skip
    # The kernel's killer takes one at a time, and each must find the time to end beside those that look for memory.
    assert timed_out(answer) or exited(answer, "signal: killed")


def test_files_in_tmp_are_memory_of_the_function(street):
    host.need_enforced("memory limit")
    answer = street.suffer("""
def attack(context):
    with open("/tmp/big", "wb") as file:
        while True:
            file.write(bytes(1 << 20))
""", MemorySize=256, Timeout=20)  # fmt: skip
    assert exited(answer, "signal: killed")


def test_empty_files_without_number(street):
    answer = street.suffer("""
def attack(context):
    os.chdir("/tmp")
    made = 0
    try:
        for made in range(1_000_000):
            os.close(os.open(str(made), os.O_CREAT | os.O_WRONLY))
    except OSError as error:
        return [made, error.strerror]
""", MemorySize=1024, Timeout=30)  # fmt: skip
    made, why = answer.value
    assert made <= 131_072 and why == "No space left on device"


def test_directories_without_bottom(street):
    answer = street.suffer("""
def attack(context):
    os.chdir("/tmp")
    for depth in range(4_000):
        os.mkdir("d")
        os.chdir("d")
    return depth
""", MemorySize=1024, Timeout=30)  # fmt: skip
    assert answer.value == 3_999


def test_memory_of_the_kernel(street):
    """Full pipes and sockets that nobody reads, descriptors in flight, queues, shared memory, timers, watches."""
    answer = street.suffer("""
import fcntl, select

def fill(write):
    os.set_blocking(write, False)
    try:
        while True:
            os.write(write, bytes(65_536))
    except OSError:
        pass

def pipes():
    kept = []
    while True:
        read, write = os.pipe()
        refused(fcntl.fcntl, write, 1031, 1 << 20)
        fill(write)
        kept.append((read, write))

def in_flight():
    kept = []
    while True:
        left, right = socket.socketpair()
        left.setblocking(False)
        kept.append((left, right))
        try:
            while True:
                socket.send_fds(left, [b"x"], [left.fileno()] * 200)
        except BlockingIOError:
            fill(left.fileno())

def shared():
    libc = ctypes.CDLL(None)
    libc.shmat.restype = ctypes.c_void_p
    # Not without limit: where memory is not limited, it is the host's.
    for _ in range(100):
        segment = libc.shmget(0, 1 << 20, 0o1600)
        if segment < 0:
            return
        at = libc.shmat(segment, None, 0)
        ctypes.memset(at, 1, 1 << 20)

def watches():
    libc = ctypes.CDLL(None)
    while (watch := libc.inotify_init()) >= 0 and (poll := libc.epoll_create(1)) >= 0:
        libc.inotify_add_watch(watch, b"/tmp", 0xFFF)

def semaphores():
    libc = ctypes.CDLL(None)
    while libc.semget(0, 200, 0o1600) >= 0 and libc.msgget(0, 0o1600) >= 0:
        pass

def attack(context):
    for work in (pipes, in_flight, shared, watches, semaphores):
        in_children(4, lambda: (refused(work), time.sleep(60)))
    time.sleep(2)
    return "full"
""")
    # Where its killer finds nobody to kill, everybody waits for memory: then, and only then, the function does not answer in time.
    waits = timed_out(answer) and "Max Memory Used: 512 MB" in answer.log
    assert answer.error is None or exited(answer) or waits, answer


# Logs.


def test_a_flood_of_tiny_lines(street):
    answer = street.suffer("""
def flood():
    while True:
        os.write(1, b"x\\n" * 32_768)

def attack(context):
    in_children(4, flood)
    flood()
""", Timeout=4)  # fmt: skip
    assert timed_out(answer)


def test_a_flood_byte_by_byte(street):
    answer = street.suffer("""
def flood():
    while True:
        os.write(2, b"\\n")

def attack(context):
    in_children(4, flood)
    flood()
""", Timeout=3)  # fmt: skip
    assert timed_out(answer)


def test_a_line_of_a_hundred_megabytes(street):
    answer = street.suffer("""
def attack(context):
    for _ in range(100):
        rest = b"x" * (1 << 20)
        while rest:
            rest = rest[os.write(1, rest):]
    return "written"
""", Timeout=30)  # fmt: skip
    assert answer.value == "written"


def test_a_flood_goes_on_while_nobody_invokes(street):
    answer = street.suffer("""
def flood():
    while True:
        os.write(1, b"nobody listens\\n" * 4_096)

def attack(context):
    in_children(4, flood)
    return "later"
""")
    assert answer.value == "later"


def test_a_flood_that_nobody_reads(tmp_path):
    """The server's own log stands still, as that of a paused terminal does."""
    folder = tmp_path / "lambent"
    folder.mkdir()
    server = Server(folder, "--function-logs")
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=open(server.log_file, "wb"), bufsize=0) as reader:
        server.start(log=reader.stdin)
        try:
            street = Street(server)
            reader.send_signal(signal.SIGSTOP)
            answer = street.suffer("""
def attack(context):
    until = time.monotonic() + 3
    while time.monotonic() < until:
        os.write(1, b"x" * 65_536)
    return "written"
""", Timeout=10)  # fmt: skip
            assert answer.value == "written"
        finally:
            reader.send_signal(signal.SIGCONT)
            server.stop()
            reader.stdin.close()


# The Runtime API.


def test_a_response_without_end(street):
    answer = street.suffer("""
def attack(context):
    with connect() as api:
        api.sendall(post(own(context), "Transfer-Encoding: chunked"))
        chunk = b"10000\\r\\n" + b"x" * 65_536 + b"\\r\\n"
        while True:
            api.sendall(chunk)
""", Timeout=20)  # fmt: skip
    assert answer.value["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_response_of_single_bytes(street):
    answer = street.suffer("""
def attack(context):
    with connect() as api:
        api.sendall(post(own(context), "Transfer-Encoding: chunked"))
        while True:
            api.sendall(b"1\\r\\nx\\r\\n" * 10_000)
""", Timeout=4)  # fmt: skip
    assert answer.error == "Unhandled"


def test_a_response_that_stops_half_way(street):
    answer = street.suffer("""
def attack(context):
    with connect() as api:
        api.sendall(post(own(context), "Content-Length: 6000000") + b"x" * 5_999_999)
        time.sleep(60)
""", Timeout=3)  # fmt: skip
    assert timed_out(answer)


def test_the_runtime_api_at_snails_pace(street):
    """Thousands of connections, most with a request that does not end."""
    answer = street.suffer("""
def attack(context):
    kept = []
    for number in range(3_000):
        try:
            api = connect()
            api.sendall(post(own(context), "Content-Length: 10", "X-Slow: " + "x" * (number % 900))[:-1 - number % 40])
            kept.append(api)
        except OSError:
            if len(kept) > 500:
                kept = kept[250:]
    for _ in range(20):
        for api in kept:
            refused(api.send, b"x")
        time.sleep(0.1)
    return len(kept)
""", Timeout=20)  # fmt: skip
    assert answer.error is None or timed_out(answer), answer


def test_the_heads_of_requests_as_large_as_may_be(street):
    answer = street.suffer("""
def attack(context):
    kept = []
    for _ in range(200):
        try:
            api = connect()
            kept.append(api)
            api.setblocking(False)
            head = post(own(context), "X-Large: ")[:-4]
            api.send(head)
            for _ in range(200):
                refused(api.send, b"x" * 65_536)
        except OSError:
            pass
    for _ in range(20):
        for api in kept:
            refused(api.send, b"x" * 65_536)
        time.sleep(0.05)
    return "held"
""", Timeout=20)  # fmt: skip
    assert answer.error is None or timed_out(answer), answer


def test_many_reports_of_a_failed_start(street):
    """All of them as large as may be, none of them finished, before anything else was said."""
    answer = street.suffer("""
kept = []
for _ in range(64):
    api = connect()
    api.sendall(post("init/error", "Content-Length: 6291556") + b"x" * 6_000_000)
    kept.append(api)
time.sleep(1)
def attack(context):
    return "started"
""", what="start", MemorySize=1024, Timeout=30)  # fmt: skip
    assert answer.error is not None or answer.value == "started"


def test_garbage_and_forgeries_for_the_runtime_api(street):
    answer = street.suffer("""
import random, uuid

def say(*messages):
    try:
        with connect() as api:
            api.settimeout(1)
            for message in messages:
                api.sendall(message)
            api.shutdown(socket.SHUT_WR)
            return api.recv(1 << 16)
    except OSError as error:
        return type(error).__name__.encode()

def attack(context):
    chance = random.Random(4)
    forged = [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(50)]
    forged += ["", "..", "%00", "x" * 5_000, "../../next", context.aws_request_id + "x", context.aws_request_id.upper() + "%20"]
    told = {say(post(f"invocation/{each}/{what}", "Content-Length: 2", "Connection: close") + b'""')[9:12].decode()
            for each in forged for what in ("response", "error")}
    for _ in range(200):
        say(chance.randbytes(chance.randrange(1, 2_000)))
    say(b"\\0" * 100_000)
    say(b"GET / HTTP/9.9\\r\\n\\r\\n", b"\\r\\n" * 50_000)
    say(post("init/error", "Content-Length: 5", "Content-Length: 6") + b"xxxxxx")
    say(post("init/error", "Transfer-Encoding: chunked", "Content-Length: 6") + b"fffffffffffffffff\\r\\n")
    say(post("ping", "Content-Length: 18446744073709551616"))
    say(b"GET /2018-06-01/ping HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" * 5_000)
    say(*(post(f"invocation/{each}/response", "Content-Length: 1") + b"1" for each in forged * 20))
    return sorted(told)
""", Timeout=30)  # fmt: skip
    assert answer.error is None, answer
    # Those whose client closed its half of the connection may not be answered at all.
    assert set(answer.value) <= {"", "400", "403", "404", "405"}, answer


def test_answers_that_are_never_read(street):
    answer = street.suffer("""
def attack(context):
    kept = []
    for _ in range(50):
        api = connect()
        api.setblocking(False)
        for _ in range(300):
            refused(api.send, b"GET /2018-06-01/nothing HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" * 500)
        kept.append(api)
    time.sleep(1)
    return "unread"
""", Timeout=20)  # fmt: skip
    assert answer.value == "unread"


# Descriptors, signals, ends.


def test_writes_to_every_descriptor(street):
    street.suffer("""
def attack(context):
    for each in range(1_024):
        try:
            os.set_blocking(each, False)
            os.write(each, os.urandom(4_096))
        except OSError:
            pass
    return "written"
""", Timeout=3)  # fmt: skip


def test_closing_every_descriptor(street):
    street.suffer("""
def attack(context):
    os.closerange(0, 65_536)
    return "closed"
""", Timeout=3)  # fmt: skip


def test_stopping_itself(street):
    answer = street.suffer("""
def attack(context):
    os.kill(os.getpid(), signal.SIGSTOP)
""", Timeout=2)  # fmt: skip
    assert timed_out(answer)


def test_killing_everybody(street):
    answer = street.suffer("""
def attack(context):
    refused(os.kill, -1, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
""")
    assert exited(answer, "signal: killed")


def test_pid_1_cannot_be_disturbed(street):
    """It gets every signal, the lowest priority and limits under which nothing works: at worst the environment ends."""
    answer = street.suffer("""
def attack(context):
    for each in range(1, 65):
        refused(os.kill, 1, each)
    refused(os.setpriority, os.PRIO_PROCESS, 1, 19)
    refused(os.sched_setscheduler, 1, os.SCHED_IDLE, os.sched_param(0))
    refused(os.sched_setaffinity, 1, {0})
    tried = [refused(open, f"/proc/1/{each}", "rb") for each in ("mem", "environ", "maps", "auxv", "syscall", "stack")]
    return [each for each in tried if not isinstance(each, str)]
""")
    assert answer.value == []


def test_pid_1_under_limits_that_let_it_do_nothing(street):
    street.suffer("""
def attack(context):
    for what in range(16):
        refused(resource.prlimit, 1, what, (0, 0))
    refused(resource.prlimit, 1, resource.RLIMIT_CPU, (1, 1))
    return "limited"
""")


@pytest.mark.parametrize(
    "end",
    [
        "os.abort()",
        "os.execv('/bin/true', ['/bin/true'])",
        "os.execv('/bin/sleep', ['/bin/sleep', '60'])",
        "threading.Thread(target=os._exit, args=(3,)).start() or time.sleep(60)",
        "signal.alarm(1) or time.sleep(60)",
        "ctypes.string_at(0)",
        "in_children(1, lambda: time.sleep(60)) and os._exit(0)",
        "resource.setrlimit(resource.RLIMIT_CPU, (1, 1)) or [None for _ in iter(int, 1)]",
        "resource.setrlimit(resource.RLIMIT_AS, (0, 0)) or bytearray(1 << 26)",
    ],
)
def test_every_way_out(street, end):
    answer = street.suffer(f"def attack(context):\n    {end}\n", Timeout=3)
    assert answer.error == "Unhandled", answer


# What it is kept from.


def test_the_whole_of_proc(street):
    """What can be read there says nothing about the host, but for one thing: which directory of it the code is mounted from."""
    answer = street.suffer("""
def attack(context):
    seen, found = [], []
    for top, folders, files in os.walk("/proc", onerror=None):
        if top.count("/") > 4:
            folders.clear()
        for each in files:
            path = os.path.join(top, each)
            try:
                file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                try:
                    text = os.read(file, 1 << 16)
                finally:
                    os.close(file)
            except OSError:
                continue
            seen.append(path)
            if MARK in text and os.path.basename(path) != "mountinfo":
                found.append(path)
    own = {"1", str(os.getpid()), "self", "thread-self"}
    return [len(seen), found, sorted(each for each in os.listdir("/proc") if each.isdigit() and each not in own)]
""".replace("MARK", repr(str(street.server.data).encode())), Timeout=60, MemorySize=1024)  # fmt: skip
    seen, found, processes = answer.value
    assert seen > 50 and found == [] and processes == []


def test_switches_of_the_kernel(street):
    answer = street.suffer("""
def attack(context):
    turned = []
    for top, _, files in os.walk("/proc/sys"):
        for each in files:
            path = os.path.join(top, each)
            try:
                with open(path, "rb") as file:
                    value = file.read()
                with open(path, "wb") as file:
                    file.write(value)
                turned.append(path)
            except OSError:
                pass
    for path in ("/proc/sysrq-trigger", "/proc/self/uid_map", "/proc/self/setgroups", "/proc/1/oom_score_adj", "/proc/irq/default_smp_affinity"):
        try:
            with open(path, "w") as file:
                file.write("0")
            turned.append(path)
        except OSError:
            pass
    return turned
""", Timeout=30)  # fmt: skip
    assert answer.value == []


def test_ways_out_of_tmp(street):
    answer = street.suffer("""
def attack(context):
    os.chdir("/tmp")
    found = []
    for number, target in enumerate(["/proc/1/root", "/proc/1/cwd", "/proc/self/root/../..", "../../../../..", "/proc/self/cwd/../../.."]):
        os.symlink(target, f"link{number}")
        for each in ("etc/shadow", "etc/hostname", "root", "home", "var/lib", "sys", "run"):
            if not isinstance(refused(os.stat, f"link{number}/{each}"), str):
                found.append(f"{target}/{each}")
    for each in ("/usr/bin/env", "/var/task/function.py", "/etc/passwd"):
        if refused(os.link, each, "hard") is None:
            found.append(each)
    if refused(os.mknod, "disk", 0o60666, os.makedev(8, 0)) is None or refused(os.mknod, "memory", 0o20666, os.makedev(1, 1)) is None:
        found.append("device")
    return found
""")
    assert answer.value == []


def test_files_that_would_make_it_somebody_else(street):
    answer = street.suffer("""
def attack(context):
    found = []
    subprocess.run("cp /bin/sh /tmp/sh && chmod 6755 /tmp/sh", shell=True)
    candidates = ["/tmp/sh"]
    for top in ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/lib"):
        candidates += [os.path.join(top, each) for each in os.listdir(top)]
    owners = {os.stat(each).st_uid for each in candidates if not isinstance(refused(os.stat, each), str)}
    ids = subprocess.run(["/tmp/sh", "-p", "-c", "id -u; id -g; grep Cap /proc/self/status"], capture_output=True, text=True).stdout.split()
    for attempt in (os.setuid, os.setgid, os.seteuid, os.setegid):
        if refused(attempt, 0) is None:
            found.append(attempt.__name__)
    if refused(os.setgroups, [0]) is None:
        found.append("setgroups")
    if refused(os.chown, "/tmp/sh", 0, 0) is None:
        found.append("chown")
    return [ids[:2], {each for each in ids[3::2]} == {"0" * 16}, found]
""")
    assert answer.value == [["993", "990"], True, []]


def test_changing_its_own_limits(street):
    answer = street.suffer("""
def attack(context):
    raised = []
    for what in range(16):
        soft, hard = resource.getrlimit(what)
        if hard != resource.RLIM_INFINITY and refused(resource.setrlimit, what, (soft, hard + 1)) is None:
            raised.append(what)
    for attempt, arguments in [(os.nice, (-1,)), (os.sched_setscheduler, (0, os.SCHED_FIFO, os.sched_param(1)))]:
        if not isinstance(refused(attempt, *arguments), str):
            raised.append(attempt.__name__)
    for path in ("/proc/self/oom_score_adj", "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/memory.max"):
        try:
            with open(path, "w") as file:
                file.write("-1")
            raised.append(path)
        except OSError:
            pass
    return raised
""")
    assert answer.value == []


def test_tampering_with_what_it_is_called(street):
    """Its own memory, environment and name are its own; nobody outside relies on them."""
    answer = street.suffer("""
def attack(context):
    libc = ctypes.CDLL(None)
    with open("/proc/self/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    for start, end in [(int(fields[45]), int(fields[46])), (int(fields[47]), int(fields[48]))]:
        ctypes.memset(start, 0x0A, end - start)
    libc.prctl(15, b"x\\n1 (sh) R 1")
    os.environ.clear()
    os.environ.update(AWS_LAMBDA_RUNTIME_API="127.0.0.1:1", AWS_LAMBDA_FUNCTION_NAME="neighbour", LAMBENT_HANDOVER_FD="3")
    return "somebody else"
""")
    assert answer.value == "somebody else"


def test_every_system_call_with_nonsense(street):
    """In children, since many of them wait, end the caller or spoil its memory."""
    answer = street.suffer("""
import random

def attack(context):
    libc = ctypes.CDLL(None, use_errno=True)
    chance = random.Random(7)
    interesting = [0, 1, 2, 3, -1, 4_096, 1 << 31, (1 << 63) - 1, id(context), os.getpid()]
    dangerous = {62, 200, 234, 424}  # kill and its kin: the children would end their parent.
    numbers = [each for each in range(470) if each not in dangerous]
    def batch(numbers):
        signal.alarm(2)
        os.setsid()
        for number in numbers:
            if os.fork() == 0:
                signal.alarm(1)
                for _ in range(10):
                    libc.syscall(number, *(ctypes.c_long(chance.choice(interesting)) for _ in range(6)))
                os._exit(0)
    in_children(1, lambda: None)
    for start in range(0, len(numbers), 50):
        for child in in_children(1, lambda: batch(numbers[start : start + 50])):
            os.waitpid(child, 0)
    time.sleep(1.5)
    return "tried"
""", Timeout=8, MemorySize=1024)  # fmt: skip
    # Their parent's connections and limits are theirs, too.
    assert answer.error is None or exited(answer) or timed_out(answer), answer


def test_flushing_the_hosts_disks(street):
    """There is nothing of the function's on any of them."""
    answer = street.suffer("""
def flush():
    while True:
        os.sync()

def attack(context):
    in_children(4, flush)
    time.sleep(1.5)
    return "flushed"
""")
    assert answer.value == "flushed"


def test_descriptors_of_the_server_are_as_many_as_before(street):
    """Last: what all the others left behind in the server itself."""
    street.greet(street.neighbour)
    descriptors = lambda: len(os.listdir(f"/proc/{street.server.process.pid}/fd"))
    eventually(lambda: descriptors() < 60, 20, "the end of the hostile functions' descriptors")
