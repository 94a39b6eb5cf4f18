"""Input that is broken, hostile, or too much: AWS's error, nothing changed, memory bounded, others served."""

import base64
import concurrent.futures
import io
import json
import pathlib
import zipfile

import boto3
import pytest

from kit import functions, host
from kit.eventually import eventually
from kit.functions import ROLE, a_name
from kit.raw import AUTHORIZATION, connect, everything, head, request
from kit.server import ONE_TRY, Server
from kit.zips import package, with_link, with_lying_sizes

FUNCTIONS = "/2015-03-31/functions"
ZEROS = bytes(1 << 20)
SOURCE = {"function.py": "def handler(event, context): return 'well'\n"}
# What one server may hold: the bodies of all requests together have a budget of 1 GiB.
MEMORY = 1300 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server for this file alone, so that its memory can be told."""
    server = Server(tmp_path_factory.mktemp("bad-input"))
    server.start()
    yield server
    assert server.memory() < MEMORY
    server.stop()


@pytest.fixture(scope="module")
def bystander(server):
    """A function that has nothing to do with it all."""
    return functions.create(server.client(), SOURCE, host.newest("python"), "function.handler", name="bystander")


@pytest.fixture(autouse=True)
def nothing_changes(server, bystander):
    """After each test the bystander is the only function there is, as it was, and answers."""
    before = bystander.configuration()["RevisionId"]
    yield
    assert bystander.invoke().value == "well"
    names = [each["FunctionName"] for each in bystander.client.list_functions()["Functions"]]
    # The next test starts from a clean state even if this one fails.
    for name in set(names) - {"bystander"}:
        bystander.client.delete_function(FunctionName=name)
    assert names == ["bystander"]
    assert bystander.configuration()["RevisionId"] == before
    packages = lambda: list((server.data / "code").glob("*/code.zip"))
    eventually(lambda: len(packages()) == 1, what="the end of refused packages")


def refusal(server, archive):
    """How CreateFunction and UpdateFunctionCode both refuse a package: code, status and message."""
    client = server.client()
    with pytest.raises(client.exceptions.ClientError) as created:
        client.create_function(
            FunctionName=a_name(), Runtime=host.newest("python"), Handler="f.h", Role=ROLE, Code={"ZipFile": archive}
        )
    with pytest.raises(client.exceptions.ClientError) as updated:
        client.update_function_code(FunctionName="bystander", ZipFile=archive)
    answers = [each.value.response for each in (created, updated)]
    told = [(each["Error"]["Code"], each["ResponseMetadata"]["HTTPStatusCode"], each["Error"]["Message"]) for each in answers]
    assert told[0] == told[1]
    return told[0]


GOOD = package({"function.py": "x = 1\n" * 1000, "data": bytes(range(256)) * 40})


def with_flipped_byte(archive):
    at = len(archive) // 3
    return archive[:at] + bytes([archive[at] ^ 0xFF]) + archive[at + 1 :]


def with_the_same_data_many_times(count):
    """A directory that names one entry's data again and again: the classic overlapping bomb."""
    archive = package({"a0000": ZEROS * 8})
    start = archive.index(b"PK\x01\x02")
    end = archive.index(b"PK\x05\x06")
    entry = archive[start:end]
    directory = b"".join(entry.replace(b"a0000", b"a%04d" % number) for number in range(count))
    tail = bytearray(archive[end:])
    tail[8:12] = count.to_bytes(2, "little") * 2
    tail[12:16] = len(directory).to_bytes(4, "little")
    return archive[:start] + directory + bytes(tail)


def with_many_entries(count):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for number in range(count):
            archive.writestr(f"{number:x}", b"")
    return buffer.getvalue()


