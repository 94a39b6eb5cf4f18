"""Mappings that read the queues of a server that is not ours."""

import json
import socket
import threading

import boto3
import pytest

from kit import host
from kit.eventually import eventually
from kit.functions import a_name, create
from kit.queues import ElasticMq, Moto

TELLING = """
    import json
    def handler(event, context):
        print("BATCH", json.dumps(event))
        failed = []
        for record in event["Records"]:
            body = json.loads(record["body"])
            tries = int(record["attributes"]["ApproximateReceiveCount"])
            if body.get("raise", 0) >= tries:
                raise RuntimeError("on purpose")
            if body.get("fail", 0) >= tries:
                failed.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failed}
"""


@pytest.fixture(scope="module", params=[Moto, ElasticMq])
def queues(request, tmp_path_factory):
    server = request.param(tmp_path_factory.mktemp("queues"))
    try:
        yield server.start()
    finally:
        server.stop()


class Reader:
    """A server that reads those queues, and a function there."""

    def __init__(self, server):
        self.server = server
        self.aws = server.client()

    def function(self, source=TELLING):
        return create(self.aws, {"function.py": source}, host.newest("python"), "function.handler")

    def read(self, arn, source=TELLING, **options):
        function = self.function(source)
        return self.aws.create_event_source_mapping(EventSourceArn=arn, FunctionName=function.name, **options)["UUID"]

    def mapping(self, uuid):
        return self.aws.get_event_source_mapping(UUID=uuid)

    def batches(self, arn):
        lines = (line.partition("BATCH ")[2] for line in self.server.log().splitlines() if "BATCH {" in line)
        found = (json.loads(line)["Records"] for line in lines)
        return [records for records in found if records[0]["eventSourceARN"] == arn]

    def bodies(self, arn):
        return [json.loads(record["body"]) for records in self.batches(arn) for record in records]


@pytest.fixture
def reader(fresh_lambent, queues):
    keys = ("--sqs-access-key", "test", "--sqs-secret-key", "secret")
    return Reader(fresh_lambent("--function-logs", "--sqs-endpoint", queues.url, *keys))


