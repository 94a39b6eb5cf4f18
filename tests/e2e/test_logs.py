"""CloudWatch Logs with boto3 and the AWS CLI: groups, streams, events, patterns, and what functions write."""

import json
import pathlib
import re
import subprocess
import sys
import time

import pytest

from kit import functions, host
from kit.eventually import eventually
from kit.functions import a_name
from kit.server import Server, environment

# Debian's, version 2.
SYSTEM_CLI = "/usr/bin/aws"
ARN = "arn:aws:logs:us-east-1:000000000000:log-group"


@pytest.fixture(scope="module")
def logs(lambent):
    return lambent.client(service="logs")


@pytest.fixture
def group(logs):
    """The name of a group that exists for the test."""
    name = f"/tests/{a_name('group')}"
    logs.create_log_group(logGroupName=name)
    yield name
    logs.delete_log_group(logGroupName=name)


def now():
    return int(time.time() * 1000)


def put(logs, group, stream, *events):
    """Puts `(moment, message)`s into a stream, which is made if it is not there."""
    try:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    except logs.exceptions.ResourceAlreadyExistsException:
        pass
    events = [{"timestamp": moment, "message": message} for moment, message in events]
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def messages(logs, group, **options):
    """The messages of a group, from all pages."""
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, **options)
    return [event["message"] for page in pages for event in page["events"]]


def refused(call, **arguments):
    """The code and the message with which a call is refused."""
    with pytest.raises(call.__self__.exceptions.ClientError) as refusal:
        call(**arguments)
    error = refusal.value.response["Error"]
    return error["Code"], error["Message"]


def test_groups_are_described_page_by_page(logs):
    prefix = f"/tests/{a_name('pages')}"
    names = [f"{prefix}/{number}" for number in range(7)]
    for name in names:
        logs.create_log_group(logGroupName=name, tags={"number": name[-1]})
    pages = list(logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix, PaginationConfig={"PageSize": 3}))
    found = [group for page in pages for group in page["logGroups"]]
    assert len(pages) == 3 and [group["logGroupName"] for group in found] == names
    assert found[0]["arn"] == f"{ARN}:{names[0]}:*" and found[0]["logGroupArn"] == f"{ARN}:{names[0]}"
    assert abs(found[0]["creationTime"] - now()) < 600_000 and found[0]["logGroupClass"] == "STANDARD"
    pattern = logs.describe_log_groups(logGroupNamePattern=f"{prefix[7:]}/3")["logGroups"]
    assert [group["logGroupName"] for group in pattern] == [names[3]]
    for name in names:
        logs.delete_log_group(logGroupName=name)
    assert not logs.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]


def test_refusals_read_as_aws(logs, group):
    missing = ("ResourceNotFoundException", "The specified log group does not exist.")
    assert refused(logs.create_log_group, logGroupName=group) == (
        "ResourceAlreadyExistsException", "The specified log group already exists",
    )  # fmt: skip
    for call, arguments in [
        (logs.delete_log_group, {}),
        (logs.create_log_stream, {"logStreamName": "s"}),
        (logs.describe_log_streams, {}),
        (logs.filter_log_events, {}),
        (logs.put_retention_policy, {"retentionInDays": 1}),
        (logs.list_tags_log_group, {}),
    ]:
        assert refused(call, logGroupName="/tests/missing", **arguments) == missing, call
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    assert refused(logs.create_log_stream, logGroupName=group, logStreamName="s") == (
        "ResourceAlreadyExistsException", "The specified log stream already exists",
    )  # fmt: skip
    assert refused(logs.get_log_events, logGroupName=group, logStreamName="t") == (
        "ResourceNotFoundException", "The specified log stream does not exist.",
    )  # fmt: skip
    code, text = refused(logs.create_log_group, logGroupName="with space")
    assert code == "InvalidParameterException" and "failed to satisfy constraint" in text
    code, text = refused(logs.filter_log_events, logGroupName=group, filterPattern="{ $.a = 1")
    assert (code, text) == ("InvalidParameterException", "If a filter pattern starts with '{' it must end with '}'")


