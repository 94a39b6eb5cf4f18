"""What functions reach of the networks around them, and what not. The far host and the server's host are namespaces of the tests' own
(kit/outside.py); the functions' environments are as ever."""

import concurrent.futures
import errno
import pathlib
import time

import pytest

from kit import functions, host, outside
from kit.eventually import eventually
from kit.neighbourhood import CLOSED, ECHO, FAR, LISTEN, NEAR, ON_ALL, ON_LOOPBACK, PRIVATE
from kit.sdk import sdk

PROBE = '''
import errno, socket, time

def speak(address, port, data="hello", kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as ours:
        ours.settimeout(20)
        try:
            ours.connect((address, port))
            ours.sendall(data.encode())
            heard = b""
            while len(heard) < len(data):
                part = ours.recv(65536)
                if not part:
                    return heard.decode() + " and no more"
                heard += part
            return heard.decode()
        except OSError as error:
            return errno.errorcode.get(error.errno, repr(error))

def send(address, port, data="hello"):
    return speak(address, port, data, socket.SOCK_DGRAM)

def speak_for(address, kind):
    with socket.socket(socket.AF_INET, kind) as ours:
        ours.settimeout(1)
        ours.bind((address, 0))
        try:
            ours.connect(("198.51.100.7", 7))
            ours.send(b"hello")
            return ours.recv(10).decode()
        except OSError as error:
            return type(error).__name__

def resolve(name):
    try:
        return sorted({found[4][0] for found in socket.getaddrinfo(name, 80)})
    except socket.gaierror as error:
        return error.args[0]

def megabytes(count):
    """Sends so many to the far host, and counts what comes back."""
    import hashlib, threading
    with socket.create_connection(("198.51.100.7", 7), 20) as ours:
        block, back = bytes(range(256)) * 4096, 0
        def push():
            for _ in range(count):
                ours.sendall(block)
            ours.shutdown(socket.SHUT_WR)
        pushing = threading.Thread(target=push)
        pushing.start()
        digest = hashlib.sha256()
        while part := ours.recv(1 << 20):
            digest.update(part)
            back += len(part)
        pushing.join()
        return back, digest.hexdigest() == hashlib.sha256(block * count).hexdigest()

held = []
def hold(count):
    """How many connections the far host takes from here."""
    try:
        for _ in range(count):
            held.append(socket.create_connection(("198.51.100.7", 7), 5))
    except OSError as error:
        return len(held), errno.errorcode.get(error.errno, repr(error))
    return len(held), None

def let_go():
    while held:
        held.pop().close()

def handler(event, context):
    return eval(event)
'''
NO_WAY = "EHOSTUNREACH"
# How resolvers call "no such name", and "nobody answers".
NO_NAME, NO_ANSWER = -2, -3


class World:
    """Servers in networks of their own, and functions in them."""

    def __init__(self, tmp_path_factory):
        outside.need_namespaces()
        host.need_enforced("outbound network")
        self.folder = tmp_path_factory.mktemp("outside")
        self.servers = []

    def server(self, *flags):
        folder = self.folder / str(len(self.servers))
        folder.mkdir()
        self.servers.append(outside.ServerOutside(folder, *flags))
        return self.servers[-1].start()

    def probe(self, server, **options):
        """`probe("speak(...)")`, in a function of its own."""
        files = {"function.py": PROBE}
        options = {"Timeout": 60} | options
        function = functions.create(server.client(), files, host.newest("python"), "function.handler", **options)

        def probe(what):
            answer = function.invoke(what)
            assert answer.error is None, answer.body
            return answer.value

        return probe

    def stop(self):
        for server in self.servers:
            server.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory)
    yield world
    world.stop()


@pytest.fixture(scope="module")
def usual(world):
    return world.server()


@pytest.fixture(scope="module")
def probe(world, usual):
    return world.probe(usual)


def test_the_internet_is_reached_by_tcp_and_udp(probe):
    assert probe(f"speak('{FAR}', {ECHO})") == "hello"
    assert probe(f"send('{FAR}', {ECHO})") == "hello"
    assert probe(f"send('{FAR}', {ECHO}, 'x' * 60000)") == "x" * 60000


def test_the_far_hosts_refusals_arrive(probe):
    assert probe(f"speak('{FAR}', {CLOSED})") == "ECONNREFUSED"
    assert probe(f"send('{FAR}', {CLOSED})") == "ECONNREFUSED"


def test_much_passes_through_unchanged(probe):
    assert probe("megabytes(64)") == [64 << 20, True]


