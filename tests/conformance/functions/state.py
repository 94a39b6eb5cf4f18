"""Remembers a number in its process and a text in /tmp, and sleeps: each when it is told to."""

import time

number = 0


def handler(event, context):
    global number
    if "write" in event:
        with open("/tmp/state", "w") as file:
            file.write(event["write"])
    if event.get("read") == "file":
        with open("/tmp/state") as file:
            return {"content": file.read()}
    if "number" in event:
        number = event["number"]
    if event.get("read") == "number":
        return {"number": number}
    time.sleep(event.get("sleep", 0))
