"""Prints and returns what it is given."""

import json


def handler(event, context):
    print(json.dumps(event))
    return event
