"""Sleeps, prints what it is called, and tells who answered."""

import os
import time

ENVIRONMENT = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]


def handler(event, context):
    print(f"begin {event.get('name')}")
    time.sleep(event.get("seconds", 0))
    print(f"end {event.get('name')}")
    if event.get("tell"):
        return {
            "environment": ENVIRONMENT,
            "secret": os.environ["AWS_SECRET_ACCESS_KEY"],
        }
