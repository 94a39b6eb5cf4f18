"""X-Ray: invocations are traced as the guide's chapter says, SDKs in functions add to it, and clients find and read it."""

import datetime
import json
import pathlib
import subprocess
import sys
import time

import aws_xray_sdk
import pytest
import wrapt
from botocore.exceptions import ClientError
from kit import functions, host, sdk
from kit.eventually import eventually
from kit.server import environment

ECHO = """
import os

def handler(event, context):
    if event == "fail":
        raise ValueError("no")
    return os.environ.get("_X_AMZN_TRACE_ID")
"""


@pytest.fixture(scope="session")
def xray(lambent):
    return lambent.client(service="xray")


@pytest.fixture(scope="session")
def xray_sdk():
    """The real SDK and what it needs, as files of a package."""
    files = dict(sdk.sdk())
    for module in (aws_xray_sdk, wrapt):
        folder = pathlib.Path(module.__file__).parent
        for path in folder.rglob("*"):
            # Without what was compiled for another interpreter.
            if path.is_file() and path.suffix in (".py", ".json"):
                files[str(path.relative_to(folder.parent))] = path.read_bytes()
    return files


def window(minutes=10):
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"StartTime": now - datetime.timedelta(minutes=minutes), "EndTime": now + datetime.timedelta(minutes=1)}


def a_trace(number):
    return f"1-{int(time.time()):08x}-{number:024x}"


def invoke(function, event=None, trace=None, **options):
    """Invokes with a tracing header, as callers that trace do; returns the answer and the header that it came with."""
    add = lambda params, **_: params["headers"].__setitem__("X-Amzn-Trace-Id", trace)
    events = function.client.meta.events
    if trace:
        events.register("before-call.lambda.Invoke", add)
    try:
        answer = function.client.invoke(FunctionName=function.name, Payload=json.dumps(event), **options)
    finally:
        if trace:
            events.unregister("before-call.lambda.Invoke", add)
    return answer, answer["ResponseMetadata"]["HTTPHeaders"].get("x-amzn-trace-id", "")


def fields(header):
    return dict(field.split("=", 1) for field in header.split(";") if field)


def segments(xray, trace):
    """The documents of a trace, by origin or name."""
    traces = xray.batch_get_traces(TraceIds=[trace])["Traces"]
    found = [json.loads(segment["Document"]) for each in traces for segment in each["Segments"]]
    return {document.get("origin", document["name"]): document for document in found}


def whole(xray, trace, *wanted):
    """The same, once all `wanted` are there."""
    def found():
        there = segments(xray, trace)
        return there if all(name in there for name in wanted) else None

    return eventually(found, 30, f"a trace with {wanted}")


def parts(document):
    return {part["name"]: part for part in document.get("subsegments", [])}


def test_an_active_function_is_traced(xray, python):
    function = python(ECHO, TracingConfig={"Mode": "Active"})
    answer, header = invoke(function)
    said = fields(header)
    assert said["Sampled"] == "1"
    inside = fields(json.loads(answer["Payload"].read()))
    assert (inside["Root"], inside["Sampled"]) == (said["Root"], "1") and "Lineage" in inside
    there = whole(xray, said["Root"], "AWS::Lambda", "AWS::Lambda::Function")
    service, ran = there["AWS::Lambda"], there["AWS::Lambda::Function"]
    assert service["name"] == ran["name"] == function.name
    assert service["http"]["response"]["status"] == 200 and "parent_id" not in service
    assert service["aws"]["request_id"] == answer["ResponseMetadata"]["RequestId"] == ran["aws"]["request_id"]
    assert service["id"] == said["Parent"] == ran["parent_id"]
    assert list(parts(ran)) == ["Initialization", "Invocation", "Overhead"]
    assert parts(ran)["Invocation"]["id"] == inside["Parent"]
    assert service["start_time"] <= parts(ran)["Invocation"]["start_time"] <= ran["end_time"]
    summary = eventually(
        lambda: xray.get_trace_summaries(FilterExpression=f'service("{function.name}")', **window())["TraceSummaries"], 10
    )
    assert [each["Id"] for each in summary] == [said["Root"]]
    assert not summary[0]["HasFault"] and summary[0]["Http"]["HttpStatus"] == 200


