"""Waiting without sleeping blindly."""

import time


def eventually(condition, within=10.0, what="the condition"):
    """Returns the first true value of `condition()`; fails when there is none in time."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {within:g} s; last value: {value!r}")
        time.sleep(0.02)
