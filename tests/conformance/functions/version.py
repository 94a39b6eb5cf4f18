"""Tells which version it is: the text is another one in each package."""

VERSION = "version1"


def handler(event, context):
    return {
        "version_id": VERSION,
        "invoked_arn": context.invoked_function_arn,
        "version_from_ctx": context.function_version,
    }
