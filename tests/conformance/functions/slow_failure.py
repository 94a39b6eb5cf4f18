"""Fails to start, and not at once."""

import time

time.sleep(0.5)
raise Exception("Runtime startup fails")