def test_what_fails_is_a_fault(xray, python):
    function = python(ECHO, TracingConfig={"Mode": "Active"})
    _, header = invoke(function, "fail")
    there = whole(xray, fields(header)["Root"], "AWS::Lambda", "AWS::Lambda::Function")
    assert there["AWS::Lambda"]["fault"] and there["AWS::Lambda::Function"]["fault"]
    exception = parts(there["AWS::Lambda::Function"])["Invocation"]["cause"]["exceptions"][0]
    assert (exception["type"], exception["message"]) == ("ValueError", "no")
    found = xray.get_trace_summaries(FilterExpression=f'fault AND service("{function.name}") {{ fault }}', **window())
    assert [each["Id"] for each in found["TraceSummaries"]] == [fields(header)["Root"]]


def test_only_some_of_many_are_sampled(python):
    function = python(ECHO, TracingConfig={"Mode": "Active"})
    began = time.monotonic()
    sampled = [fields(invoke(function)[1])["Sampled"] for _ in range(60)]
    seconds = time.monotonic() - began
    assert sampled[0] == "1" and set(sampled) == {"0", "1"}
    # One of each second, and one of twenty of the others: far less than all.
    assert sampled.count("1") <= seconds + 2 + 20


def test_a_caller_s_decision_counts(xray, python):
    function = python(ECHO, TracingConfig={"Mode": "Active"})
    root, parent = a_trace(1), "53995c3f42cd8ad8"
    answer, _ = invoke(function, trace=f"Root={root};Parent={parent};Sampled=0")
    assert fields(json.loads(answer["Payload"].read()))["Sampled"] == "0"
    assert segments(xray, root) == {}
    passing = python(ECHO)
    _, header = invoke(passing)
    assert fields(header)["Sampled"] == "0"
    root = a_trace(2)
    answer, _ = invoke(passing, trace=f"Root={root};Parent={parent};Sampled=1")
    assert fields(json.loads(answer["Payload"].read()))["Root"] == root
    there = whole(xray, root, "AWS::Lambda", "AWS::Lambda::Function")
    assert there["AWS::Lambda"]["parent_id"] == parent


def test_an_event_has_its_tries(xray, python):
    function = python(ECHO, TracingConfig={"Mode": "Active"})
    function.client.put_function_event_invoke_config(FunctionName=function.name, MaximumRetryAttempts=1)
    answer, header = invoke(function, "fail", InvocationType="Event")
    assert answer["StatusCode"] == 202
    root = fields(header)["Root"]

    def tried():
        there = segments(xray, root)
        return there if "Attempt #2" in parts(there.get("AWS::Lambda", {})) else None

    eventually(tried, 60, "the second try")
    documents = xray.batch_get_traces(TraceIds=[root])["Traces"][0]["Segments"]
    documents = [json.loads(segment["Document"]) for segment in documents]
    service = next(document for document in documents if document["origin"] == "AWS::Lambda")
    assert service["http"]["response"]["status"] == 202 and service["fault"]
    assert list(parts(service)) == ["Dwell Time", "Attempt #1", "Attempt #2"]
    eventually(lambda: len(xray.batch_get_traces(TraceIds=[root])["Traces"][0]["Segments"]) == 3, 20)
    documents = xray.batch_get_traces(TraceIds=[root])["Traces"][0]["Segments"]
    runs = [json.loads(segment["Document"]) for segment in documents][1:]
    assert [run["parent_id"] for run in runs] == [parts(service)[name]["id"] for name in ("Attempt #1", "Attempt #2")]


