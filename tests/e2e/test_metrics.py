"""CloudWatch's metrics: what functions do is counted, and clients put and get their own, in each of the protocols."""

import datetime
import json
import math
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from kit.eventually import eventually
from kit.functions import a_name
from kit.server import environment


@pytest.fixture(scope="session")
def cloudwatch(lambent):
    return lambent.client(service="cloudwatch")


def window(minutes=10):
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"StartTime": now - datetime.timedelta(minutes=minutes), "EndTime": now + datetime.timedelta(minutes=1)}


def named(dimensions):
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def statistic(client, metric, kind="Sum", **dimensions):
    answer = client.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=named(dimensions),
        Period=86_400,
        Statistics=[kind],
        **window(),
    )
    # Midnight may lie between.
    points = [point[kind] for point in answer["Datapoints"]]
    return (max if kind == "Maximum" else sum)(points) if points else None


def test_invocations_errors_and_durations_are_counted(cloudwatch, python):
    function = python("""
def handler(event, context):
    if event == "fail":
        raise ValueError("no")
    return event
""")
    for event in ["a", "b", "fail"]:
        function.invoke(event)
    name = {"FunctionName": function.name}
    eventually(lambda: statistic(cloudwatch, "Invocations", **name) == 3, 20, "three invocations")
    assert statistic(cloudwatch, "Errors", **name) == 1
    assert statistic(cloudwatch, "Throttles", **name) == 0
    assert statistic(cloudwatch, "ConcurrentExecutions", "Maximum", **name) == 1
    assert 0 < statistic(cloudwatch, "Duration", "Maximum", **name) < 60_000
    assert statistic(cloudwatch, "Invocations", Resource=function.name, **name) == 3
    assert statistic(cloudwatch, "Invocations") >= 3
    listed = cloudwatch.list_metrics(Namespace="AWS/Lambda", Dimensions=named(name))["Metrics"]
    assert {"Invocations", "Errors", "Duration", "Throttles"} <= {each["MetricName"] for each in listed}


def test_an_alias_tells_the_version_that_ran(aws, cloudwatch, python):
    function = python("def handler(event, context): return 1")
    version = aws.publish_version(FunctionName=function.name)["Version"]
    aws.create_alias(FunctionName=function.name, Name="live", FunctionVersion=version)
    function.invoke(Qualifier="live")
    views = {"FunctionName": function.name, "Resource": f"{function.name}:live"}
    eventually(lambda: statistic(cloudwatch, "Invocations", **views) == 1, 20, "the alias's invocation")
    assert statistic(cloudwatch, "Invocations", ExecutedVersion=version, **views) == 1


def test_throttles_are_counted(aws, cloudwatch, python):
    function = python("def handler(event, context): return 1")
    aws.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError):
        function.invoke()
    eventually(lambda: statistic(cloudwatch, "Throttles", FunctionName=function.name) == 1, 20, "a throttle")
    assert not statistic(cloudwatch, "Invocations", FunctionName=function.name)


def test_clients_put_and_get_metrics_of_their_own(cloudwatch):
    moment = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=5)
    shop = {"MetricName": "Orders", "Dimensions": named({"Shop": "a", "Area": "ü"}), "Timestamp": moment}
    cloudwatch.put_metric_data(
        Namespace="Own",
        MetricData=[
            shop | {"Value": 1.0, "Unit": "Count"},
            shop | {"Values": [2.0, 3.0], "Counts": [1.0, 98.0], "Unit": "Count"},
            shop | {"MetricName": "Set", "StatisticValues": {"SampleCount": 2, "Sum": 6, "Minimum": 1, "Maximum": 5}},
        ],
    )
    queries = [
        {
            "Id": name,
            "MetricStat": {
                "Metric": {"Namespace": "Own", "MetricName": metric, "Dimensions": named({"Area": "ü", "Shop": "a"})},
                "Period": 60,
                "Stat": stat,
            },
        }
        for name, metric, stat in [
            ("sum", "Orders", "Sum"),
            ("p50", "Orders", "p50"),
            ("set", "Set", "Average"),
            ("unknown", "Set", "p90"),
        ]
    ] + [{"Id": "both", "Expression": "sum / set", "Label": "Both"}]
    answer = cloudwatch.get_metric_data(MetricDataQueries=queries, **window())
    found = {each["Id"]: each["Values"] for each in answer["MetricDataResults"]}
    assert found["sum"] == [297.0] and found["set"] == [3.0] and found["unknown"] == []
    assert math.isclose(found["p50"][0], 3.0, rel_tol=0.01) and math.isclose(found["both"][0], 297 / 3)
    stamp = answer["MetricDataResults"][0]["Timestamps"][0]
    assert stamp == moment.replace(second=0, microsecond=0)
    listed = cloudwatch.list_metrics(Namespace="Own", MetricName="Orders")["Metrics"]
    assert listed == [{"Namespace": "Own", "MetricName": "Orders", "Dimensions": named({"Area": "ü", "Shop": "a"})}]


