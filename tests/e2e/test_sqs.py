"""Queues, as boto3 uses them: JSON in, JSON out, every MD5 verified by the client."""

import json
import subprocess
import sys
import threading
import time
import uuid

import pytest

from kit.eventually import eventually
from kit.server import environment

FIFO = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}


@pytest.fixture(scope="session")
def sqs(lambent):
    return lambent.client(service="sqs")


@pytest.fixture
def queue(sqs):
    """`queue(VisibilityTimeout="5")` is the URL of a new queue."""
    made = []

    def make(name=None, fifo=False, **attributes):
        name = name or f"q-{uuid.uuid4()}" + (".fifo" if fifo else "")
        wanted = (FIFO if fifo else {}) | attributes
        made.append(sqs.create_queue(QueueName=name, Attributes=wanted)["QueueUrl"])
        return made[-1]

    yield make
    for url in made:
        try:
            sqs.delete_queue(QueueUrl=url)
        except sqs.exceptions.QueueDoesNotExist:
            continue


def arn(sqs, url):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def receive(sqs, url, **options):
    return sqs.receive_message(QueueUrl=url, **{"MaxNumberOfMessages": 10, **options}).get("Messages", [])


def bodies(sqs, url, **options):
    return [message["Body"] for message in receive(sqs, url, **options)]


def refused(sqs, call, **arguments):
    with pytest.raises(sqs.exceptions.ClientError) as refusal:
        call(**arguments)
    error = refusal.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_message_goes_through(sqs, queue):
    url = queue()
    sent = sqs.send_message(
        QueueUrl=url,
        MessageBody="one \u00e9 \U0001f600 <&>",
        MessageAttributes={
            "Text": {"DataType": "String", "StringValue": "t"},
            "Number": {"DataType": "Number.int", "StringValue": "12"},
            "Bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        },
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5-6"}},
    )
    (message,) = receive(sqs, url, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"])
    assert message["Body"] == "one \u00e9 \U0001f600 <&>" and message["MessageId"] == sent["MessageId"]
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["MessageAttributes"]["Bytes"]["BinaryValue"] == b"\x00\xff"
    assert message["Attributes"]["AWSTraceHeader"] == "Root=1-5-6"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert receive(sqs, url) == []
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessages"] == counts["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_urls_of_any_host_lead_to_the_queue(sqs, queue, lambent):
    url = queue()
    assert url.startswith(lambent.url + "/000000000000/")
    name = url.rpartition("/")[2]
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
    sqs.send_message(QueueUrl=f"https://sqs.us-east-1.amazonaws.com/000000000000/{name}", MessageBody="x")
    assert bodies(sqs, url) == ["x"]
    assert url in sqs.list_queues(QueueNamePrefix=name[:10])["QueueUrls"]


def test_who_waits_gets_what_is_sent(sqs, queue, lambent):
    url, found = queue(), []
    waiting = threading.Thread(target=lambda: found.extend(receive(sqs, url, WaitTimeSeconds=20)))
    waiting.start()
    start = time.monotonic()
    sender = lambent.client(service="sqs")
    eventually(lambda: waiting.is_alive(), 5)
    time.sleep(0.3)
    sender.send_message(QueueUrl=url, MessageBody="now")
    waiting.join(15)
    assert [message["Body"] for message in found] == ["now"] and time.monotonic() - start < 15
    # A delayed message comes when its time has come.
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=1)
    assert bodies(sqs, url) == []
    assert bodies(sqs, url, WaitTimeSeconds=20) == ["later"]


def test_fifo_keeps_order_and_drops_duplicates(sqs, queue):
    url = queue(fifo=True)
    entries = [
        {"Id": str(index), "MessageBody": f"{group}{index}", "MessageGroupId": group}
        for index, group in enumerate("aabbab")
    ]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    numbers = [entry["SequenceNumber"] for entry in answer["Successful"]]
    assert numbers == sorted(numbers) and len(set(numbers)) == 6 and not answer.get("Failed")
    again = sqs.send_message(QueueUrl=url, MessageBody="a0", MessageGroupId="a")
    assert again["MessageId"] == answer["Successful"][0]["MessageId"]
    first = receive(sqs, url, MaxNumberOfMessages=2)
    assert [message["Body"] for message in first] == ["a0", "a1"]
    assert bodies(sqs, url) == ["b2", "b3", "b5"], "the group of what is in flight waits"
    for message in first:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert bodies(sqs, url) == ["a4"]


def test_poison_ends_in_the_dead_letter_queue_and_comes_back(sqs, queue):
    dead = queue()
    url = queue(
        RedrivePolicy=json.dumps({"deadLetterTargetArn": arn(sqs, dead), "maxReceiveCount": "2"}), VisibilityTimeout="0"
    )
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    assert [bodies(sqs, url) for _ in range(3)] == [["poison"], ["poison"], []]
    (letter,) = receive(sqs, dead, MessageSystemAttributeNames=["All"], VisibilityTimeout=0)
    assert letter["Attributes"]["DeadLetterQueueSourceArn"] == arn(sqs, url)
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]
    sqs.start_message_move_task(SourceArn=arn(sqs, dead))

    def status():
        (task,) = sqs.list_message_move_tasks(SourceArn=arn(sqs, dead))["Results"]
        return task["Status"] == "COMPLETED" and task["ApproximateNumberOfMessagesMoved"] == 1

    eventually(status, 10, "the messages' way back")
    assert bodies(sqs, url) == ["poison"]


