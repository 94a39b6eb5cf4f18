"""Reports the messages of a batch whose attempts are to fail, and tells of it in a queue."""

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


def failed(record):
    return int(record["attributes"]["ApproximateReceiveCount"]) <= json.loads(record["body"])["fail_attempts"]


def handler(event, context):
    failures = [{"itemIdentifier": record["messageId"]} for record in event["Records"] if failed(record)]
    result = json.loads(os.environ.get("RESULT") or json.dumps({"batchItemFailures": failures}))
    send(os.environ["DESTINATION"], {"event": event, "result": result})
    return result