BROKEN = {
    "text": lambda: b"this is no zip",
    "only a signature": lambda: b"PK\x03\x04",
    "cut in half": lambda: GOOD[: len(GOOD) // 2],
    "without its end": lambda: GOOD[:-1],
    "damaged": lambda: with_flipped_byte(GOOD),
    "leaves the package": lambda: package({"../planted": "x"}),
    "leaves it later": lambda: package({"a/b/../../../planted": "x"}),
    "writes through a link": lambda: with_link("out", "/tmp", {"out/planted": "x"}),
    "a file that is a folder": lambda: package({"a": "x", "a/b": "y"}),
    "lying sizes": lambda: with_lying_sizes(package({f"z{number}": ZEROS for number in range(10)})),
    "shared data": lambda: with_the_same_data_many_times(500),
    "too many entries": lambda: with_many_entries(100_001),
}


@pytest.mark.parametrize("archive", BROKEN.values(), ids=BROKEN)
def test_a_broken_package_is_refused(server, archive, tmp_path):
    code, status, message = refusal(server, archive())
    assert (code, status) == ("InvalidParameterValueException", 400)
    assert message == "Could not unzip uploaded file. Please check your file, then try to upload again."
    assert not any((server.data / name).exists() for name in ("planted", "code/planted"))


def test_an_empty_package_is_refused(server):
    answer = request(
        server, "POST", FUNCTIONS,
        json.dumps({"FunctionName": "f", "Runtime": "python3.12", "Handler": "f.h", "Role": ROLE, "Code": {"ZipFile": ""}}),
    )  # fmt: skip
    assert answer.status == 400


def test_a_package_that_unpacks_to_too_much_is_refused(server):
    bomb = package({f"zeros{number}": ZEROS for number in range(251)})
    assert len(bomb) < 1 << 20
    assert refusal(server, bomb) == (
        "InvalidParameterValueException",
        400,
        "Unzipped size must be smaller than 262144000 bytes",
    )


def test_a_link_that_points_out_of_the_package_shows_nothing_of_the_host(server, tmp_path):
    (tmp_path / "secret").write_text("secret")
    tmp_path.chmod(0o755)
    source = "def handler(event, context): return open('/var/task/out/secret').read()\n"
    archive = with_link("out", str(tmp_path), {"function.py": source})
    function = functions.create(server.client(), archive, host.newest("python"), "function.handler")
    assert function.invoke().value["errorType"] == "FileNotFoundError"
    function.delete()


def test_an_absolute_path_is_one_inside_the_package(server):
    source = "def handler(event, context): return open('/var/task/tmp/planted').read()\n"
    function = functions.create(
        server.client(), package({"/tmp/planted": "x", "/function.py": source}), host.newest("python"), "function.handler"
    )
    assert function.invoke().value == "x"
    assert not pathlib.Path("/tmp/planted").exists()
    function.delete()


def test_a_package_of_more_than_fifty_megabytes_is_refused(server):
    assert refusal(server, bytes(52_428_801)) == (
        "RequestEntityTooLargeException",
        413,
        "Zipped size must be smaller than 52428800 bytes",
    )


def test_a_body_of_seventy_megabytes_is_refused(server):
    with pytest.raises(server.client().exceptions.ClientError) as refused:
        functions.create(server.client(), bytes(53_000_000), host.newest("python"), "f.h")
    answer = refused.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert answer["Error"]["Code"] == "RequestEntityTooLargeException"
    assert answer["Error"]["Message"] == "Request must be smaller than 70167211 bytes for the CreateFunction operation"


def test_large_bodies_at_once_share_a_bounded_memory(server):
    body = json.dumps({"FunctionName": "f", "Code": {"ZipFile": "A" * 60_000_000}})
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: request(server, "POST", FUNCTIONS, body, signed=False, headers=SIGNED), range(12)))
    assert {answer.status for answer in answers} == {400}
    assert server.memory() < MEMORY


# Headers that pass for a signature, for bodies that would take long to sign.
SIGNED = {"Authorization": AUTHORIZATION, "X-Amz-Date": "20260101T000000Z", "Content-Type": "application/json"}


@pytest.mark.parametrize("body", ["{", "[]", '"text"', "nonsense", "{} {}", "\xff", "[" * 100_000, '{"a":' * 10_000], ids=lambda b: b[:12])
def test_a_body_that_is_no_json_object_is_refused(server, body):
    answer = request(server, "POST", FUNCTIONS, body.encode("latin-1"))
    assert answer.status == 400
    assert answer.headers["x-amzn-errortype"] in ("SerializationException", "InvalidRequestContentException")


