"""Ends its process instead of starting."""

import sys

sys.exit(0)
