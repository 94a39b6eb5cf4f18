"""What a server that was built with the feature `otlp` sends to a collector."""

import http.server
import os
import threading

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from kit import functions, host
from kit.eventually import eventually
from kit.server import Server

# The feature is off by default, so this is another binary than the other tests have.
BINARY = os.environ.get("LAMBENT_OTLP_BIN")
pytestmark = pytest.mark.skipif(not BINARY, reason="LAMBENT_OTLP_BIN names no server that was built with the feature otlp")


class Collector(http.server.ThreadingHTTPServer):
    """Keeps what it is sent; answers 503 while it is told to be busy."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.spans, self.metrics, self.refused, self.busy = [], {}, 0, False
        self.thread = threading.Thread(target=self.serve_forever)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def close(self):
        self.shutdown()
        self.thread.join()
        self.server_close()

    def take(self, path, body):
        if path == "/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        elif path == "/v1/metrics":
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                assert values(resource.resource.attributes)["service.name"] == "lambent"
                self.metrics = {metric.name: metric for scope in resource.scope_metrics for metric in scope.metrics}


class Answering(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.busy:
            self.server.refused += 1
            return self.send_error(503)
        assert self.headers["Content-Type"] == "application/x-protobuf"
        self.server.take(self.path, body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def values(attributes):
    return {attribute.key: getattr(attribute.value, attribute.value.WhichOneof("value")) for attribute in attributes}


@pytest.fixture
def collector():
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture
def lambent(collector, tmp_path, monkeypatch):
    monkeypatch.setattr(host, "binary", lambda: BINARY)
    server = Server(tmp_path, "--otlp-endpoint", collector.url)
    server.start()
    yield server
    server.stop()


CODE = "import time\ndef handler(event, context):\n    time.sleep(event if event > 0 else 0)\n    return 1 / (event + 1)\n"


def test_invocations_are_traced(lambent, collector):
    client = lambent.client()
    function = functions.create(client, {"function.py": CODE}, host.newest("python"), "function.handler", Timeout=30)
    header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    add = lambda request, **_: request.headers.__setitem__("X-Amzn-Trace-Id", header)
    client.meta.events.register("before-send.lambda.Invoke", add)
    first = function.invoke(1)
    client.meta.events.unregister("before-send.lambda.Invoke", add)
    function.invoke(-1)
    named = lambda name: [span for span in collector.spans if span.name == name]
    eventually(lambda: len(named("invocation")) == 2, 60, "the spans")
    of_first = [span for span in collector.spans if span.trace_id.hex() == "5759e988bd862e3fe1be46a994272793"]
    assert sorted(span.name for span in of_first) == ["admission", "invocation", "run", "start"]
    spans = {span.name: span for span in of_first}
    whole = spans["invocation"]
    assert whole.parent_span_id.hex() == "53995c3f42cd8ad8" and whole.kind == whole.SPAN_KIND_SERVER
    assert all(span.parent_span_id == whole.span_id for span in of_first if span is not whole)
    attributes = values(whole.attributes)
    assert attributes["faas.invocation_id"] == first.request_id and attributes["outcome"] == "success"
    assert attributes["aws.lambda.invoked_arn"].endswith(f":function:{function.name}")
    assert spans["run"].end_time_unix_nano - spans["run"].start_time_unix_nano >= 1e9
    assert spans["start"].end_time_unix_nano <= spans["run"].start_time_unix_nano
    (failed,) = [span for span in named("invocation") if span is not whole]
    assert values(failed.attributes)["outcome"] == "function_error" and failed.status.code == failed.status.STATUS_CODE_ERROR
    assert not whole.status.code


def test_metrics_are_those_of_prometheus(lambent, collector):
    function = functions.create(lambent.client(), {"function.py": CODE}, host.newest("python"), "function.handler")
    function.invoke(0)
    invocations = lambda: collector.metrics.get("lambent_invocations_total")
    points = lambda: {values(point.attributes)["outcome"]: point.as_double for point in invocations().sum.data_points}
    eventually(lambda: invocations() and points()["success"] == 1, 60, "the metrics")
    assert invocations().sum.is_monotonic and invocations().sum.aggregation_temporality == 2
    (durations,) = collector.metrics["lambent_invocation_duration_seconds"].histogram.data_points
    assert durations.count == sum(durations.bucket_counts) == 1
    assert len(durations.bucket_counts) == len(durations.explicit_bounds) + 1
    assert collector.metrics["process_resident_memory_bytes"].unit == "By"


def test_nothing_waits_for_a_collector(lambent, collector):
    collector.busy = True
    function = functions.create(lambent.client(), {"function.py": CODE}, host.newest("python"), "function.handler")
    for _ in range(20):
        assert function.invoke(0).error is None
    eventually(lambda: collector.refused, 60, "what the collector refuses")
    collector.busy = False
    function.invoke(0)
    eventually(lambda: collector.spans, 60, "spans again")


def test_the_last_is_sent_at_the_end(lambent, collector):
    function = functions.create(lambent.client(), {"function.py": CODE}, host.newest("python"), "function.handler")
    for _ in range(3):
        function.invoke(0)
    lambent.stop()
    assert len([span for span in collector.spans if span.name == "invocation"]) == 3
