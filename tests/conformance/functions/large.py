"""Returns a text of so many bytes of JSON."""


def handler(event, context):
    return "a" * (event["bytes"] - len('""'))
