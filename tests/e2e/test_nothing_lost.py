"""Whatever was accepted ends somewhere: events, what is told of them, what was published, and messages in queues.

The server is killed again and again while functions fail at random, exit, take too long, are throttled and are updated. Afterwards every
event has been told of by exactly one kind of record, every message has been handled or is in the dead-letter queue, and what arrived twice
is counted. LAMBENT_SEED, LAMBENT_ROUNDS and LAMBENT_LOAD (of each kind in a round) choose another course; for 10,000 events, 10,000
messages and as much that is published, LAMBENT_ROUNDS=40 LAMBENT_LOAD=250.
"""

import collections
import json
import os
import random
import threading
import time

import botocore.exceptions

from kit import functions, host
from kit.eventually import eventually
from kit.functions import PACE, ROLE
from kit.zips import package

SEED = int(os.environ.get("LAMBENT_SEED", "1"))
ROUNDS = int(os.environ.get("LAMBENT_ROUNDS", "4"))
LOAD = int(os.environ.get("LAMBENT_LOAD", "60"))
SENDERS = 4
# How long the end may take of what is still to be run, in seconds.
PATIENCE = 240 + ROUNDS * LOAD // 10
DEAD = (botocore.exceptions.HTTPClientError, botocore.exceptions.EndpointConnectionError)
FAILING = """
import json, os, random, time
def handler(event, context):
    chance = random.random()
    if chance < 0.02:
        time.sleep(60)
    if chance < 0.05:
        os._exit(1)
    if chance < 0.4:
        raise RuntimeError("by chance")
    for record in event.get("Records", []):
        print("HANDLED", json.loads(record["body"])["n"])
    # The line is to be printed by the server before it is killed, once the message has been done with.
    time.sleep(0.1)
    return "done"
"""


class Server:
    """What the test needs of one, with clients of its present address."""

    def __init__(self, server):
        self.server = server
        self.connect()

    def connect(self):
        self.aws = self.server.client()
        self.sqs = self.server.client(service="sqs")
        self.sns = self.server.client(service="sns")

    def queue(self, name, **attributes):
        self.sqs.create_queue(QueueName=name, Attributes=attributes)
        return f"arn:aws:sqs:us-east-1:000000000000:{name}"

    def function(self, name):
        self.aws.create_function(
            FunctionName=name, Runtime=host.newest("python"), Handler="function.handler", Role=ROLE, Timeout=3,
            Code={"ZipFile": package({"function.py": FAILING})},
        )  # fmt: skip
        self.aws.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=PACE)

    def url(self, name):
        return self.sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def left(self, name):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self.sqs.get_queue_attributes(QueueUrl=self.url(name), AttributeNames=names)["Attributes"]
        return sum(map(int, counts.values()))

    def drained(self, name):
        """Every body in a queue."""
        url, bodies = self.url(name), []
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            bodies += [json.loads(message["Body"]) for message in messages]
            self.sqs.delete_message_batch(QueueUrl=url, Entries=[
                {"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages)])  # fmt: skip
        return bodies


def prepare(server):
    good, bad, dead = (server.queue(name) for name in ("good", "bad", "dead"))
    server.function("events")
    server.aws.put_function_concurrency(FunctionName="events", ReservedConcurrentExecutions=4)
    server.aws.put_function_event_invoke_config(
        FunctionName="events", MaximumRetryAttempts=1,
        DestinationConfig={"OnSuccess": {"Destination": good}, "OnFailure": {"Destination": bad}},
    )  # fmt: skip
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": "3"})
    work = server.queue("work", VisibilityTimeout="12", RedrivePolicy=redrive)
    server.function("messages")
    server.aws.create_event_source_mapping(EventSourceArn=work, FunctionName="messages", BatchSize=5)
    heard = server.queue("heard", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}]}))  # fmt: skip
    topic = server.sns.create_topic(Name="news")["TopicArn"]
    server.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=heard, Attributes={"RawMessageDelivery": "true"})
    return topic


