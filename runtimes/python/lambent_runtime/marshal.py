"""Events in, results out."""

import json
import sys

from lambent_runtime import generation
from lambent_runtime.faults import Fault

# Marks a number in the encoder's output. A result that holds this very text would have to know the server's source.
_MARK = "\x00lambent-number\x00"
_MARKED = json.dumps(_MARK)[1:-1]


class _Encoder(json.JSONEncoder):
    """Writes a Decimal as the number that it is."""

    numbers = False

    def default(self, value):
        decimal = sys.modules.get("decimal")
        if decimal is not None and isinstance(value, decimal.Decimal):
            if value.is_nan():
                return float("nan")
            _Encoder.numbers = True
            return _MARK + str(value) + _MARK
        return json.JSONEncoder.default(self, value)


_result_encoder = _Encoder(ensure_ascii=generation.ASCII_RESULTS)


def read_event(body, content_type):
    """The event: parsed if it is JSON, else the bytes themselves."""
    if content_type != "application/json":
        return body
    try:
        return json.loads(body.decode("utf-8"))
    except Exception as error:
        raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error)


def read_header(text, name):
    """A header that holds JSON; None if it is absent."""
    if not text:
        return None
    try:
        return json.loads(text)
    except Exception as error:
        message = "Unable to parse %s JSON: %s" % (name, error)
        raise Fault("Runtime.LambdaContextUnmarshalError", message)


def write_result(result):
    """The body of a response and its content type."""
    if isinstance(result, bytes) and bytes is not str:
        return result, "application/unknown"
    try:
        return to_json(result), "application/json"
    except Exception as error:
        raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error)


def to_json(value):
    """UTF-8 JSON."""
    _Encoder.numbers = False
    text = _result_encoder.encode(value)
    if _Encoder.numbers:
        text = text.replace('"' + _MARKED, "").replace(_MARKED + '"', "")
    # A lone surrogate, which UTF-8 cannot say, becomes JSON's own escape for it.
    return text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")
