import json
import os


def handler(event, context):
    if "CUSTOM_VAR" in os.environ:
        event = {"function_version": context.function_version, "CUSTOM_VAR": os.environ["CUSTOM_VAR"], "event": event}
    print(json.dumps(event))