def test_the_real_sdk_adds_what_the_function_does(xray, make, xray_sdk):
    source = b"""
from aws_xray_sdk.core import patch, xray_recorder
patch(("botocore",))
import boto3

@xray_recorder.capture("## handler")
def handler(event, context):
    xray_recorder.current_subsegment().put_annotation("order", event["order"])
    xray_recorder.current_subsegment().put_metadata("cart", {"items": [1, 2]})
    with xray_recorder.in_subsegment("work") as work:
        work.put_annotation("size", 3)
    return boto3.client("lambda").list_functions(MaxItems=1)["ResponseMetadata"]["HTTPStatusCode"]
"""
    function = make(
        {**xray_sdk, "function.py": source},
        host.newest("python"),
        "function.handler",
        TracingConfig={"Mode": "Active"},
        Timeout=60,
        MemorySize=1024,
    )
    order = function.name
    answer, header = invoke(function, {"order": order})
    assert json.loads(answer["Payload"].read()) == 200
    root = fields(header)["Root"]

    def there():
        run = segments(xray, root).get("AWS::Lambda::Function", {})
        return parts(parts(run).get("Invocation", {})).get("## handler")

    handler = eventually(there, 30, "what the SDK told")
    assert handler["annotations"] == {"order": order}
    assert handler["metadata"]["default"]["cart"] == {"items": [1, 2]}
    assert parts(handler)["work"]["annotations"] == {"size": 3}
    call = parts(handler)["lambda"]
    assert (call["namespace"], call["aws"]["operation"]) == ("aws", "ListFunctions")
    for expression in (f'annotation.order = "{order}"', f'annotation[order] BEGINSWITH "{order}" AND annotation.size > 2'):
        found = xray.get_trace_summaries(FilterExpression=expression, **window())["TraceSummaries"]
        assert [each["Id"] for each in found] == [root]
    values = found[0]["Annotations"]["order"][0]["AnnotationValue"]
    assert values == {"StringValue": order}
    graph = xray.get_trace_graph(TraceIds=[root])["Services"]
    kinds = {(service["Name"], service.get("Type")) for service in graph}
    assert {(function.name, "AWS::Lambda"), (function.name, "AWS::Lambda::Function"), (function.name, "client")} <= kinds


def test_one_function_calls_another_in_one_trace(xray, python, make, aws):
    called = python(ECHO)
    caller = make(
        {
            **sdk.sdk(),
            "function.py": b"""
import boto3, json

def handler(event, context):
    return json.load(boto3.client("lambda").invoke(FunctionName=event)["Payload"])
""",
        },
        host.newest("python"),
        "function.handler",
        TracingConfig={"Mode": "Active"},
        Timeout=60,
        MemorySize=1024,
    )
    answer, header = invoke(caller, called.name)
    inner = fields(json.loads(answer["Payload"].read()))
    root = fields(header)["Root"]
    assert (inner["Root"], inner["Sampled"]) == (root, "1")
    eventually(lambda: len(xray.batch_get_traces(TraceIds=[root])["Traces"][0]["Segments"]) == 4, 20)
    services = xray.get_service_graph(**window())["Services"]
    node = next(service for service in services if (service["Name"], service["Type"]) == (caller.name, "AWS::Lambda::Function"))
    names = {service["ReferenceId"]: service["Name"] for service in services}
    assert [names[edge["ReferenceId"]] for edge in node["Edges"]] == [called.name]


FLOOD = """
import socket, time

def handler(event, context):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(("127.0.0.1", 2000))
    head = b'{"format":"json","version":1}\\n'
    end, sent = time.monotonic() + event["seconds"], 0
    while time.monotonic() < end:
        for body in (b"", b"\\xff" * 100, head, head + b"{" * 5000, head + b'{"id":"x"}', b"x" * 60000,
                     head + b'{"id":"%016x","trace_id":"%s","name":"n","start_time":1,"end_time":2}' % (sent, event["trace"].encode())):
            try:
                sock.send(body)
            except OSError:
                pass
            sent += 1
    return sent
"""


def test_a_flood_of_datagrams_harms_nobody(xray, lambent, python):
    flooding, other = python(FLOOD, Timeout=60), python(ECHO, TracingConfig={"Mode": "Active"})
    flooding.client.invoke(
        FunctionName=flooding.name, InvocationType="Event", Payload=json.dumps({"seconds": 4, "trace": a_trace(3)})
    )
    root, before = a_trace(4), lambent.memory()
    until = time.monotonic() + 4
    while time.monotonic() < until:
        began = time.monotonic()
        invoke(other)
        assert time.monotonic() - began < 10
    invoke(other, trace=f"Root={root};Parent=53995c3f42cd8ad8;Sampled=1")
    whole(xray, root, "AWS::Lambda", "AWS::Lambda::Function")
    assert lambent.memory() - before < 256 << 20
    eventually(lambda: "segments were not kept" in lambent.log(), 90, "the count of what was lost")


