"""Prints several lines at once, and one that goes back to its beginning."""


def handler(event, context):
    print("multi\nline\nstring\nanother\rline")
