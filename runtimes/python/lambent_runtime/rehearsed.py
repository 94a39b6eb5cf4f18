"""The function of the rehearsal."""


def handler(event, context):
    return event
