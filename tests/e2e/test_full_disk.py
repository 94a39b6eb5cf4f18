"""A disk that is full: what cannot be stored is refused, what was accepted is done once there is room again, and nothing is in between."""

import contextlib
import json
import os
import subprocess
import time
import uuid

import pytest
from botocore.exceptions import ClientError

from kit import host
from kit.eventually import eventually
from kit.functions import ROLE
from kit.server import Server
from kit.zips import package

MEGABYTES = 96
# Fills what is left soon, and is allowed everywhere.
LARGE = "x" * 200_000
ECHO = "def handler(event, context):\n    return event['n']\n"


@pytest.fixture
def small_disk(tmp_path):
    """A server whose data directory is a small file system."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system for the data directory")
    data = tmp_path / "small" / "data"
    data.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "lambent-test", data], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"this host does not let root mount a file system: {mounted.stderr.strip()}")
    server = Server(tmp_path / "small")
    try:
        yield server.start()
    finally:
        server.stop()
        subprocess.run(["umount", "-l", data], check=True)


class Filler:
    """Takes all the room there is, and again what becomes free meanwhile."""

    def __init__(self, data):
        self.file = data / "filler"

    def fill(self):
        with open(self.file, "ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))

    def leave(self, megabytes):
        """So much room, and no more."""
        self.fill()
        os.truncate(self.file, self.file.stat().st_size - (megabytes << 20))

    def free(self):
        self.file.unlink()


def until_refused(disk, call, most=2_000):
    """Calls with ever another number while a disk fills up; the numbers that were accepted, and the refusal that came in the end."""
    accepted = []
    disk.leave(2)
    for number in range(most):
        # What the server frees itself goes, too.
        if number >= 10:
            disk.fill()
        try:
            call(number)
        except ClientError as error:
            return accepted, error.response
        accepted.append(number)
    raise AssertionError(f"{most} calls were accepted on a full disk")


def create(client, name, text=ECHO):
    code = {"ZipFile": package({"function.py": text})}
    return client.create_function(FunctionName=name, Runtime=host.newest("python"), Handler="function.handler", Role=ROLE, Code=code)


def a_queue(sqs, *services):
    url = sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sqs:SendMessage", "Resource": arn}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    if services:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    return url, arn


def numbers(sqs, url, read, wanted):
    """The numbers in a queue once all that are wanted have come, and no more come."""
    found = set()

    def look():
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=600).get("Messages", [])
        found.update(read(json.loads(message["Body"])) for message in messages)
        return found >= set(wanted) and not messages

    eventually(look, 120, f"{len(wanted)} messages")
    return found


def test_on_a_full_disk_nothing_is_half_accepted(small_disk):
    disk = Filler(small_disk.data)
    aws, sqs, sns, events, logs = (small_disk.client(service=name) for name in ("lambda", "sqs", "sns", "events", "logs"))
    told, told_arn = a_queue(sqs)
    sent, _ = a_queue(sqs)
    published, published_arn = a_queue(sqs, "sns.amazonaws.com")
    ruled, ruled_arn = a_queue(sqs, "events.amazonaws.com")
    create(aws, "f")
    aws.get_waiter("function_active_v2").wait(FunctionName="f")
    aws.put_function_event_invoke_config(FunctionName="f", DestinationConfig={"OnSuccess": {"Destination": told_arn}})
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=published_arn, Attributes={"RawMessageDelivery": "true"})
    events.put_rule(Name="r", EventPattern='{"source": ["disk"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": ruled_arn, "InputPath": "$.detail"}])
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")

    large = lambda n: json.dumps({"n": n, "x": LARGE})  # noqa: E731
    line = lambda n: [{"timestamp": int(time.time() * 1000), "message": f"{n} {LARGE}"}]  # noqa: E731
    calls = {
        "Invoke": lambda n: aws.invoke(FunctionName="f", InvocationType="Event", Payload=large(n)),
        "InvokeAsync": lambda n: aws.invoke_async(FunctionName="f", InvokeArgs=large(10_000 + n)),
        "SendMessage": lambda n: sqs.send_message(QueueUrl=sent, MessageBody=large(n)),
        "Publish": lambda n: sns.publish(TopicArn=topic, Message=large(n)),
        "PutEvents": lambda n: put_event(events, large(n)),
        "PutLogEvents": lambda n: logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=line(n)),
        "CreateFunction": lambda n: create(aws, f"g-{n}", ECHO + f"# {n} {uuid.uuid4().hex * 9_000}"),
    }
    accepted = {}
    for name, call in calls.items():
        accepted[name], refusal = until_refused(disk, call)
        assert refusal["ResponseMetadata"]["HTTPStatusCode"] >= 500, (name, refusal)
        assert accepted[name], name
        # What needs no room is served all the while.
        assert aws.get_function_configuration(FunctionName="f")["FunctionName"] == "f"
        assert json.load(aws.invoke(FunctionName="f", Payload='{"n": 7}')["Payload"]) == 7

    disk.free()
    invoked = {*accepted["Invoke"], *(10_000 + n for n in accepted["InvokeAsync"])}
    assert numbers(sqs, told, lambda record: record["requestPayload"]["n"], invoked) == invoked
    assert numbers(sqs, sent, lambda body: body["n"], accepted["SendMessage"]) == set(accepted["SendMessage"])
    assert numbers(sqs, published, lambda body: body["n"], accepted["Publish"]) == set(accepted["Publish"])
    assert numbers(sqs, ruled, lambda body: body["n"], accepted["PutEvents"]) == set(accepted["PutEvents"])
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="g", logStreamNames=["s"])
    assert [int(event["message"].split()[0]) for page in pages for event in page["events"]] == accepted["PutLogEvents"]
    made = {each["FunctionName"] for page in aws.get_paginator("list_functions").paginate() for each in page["Functions"]}
    assert made == {"f"} | {f"g-{number}" for number in accepted["CreateFunction"]}
    # It goes on as if nothing had been.
    for call in calls.values():
        call(5_000)
    assert 5_000 in numbers(sqs, told, lambda record: record["requestPayload"]["n"], [5_000])
    small_disk.restart()
    aws = small_disk.client()
    assert json.load(aws.invoke(FunctionName="f", Payload='{"n": 8}')["Payload"]) == 8


def put_event(events, detail):
    """`PutEvents` answers for each entry whether it was taken."""
    answer = events.put_events(Entries=[{"Source": "disk", "DetailType": "Large", "Detail": detail}])
    assert answer["FailedEntryCount"] == 0, answer
