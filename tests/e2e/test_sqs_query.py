"""Queues, as clients of before 2023 use them: forms in, XML out. Debian's awscli 2.9 and boto3 before 1.28.83 are such."""

import urllib.parse
import urllib.request
import uuid
import xml.etree.ElementTree as ElementTree

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from kit.functions import a_name

SPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"


class Form:
    """Signs forms as botocore does and reads the XML that comes back."""

    def __init__(self, server):
        self.server = server

    def __call__(self, action, path="/", **parameters):
        body = urllib.parse.urlencode({"Action": action, "Version": "2012-11-05"} | parameters)
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        request = botocore.awsrequest.AWSRequest("POST", self.server.url + path, data=body, headers=headers)
        credentials = botocore.credentials.Credentials("test", "secret")
        botocore.auth.SigV4Auth(credentials, "sqs", "us-east-1").add_auth(request)
        prepared = request.prepare()
        sent = urllib.request.Request(prepared.url, prepared.body.encode(), dict(prepared.headers))
        try:
            with urllib.request.urlopen(sent, timeout=60) as answer:
                return ElementTree.fromstring(answer.read())
        except urllib.error.HTTPError as refused:
            return ElementTree.fromstring(refused.read())


def text(tree, *path):
    return tree.findtext("/".join(SPACE + part for part in path))


@pytest.fixture
def form(lambent):
    return Form(lambent)


def test_a_message_goes_through(form):
    name = f"q-{uuid.uuid4()}"
    created = form("CreateQueue", QueueName=name, **{"Attribute.1.Name": "VisibilityTimeout", "Attribute.1.Value": "7"})
    assert created.tag == SPACE + "CreateQueueResponse"
    url = text(created, "CreateQueueResult", "QueueUrl")
    sent = form(
        "SendMessage",
        urllib.parse.urlsplit(url).path,
        QueueUrl=url,
        MessageBody="a < b & c \r\n",
        **{
            "MessageAttribute.1.Name": "Hello",
            "MessageAttribute.1.Value.DataType": "String",
            "MessageAttribute.1.Value.StringValue": "There",
        },
    )
    assert text(sent, "SendMessageResult", "MD5OfMessageAttributes") == "a311262e065454b75da111d535b8dacd"
    received = form(
        "ReceiveMessage", QueueUrl=url, **{"AttributeName.1": "All", "MessageAttributeName.1": "All"}
    )
    message = received.find(f"{SPACE}ReceiveMessageResult/{SPACE}Message")
    assert text(message, "Body") == "a < b & c \r\n"
    assert text(message, "MessageAttribute", "Value", "StringValue") == "There"
    system = {text(each, "Name"): text(each, "Value") for each in message.iter(SPACE + "Attribute")}
    assert system["ApproximateReceiveCount"] == "1"
    handle = text(message, "ReceiptHandle")
    deleted = form(
        "DeleteMessageBatch",
        QueueUrl=url,
        **{
            "DeleteMessageBatchRequestEntry.1.Id": "a",
            "DeleteMessageBatchRequestEntry.1.ReceiptHandle": handle,
            "DeleteMessageBatchRequestEntry.2.Id": "b",
            "DeleteMessageBatchRequestEntry.2.ReceiptHandle": "garbage",
        },
    )
    result = deleted.find(SPACE + "DeleteMessageBatchResult")
    assert text(result, "DeleteMessageBatchResultEntry", "Id") == "a"
    assert text(result, "BatchResultErrorEntry", "Code") == "ReceiptHandleIsInvalid"
    attributes = form("GetQueueAttributes", QueueUrl=url, **{"AttributeName.1": "All"})
    shown = {text(each, "Name"): text(each, "Value") for each in attributes.iter(SPACE + "Attribute")}
    assert shown["VisibilityTimeout"] == "7" and shown["ApproximateNumberOfMessages"] == "0"
    assert form("DeleteQueue", QueueUrl=url).tag == SPACE + "DeleteQueueResponse"


def test_batches_are_sent(form):
    url = text(form("CreateQueue", QueueName=f"q-{uuid.uuid4()}"), "CreateQueueResult", "QueueUrl")
    entries = {}
    for index in range(1, 4):
        entries[f"SendMessageBatchRequestEntry.{index}.Id"] = f"e{index}"
        entries[f"SendMessageBatchRequestEntry.{index}.MessageBody"] = f"b{index}"
    sent = form("SendMessageBatch", QueueUrl=url, **entries)
    assert [text(each, "Id") for each in sent.iter(SPACE + "SendMessageBatchResultEntry")] == ["e1", "e2", "e3"]
    received = form("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages="10")
    assert sorted(text(each, "Body") for each in received.iter(SPACE + "Message")) == ["b1", "b2", "b3"]


def test_refusals_are_xml(form):
    refused = form("GetQueueUrl", QueueName=a_name("absent"))
    assert refused.tag == SPACE + "ErrorResponse" and text(refused, "Error", "Type") == "Sender"
    assert text(refused, "Error", "Code") == "AWS.SimpleQueueService.NonExistentQueue"
    missing = form("SendMessage", MessageBody="x")
    assert text(missing, "Error", "Code") == "MissingParameter"
    assert text(missing, "Error", "Message") == "The request must contain the parameter QueueUrl."
    unknown = form("Dance")
    assert text(unknown, "Error", "Code") == "InvalidAction"
