"""Reserved concurrency: who may run how much at once."""

import concurrent.futures
import pathlib
import re
import resource

import pytest

from kit import functions, host
from kit.eventually import eventually

SLOW = """
    import time

    def handler(event, context):
        print("running", context.aws_request_id if "sleep" not in event else event["mark"])
        time.sleep(event.get("sleep", 0))
        return context.function_version
"""


def reserved(client, name):
    return client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")


def throttled(client, call):
    """What a throttled invocation is answered."""
    with pytest.raises(client.exceptions.TooManyRequestsException) as caught:
        call()
    response = caught.value.response
    assert response["Error"]["Message"] == "Rate Exceeded." and response["Type"] == "User"
    # Only who meets the account's limit is told to come back (recorded: test_lambda_concurrency_block).
    retried = "retry-after" in response["ResponseMetadata"]["HTTPHeaders"]
    assert retried == (response["Reason"] == "ConcurrentInvocationLimitExceeded")
    return response["Reason"]


def test_the_life_of_a_reservation(aws, python):
    function = python(SLOW)
    name = function.name
    assert reserved(aws, name) is None and "Concurrency" not in aws.get_function(FunctionName=name)
    for share in (0, 1, 3):
        answer = aws.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=share)
        assert answer["ReservedConcurrentExecutions"] == share == reserved(aws, name)
        assert aws.get_function(FunctionName=name)["Concurrency"] == {"ReservedConcurrentExecutions": share}
    for _ in range(2):
        answer = aws.delete_function_concurrency(FunctionName=name)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204 and reserved(aws, name) is None


def test_what_cannot_be_reserved_is_refused_as_recorded(aws, python):
    function = python(SLOW)
    arn = function.configuration()["FunctionArn"]
    with pytest.raises(aws.exceptions.ResourceNotFoundException, match=r":function:doesnotexist:\$LATEST$"):
        aws.put_function_concurrency(FunctionName="doesnotexist", ReservedConcurrentExecutions=1)
    with pytest.raises(aws.exceptions.InvalidParameterValueException, match="permitted on Lambda functions only"):
        aws.put_function_concurrency(FunctionName=f"{arn}:$LATEST", ReservedConcurrentExecutions=1)
    for share in (901, 1001):
        with pytest.raises(aws.exceptions.InvalidParameterValueException, match=r"below its minimum value of \[100\]") as caught:
            aws.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=share)
        assert "Type" not in caught.value.response
    with pytest.raises(aws.exceptions.ResourceNotFoundException):
        aws.get_function_concurrency(FunctionName="doesnotexist")


def test_zero_switches_a_function_off_in_all_versions(aws, python):
    function = python(SLOW)
    aws.publish_version(FunctionName=function.name)
    aws.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    for options in ({}, {"Qualifier": "1"}):
        reason = throttled(aws, lambda: function.invoke(**options))
        assert reason == "ReservedFunctionConcurrentInvocationLimitExceeded"
    aws.delete_function_concurrency(FunctionName=function.name)
    assert function.invoke().value == "$LATEST"


def test_all_versions_share_a_reservation(aws, python, lambent):
    function = python(SLOW, Timeout=30)
    aws.publish_version(FunctionName=function.name)
    aws.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=1)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = pool.submit(lambda: function.invoke({"sleep": 3, "mark": f"mark of {function.name}"}))
        eventually(lambda: f"running mark of {function.name}" in lambent.log(), 20, "the first invocation")
        reason = throttled(aws, lambda: function.invoke(Qualifier="1"))
        assert reason == "ReservedFunctionConcurrentInvocationLimitExceeded"
        assert running.result().value == "$LATEST"
    assert function.invoke(Qualifier="1").value == "1"


def test_a_reservation_takes_from_the_others_and_outlives_a_restart(fresh_lambent):
    server = fresh_lambent("--concurrency", "101")
    client = server.client()
    make = lambda: functions.create(client, {"f.py": SLOW}, host.newest("python"), "f.handler", Timeout=30)
    reserving, other = make(), make()
    client.put_function_concurrency(FunctionName=reserving.name, ReservedConcurrentExecutions=1)
    with pytest.raises(client.exceptions.InvalidParameterValueException):
        client.put_function_concurrency(FunctionName=other.name, ReservedConcurrentExecutions=1)
    server.restart()
    client = server.client()
    assert reserved(client, reserving.name) == 1
    client.delete_function(FunctionName=reserving.name)
    client.put_function_concurrency(FunctionName=other.name, ReservedConcurrentExecutions=1)


def test_the_usual_limit_on_open_files_is_raised(fresh_lambent):
    """It would be a limit on environments, each of which takes several."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, hard), hard))
    try:
        server = fresh_lambent()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    limits = pathlib.Path(f"/proc/{server.process.pid}/limits").read_text()
    [(now, most)] = re.findall(r"^Max open files +(\w+) +(\w+)", limits, re.M)
    assert now == most
