"""`StartLiveTail` with boto3 and the AWS CLI: what comes to a group, while it comes."""

import contextlib
import socket
import subprocess
import sys
import threading

import boto3
import pytest
from botocore.exceptions import EventStreamError

from kit.eventually import eventually
from kit.functions import a_name
from kit.server import ONE_TRY, environment
from test_logs import ARN, now, put, refused

# By it, clients leave away what AWS has in front of the host.
AS_IT_IS = "AWS_DISABLE_HOST_PREFIX_INJECTION"


@pytest.fixture(scope="module")
def logs(lambent):
    return lambent.client(service="logs", inject_host_prefix=False)


@pytest.fixture
def group(logs):
    """The name of a group that exists for the test."""
    name = f"/tests/{a_name('live')}"
    logs.create_log_group(logGroupName=name)
    yield name
    logs.delete_log_group(logGroupName=name)


@contextlib.contextmanager
def tail(logs, *groups, **options):
    """The events of a session."""
    answer = logs.start_live_tail(logGroupIdentifiers=[f"{ARN}:{group}" for group in groups], **options)
    with contextlib.closing(answer["responseStream"]) as stream:
        yield iter(stream)


def results(events, count):
    """The next so many log events of a session, and whether one of the updates was a sample."""
    found, sampled = [], False
    while len(found) < count:
        update = next(events)["sessionUpdate"]
        found += update["sessionResults"]
        sampled = sampled or update["sessionMetadata"]["sampled"]
    return found, sampled


def test_what_comes_is_sent_while_it_comes(logs, group):
    put(logs, group, "s", (now(), "ERROR before"))
    with tail(logs, group, logEventFilterPattern="ERROR", logStreamNamePrefixes=["s"]) as events:
        start = next(events)["sessionStart"]
        assert start["logGroupIdentifiers"] == [f"{ARN}:{group}"] and start["requestId"] and start["sessionId"]
        assert (start["logStreamNamePrefixes"], start["logStreamNames"], start["logEventFilterPattern"]) == (["s"], [], "ERROR")
        moment = now()
        put(logs, group, "s1", (moment, "ERROR 1"), (moment, "INFO"), (moment + 1, "ERROR ü"))
        put(logs, group, "t", (moment, "ERROR elsewhere"))
        found, sampled = results(events, 2)
        assert [event["message"] for event in found] == ["ERROR 1", "ERROR ü"] and not sampled
        assert found[0] | {"ingestionTime": 0} == {
            "logGroupIdentifier": f"{ARN}:{group}", "logStreamName": "s1", "message": "ERROR 1", "timestamp": moment, "ingestionTime": 0,
        }  # fmt: skip
        put(logs, group, "s", (now(), "ERROR 2"))
        assert [event["message"] for event in results(events, 1)[0]] == ["ERROR 2"]


def test_a_flood_is_sampled(logs, group):
    with tail(logs, group) as events:
        next(events)
        # So many at once that no second has few of them.
        moment = now()
        put(logs, group, "s", *((moment, f"{number} ".ljust(10, "x")) for number in range(10_000)))
        updates = []
        while not updates or not updates[-1]["sessionResults"]:
            updates.append(next(events)["sessionUpdate"])
        assert len(updates[-1]["sessionResults"]) == 500 and updates[-1]["sessionMetadata"]["sampled"] is True


def test_several_groups_and_what_functions_write(logs, group, python):
    function = python("def handler(event, context):\n    print('said', event)\n")
    function.invoke(0)
    own = f"/aws/lambda/{function.name}"
    eventually(lambda: logs.describe_log_groups(logGroupNamePrefix=own)["logGroups"], 60, "the function's group")
    with tail(logs, group, own, logEventFilterPattern="said") as events:
        next(events)
        function.invoke(1)
        put(logs, group, "s", (now(), "said 2"))
        found, _ = results(events, 2)
        assert sorted(event["message"].strip() for event in found) == ["said 1", "said 2"]


