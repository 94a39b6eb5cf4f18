"""Ends its process instead of answering."""

import sys


def handler(event, context):
    sys.exit(0)
