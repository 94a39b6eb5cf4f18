"""What was acknowledged by a queue survives `kill -9`: messages that were sent are there, those that were deleted stay away.

Several threads send to and receive from queues while the server is killed, again and again. LAMBENT_SEED and LAMBENT_ROUNDS choose
another course.
"""

import os
import random
import threading
import time

import botocore.exceptions
import pytest

from kit.eventually import eventually

SEED = int(os.environ.get("LAMBENT_SEED", "1"))
ROUNDS = int(os.environ.get("LAMBENT_ROUNDS", "5"))
DEAD = (botocore.exceptions.HTTPClientError, botocore.exceptions.EndpointConnectionError)
PATIENCE = 0.8


class Course:
    """What the threads were told, over all rounds."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sent, self.received, self.count = set(), [], 0
        # When a deletion was acknowledged.
        self.deleted = {}
        # What may be deleted, and by which handle: the server was killed before it could say so.
        self.tried = set()
        self.faults = []

    def until_dead(self, work):
        try:
            while True:
                work()
        except DEAD:
            return
        except Exception as fault:
            self.faults.append(fault)

    def send(self, client, url, fifo, chance):
        with self.lock:
            first = self.count
            self.count += 3
        group = {"MessageGroupId": f"g{chance.randrange(3)}"} if fifo else {}
        entries = [
            {"Id": str(number), "MessageBody": str(number)}
            | group
            | ({"MessageDeduplicationId": str(number)} if fifo else {})
            for number in range(first, first + 3)
        ]
        answer = client.send_message_batch(QueueUrl=url, Entries=entries)
        with self.lock:
            self.sent.update(entry["Id"] for entry in answer["Successful"])

    def consume(self, client, url):
        asked = time.monotonic()
        answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=3)
        messages = answer.get("Messages", [])
        if not messages:
            return
        attempts = [(message["Body"], message["ReceiptHandle"]) for message in messages]
        with self.lock:
            for body, _ in attempts:
                assert self.deleted.get(body, asked) >= asked, "a deleted message came back"
                self.received.append(body)
            self.tried.update(attempts)
        entries = [{"Id": str(index), "ReceiptHandle": handle} for index, (_, handle) in enumerate(attempts)]
        answer = client.delete_message_batch(QueueUrl=url, Entries=entries)
        with self.lock:
            # On a slow host the timeout may end first; the message then comes again.
            for refused in answer.get("Failed", []):
                assert "has expired" in refused["Message"], refused
                self.tried.discard(attempts[int(refused["Id"])])
            for done in answer.get("Successful", []):
                self.deleted.setdefault(attempts[int(done["Id"])][0], time.monotonic())


@pytest.mark.parametrize("fifo", [False, True], ids=["standard", "fifo"])
def test_messages_survive_and_deleted_ones_stay_away(fresh_lambent, fifo):
    print(f"LAMBENT_SEED={SEED} LAMBENT_ROUNDS={ROUNDS}")
    server, chance, course = fresh_lambent(), random.Random(SEED), Course()
    name = "q.fifo" if fifo else "q"
    server.client(service="sqs").create_queue(QueueName=name, Attributes={"FifoQueue": "true"} if fifo else {})
    path = f"/000000000000/{name}"
    for _ in range(ROUNDS):
        works = []
        for index in range(3):
            client, own = server.client(service="sqs"), random.Random(chance.random())
            url = server.url + path
            works.append(lambda client=client, url=url, own=own: course.send(client, url, fifo, own))
            if index < 2:
                consumer = server.client(service="sqs")
                works.append(lambda client=consumer, url=url: course.consume(client, url))
        threads = [threading.Thread(target=course.until_dead, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        threading.Event().wait(chance.uniform(0.2, PATIENCE))
        server.kill()
        for thread in threads:
            thread.join(60)
        assert not course.faults, course.faults
        server.start()
    client, url = server.client(service="sqs"), server.url + path

    def drained():
        course.consume(client, url)
        return course.sent <= set(course.deleted) | {body for body, _ in course.tried}

    eventually(drained, 120, "every acknowledged message's arrival")
    shown = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert len(course.sent) > 0 and set(course.received) >= course.sent
    print(f"sent {len(course.sent)}, received {len(course.received)}, twice {len(course.received) - len(set(course.received))}")
    assert int(shown["ApproximateNumberOfMessagesDelayed"]) == 0