@pytest.mark.parametrize(
    "member",
    [{"FunctionName": 5}, {"MemorySize": "big"}, {"Environment": []}, {"Code": "zip"}, {"Layers": "x"}, {"Code": {"ZipFile": "%%%"}},
     {"MemorySize": 1e400}, {"MemorySize": 2**63}, {"Publish": "yes"}],
    ids=str,
)  # fmt: skip
def test_a_member_of_the_wrong_type_is_refused(server, member):
    whole = {"FunctionName": "f", "Runtime": "python3.12", "Handler": "f.h", "Role": ROLE,
             "Code": {"ZipFile": base64.b64encode(GOOD).decode()}}  # fmt: skip
    answer = request(server, "POST", FUNCTIONS, json.dumps({**whole, **member}))
    assert answer.status == 400, answer.data


def test_a_member_that_nobody_knows_is_ignored(server):
    whole = {"FunctionName": "tolerant", "Runtime": host.newest("python"), "Handler": "function.handler", "Role": ROLE,
             "Code": {"ZipFile": base64.b64encode(package(SOURCE)).decode(), "New": 1}, "Unheard": {"of": [1]}}  # fmt: skip
    assert request(server, "POST", FUNCTIONS, json.dumps(whole)).status == 201
    client = server.client()
    client.get_waiter("function_active_v2").wait(FunctionName="tolerant", WaiterConfig=functions.PACE)
    client.delete_function(FunctionName="tolerant")


@pytest.mark.parametrize(
    "name",
    ["a%20b", "a.b", "%00", "..", "%2e%2e%2f%2e%2e", "x" * 300, "%ff", "arn:aws:lambda:us-east-1:000000000000:function",
     "arn:aws:s3:::bucket", "arn:aws:lambda:us-east-1:12:function:f", "f:a:b:c", "%E2%98%83"],
)  # fmt: skip
def test_a_bad_name_or_arn_is_refused(server, name):
    for path in (f"{FUNCTIONS}/{name}", f"{FUNCTIONS}/{name}/configuration"):
        assert request(server, "GET", path).status in (400, 404), path
    assert request(server, "POST", f"{FUNCTIONS}/{name}/invocations", b"{}").status in (400, 404)
    assert request(server, "DELETE", f"{FUNCTIONS}/{name}").status in (400, 404)


def test_a_name_of_another_region_or_account_is_refused(server):
    client = server.client()
    with pytest.raises(client.exceptions.ClientError) as refused:
        client.get_function(FunctionName="arn:aws:lambda:eu-west-1:000000000000:function:bystander")
    assert refused.value.response["Error"]["Message"] == (
        "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"
    )
    with pytest.raises(client.exceptions.ClientError) as refused:
        client.get_function(FunctionName="arn:aws:lambda:us-east-1:111111111111:function:bystander")
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_all_violations_are_told_at_once(server):
    answer = request(server, "POST", FUNCTIONS, json.dumps({"FunctionName": "f", "Role": "no-arn", "Timeout": 0, "Code": {}}))
    assert answer.status == 400 and answer.headers["x-amzn-errortype"] == "ValidationException"
    message = answer.json()["message"]
    assert message.startswith("2 validation errors detected: ") and "'role'" in message and "'timeout'" in message


