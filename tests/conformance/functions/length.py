"""Tells how long the text is that it is given."""


def handler(event, context):
    return {"length": len(event["text"])}