def left(queues, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = queues.client().get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(map(int, counts.values()))


def test_every_message_reaches_the_function_once_and_is_deleted(queues, reader):
    url, arn = queues.queue(a_name("q"), VisibilityTimeout="60")
    for start in range(0, 40, 10):
        entries = [{"Id": str(n), "MessageBody": json.dumps({"n": start + n, "text": "<&\"ü"})} for n in range(10)]
        queues.client().send_message_batch(QueueUrl=url, Entries=entries)
    uuid = reader.read(arn, BatchSize=5)
    eventually(lambda: left(queues, url) == 0, 60, "the end of all")
    eventually(lambda: sorted(body["n"] for body in reader.bodies(arn)) == list(range(40)), 20, "all in the log, once")
    assert all(body["text"] == "<&\"ü" for body in reader.bodies(arn))
    assert reader.mapping(uuid)["State"] == "Enabled" and "LastProcessingResult" not in reader.mapping(uuid)


def test_a_message_has_its_attributes(queues, reader):
    url, arn = queues.queue(a_name("q"))
    sent = queues.client().send_message(
        QueueUrl=url, MessageBody="{}",
        MessageAttributes={
            "Title": {"DataType": "String", "StringValue": "The Whistler"},
            "Bytes": {"DataType": "Binary", "BinaryValue": b"\x01\x02"},
        },
    )  # fmt: skip
    reader.read(arn)
    record = eventually(lambda: reader.batches(arn), 60, "the batch")[0][0]
    assert (record["messageId"], record["md5OfBody"]) == (sent["MessageId"], sent["MD5OfMessageBody"])
    assert record["md5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert record["messageAttributes"]["Title"]["stringValue"] == "The Whistler"
    assert record["messageAttributes"]["Bytes"]["binaryValue"] == "AQI="
    assert record["attributes"]["ApproximateReceiveCount"] == "1" and "SentTimestamp" in record["attributes"]


def test_what_fails_comes_again_until_it_is_dead(queues, reader):
    dead, dead_arn = queues.queue(a_name("dead"))
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "2"})
    url, arn = queues.queue(a_name("q"), VisibilityTimeout="2", RedrivePolicy=redrive)
    for n, fails in enumerate([0, 1, 9]):
        queues.client().send_message(QueueUrl=url, MessageBody=json.dumps({"n": n, "fail": fails}))
    reader.read(arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    ask = lambda: queues.client().receive_message(QueueUrl=dead, WaitTimeSeconds=1).get("Messages")
    found = eventually(ask, 90, "the dead message")
    assert json.loads(found[0]["Body"])["n"] == 2
    eventually(lambda: left(queues, url) == 0, 30, "the end of the others")
    tries = [body["n"] for body in reader.bodies(arn)]
    assert [tries.count(n) for n in range(3)] == [1, 2, 2]


def test_groups_of_a_fifo_queue_keep_their_order(queues, reader):
    url, arn = queues.queue(a_name("q") + ".fifo", FifoQueue="true", ContentBasedDeduplication="true", VisibilityTimeout="60")
    for n in range(12):
        queues.client().send_message(QueueUrl=url, MessageBody=json.dumps({"n": n}), MessageGroupId=str(n % 3))
    reader.read(arn, BatchSize=2)
    eventually(lambda: left(queues, url) == 0, 90, "the end of all")
    eventually(lambda: len(reader.bodies(arn)) == 12, 20, "all in the log")
    seen = [body["n"] for body in reader.bodies(arn)]
    for group in range(3):
        assert [n for n in seen if n % 3 == group] == list(range(group, 12, 3)), seen


def test_a_queue_that_is_not_there_is_refused_as_recorded(queues, reader):
    with pytest.raises(reader.aws.exceptions.InvalidParameterValueException) as error:
        reader.read(f"arn:aws:sqs:us-east-1:{queues.account}:{a_name('nothing')}")
    # Moto has words of its own behind these.
    assert error.value.response["Error"]["Message"].startswith(
        "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
        "SQS Error Message: The specified queue does not exist"
    )


def test_an_endpoint_that_is_down_is_waited_for(fresh_lambent, tmp_path):
    moto = Moto(tmp_path)
    reader = Reader(fresh_lambent("--function-logs", "--sqs-endpoint", moto.url))
    arn = f"arn:aws:sqs:us-east-1:{moto.account}:q"
    uuid = reader.read(arn)
    problem = "PROBLEM: Connection error. Please check your event source connection configuration."
    eventually(lambda: reader.mapping(uuid).get("LastProcessingResult") == problem, 30, "the problem")
    assert "a queue cannot be read" in reader.server.log()
    try:
        url, _ = moto.start().queue("q")
        moto.client().send_message(QueueUrl=url, MessageBody='{"n": 1}')
        eventually(lambda: reader.bodies(arn) == [{"n": 1}], 60, "the message")
        eventually(lambda: reader.mapping(uuid)["LastProcessingResult"] == "OK", 30, "the end of the problem")
    finally:
        moto.stop()


def test_an_endpoint_that_answers_anything_is_survived(fresh_lambent):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def answer():
            while not over.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    try:
                        connection.recv(65536)
                        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello")
                    except OSError:
                        continue

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            reader = Reader(fresh_lambent("--function-logs", "--sqs-endpoint", f"http://127.0.0.1:{listener.getsockname()[1]}"))
            uuid = reader.read("arn:aws:sqs:us-east-1:000000000000:q")
            told = lambda: reader.mapping(uuid).get("LastProcessingResult", "").startswith("PROBLEM: Connection error.")
            eventually(told, 30, "the problem")
            assert reader.function("def handler(event, context): return 1").invoke().value == 1
        finally:
            over.set()
            socket.create_connection(listener.getsockname()).close()
            thread.join()


def test_credentials_that_are_refused_are_told(fresh_lambent, tmp_path):
    """The endpoint is another Lambent, which verifies signatures."""
    keys = tmp_path / "keys.toml"
    keys.write_text('[[credentials]]\naccess-key = "AKID"\nsecret-key = "right"\naccount = "000000000000"\n')
    other = fresh_lambent("--config", str(keys))
    client = boto3.client("sqs", endpoint_url=other.url, region_name="us-east-1", aws_access_key_id="AKID", aws_secret_access_key="right")
    url = client.create_queue(QueueName="q")["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody='{"n": 1}')
    arn = "arn:aws:sqs:us-east-1:000000000000:q"
    said = ("--function-logs", "--sqs-endpoint", other.url, "--sqs-access-key", "AKID", "--sqs-secret-key")
    wrong = Reader(fresh_lambent(*said, "wrong"))
    uuid = wrong.read(arn)
    told = lambda: wrong.mapping(uuid).get("LastProcessingResult", "").startswith("PROBLEM: Error occurred while ReceiveMessage.")
    eventually(told, 30, "the problem")
    assert wrong.bodies(arn) == []
    right = Reader(fresh_lambent(*said, "right"))
    right.read(arn)
    eventually(lambda: right.bodies(arn) == [{"n": 1}], 60, "the message")
