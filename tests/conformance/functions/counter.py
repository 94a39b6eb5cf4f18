"""Counts its invocations."""

counter = -1


def handler(event, context):
    global counter
    counter += 1
    return {"counter": counter}