class Sender:
    """Sends until the server is dead, and remembers what was acknowledged."""

    def __init__(self, number):
        self.events, self.messages, self.published = set(), set(), set()
        self.number = number

    def work(self, server, topic):
        try:
            for _ in range(LOAD // SENDERS):
                self.number += SENDERS
                n, body = self.number, json.dumps({"n": self.number})
                functions.Function(server.aws, "events").send({"n": n})
                self.events.add(n)
                server.sqs.send_message(QueueUrl=server.url("work"), MessageBody=body)
                self.messages.add(n)
                server.sns.publish(TopicArn=topic, Message=body)
                self.published.add(n)
        except DEAD:
            return


def update(server, chance):
    """Gives a function a new configuration, so that its next invocation finds no environment."""
    name = chance.choice(["events", "messages"])
    try:
        server.aws.update_function_configuration(FunctionName=name, Description=str(chance.random()))
    except (*DEAD, server.aws.exceptions.ResourceConflictException):
        # The server was killed first, or within an update before.
        return


def interfere(server, senders, topic, chance):
    """Lets everything work for a moment, then kills the server."""
    threads = [threading.Thread(target=sender.work, args=(server, topic)) for sender in senders]
    threads.append(threading.Thread(target=update, args=(server, chance)))
    for thread in threads:
        thread.start()
    # The moment of the kill is what the test is about; this is no wait for something to happen.
    time.sleep(chance.uniform(0.5, 2.0) * max(1, LOAD / 100))
    server.server.kill()
    for thread in threads:
        thread.join()
    server.server.start()
    server.connect()


def test_every_event_and_every_message_ends_somewhere(fresh_lambent):
    chance = random.Random(SEED)
    print(f"LAMBENT_SEED={SEED} LAMBENT_ROUNDS={ROUNDS} LAMBENT_LOAD={LOAD}")
    server = Server(fresh_lambent("--function-logs", "--event-time-scale", "60"))
    topic = prepare(server)
    senders = [Sender(number) for number in range(SENDERS)]
    for _ in range(ROUNDS):
        interfere(server, senders, topic, chance)
    for sender in senders:
        sender.work(server, topic)
    events, messages, published = (
        set().union(*(getattr(sender, kind) for sender in senders)) for kind in ("events", "messages", "published")
    )
    eventually(lambda: server.left("work") == 0, PATIENCE, "the end of the messages")
    told = collections.Counter()
    failed = collections.Counter()

    def all_told():
        told.update(record["requestPayload"]["n"] for record in server.drained("good"))
        failed.update(record["requestPayload"]["n"] for record in server.drained("bad"))
        return events <= set(told) | set(failed)

    eventually(all_told, PATIENCE, "the end of the events")
    heard = collections.Counter()

    def all_heard():
        heard.update(body["n"] for body in server.drained("heard"))
        return published <= set(heard)

    eventually(all_heard, PATIENCE, "what was published")
    twice = lambda counts: sum(count - 1 for count in counts.values())
    dead = {body["n"] for body in server.drained("dead")}
    lines = lambda: (line for line in server.server.log().splitlines() if "HANDLED " in line)
    handled = lambda: {int(line.rpartition("HANDLED ")[2]) for line in lines()}
    eventually(lambda: messages <= handled() | dead, 20, "every message in the log or in the dead-letter queue")
    print(
        f"{len(events)} events: {len(told)} succeeded, {len(failed)} failed, {twice(told + failed)} told of again; "
        f"{len(messages)} messages, {len(dead)} of them dead; "
        f"{len(published)} published, {twice(heard)} of them heard again"
    )  # fmt: skip
    assert told and failed
    # Told of again is only what was being told of at a kill, or what ended and was tried again because of one.
    assert twice(heard) <= 64 * ROUNDS and twice(told + failed) <= 64 * ROUNDS
