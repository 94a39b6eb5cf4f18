"""Tells which variant of it ran, and prints it once it has slept."""

import os
import time

VARIANT = os.environ["FUNCTION_VARIANT"]


def handler(event, context):
    print(f"begin {event['request_prefix']}")
    time.sleep(event.get("seconds", 0))
    print(f"history {event['request_prefix']}--{VARIANT}")
    return {
        "function_version": context.function_version,
        "request_id": context.aws_request_id,
        "request_prefix": event["request_prefix"],
        "function_variant": VARIANT,
    }
