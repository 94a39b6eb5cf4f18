"""Fails the first attempts at a message, as its body says, and tells of each in the queue that it names."""

import json
import os
import urllib.request


def send(url, message):
    request = urllib.request.Request(
        os.environ["AWS_ENDPOINT_URL"],
        json.dumps({"QueueUrl": url, "MessageBody": json.dumps(message)}).encode(),
        {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"},
    )
    request.add_header("Authorization", "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0")
    urllib.request.urlopen(request).read()


def handler(event, context):
    (record,) = event["Records"]
    body = json.loads(record["body"])
    fails = int(record["attributes"]["ApproximateReceiveCount"]) <= body["fail_attempts"]
    error = "failed attempt" if fails else None
    send(body["destination"], {"error": error, "event": event})
    if error:
        raise Exception(error)