def test_names_are_looked_up(probe):
    assert probe("resolve('far.example.com')") == [FAR]
    assert probe("resolve('near.example.com')") == NO_NAME
    assert probe("speak('far.example.com', 7)") == "hello"


def test_the_host_is_out_of_reach(probe):
    """By none of its addresses, whatever port is open there; nor is what stands for it inside."""
    for address in (NEAR, "host.lambent.internal", "169.254.78.1", "169.254.78.3"):
        assert probe(f"speak('{address}', {ON_ALL})") == NO_WAY
        assert probe(f"send('{address}', {ON_ALL})") == NO_WAY
    # Inside, these are the function's own.
    for address in ("127.0.0.1", "169.254.76.1"):
        assert probe(f"speak('{address}', {ON_ALL})") == "ECONNREFUSED"


def test_private_networks_and_metadata_are_out_of_reach(probe):
    for address in (PRIVATE, "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "169.254.170.2"):
        assert probe(f"speak('{address}', {ECHO})") == NO_WAY
        assert probe(f"send('{address}', {ECHO})") == NO_WAY


def test_other_environments_are_out_of_reach(world, usual, probe):
    """All have the same address, and each reaches itself there."""
    source = "import socket\nlistener = socket.create_server(('0.0.0.0', 8080))\ndef handler(event, context):\n    return 'listening'\n"
    server = functions.create(usual.client(), {"function.py": source}, host.newest("python"), "function.handler")
    assert server.invoke().value == "listening"
    assert probe("speak('169.254.76.1', 8080)") == "ECONNREFUSED"
    # Nor by addresses that are nobody's, on the way or at broadcast.
    for address in ("203.0.113.77", "255.255.255.255", "224.0.0.1"):
        assert probe(f"speak('{address}', 8080, 'hello')") in (NO_WAY, "ENETUNREACH", "EACCES")


def test_nobody_speaks_for_another(probe):
    for kind in ("SOCK_STREAM", "SOCK_DGRAM"):
        assert probe(f"speak_for('169.254.76.1', socket.{kind})") == "hello"
        assert probe(f"speak_for('198.51.100.8', socket.{kind})") == "TimeoutError"


def test_there_is_no_ipv6(probe):
    assert probe("[socket.has_ipv6, socket.socket(socket.AF_INET6, socket.SOCK_STREAM).connect_ex(('2001:db8::1', 80))]") == [
        True,
        errno.ENETUNREACH,
    ]




def test_operators_open_networks_and_ports(world):
    server = world.server("--function-network-allow", f"10.0.0.0/8:{ECHO},{NEAR}:{ON_ALL}", "--allow-host-port", str(ON_LOOPBACK))
    probe = world.probe(server)
    assert probe(f"speak('{PRIVATE}', {ECHO})") == "hello"
    assert probe(f"speak('{PRIVATE}', {CLOSED})") == NO_WAY
    assert probe(f"speak('{NEAR}', {ON_ALL})") == "hello"
    assert probe(f"speak('{NEAR}', {LISTEN})") == NO_WAY
    assert probe(f"speak('host.lambent.internal', {ON_LOOPBACK})") == "hello"
    assert probe(f"send('host.lambent.internal', {ON_LOOPBACK})") == "hello"
    assert probe(f"speak('host.lambent.internal', {ON_ALL})") == NO_WAY
    assert probe(f"speak('{FAR}', {ECHO})") == "hello"


def test_no_network_is_none(world):
    probe = world.probe(world.server("--function-network", "none"))
    assert probe(f"speak('{FAR}', {ECHO})") == "ENETUNREACH"
    assert probe(f"send('{FAR}', {ECHO})") == "ENETUNREACH"
    assert probe("resolve('far.example.com')") == NO_ANSWER


def test_too_many_connections_harm_nobody(world, usual, probe):
    greedy = world.probe(usual)
    taken, why = greedy("hold(1100)")
    # What a process may have open is less than what the server lets through.
    assert 900 < taken <= 1024 and why == "EMFILE"
    assert probe(f"speak('{FAR}', {ECHO})") == "hello"
    greedy("let_go()")
    assert greedy(f"speak('{FAR}', {ECHO})") == "hello"


def state_of_the_network(server):
    """Interfaces, routes and switches of the server's namespace."""
    net = pathlib.Path(f"/proc/{server.process.pid}/net")
    interfaces = {line.split(":")[0].strip() for line in (net / "dev").read_text().splitlines()[2:]}
    return interfaces, (net / "route").read_text(), (net / "fib_trie").read_text(), (net / "netfilter").exists()


def test_many_environments_leave_the_host_as_it_is(world, usual):
    before = state_of_the_network(usual)
    probe = world.probe(usual)
    with concurrent.futures.ThreadPoolExecutor(25) as pool:
        spoken = list(pool.map(lambda _: probe(f"[speak('{FAR}', {ECHO}), time.sleep(1)][0]"), range(100)))
        assert state_of_the_network(usual) == before
    assert set(spoken) == {"hello"}
    assert state_of_the_network(usual) == before


def test_a_killed_server_leaves_nothing_and_the_next_one_serves(world):
    server = world.server()
    probe = world.probe(server)
    assert probe("hold(3)") == [3, None]
    traces = server.kill()
    eventually(lambda: not traces.left(), 30, "everything that the server had running is gone")
    server.start()
    assert world.probe(server)(f"speak('{FAR}', {ECHO})") == "hello"


def test_aws_names_lead_to_the_server_where_the_operator_says_so(world):
    """With an SDK that is told of no endpoint, and believes who it usually believes."""
    server = world.server("--intercept-aws", "--function-network", "none")
    source = """
        import boto3, socket, ssl, urllib.request
        def handler(event, context):
            return eval(event)
    """
    files = {"function.py": source} | sdk()
    ignoring = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
    function = functions.create(
        server.client(account="111122223333"), files, host.newest("python"), "function.handler",
        Timeout=120, MemorySize=512, Environment={"Variables": ignoring},
    )  # fmt: skip

    def ask(what):
        answer = function.invoke(what)
        assert answer.error is None, answer.body
        return answer.value

    assert ask("boto3.client('lambda').meta.endpoint_url").startswith("https://lambda.us-east-1.amazonaws.com")
    assert function.name in ask("[f['FunctionName'] for f in boto3.client('lambda').list_functions()['Functions']]")
    assert ask("boto3.client('lambda', region_name='eu-west-1').list_functions()['Functions']") == []
    # Without the SDK, too: Python's own library; and without TLS.
    scheme = "urllib.request.urlopen(urllib.request.Request('{}://lambda.us-east-1.amazonaws.com/2015-03-31/functions', headers={{"
    scheme += "'Authorization': 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0'"
    scheme += "}})).status"
    assert ask(scheme.format("https")) == ask(scheme.format("http")) == 200
    # Nobody else is who he says he is, and other names stay unknown.
    wrong = "ssl.create_default_context().wrap_socket(socket.create_connection(('169.254.78.3', 443)), server_hostname='example.com')"
    assert function.invoke(wrong).error == "Unhandled"
    assert function.invoke("socket.getaddrinfo('far.example.com', 80)").error == "Unhandled"
    key = server.data / "authority" / "authority.key"
    assert key.stat().st_mode & 0o777 == 0o600


def test_nodejs_believes_the_server_where_it_stands_for_aws(world):
    server = world.server("--intercept-aws")
    source = """
        exports.handler = async (event) => {
            const answer = await fetch("https://lambda.us-east-1.amazonaws.com/2015-03-31/functions", {headers: {
                authorization: "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0",
            }});
            return [answer.status, (await answer.json()).Functions.length];
        };
    """
    function = functions.create(server.client(), {"index.js": source}, host.newest("nodejs"), "index.handler", Timeout=60)
    for _ in range(2):
        assert function.invoke().value == [200, 1]


def test_aws_names_are_aws_own_unless_the_operator_says_otherwise(probe):
    assert probe("resolve('lambda.us-east-1.amazonaws.com')") == NO_NAME
    assert probe("speak('169.254.78.3', 443)") == NO_WAY


FLOOD = '''
import socket, time
def handler(seconds, context):
    """Begins conversations with as many as it can."""
    end, begun = time.monotonic() + seconds, 0
    datagrams = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(100)]
    while time.monotonic() < end:
        for number, ours in enumerate(datagrams):
            ours.sendto(b"x" * 1000, ("198.51.100.7", 1024 + begun % 60000))
            begun += 1
        connecting = socket.socket()
        connecting.setblocking(False)
        connecting.connect_ex(("198.51.100.7", 1024 + begun % 60000))
        connecting.close()
    return begun
'''


def test_a_flood_of_conversations_harms_nobody(world):
    server = world.server()
    probe = world.probe(server)
    flood = functions.create(server.client(), {"function.py": FLOOD}, host.newest("python"), "function.handler", Timeout=60)
    probe("let_go()")
    before = server.memory()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        flooding = pool.submit(flood.invoke, 6)
        while not flooding.done():
            began = time.monotonic()
            assert probe(f"speak('{FAR}', {ECHO})") == "hello"
            assert time.monotonic() - began < 3
        assert flooding.result().value > 1000
    assert server.memory() - before < 64 << 20
