"""Is as slow to start as AWS is to provision, so that this can be watched. Sleeps as it is told, and tells how it was started."""

import os
import time

time.sleep(0.5)


def handler(event, context):
    time.sleep(event.get("seconds", 0))
    return {"initialization": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]}
