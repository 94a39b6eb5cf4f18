"""Failures and the documents that report them."""

import os
import sys

from lambent_runtime import generation

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class Fault(Exception):
    """A failure that the runtime finds itself: an error type of its own, and no frames."""

    def __init__(self, error_type, message, trace=None):
        Exception.__init__(self, message)
        self.error_type = error_type
        self.message = message
        self.trace = trace or []


def describe(error_info, request_id=""):
    """The error document of an exception, its keys in AWS's order."""
    kind, error, trace = error_info
    if isinstance(error, Fault):
        return _document(error.message, error.error_type, error.trace, request_id)
    return _document(_message(error), kind.__name__, _frames(trace), request_id)


def _document(message, error_type, frames, request_id):
    pairs = [("errorMessage", message), ("errorType", error_type)]
    if generation.ERRORS_NAME_THE_REQUEST:
        pairs.append(("requestId", request_id))
    return _Document(pairs + [("stackTrace", frames)])


if sys.version_info >= (3, 7):
    _Document = dict
else:
    from collections import OrderedDict as _Document


def _message(error):
    try:
        return _text(str(error))
    except UnicodeError:
        return unicode(error)  # noqa: F821 - Python 2 only
    except Exception:
        # An error that cannot even be printed is still to be reported.
        return "<unprintable %s object>" % type(error).__name__


def _frames(trace):
    """The frames from the first that is not the runtime's own: importlib's stay."""
    import traceback

    frames = [tuple(frame)[:4] for frame in traceback.extract_tb(trace)]
    first = next((at for at, frame in enumerate(frames) if not frame[0].startswith(_HERE)), 0)
    return [_text(line) for line in traceback.format_list(frames[first:])]


def _text(text):
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