def test_refusals(logs, group):
    identifiers = lambda *names: {"logGroupIdentifiers": [f"{ARN}:{name}" for name in names]}
    missing = ("ResourceNotFoundException", "The specified log group does not exist.")
    assert refused(logs.start_live_tail, **identifiers("/tests/missing")) == missing
    for arguments in [
        {"logGroupIdentifiers": [group]},
        identifiers(f"{group}:*"),
        identifiers(*[group] * 11),
        {**identifiers(group, group), "logStreamNames": ["s"]},
        {**identifiers(group), "logStreamNames": ["s"], "logStreamNamePrefixes": ["s"]},
        {**identifiers(group), "logEventFilterPattern": "{ $.a"},
    ]:
        assert refused(logs.start_live_tail, **arguments)[0] == "InvalidParameterException", arguments


def test_an_account_has_so_many_sessions_at_once(lambent):
    logs = lambent.client(service="logs", account="333333333333", inject_host_prefix=False)
    logs.create_log_group(logGroupName="g")
    identifiers = [f"{ARN.replace('000000000000', '333333333333')}:g"]
    with contextlib.ExitStack() as sessions:
        for _ in range(15):
            answer = logs.start_live_tail(logGroupIdentifiers=identifiers)
            sessions.enter_context(contextlib.closing(answer["responseStream"]))
        assert refused(logs.start_live_tail, logGroupIdentifiers=identifiers)[0] == "LimitExceededException"

    def open_one():
        with contextlib.suppress(logs.exceptions.LimitExceededException):
            logs.start_live_tail(logGroupIdentifiers=identifiers)["responseStream"].close()
            return True

    eventually(open_one, 60, "a seat that a client left")


def test_who_looks_on_is_told_when_the_server_stops(fresh_lambent):
    lambent = fresh_lambent()
    logs = lambent.client(service="logs", inject_host_prefix=False)
    logs.create_log_group(logGroupName="g")
    with tail(logs, "g") as events:
        next(events)
        stopping = threading.Thread(target=lambent.stop)
        stopping.start()
        with pytest.raises(EventStreamError, match="SessionStreamingException"):
            while True:
                next(events)
        stopping.join()


def test_the_prefix_that_clients_put_before_the_host(lambent, logs, group, monkeypatch):
    """Where such names resolve, as `*.localhost` does on many hosts, clients need no setting."""
    resolve = socket.getaddrinfo
    asked = []

    def found(host, *rest, **options):
        asked.append(host)
        return resolve("127.0.0.1" if str(host).endswith("lambent.test") else host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    client = boto3.client(
        "logs", endpoint_url=f"http://lambent.test:{lambent.port}", region_name="us-east-1", aws_access_key_id="test",
        aws_secret_access_key="secret", config=ONE_TRY,
    )  # fmt: skip
    with tail(client, group) as events:
        assert next(events)["sessionStart"]
    # It is `stream-` or `streaming-`, as the SDK's version has it.
    assert any(host.startswith("stream") and host.endswith("-lambent.test") for host in asked), asked


def test_the_cli(lambent, logs, group, tmp_path):
    settings = environment() | {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1", AS_IT_IS: "true",
    }  # fmt: skip
    command = [sys.executable, "-u", "-m", "awscli", "--endpoint-url", lambent.url, "logs", "start-live-tail"]
    with open(tmp_path / "printed", "w") as printed:
        process = subprocess.Popen(
            [*command, "--log-group-identifiers", f"{ARN}:{group}"], stdout=printed, stderr=subprocess.STDOUT, env=settings
        )
        try:
            lines = []

            def shown():
                # What came before the session began is not shown.
                lines.append(f"line {len(lines)}")
                put(logs, group, "s", (now(), lines[-1]))
                text = (tmp_path / "printed").read_text()
                assert process.poll() is None, text
                return any(line in text.splitlines() for line in lines)

            assert eventually(shown, 60, "what came")
        finally:
            process.kill()
            process.wait()