def test_batches_fail_by_entry(sqs, queue):
    url = queue(VisibilityTimeout="60")
    answer = sqs.send_message_batch(
        QueueUrl=url,
        Entries=[{"Id": "good", "MessageBody": "x"}, {"Id": "bad", "MessageBody": "y", "DelaySeconds": 901}],
    )
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    (failed,) = answer["Failed"]
    assert failed["Code"] == "InvalidParameterValue" and failed["SenderFault"]
    assert failed["Message"] == (
        "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
    )
    (message,) = receive(sqs, url)
    handle = message["ReceiptHandle"]
    sqs.change_message_visibility_batch(
        QueueUrl=url, Entries=[{"Id": "a", "ReceiptHandle": handle, "VisibilityTimeout": 0}]
    )
    assert bodies(sqs, url) == ["x"]
    deleted = sqs.delete_message_batch(
        QueueUrl=url, Entries=[{"Id": "a", "ReceiptHandle": handle}, {"Id": "b", "ReceiptHandle": "garbage"}]
    )
    assert [entry["Id"] for entry in deleted["Successful"]] == ["a"]
    assert [entry["Code"] for entry in deleted["Failed"]] == ["ReceiptHandleIsInvalid"]


def test_refusals_are_those_of_aws(sqs, queue):
    url, fifo = queue(VisibilityTimeout="10"), queue(fifo=True, ContentBasedDeduplication="false")
    name = url.rpartition("/")[2]
    entries = [{"Id": str(index), "MessageBody": "x"} for index in range(11)]
    same = [{"Id": "a", "MessageBody": "x"}, {"Id": "a", "MessageBody": "y"}]
    empty = {"ErrorDetails": {"DataType": "String", "StringValue": ""}}
    send, batch, create = sqs.send_message, sqs.send_message_batch, sqs.create_queue
    expected = [
        (create, {"QueueName": name, "Attributes": {"VisibilityTimeout": "11"}}, "QueueAlreadyExists",
         "A queue already exists with the same name and a different value for attribute VisibilityTimeout"),
        (create, {"QueueName": "q", "Attributes": {"FifoQueue": "true"}}, "InvalidParameterValue", None),
        (create, {"QueueName": "q", "Attributes": {"VisibilityTimeout": "43201"}}, "InvalidAttributeValue",
         "Invalid value for the parameter VisibilityTimeout."),
        (sqs.set_queue_attributes, {"QueueUrl": url, "Attributes": {"Color": "red"}}, "InvalidAttributeName",
         "Unknown Attribute Color."),
        (sqs.get_queue_url, {"QueueName": "absent"}, "AWS.SimpleQueueService.NonExistentQueue",
         "The specified queue does not exist."),
        (send, {"QueueUrl": url + "x", "MessageBody": "x"}, "AWS.SimpleQueueService.NonExistentQueue", None),
        (send, {"QueueUrl": fifo, "MessageBody": "x"}, "MissingParameter",
         "The request must contain the parameter MessageGroupId."),
        (send, {"QueueUrl": fifo, "MessageBody": "x", "MessageGroupId": "g"}, "InvalidParameterValue",
         "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"),
        (send, {"QueueUrl": url, "MessageBody": "x", "MessageAttributes": empty}, "InvalidParameterValue",
         "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type 'String'."),
        (send, {"QueueUrl": url, "MessageBody": "x" * 1_048_577}, "InvalidParameterValue",
         "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."),
        (send, {"QueueUrl": url, "MessageBody": "a\x01"}, "InvalidMessageContents", None),
        (batch, {"QueueUrl": url, "Entries": entries}, "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
         "Maximum number of entries per request are 10. You have sent 11."),
        (batch, {"QueueUrl": url, "Entries": same}, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
         "Id a repeated."),
        (sqs.receive_message, {"QueueUrl": url, "MaxNumberOfMessages": 11}, "InvalidParameterValue",
         "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."),
        (sqs.delete_message, {"QueueUrl": url, "ReceiptHandle": "garbage"}, "ReceiptHandleIsInvalid",
         'The input receipt handle "garbage" is not a valid receipt handle.'),
        (sqs.start_message_move_task, {"SourceArn": arn(sqs, url)}, "InvalidParameterValue",
         "Source queue must be configured as a Dead Letter Queue."),
    ]  # fmt: skip
    for call, arguments, code, message in expected:
        answer = refused(sqs, call, **arguments)
        assert answer[0] == code and message in (None, answer[1]), answer


