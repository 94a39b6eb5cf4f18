#!/usr/bin/python3 -IS
"""A function that brings its own program: fails as the recorded one in Go did, whose client words its errors."""

import http.client
import json
import os

PATH = "/2018-06-01/runtime/invocation/"

api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", PATH + "next")
    asked = api.getresponse()
    message = "Error: " + json.loads(asked.read())["message"]
    error = json.dumps({"errorMessage": message, "errorType": "errorString"})
    api.request("POST", PATH + asked.headers["Lambda-Runtime-Aws-Request-Id"] + "/error", error)
    api.getresponse().read()