def test_segments_of_anybody_are_kept_and_others_named(xray, lambent):
    root = a_trace(5)
    now = time.time()
    good = {"id": "70de5b6f19ff9a0a", "trace_id": root, "name": "shop", "start_time": now, "end_time": now + 1.5, "user": "ann",
            "http": {"request": {"method": "GET", "url": "https://shop.example/"}, "response": {"status": 404}}, "error": True}
    part = {"id": "70de5b6f19ff9a0b", "trace_id": root, "parent_id": "70de5b6f19ff9a0a", "type": "subsegment", "name": "pay",
            "start_time": now, "in_progress": True}
    answer = xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(part), json.dumps(good), "{", json.dumps({**good, "trace_id": "1"})])
    codes = [each["ErrorCode"] for each in answer["UnprocessedTraceSegments"]]
    assert codes == ["ParseError", "InvalidTraceId"]
    assert parts(segments(xray, root)["shop"])["pay"]["in_progress"]
    done = {**part, "end_time": now + 0.5, "in_progress": False}
    xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(done)])
    assert "in_progress" not in parts(segments(xray, root)["shop"])["pay"]
    expression = 'service("shop") AND http.status = 404 AND duration >= 1 AND user = "ann"'
    for kind in ("TraceId", "Event", "Service"):
        found = xray.get_trace_summaries(TimeRangeType=kind, FilterExpression=expression, **window())["TraceSummaries"]
        assert root in [each["Id"] for each in found], kind
    unknown = a_trace(6)
    assert xray.batch_get_traces(TraceIds=[unknown])["UnprocessedTraceIds"] == [unknown]
    elsewhere = lambent.client(account="222222222222", service="xray")
    assert elsewhere.batch_get_traces(TraceIds=[root])["Traces"] == []
    with pytest.raises(ClientError, match="InvalidRequestException"):
        xray.get_trace_summaries(FilterExpression="colour", **window())
    with pytest.raises(ClientError, match="NotImplementedException"):
        xray.get_groups()


def test_sampling_rules(lambent):
    xray = lambent.client(account="333333333333", service="xray")
    rule = {"RuleName": "mine", "ResourceARN": "*", "Priority": 10, "FixedRate": 0.5, "ReservoirSize": 3, "ServiceName": "*",
            "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "Version": 1}
    made = xray.create_sampling_rule(SamplingRule=rule)["SamplingRuleRecord"]["SamplingRule"]
    assert made["RuleARN"] == "arn:aws:xray:us-east-1:333333333333:sampling-rule/mine"
    xray.update_sampling_rule(SamplingRuleUpdate={"RuleName": "mine", "FixedRate": 0.1})
    records = xray.get_sampling_rules()["SamplingRuleRecords"]
    assert [(each["SamplingRule"]["RuleName"], each["SamplingRule"]["FixedRate"]) for each in records] == [("mine", 0.1), ("Default", 0.05)]
    now = datetime.datetime.now(datetime.timezone.utc)
    told = {"RuleName": "mine", "ClientID": "a" * 24, "Timestamp": now, "RequestCount": 1, "SampledCount": 1}
    target = xray.get_sampling_targets(SamplingStatisticsDocuments=[told])["SamplingTargetDocuments"][0]
    assert (target["FixedRate"], target["ReservoirQuota"]) == (0.1, 3)
    assert xray.put_telemetry_records(TelemetryRecords=[{"Timestamp": now}])["ResponseMetadata"]["HTTPStatusCode"] == 200
    xray.delete_sampling_rule(RuleName="mine")


def test_the_aws_cli_reads_traces(lambent, xray, python):
    function = python(ECHO, TracingConfig={"Mode": "Active"})
    _, header = invoke(function)
    root = fields(header)["Root"]
    whole(xray, root, "AWS::Lambda", "AWS::Lambda::Function")

    def cli(*arguments):
        variables = {**environment(), "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
        command = [sys.executable, "-m", "awscli", "--endpoint-url", lambent.url, "xray", *arguments]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)

    now = int(time.time())
    found = cli("get-trace-summaries", "--start-time", str(now - 600), "--end-time", str(now + 60),
                "--filter-expression", f'service("{function.name}")')
    assert [each["Id"] for each in found["TraceSummaries"]] == [root]
    assert len(cli("batch-get-traces", "--trace-ids", root)["Traces"][0]["Segments"]) == 2


def test_traces_survive_the_server(fresh_lambent):
    server = fresh_lambent()
    function = functions.create(
        server.client(), {"function.py": ECHO}, host.newest("python"), "function.handler", TracingConfig={"Mode": "Active"}
    )
    _, header = invoke(function)
    root = fields(header)["Root"]
    whole(server.client(service="xray"), root, "AWS::Lambda", "AWS::Lambda::Function")
    server.kill()
    server.start()
    assert set(segments(server.client(service="xray"), root)) == {"AWS::Lambda", "AWS::Lambda::Function"}
