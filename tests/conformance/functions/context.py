"""Logs in both ways, and returns its event and what its context says."""

import logging

MEMBERS = (
    "invoked_function_arn",
    "function_version",
    "function_name",
    "memory_limit_in_mb",
    "aws_request_id",
    "log_group_name",
    "log_stream_name",
    "client_context",
)
logging.getLogger().setLevel(logging.INFO)


def handler(event, context):
    print("Lambda log message - print function")
    logging.info("Lambda log message - logging module")
    return {"event": event, "context": {member: getattr(context, member) for member in MEMBERS}}