def test_large_requests_come_compressed(cloudwatch):
    data = [{"MetricName": f"metric-{number}", "Value": 1.0} for number in range(1_000)]
    cloudwatch.put_metric_data(Namespace="Many", MetricData=data)
    pages = cloudwatch.get_paginator("list_metrics").paginate(Namespace="Many")
    assert sum(len(page["Metrics"]) for page in pages) == 1_000


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"Namespace": "AWS/Lambda", "MetricData": [{"MetricName": "m", "Value": 1}]}, "InvalidParameterValue"),
        ({"Namespace": "N", "MetricData": [{"MetricName": "m"}]}, "InvalidParameterCombination"),
        ({"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1, "Values": [1]}]}, "InvalidParameterCombination"),
        ({"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": float("nan")}]}, "InvalidParameterValue"),
        ({"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1, "Timestamp": 1}]}, "InvalidParameterValue"),
    ],
)
def test_what_is_no_metric_is_refused(cloudwatch, wrong, code):
    with pytest.raises(ClientError) as refused:
        cloudwatch.put_metric_data(**wrong)
    assert refused.value.response["Error"]["Code"] == code


def test_too_many_points_are_refused_in_awss_words(cloudwatch):
    with pytest.raises(ClientError) as refused:
        cloudwatch.get_metric_statistics(
            Namespace="N", MetricName="m", Period=60, Statistics=["Sum"], **window(minutes=2_879)
        )
    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidParameterCombination"
    assert error["Message"].startswith("You have requested up to 2,88")
    assert error["Message"].endswith(
        " datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by increasing Period, or decreasing "
        "the time range."
    )


def asked(lambent, path, body, **headers):
    """One signed request, for protocols that this botocore does not choose."""
    request = AWSRequest("POST", lambent.url + path, data=body, headers=headers)
    SigV4Auth(Credentials("test", "secret"), "monitoring", "us-east-1").add_auth(request)
    plain = urllib.request.Request(request.url, data=body, headers=dict(request.headers), method="POST")
    try:
        with urllib.request.urlopen(plain, timeout=20) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, dict(refused.headers), refused.read()


def test_old_clients_speak_query(lambent, cloudwatch):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    put = {"Action": "PutMetricData", "Version": "2010-08-01", "Namespace": "Old", "MetricData.member.1.MetricName": "m"}
    put |= {"MetricData.member.1.Value": "7", "MetricData.member.1.Dimensions.member.1.Name": "d"}
    put |= {"MetricData.member.1.Dimensions.member.1.Value": "<v>"}
    status, _, body = asked(lambent, "/", urllib.parse.urlencode(put).encode(), **form)
    assert status == 200 and b"<PutMetricDataResponse" in body, body
    listing = {"Action": "ListMetrics", "Version": "2010-08-01", "Namespace": "Old"}
    status, headers, body = asked(lambent, "/", urllib.parse.urlencode(listing).encode(), **form)
    assert headers["content-type"] == "text/xml"
    assert b"<Metrics><member><Namespace>Old</Namespace><MetricName>m</MetricName><Dimensions><member>" in body
    assert b"<Name>d</Name><Value>&lt;v&gt;</Value>" in body
    status, _, body = asked(lambent, "/", b"Action=PutMetricData&Version=2010-08-01&Namespace=AWS/x", **form)
    assert status == 400 and b"<Code>InvalidParameterValue</Code>" in body and b"<Type>Sender</Type>" in body
    status, _, body = asked(lambent, "/", b"Action=Nothing&Version=2010-08-01", **form)
    assert status == 400 and b"<Code>InvalidAction</Code>" in body