def test_streams_are_described_by_name_and_by_time(logs, group):
    start = now()
    for number, stream in enumerate(["b", "c", "a"]):
        put(logs, group, stream, (start + number, "x"), (start + 10 + number, "y"))
    by_name = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert [stream["logStreamName"] for stream in by_name] == ["a", "b", "c"]
    first = by_name[0]
    assert (first["firstEventTimestamp"], first["lastEventTimestamp"]) == (start + 2, start + 12)
    assert first["arn"] == f"{ARN}:{group}:log-stream:a" and first["lastIngestionTime"] >= start
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=group, orderBy="LastEventTime", descending=True, PaginationConfig={"PageSize": 1}
    )
    assert [stream["logStreamName"] for page in pages for stream in page["logStreams"]] == ["a", "c", "b"]
    logs.delete_log_stream(logGroupName=group, logStreamName="b")
    assert len(logs.describe_log_streams(logGroupName=group)["logStreams"]) == 2
    assert len(messages(logs, group)) == 4


def test_a_stream_is_read_from_both_ends(logs, group):
    start = now()
    put(logs, group, "s", *((start + number, str(number)) for number in range(10)))
    read = lambda **options: logs.get_log_events(logGroupName=group, logStreamName="s", limit=4, **options)
    texts = lambda page: [event["message"] for event in page["events"]]
    page = read(startFromHead=True)
    assert texts(page) == ["0", "1", "2", "3"] and page["nextForwardToken"].startswith("f/")
    page = read(nextToken=page["nextForwardToken"])
    page = read(nextToken=page["nextForwardToken"])
    assert texts(page) == ["8", "9"]
    end = read(nextToken=page["nextForwardToken"])
    assert not end["events"] and end["nextForwardToken"] == page["nextForwardToken"]
    put(logs, group, "s", (start + 10, "10"))
    assert texts(read(nextToken=end["nextForwardToken"])) == ["10"]
    page = read()
    assert texts(page) == ["7", "8", "9", "10"]
    assert texts(read(nextToken=page["nextBackwardToken"])) == ["3", "4", "5", "6"]
    page = read(startTime=start + 2, endTime=start + 4, startFromHead=True)
    assert texts(page) == ["2", "3"]
    assert page["events"][0]["ingestionTime"] >= start


