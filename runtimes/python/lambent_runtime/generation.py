"""What differs between the runtimes of the years, by the identifier in AWS_EXECUTION_ENV rather than by the interpreter: another
Python may stand in for the one that was asked for."""

import os


def _version():
    digits = os.environ.get("AWS_EXECUTION_ENV", "").rpartition("python")[2].split(".")
    return tuple(int(part) for part in digits) if digits[-1].isdigit() else (3, 99)


VERSION = _version()

# Up to Python 3.8 error documents do not name the request (recorded: test_uncaught_exception_invoke).
ERRORS_NAME_THE_REQUEST = VERSION >= (3, 9)

# From Python 3.12 on, results keep their non-ASCII characters.
ASCII_RESULTS = VERSION < (3, 12)

# Python itself sets LC_CTYPE when it finds no usable locale; only runtimes from 3.12 on show it (recorded: test_introspection_invoke).
SHOWS_LC_CTYPE = VERSION >= (3, 12)
