"""Metric filters of CloudWatch Logs: metrics from log events, those of clients and those of functions."""

import json

import pytest

from kit.eventually import eventually
from kit.functions import a_name
from test_logs import now, put, refused
from test_metrics import named, window


@pytest.fixture(scope="module")
def logs(lambent):
    return lambent.client(service="logs")


@pytest.fixture(scope="module")
def cloudwatch(lambent):
    return lambent.client(service="cloudwatch")


@pytest.fixture
def group(logs):
    """The name of a group that exists for the test; it is the namespace of its metrics, too."""
    name = a_name("filtered")
    logs.create_log_group(logGroupName=name)
    yield name
    logs.delete_log_group(logGroupName=name)


def filtered(logs, group, name, pattern, value="1", **transformation):
    transformation = {"metricName": name, "metricNamespace": group, "metricValue": value, **transformation}
    logs.put_metric_filter(logGroupName=group, filterName=name, filterPattern=pattern, metricTransformations=[transformation])


def statistic(cloudwatch, namespace, metric, kind="Sum", **dimensions):
    answer = cloudwatch.get_metric_statistics(
        Namespace=namespace, MetricName=metric, Dimensions=named(dimensions), Period=86_400, Statistics=[kind], **window()
    )
    return sum(point[kind] for point in answer["Datapoints"])


def test_events_become_metrics(logs, cloudwatch, group):
    put(logs, group, "s", (now(), "ERROR before"))
    filtered(logs, group, "errors", "ERROR")
    filtered(logs, group, "bytes", "[ip, request, status=4*, size]", "$size", unit="Bytes")
    filtered(logs, group, "took", '{ $.kind = "order" }', "$.took.ms", dimensions={"Shop": "$.shop"}, unit="Milliseconds")
    order = lambda shop, ms: json.dumps({"kind": "order", "shop": shop, "took": {"ms": ms}})
    put(
        logs, group, "s", (now(), "ERROR 1"), (now(), "fine"), (now(), "1.2.3.4 /x 404 17"), (now(), "1.2.3.4 /x 200 99"),
        (now(), order("north", 2.5)), (now(), order("north", 1)), (now(), order("south", 7)), (now(), '{"kind": "order"}'),
    )  # fmt: skip
    put(logs, group, "t", (now(), "ERROR 2"), (now(), "1.2.3.4 /y 401 3"))
    eventually(lambda: statistic(cloudwatch, group, "errors") == 2, 60, "the errors")
    eventually(lambda: statistic(cloudwatch, group, "bytes") == 20, 60, "the bytes")
    assert statistic(cloudwatch, group, "took", Shop="north") == 3.5
    assert statistic(cloudwatch, group, "took", "Maximum", Shop="south") == 7
    assert statistic(cloudwatch, group, "took") == 0
    metrics = cloudwatch.list_metrics(Namespace=group)["Metrics"]
    assert sorted((metric["MetricName"], len(metric["Dimensions"])) for metric in metrics) == [
        ("bytes", 0), ("errors", 0), ("took", 1), ("took", 1),
    ]  # fmt: skip


def test_what_functions_write_is_counted(logs, cloudwatch, python):
    function = python("def handler(event, context):\n    print('said', event)\n")
    function.invoke(0)
    group = f"/aws/lambda/{function.name}"
    eventually(lambda: logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"], 60, "the function's group")
    filtered(logs, group, "said", "[word=said, number]", "$number")
    for number in [2, 3]:
        function.invoke(number)
    eventually(lambda: statistic(cloudwatch, group, "said") == 5, 60, "what it said")


def test_filters_are_described_and_deleted(logs, cloudwatch, group):
    filtered(logs, group, "b", "ERROR", defaultValue=0)
    filtered(logs, group, "a", "{ $.x = 1 }", "$.x", dimensions={"D": "$.d"}, unit="Count")
    pages = logs.get_paginator("describe_metric_filters").paginate(logGroupName=group, PaginationConfig={"PageSize": 1})
    found = [each for page in pages for each in page["metricFilters"]]
    assert [each["filterName"] for each in found] == ["a", "b"]
    assert found[0]["metricTransformations"] == [
        {"metricName": "a", "metricNamespace": group, "metricValue": "$.x", "dimensions": {"D": "$.d"}, "unit": "Count"}
    ]
    assert found[1]["metricTransformations"][0]["defaultValue"] == 0 and found[1]["filterPattern"] == "ERROR"
    assert found[1]["logGroupName"] == group and abs(found[1]["creationTime"] - now()) < 600_000
    by_metric = logs.describe_metric_filters(metricName="a", metricNamespace=group)["metricFilters"]
    assert [each["filterName"] for each in by_metric] == ["a"]
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["metricFilterCount"] == 2
    # One of the same name takes its place.
    filtered(logs, group, "b", "WARN")
    assert logs.describe_metric_filters(logGroupName=group, filterNamePrefix="b")["metricFilters"][0]["filterPattern"] == "WARN"
    logs.delete_metric_filter(logGroupName=group, filterName="a")
    logs.delete_metric_filter(logGroupName=group, filterName="b")
    assert not logs.describe_metric_filters(logGroupName=group)["metricFilters"]
    put(logs, group, "s", (now(), "WARN"))
    assert refused(logs.delete_metric_filter, logGroupName=group, filterName="b") == (
        "ResourceNotFoundException", "The specified metric filter does not exist.",
    )  # fmt: skip
    assert statistic(cloudwatch, group, "b") == 0


def test_refusals_read_as_aws(logs, group):
    def refusal(pattern="ERROR", value="1", name=group, **transformation):
        transformation = {"metricName": "m", "metricNamespace": "N", "metricValue": value, **transformation}
        return refused(
            logs.put_metric_filter, logGroupName=name, filterName="f", filterPattern=pattern, metricTransformations=[transformation]
        )

    invalid = lambda text: ("InvalidParameterException", text)
    assert refusal(name="missing") == ("ResourceNotFoundException", "The specified log group does not exist.")
    assert refusal("{ $.a = 1") == invalid("If a filter pattern starts with '{' it must end with '}'")
    assert refusal(dimensions={"A": "$.a"}) == invalid("The specified filter pattern does not support dimensions")
    assert refusal("{ $.a = 1 }", dimensions={"A": "$.a"}, defaultValue=0) == invalid(
        "Invalid metric transformation: dimensions and default value are mutually exclusive properties"
    )
    assert refusal(value="one")[0] == "InvalidParameterException"
    assert refusal(unit="Furlongs")[0] == "InvalidParameterException"


def test_filters_survive_a_restart_and_count_the_end(fresh_lambent):
    lambent = fresh_lambent()
    logs = lambent.client(service="logs")
    logs.create_log_group(logGroupName="g")
    filtered(logs, "g", "all", "")
    put(logs, "g", "s", *((now(), str(number)) for number in range(100)))
    # What was put just before the end is counted at the end.
    lambent.restart()
    logs, cloudwatch = lambent.client(service="logs"), lambent.client(service="cloudwatch")
    assert statistic(cloudwatch, "g", "all") == 100
    put(logs, "g", "s", (now(), "more"))
    eventually(lambda: statistic(cloudwatch, "g", "all") == 101, 60, "what came after the restart")