def test_batches_have_rules(logs, group):
    start = now()
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    day = 24 * 3600 * 1000
    answer = put(logs, group, "s", (start, "now"), (start + 3 * 3600 * 1000, "future"))
    assert answer["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    answer = put(logs, group, "s", (start - 14 * day - 60_000, "old"), (start - 14 * day + 60_000, "younger"))
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    assert messages(logs, group) == ["younger", "now"]
    for events in [[(start, "a"), (start - 1, "b")], [(start - 25 * 3600 * 1000, "a"), (start, "b")], [(start, "x" * 1_048_551)]]:
        with pytest.raises(logs.exceptions.InvalidParameterException):
            put(logs, group, "s", *events)


def test_events_of_all_streams_are_filtered_in_order_of_time(logs, group):
    start = now()
    for number in range(30):
        line = {"level": "ERROR" if number % 3 == 0 else "INFO", "number": number, "user": {"name": f"u{number}"}}
        put(logs, group, f"s{number % 4}", (start + number, json.dumps(line)))
    put(logs, group, "plain", (start + 100, "ERROR not json"), (start + 101, '1.2.3.4 - "GET /x" 404 17'))
    numbers = lambda **options: [json.loads(text)["number"] for text in messages(logs, group, **options)]
    assert numbers(filterPattern="{ $.level = ERROR }", PaginationConfig={"PageSize": 2}) == list(range(0, 30, 3))
    assert numbers(filterPattern='{ $.number >= 5 && $.number < 9 && $.user.name = "u*" }') == [5, 6, 7, 8]
    assert numbers(filterPattern="{ $.number = 1 || $.number = %^2[0-2]$% }", logStreamNamePrefix="s") == [1, 20, 21, 22]
    assert numbers(logStreamNames=["s1"], startTime=start + 5, endTime=start + 13) == [5, 9, 13]
    assert messages(logs, group, filterPattern="ERROR -level") == ["ERROR not json"]
    assert len(messages(logs, group, filterPattern="[ip, dash, request=*x, status=4*, size>10]")) == 1
    ids = [event["eventId"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    assert ids == sorted(set(ids)) and all(len(each) == 56 for each in ids)
    matches = logs.test_metric_filter(filterPattern="[ip, ..., size]", logEventMessages=["1.2.3.4 a b 5"])["matches"]
    assert matches[0]["extractedValues"] == {"$ip": "1.2.3.4", "$size": "5"}


def test_retention_and_tags(logs, group):
    logs.put_retention_policy(logGroupName=group, retentionInDays=7)
    described = lambda: logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert described()["retentionInDays"] == 7
    assert put(logs, group, "s", (now() - 8 * 24 * 3600 * 1000, "old"))["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    logs.delete_retention_policy(logGroupName=group)
    assert "retentionInDays" not in described()
    logs.tag_resource(resourceArn=f"{ARN}:{group}", tags={"a": "1", "b": "2"})
    logs.tag_log_group(logGroupName=group, tags={"c": "3"})
    logs.untag_resource(resourceArn=f"{ARN}:{group}", tagKeys=["a"])
    assert logs.list_tags_for_resource(resourceArn=f"{ARN}:{group}")["tags"] == {"b": "2", "c": "3"}
    logs.untag_log_group(logGroupName=group, tags=["b"])
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == {"c": "3"}


def test_what_a_function_writes_is_in_its_group(logs, python):
    function = python("""
        import sys
        def handler(event, context):
            print("first", event["n"])
            sys.stderr.write("second\\n")
            return [context.log_group_name, context.log_stream_name]
    """)
    answers = [function.invoke({"n": number}) for number in range(3)]
    group, stream = answers[0].value
    assert group == f"/aws/lambda/{function.name}"
    assert re.fullmatch(r"\d{4}/\d{2}/\d{2}/\[\$LATEST][0-9a-f]{32}", stream)
    # What was written before is read, without waiting for it.
    texts = eventually(lambda: (found := messages(logs, group)) and found[-1].startswith("REPORT") and found, 60)
    assert texts[0].startswith("INIT_START Runtime Version: ")
    for number, answer in enumerate(answers):
        begin = texts.index(f"START RequestId: {answer.request_id} Version: $LATEST\n")
        assert texts[begin + 1 : begin + 4] == [f"first {number}\n", "second\n", f"END RequestId: {answer.request_id}\n"]
        assert texts[begin + 4].startswith(f"REPORT RequestId: {answer.request_id}\tDuration: ")
    (described,) = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert described["logStreamName"] == stream and described["lastEventTimestamp"] >= described["firstEventTimestamp"]
    found = logs.filter_log_events(logGroupName=group, filterPattern=f'"{answers[1].request_id}" REPORT')["events"]
    assert len(found) == 1
    logs.delete_log_group(logGroupName=group)
    function.invoke({"n": 9})
    assert "first 9\n" in eventually(lambda: group_exists(logs, group) and messages(logs, group), 60), "the group is made anew"


def group_exists(logs, group):
    return logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]


def test_a_function_may_choose_its_group(logs, python):
    group = f"/tests/{a_name('chosen')}"
    function = python("def handler(event, context):\n    print('hello')\n", LoggingConfig={"LogGroup": group})
    function.invoke()
    assert "hello\n" in eventually(lambda: group_exists(logs, group) and messages(logs, group), 60)


def test_one_that_floods_its_log_slows_nobody_else(fresh_lambent):
    """Nothing of the flood is lost, and the server's memory does not grow with it."""
    lambent = fresh_lambent()
    client, logs = lambent.client(), lambent.client(service="logs")
    flood = functions.create(
        client,
        {"function.py": "import os\ndef handler(event, context):\n    line = b'x' * 999 + b'\\n'\n    for _ in range(40_000):\n        os.write(1, line)\n"},
        host.newest("python"),
        "function.handler",
        Timeout=120,
    )
    quiet = functions.create(client, {"function.py": "def handler(event, context):\n    return 1\n"}, host.newest("python"), "function.handler")
    quiet.invoke()
    before = lambent.memory()
    assert flood.invoke().error is None
    assert quiet.invoke().value == 1
    assert lambent.memory() - before < 48 << 20
    count = sum(text == "x" * 999 + "\n" for text in messages(logs, f"/aws/lambda/{flood.name}"))
    assert count == 40_000


def cli(lambent, *arguments):
    """Runs `aws logs ...` and returns what it prints, from JSON."""
    settings = {
        **environment(),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    }
    command = [sys.executable, "-m", "awscli", "--endpoint-url", lambent.url, "--output", "json", "logs", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=settings, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def test_the_cli_reads_a_group(lambent, logs, group):
    start = now()
    put(logs, group, "s", *((start + number, f"line {number}") for number in range(5)))
    found = cli(lambent, "filter-log-events", "--log-group-name", group, "--filter-pattern", "line", "--page-size", "2")
    assert [event["message"] for event in found["events"]] == [f"line {number}" for number in range(5)]
    found = cli(lambent, "get-log-events", "--log-group-name", group, "--log-stream-name", "s", "--limit", "2")
    assert [event["message"] for event in found["events"]] == ["line 3", "line 4"]
    found = cli(lambent, "describe-log-streams", "--log-group-name", group, "--order-by", "LastEventTime")
    assert [stream["logStreamName"] for stream in found["logStreams"]] == ["s"]


@pytest.mark.skipif(not pathlib.Path(SYSTEM_CLI).exists(), reason="no AWS CLI 2 on this host, which has `logs tail`")
def test_the_cli_follows_a_group(lambent, logs, group, tmp_path):
    start = now()
    put(logs, group, "s", (start, "before"))
    settings = environment() | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    # It has libraries of its own, and the tests' are others.
    settings.pop("PYTHONPATH", None)
    command = [SYSTEM_CLI, "--endpoint-url", lambent.url, "logs", "tail", group, "--follow", "--format", "short"]
    with open(tmp_path / "printed", "w+") as printed:
        tail = subprocess.Popen(command, stdout=printed, stderr=subprocess.STDOUT, env=settings | {"PYTHONUNBUFFERED": "1"})
        try:
            shown = lambda: [line.split(" ", 1)[-1].strip() for line in (tmp_path / "printed").read_text().splitlines()]
            eventually(lambda: shown() == ["before"], 60, "what was there")
            for number in range(3):
                put(logs, group, f"s{number}", (now(), f"line {number}"))
                eventually(lambda: shown() == ["before", *(f"line {each}" for each in range(number + 1))], 60, "what came")
        finally:
            tail.kill()
            tail.wait()


def test_following_a_group_as_tail_does(logs, group):
    """`aws logs tail --follow` asks again from the last moment on and leaves out the ids that it has seen."""
    start = now()
    seen, shown, moment = set(), [], start
    for number in range(6):
        put(logs, group, f"s{number % 2}", (start + number, str(number)), (start + number, f"{number}'"))
        token = {}
        while True:
            page = logs.filter_log_events(logGroupName=group, startTime=moment, limit=3, **token)
            for event in page["events"]:
                if event["eventId"] not in seen:
                    seen.add(event["eventId"])
                    shown.append(event["message"])
                    moment = max(moment, event["timestamp"])
            if "nextToken" not in page:
                break
            token = {"nextToken": page["nextToken"]}
    assert shown == [text for number in range(6) for text in (str(number), f"{number}'")]


def test_what_was_acknowledged_survives_a_kill(tmp_path):
    folder = tmp_path / "lambent"
    folder.mkdir()
    server = Server(folder).start()
    logs = server.client(service="logs")
    logs.create_log_group(logGroupName="g", tags={"kept": "yes"})
    known, start = [], now()
    for run in range(4):
        logs = server.client(service="logs")
        for number in range(60):
            text = f"{run}-{number} " + "x" * (number * 50)
            put(logs, "g", f"s{number % 5}", (start + run * 100 + number, text))
            known.append(text)
        server.kill()
        server.start()
        logs = server.client(service="logs")
        assert messages(logs, "g") == known
        assert len(logs.describe_log_streams(logGroupName="g")["logStreams"]) == 5
    assert logs.list_tags_log_group(logGroupName="g")["tags"] == {"kept": "yes"}
    server.stop()


def test_what_a_function_wrote_survives_a_kill_a_moment_later(tmp_path):
    folder = tmp_path / "lambent"
    folder.mkdir()
    server = Server(folder).start()
    function = functions.create(
        server.client(), {"function.py": "def handler(event, context):\n    print('line', event)\n"}, host.newest("python"), "function.handler"
    )
    for number in range(20):
        function.invoke(number)
    group = f"/aws/lambda/{function.name}"
    segments = lambda: b"".join(path.read_bytes() for path in (server.data / "logs").glob("*/*.log"))
    # Nothing that reads makes it be written: the writer does so by itself.
    eventually(lambda: b"line 19\n" in segments(), 60, "the log's arrival in files")
    server.kill()
    server.start()
    texts = messages(server.client(service="logs"), group)
    assert [text for text in texts if text.startswith("line")] == [f"line {number}\n" for number in range(20)]
    server.stop()


def test_the_room_that_logs_take_is_bounded(fresh_lambent):
    lambent = fresh_lambent("--log-megabytes", "4")
    logs = lambent.client(service="logs")
    logs.create_log_group(logGroupName="g")
    start = now()
    for number in range(20):
        put(logs, "g", "s", *((start + number, f"{number} " + "x" * 1000) for _ in range(800)))
    stored = lambda: logs.describe_log_groups()["logGroups"][0]["storedBytes"]
    eventually(lambda: stored() <= 4 << 20, 60, "the removal of old events")
    kept = messages(logs, "g")
    assert kept and kept[-1].startswith("19 ") and not any(text.startswith("0 ") for text in kept)


SUBSCRIBER = """
import base64, gzip, json
def handler(event, context):
    message = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    print("got", json.dumps(message))
"""


def test_a_function_is_sent_the_events_it_subscribed_to(lambent, logs, group, python, aws):
    subscriber = python(SUBSCRIBER)
    arn = subscriber.client.get_function(FunctionName=subscriber.name)["Configuration"]["FunctionArn"]
    subscribe = lambda name="f": logs.put_subscription_filter(
        logGroupName=group, filterName=name, filterPattern="ERROR", destinationArn=arn
    )
    with pytest.raises(logs.exceptions.InvalidParameterException, match="Could not execute the lambda function"):
        subscribe()
    aws.add_permission(
        FunctionName=subscriber.name, StatementId="logs", Action="lambda:InvokeFunction", Principal="logs.amazonaws.com",
        SourceArn=f"{ARN}:{group}:*",
    )  # fmt: skip
    put(logs, group, "s", (now(), "ERROR before"))
    subscribe()
    start = now()
    put(logs, group, "s", (start, "ERROR 1"), (start, "INFO"), (start, "ERROR 2"))
    put(logs, group, "t", (start, "ERROR 3"))

    def got():
        if not group_exists(logs, f"/aws/lambda/{subscriber.name}"):
            return []
        lines = messages(logs, f"/aws/lambda/{subscriber.name}", filterPattern="got")
        return [json.loads(line[4:]) for line in lines]

    received = eventually(lambda: sum(len(each["logEvents"]) for each in got()) >= 3 and got(), 60)
    events = [(each["logStream"], event["message"]) for each in received for event in each["logEvents"]]
    assert sorted(events) == [("s", "ERROR 1"), ("s", "ERROR 2"), ("t", "ERROR 3")]
    assert received[0] | {"logEvents": [], "logStream": ""} == {
        "messageType": "DATA_MESSAGE", "owner": "000000000000", "logGroup": group, "logStream": "", "subscriptionFilters": ["f"],
        "logEvents": [],
    }  # fmt: skip
    (described,) = logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    assert (described["filterName"], described["filterPattern"], described["destinationArn"]) == ("f", "ERROR", arn)
    subscribe("g")
    assert refused(logs.put_subscription_filter, logGroupName=group, filterName="h", filterPattern="", destinationArn=arn) == (
        "LimitExceededException", "Resource limit exceeded.",
    )  # fmt: skip
    logs.delete_subscription_filter(logGroupName=group, filterName="f")
    assert refused(logs.delete_subscription_filter, logGroupName=group, filterName="f")[0] == "ResourceNotFoundException"