def test_new_clients_speak_json(lambent):
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "GraniteServiceVersion20100801.ListMetrics"}
    status, answered, body = asked(lambent, "/", b'{"Namespace": "None"}', **headers)
    assert status == 200 and json.loads(body)["Metrics"] == []
    assert answered["content-type"] == "application/x-amz-json-1.0"
    headers["X-Amz-Target"] = "GraniteServiceVersion20100801.PutMetricData"
    status, answered, body = asked(lambent, "/", b'{"Namespace": "AWS/x", "MetricData": []}', **headers)
    assert json.loads(body)["__type"] == "com.amazonaws.cloudwatch#InvalidParameterValueException"
    assert answered["x-amzn-query-error"] == "InvalidParameterValue;Sender"
    headers["X-Amz-Target"] = "GraniteServiceVersion20100801.DeleteAlarms"
    assert asked(lambent, "/", b"{}", **headers)[0] == 501


def test_the_command_line_shows_them(lambent, cloudwatch):
    cloudwatch.put_metric_data(Namespace="Shell", MetricData=[{"MetricName": "m", "Value": 2.0}])
    listed = subprocess.run(
        [sys.executable, "-m", "awscli", "--endpoint-url", lambent.url, "cloudwatch", "list-metrics", "--namespace", "Shell"],
        env=environment() | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        check=True,
    )
    assert json.loads(listed.stdout)["Metrics"][0]["MetricName"] == "m"


def test_they_survive_a_restart(fresh_lambent):
    server = fresh_lambent()
    cloudwatch = server.client(service="cloudwatch")
    cloudwatch.put_metric_data(Namespace="Kept", MetricData=[{"MetricName": "m", "Value": 2.0}])
    server.restart()
    cloudwatch = server.client(service="cloudwatch")
    cloudwatch.put_metric_data(Namespace="Kept", MetricData=[{"MetricName": "m", "Value": 3.0}])
    answer = cloudwatch.get_metric_statistics(
        Namespace="Kept", MetricName="m", Period=86_400, Statistics=["Sum", "SampleCount"], **window()
    )
    assert sum(point["Sum"] for point in answer["Datapoints"]) == 5.0


def test_lines_in_the_embedded_format_become_metrics(cloudwatch, python):
    function = python("""
import json, time

def handler(event, context):
    about = {"Namespace": "Embedded", "Dimensions": [["shop"]], "Metrics": [{"Name": "orders", "Unit": "Count"}]}
    print(json.dumps({"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [about]}, "shop": event, "orders": [2, 3]}))
""")
    shop = function.name
    function.invoke(shop)

    def orders():
        answer = cloudwatch.get_metric_statistics(
            Namespace="Embedded", MetricName="orders", Dimensions=named({"shop": shop}), Period=86_400, Statistics=["Sum"], **window()
        )
        return sum(point["Sum"] for point in answer["Datapoints"])

    eventually(lambda: orders() == 5, 20, "the orders")


def test_log_events_that_clients_put_in_the_embedded_format_become_metrics(lambent, cloudwatch):
    logs = lambent.client(service="logs")
    namespace = a_name("Embedded")
    logs.create_log_group(logGroupName=f"/tests/{namespace}")
    logs.create_log_stream(logGroupName=f"/tests/{namespace}", logStreamName="s")
    moment = int(datetime.datetime.now().timestamp() * 1000)

    def said(value, timestamp=moment):
        metrics = [{"Namespace": namespace, "Dimensions": [["area"]], "Metrics": [{"Name": "orders", "Unit": "Count"}]}]
        line = {"_aws": {"Timestamp": timestamp, "CloudWatchMetrics": metrics}, "area": "north", "orders": value}
        return {"timestamp": moment, "message": json.dumps(line)}

    events = [said(2), {"timestamp": moment, "message": "plain"}, said([3, 4]), said(100, moment - 15 * 24 * 3600 * 1000)]
    logs.put_log_events(logGroupName=f"/tests/{namespace}", logStreamName="s", logEvents=events)
    # What is refused says nothing.
    with pytest.raises(ClientError):
        logs.put_log_events(logGroupName=f"/tests/{namespace}", logStreamName="missing", logEvents=events)
    answer = cloudwatch.get_metric_statistics(
        Namespace=namespace, MetricName="orders", Dimensions=named({"area": "north"}), Period=86_400,
        Statistics=["Sum", "SampleCount", "Maximum"], **window(),
    )  # fmt: skip
    points = answer["Datapoints"]
    assert sum(point["Sum"] for point in points) == 9 and sum(point["SampleCount"] for point in points) == 3
    assert points[0]["Unit"] == "Count" and max(point["Maximum"] for point in points) == 4
