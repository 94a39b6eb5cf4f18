"""Log lines of the `logging` module and of uncaught errors, as text or as JSON."""

import json
import logging
import os
import sys
import time

_NO_BREAK_SPACE = u"\u00a0"
_SECONDS = "%Y-%m-%dT%H:%M:%S"
_NO_SDK = (
    u"[LAMBENT] AWS's %s brings boto3 along. Here `lambent runtimes install %s --with-sdk` installs it, and the server finds it when "
    u"it is started again. A boto3 in the function's package or in a layer works as well.\n"
)
_RECORD_FIELDS = frozenset(
    "name msg args levelname levelno pathname filename module exc_info exc_text stack_info lineno funcName created msecs "
    "relativeCreated thread threadName processName process aws_request_id tenant_id".split()
)


class _Request(logging.Filter):
    """Knows which invocation a record belongs to."""

    request_id = ""
    tenant_id = None

    def filter(self, record):
        record.aws_request_id = self.request_id
        record.tenant_id = self.tenant_id
        return True


_request = _Request()


class _Handler(logging.Handler):
    def emit(self, record):
        write(self.format(record))


class _JsonFormatter(logging.Formatter):
    def format(self, record):
        # Custom levels are told as the standard level below them.
        level = min(50, max(0, record.levelno)) // 10 * 10
        fields = [
            ("timestamp", time.strftime(_SECONDS + "Z", time.gmtime(record.created))),
            ("level", logging.getLevelName(level)),
            ("message", record.getMessage()),
            ("logger", record.name),
        ]
        if record.exc_info:
            import traceback

            kind, error, trace = record.exc_info
            fields += [
                ("stackTrace", traceback.format_tb(trace)),
                ("errorType", kind.__name__ if kind else None),
                ("errorMessage", str(error)),
                ("location", "%s:%s:%s" % (record.pathname, record.funcName, record.lineno)),
            ]
        fields += [("requestId", record.aws_request_id), ("tenantId", record.tenant_id)]
        names = frozenset(name for name, _ in fields)
        fields += [pair for pair in record.__dict__.items() if pair[0] not in names and pair[0] not in _RECORD_FIELDS]
        return _line(fields)


def _line(fields):
    """One JSON object on one line, in the order of its fields."""
    pairs = (json.dumps(name) + ": " + json.dumps(value, ensure_ascii=False) for name, value in fields if value is not None)
    return "{" + ", ".join(pairs) + "}\n"


def _as_json():
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


def set_up():
    """Gives the root logger its handler, and standard output an encoding that takes every text."""
    if sys.version_info >= (3,) and sys.stdout.encoding.lower() != "utf-8":
        import io

        sys.stdout = io.TextIOWrapper(sys.stdout.buffer, "utf-8", "backslashreplace", write_through=True)
    logging.Formatter.converter = time.gmtime
    if _as_json():
        formatter = _JsonFormatter()
    else:
        line = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
        formatter = logging.Formatter(line, _SECONDS)
    handler = _Handler()
    handler.setFormatter(formatter)
    handler.addFilter(_request)
    root = logging.getLogger()
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    if level:
        level = {"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(level, level)
        if isinstance(logging.getLevelName(level), int):
            root.setLevel(level)


def begin_request(request_id, tenant_id):
    """From now on records belong to this invocation."""
    _request.request_id = request_id
    _request.tenant_id = tenant_id


if str is bytes:

    def write(text):
        sys.stdout.write(text.encode("utf-8") if isinstance(text, unicode) else text)  # noqa: F821 - Python 2 only
        sys.stdout.flush()

else:

    def write(text):
        try:
            sys.stdout.write(text)
        except UnicodeEncodeError:
            sys.stdout.write(text.encode("utf-8", "backslashreplace").decode("utf-8"))
        sys.stdout.flush()


def error(document):
    """Logs an uncaught error, and what helps where it is for the AWS SDK that is not installed."""
    _report(document)
    message = document["errorMessage"] or ""
    if "No module named" in message and message.rstrip("'").endswith(("boto3", "botocore")):
        runtime = os.environ.get("AWS_EXECUTION_ENV", "").rpartition("_")[2]
        write(_NO_SDK % (runtime, runtime))


def _report(document):
    """Carriage returns keep the text one log event."""
    if _as_json():
        stamp = time.strftime(_SECONDS + "Z", time.gmtime())
        return write(_line([("timestamp", stamp), ("level", "ERROR")] + list(document.items())))
    title = u"[ERROR] %s" % document["errorType"]
    if document["errorMessage"]:
        title += u": %s" % document["errorMessage"]
    lines = [title, u"Traceback (most recent call last):"]
    for frame in document["stackTrace"]:
        for line in frame.splitlines():
            if isinstance(line, bytes):
                line = line.decode("utf-8", "replace")
            code = line.lstrip(" ")
            lines.append(_NO_BREAK_SPACE * (len(line) - len(code)) + code)
    write(u"\r".join(lines) + u"\n")
