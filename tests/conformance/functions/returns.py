"""Returns the value that its environment holds as JSON."""

import json
import os


def handler(event, context):
    return json.loads(os.environ["VALUE"])