@pytest.mark.parametrize("authorization", [None, "", "Bearer token", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=x"])
def test_a_request_without_a_signature_is_refused(server, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = request(server, "GET", FUNCTIONS, headers=headers, signed=False)
    assert answer.status in (400, 403)
    assert answer.headers["x-amzn-errortype"] in ("MissingAuthenticationTokenException", "IncompleteSignatureException")


# Requests that end before they are whole, never end, or were none to begin with.


def test_requests_that_break_off_leave_nothing(server):
    for beginning in (
        b"",
        b"PO",
        head("POST", FUNCTIONS)[:60],
        head("POST", FUNCTIONS, length=1000),
        head("POST", FUNCTIONS, length=1000) + b'{"FunctionName": "half',
        head("POST", f"{FUNCTIONS}/bystander/invocations", length=5_000_000) + ZEROS,
    ):
        with connect(server) as connection:
            connection.sendall(beginning)


def test_slow_requests_keep_nobody_waiting(server, bystander):
    connections = [connect(server) for _ in range(300)]
    try:
        for number, connection in enumerate(connections):
            whole = head("POST", FUNCTIONS, length=100)
            connection.sendall(whole[: 10 + number % (len(whole) - 10)])
        assert bystander.invoke().value == "well"
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"\x00" * 2000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  \r\n\r\n",
        head("POST", FUNCTIONS, "Content-Length: -1"),
        head("POST", FUNCTIONS, "Content-Length: ten"),
        head("POST", FUNCTIONS, "Content-Length: 1", "Content-Length: 2") + b"ab",
        head("POST", FUNCTIONS, "Content-Length: 99999999999999999999999999"),
        head("POST", FUNCTIONS, "Transfer-Encoding: chunked") + b"zz\r\n\r\n",
        head("GET", FUNCTIONS, "X-Bad\x00Name: 1"),
        head("GET", FUNCTIONS, "X-Huge: " + "x" * (1 << 20)),
        head("GET", FUNCTIONS, *(f"X-Many-{number}: 1" for number in range(5000))),
        head("GET", FUNCTIONS + "/" + "x" * (1 << 18)),
    ],
    ids=["zeros", "TLS", "one word", "unknown version", "no path", "negative length", "worded length", "two lengths", "endless length",
         "bad chunk", "bad header", "huge header", "many headers", "long path"],
)  # fmt: skip
def test_what_is_no_request_is_refused_or_cut_off(server, bytes_sent):
    with connect(server, timeout=5) as connection:
        try:
            connection.sendall(bytes_sent)
        except (BrokenPipeError, ConnectionResetError):
            return
        answer = everything(connection)
    assert not answer or answer.startswith(b"HTTP/1.1 4"), answer[:200]


def test_a_body_without_end_is_refused(server):
    with connect(server, timeout=30) as connection:
        connection.sendall(head("POST", FUNCTIONS, "Transfer-Encoding: chunked", "Connection: close"))
        chunk = b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"
        try:
            for _ in range(80):
                connection.sendall(chunk)
            connection.sendall(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert everything(connection).startswith(b"HTTP/1.1 413")


def test_requests_in_a_row_are_answered_in_order(server):
    with connect(server) as connection:
        connection.sendall(
            head("GET", f"{FUNCTIONS}/bystander/configuration")
            + head("GET", f"{FUNCTIONS}/nobody/configuration")
            + head("GET", f"{FUNCTIONS}/bystander/configuration", "Connection: close")
        )
        answers = everything(connection).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200", b"404", b"200"]


def test_a_body_in_chunks_is_a_body(server):
    with connect(server) as connection:
        connection.sendall(
            head("POST", f"{FUNCTIONS}/bystander/invocations", "Transfer-Encoding: chunked", "Connection: close")
            + b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
        )
        answer = everything(connection)
    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b'"well"')


# A server that knows whom it serves.


@pytest.fixture
def strict(fresh_lambent, tmp_path):
    """A server with configured credentials."""
    (tmp_path / "lambent.toml").write_text(
        '[[credentials]]\naccess-key = "AKIDTEST"\nsecret-key = "right"\naccount = "123456789012"\n'
    )
    return fresh_lambent("--config", str(tmp_path / "lambent.toml"))


def listed(server, access_key, secret, change=None):
    client = boto3.client(
        "lambda", endpoint_url=server.url, region_name="us-east-1", config=ONE_TRY,
        aws_access_key_id=access_key, aws_secret_access_key=secret,
    )  # fmt: skip
    if change:
        client.meta.events.register("before-send.lambda", change)
    try:
        return client.list_functions()["Functions"]
    except client.exceptions.ClientError as refused:
        return refused.response["Error"]["Code"], refused.response["ResponseMetadata"]["HTTPStatusCode"]


def change_the_query(request, **_):
    request.url += "?MaxItems=1"


def test_signatures_are_verified_where_credentials_are_configured(strict):
    assert listed(strict, "AKIDTEST", "right") == []
    assert listed(strict, "AKIDTEST", "wrong") == ("InvalidSignatureException", 403)
    assert listed(strict, "AKIDOTHER", "right") == ("UnrecognizedClientException", 403)
    assert listed(strict, "AKIDTEST", "right", change_the_query) == ("InvalidSignatureException", 403)
    headers = {**SIGNED, "Authorization": AUTHORIZATION.replace("=test/", "=AKIDTEST/")}
    assert request(strict, "GET", FUNCTIONS, signed=False, headers=headers).status == 403
