"""Initialises the function, then runs its invocations one after another."""

import os
import sys

from lambent_runtime import faults, handler, handover, log, marshal, start
from lambent_runtime.client import Client
from lambent_runtime.context import LambdaContext


def run():
    """Never returns: the process ends with the environment, by the function's own exit, or because initialisation failed."""
    start.prepare_interpreter()
    if handover.is_ahead():
        _rehearse()
        handover.take()
    client = Client(os.environ["AWS_LAMBDA_RUNTIME_API"])
    start.prepare_environment()
    log.set_up()
    try:
        function = handler.find(os.environ.get("_HANDLER", ""))
    except Exception:
        document = faults.describe(sys.exc_info())
        log.error(document)
        client.init_error(document["errorType"], marshal.to_json(document))
        sys.exit(1)
    while True:
        headers, body = client.next()
        _invoke(client, function, headers, body)


def _rehearse():
    """One whole invocation before there is a function: what Python loads and sets up at first use costs the first real one nothing."""
    module = "lambent_runtime.rehearsed"
    _invoke(_Audience(), handler.find(module + ".handler"), {"lambda-runtime-aws-request-id": "rehearsal"}, b'{"key": "value"}')
    del sys.modules[module]
    log.begin_request("", None)


class _Audience(object):
    """Takes the place of the Runtime API in the rehearsal."""

    def answer(self, request_id, kind, content_type, body):
        pass


def _invoke(client, function, headers, body):
    header = headers.get
    request_id = header("lambda-runtime-aws-request-id", "")
    log.begin_request(request_id, header("lambda-runtime-aws-tenant-id"))
    _set_trace(header("lambda-runtime-trace-id"))
    try:
        context = _context(request_id, header)
        event = marshal.read_event(body, header("content-type", "application/json"))
        result, content_type = marshal.write_result(function(event, context))
    except Exception:
        document = faults.describe(sys.exc_info(), request_id)
        log.error(document)
        client.answer(request_id, "error", "application/json", marshal.to_json(document))
    else:
        client.answer(request_id, "response", content_type, result)


def _context(request_id, header):
    return LambdaContext(
        request_id,
        int(header("lambda-runtime-deadline-ms", 0)),
        header("lambda-runtime-invoked-function-arn"),
        header("lambda-runtime-aws-tenant-id"),
        marshal.read_header(header("lambda-runtime-client-context"), "Client Context"),
        marshal.read_header(header("lambda-runtime-cognito-identity"), "Cognito Identity"),
        log.write,
    )


def _set_trace(trace_id):
    if trace_id:
        os.environ["_X_AMZN_TRACE_ID"] = trace_id
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
