"""Returns all its environment variables."""

import os


def handler(event, context):
    return {"environment": dict(os.environ)}