def test_what_a_queue_is_set_to(sqs, queue):
    url = queue(DelaySeconds="3", KmsMasterKeyId="key")
    shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert shown["DelaySeconds"] == "3" and shown["SqsManagedSseEnabled"] == "false"
    assert shown["MaximumMessageSize"] == "1048576" and shown["MessageRetentionPeriod"] == "345600"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "0", "KmsMasterKeyId": ""})
    shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert shown["DelaySeconds"] == "0" and "KmsMasterKeyId" not in shown
    sqs.tag_queue(QueueUrl=url, Tags={"a": "1", "b": ""})
    sqs.untag_queue(QueueUrl=url, TagKeys=["a"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"b": ""}
    sqs.send_message(QueueUrl=url, MessageBody="x")
    sqs.purge_queue(QueueUrl=url)
    assert bodies(sqs, url) == []
    code, _ = refused(sqs, sqs.purge_queue, QueueUrl=url)
    assert code == "AWS.SimpleQueueService.PurgeQueueInProgress"


def test_another_account_needs_the_queues_permission(sqs, queue, lambent):
    url = queue()
    other = lambent.client(account="222222222222", service="sqs")
    assert refused(other, other.send_message, QueueUrl=url, MessageBody="x")[0] == "AccessDenied"
    sqs.add_permission(QueueUrl=url, Label="l", AWSAccountIds=["222222222222"], Actions=["SendMessage"])
    other.send_message(QueueUrl=url, MessageBody="x")
    assert refused(other, other.receive_message, QueueUrl=url)[0] == "AccessDenied"
    assert bodies(sqs, url) == ["x"]
    sqs.remove_permission(QueueUrl=url, Label="l")
    assert "Policy" not in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})


def test_a_function_uses_a_queue(sqs, queue, python):
    url = queue()
    function = python("""
import http.client, json, os
from urllib.parse import urlsplit

def call(operation, **arguments):
    scope = f"{os.environ['AWS_ACCESS_KEY_ID']}/20260101/{os.environ['AWS_REGION']}/sqs/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}",
        "X-Amz-Target": f"AmazonSQS.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
    }
    connection = http.client.HTTPConnection(urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc, timeout=30)
    connection.request("POST", "/", json.dumps(arguments), headers)
    return json.loads(connection.getresponse().read())

def handler(event, context):
    own = call("GetQueueUrl", QueueName=event["name"])["QueueUrl"]
    call("SendMessage", QueueUrl=event["url"], MessageBody="by the url from outside")
    call("SendMessage", QueueUrl=own, MessageBody="by its own")
    return own
""")
    name = url.rpartition("/")[2]
    own = function.invoke({"name": name, "url": url}).value
    assert own == f"http://127.0.0.1:4566/000000000000/{name}"
    assert sorted(bodies(sqs, url)) == ["by its own", "by the url from outside"]


def test_the_cli_sends_and_receives(lambent, queue):
    settings = environment() | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    }

    def cli(*arguments):
        command = [sys.executable, "-m", "awscli", "--endpoint-url", lambent.url, "--output", "json", "sqs", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=settings, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    url = queue()
    assert cli("get-queue-url", "--queue-name", url.rpartition("/")[2])["QueueUrl"] == url
    sent = cli("send-message", "--queue-url", url, "--message-body", "by hand", "--delay-seconds", "0")
    (message,) = cli("receive-message", "--queue-url", url, "--attribute-names", "All")["Messages"]
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "by hand")
    cli("delete-message", "--queue-url", url, "--receipt-handle", message["ReceiptHandle"])
