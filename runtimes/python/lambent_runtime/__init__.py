"""Runs Python functions: one code base for Python 2.7 and 3.6 to 3.14, importing as little as possible."""
