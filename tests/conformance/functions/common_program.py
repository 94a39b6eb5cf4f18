#!/usr/bin/python3 -IS
"""A function that brings its own program: does what its event asks for, as the recorded one in Rust did, whose client words its errors."""

import http.client
import json
import os

PATH = "/2018-06-01/runtime/invocation/"
FAULT = "&alloc::boxed::Box<dyn core::error::Error + core::marker::Send + core::marker::Sync>"


def outcome(event, headers):
    """The end of the path on which an answer goes, and the answer."""
    if not isinstance(event, dict) or "common" not in event:
        return "response", event
    if event["common"] == "fail":
        return "error", {"errorType": FAULT, "errorMessage": 'Error: "' + event["message"] + '"'}
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
