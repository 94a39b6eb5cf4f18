#!/usr/bin/python3 -IS
"""A function that brings its own program: does what its event asks for, as the recorded one in Rust did, whose client words its errors."""

import http.client
import json
import os
import urllib.request

PATH = "/2018-06-01/runtime/invocation/"
FAULT = "&alloc::boxed::Box<dyn core::error::Error + core::marker::Send + core::marker::Sync>"


def listed():
    """The names of the account's functions."""
    key, region = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_REGION"]
    credential = f"AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/lambda/aws4_request"
    headers = {"Authorization": f"{credential}, SignedHeaders=host, Signature={'0' * 64}"}
    url = os.environ["AWS_ENDPOINT_URL"] + "/2015-03-31/functions"
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
        return [each["FunctionName"] for each in json.load(answer)["Functions"]]


def outcome(event, headers):
    """The end of the path on which an answer goes, and the answer."""
    if not isinstance(event, dict) or "common" not in event:
        return "response", event
    if event["common"] == "fail":
        return "error", {"errorType": FAULT, "errorMessage": 'Error: "' + event["message"] + '"'}
    if event["common"] == "call":
        return "response", {"functions": listed()}
    told = {
        "aws_request_id": headers["Lambda-Runtime-Aws-Request-Id"],
        "deadline": int(headers["Lambda-Runtime-Deadline-Ms"]),
        "function_name": os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        "function_version": os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
        "invoked_function_arn": headers["Lambda-Runtime-Invoked-Function-Arn"],
        "log_group_name": os.environ["AWS_LAMBDA_LOG_GROUP_NAME"],
        "log_stream_name": os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
        "memory_limit_in_mb": int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]),
    }
    variables = dict(os.environ, _X_AMZN_TRACE_ID=headers["Lambda-Runtime-Trace-Id"])
    # Python sets this one itself.
    variables.pop("LC_CTYPE", None)
    return "response", {"ctx": told, "environment": variables, "packages": os.listdir("/opt")}


api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", PATH + "next")
    asked = api.getresponse()
    kind, answer = outcome(json.loads(asked.read()), asked.headers)
    api.request("POST", PATH + asked.headers["Lambda-Runtime-Aws-Request-Id"] + "/" + kind, json.dumps(answer).encode())
    api.getresponse().read()
