"""Does what its event asks for: fails, tells what it sees of itself, or returns the event."""

import os

CONTEXT = (
    "aws_request_id",
    "function_name",
    "function_version",
    "invoked_function_arn",
    "log_group_name",
    "log_stream_name",
    "memory_limit_in_mb",
)


def handler(event, context):
    if not isinstance(event, dict) or "common" not in event:
        return event
    if event["common"] == "fail":
        raise Exception("Failed: " + event["message"])
    told = {name: getattr(context, name) for name in CONTEXT}
    told["remaining_time_in_millis"] = context.get_remaining_time_in_millis()
    return {"ctx": told, "environment": dict(os.environ), "packages": os.listdir("/opt")}
