"""Logs, and returns its request id; fails if it is told to."""

import logging

logging.getLogger().setLevel(logging.INFO)


def handler(event, context):
    logging.info("RequestId log message")
    if event.get("fail"):
        raise Exception("as it was told")
    return context.aws_request_id
