"""Account settings, and the small settings of functions."""

import json

import pytest

from kit import functions, host, raw
from kit.eventually import eventually

ECHO = "def handler(event, context):\n    print('async', event)\n    return event\n"


def test_account_settings_tell_real_usage(lambent):
    client = lambent.client(account="000000000321")
    before = client.get_account_settings()
    assert set(before["AccountLimit"]) == {
        "CodeSizeUnzipped", "CodeSizeZipped", "ConcurrentExecutions", "TotalCodeSize", "UnreservedConcurrentExecutions"
    }
    assert before["AccountUsage"] == {"FunctionCount": 0, "TotalCodeSize": 0}
    function = functions.create(client, {"f.py": ECHO}, host.newest("python"), "f.handler")
    size = function.configuration()["CodeSize"]
    assert client.get_account_settings()["AccountUsage"] == {"FunctionCount": 1, "TotalCodeSize": size}
    function.configure(Description="other")
    client.publish_version(FunctionName=function.name)
    client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=5)
    after = client.get_account_settings()
    assert after["AccountUsage"] == {"FunctionCount": 1, "TotalCodeSize": 2 * size}
    limit = after["AccountLimit"]
    assert limit["ConcurrentExecutions"] - limit["UnreservedConcurrentExecutions"] == 5
    function.delete()
    assert client.get_account_settings()["AccountUsage"] == before["AccountUsage"]


def test_recursion_configuration(aws, python):
    name = python(ECHO).name
    assert aws.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Terminate"
    assert aws.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")["RecursiveLoop"] == "Allow"
    assert aws.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Allow"
    with pytest.raises(aws.exceptions.ClientError) as caught:
        aws.put_function_recursion_config(FunctionName=name, RecursiveLoop="InvalidValue")
    assert caught.value.response["Error"]["Message"] == (
        "1 validation error detected: Value 'InvalidValue' at 'recursiveLoop' failed to satisfy constraint: "
        "Member must satisfy enum value set: [Terminate, Allow]"
    )


def test_runtime_management_configuration(aws, python):
    function = python(ECHO)
    arn = function.configuration()["FunctionArn"]
    found = aws.get_runtime_management_config(FunctionName=function.name)
    assert (found["UpdateRuntimeOn"], found["FunctionArn"]) == ("Auto", arn)
    version = function.configuration()["RuntimeVersionConfig"]["RuntimeVersionArn"]
    aws.put_runtime_management_config(FunctionName=function.name, UpdateRuntimeOn="Manual", RuntimeVersionArn=version)
    found = aws.get_runtime_management_config(FunctionName=function.name)
    assert (found["UpdateRuntimeOn"], found["RuntimeVersionArn"]) == ("Manual", version)


def test_a_client_of_2014_sends_an_event(lambent, python):
    function = python(ECHO)
    for path in ("invoke-async", "invoke-async/"):
        mark = f"{function.name} {path}"
        answer = raw.request(lambent, "POST", f"/2014-11-13/functions/{function.name}/{path}", json.dumps({"mark": mark}).encode())
        assert (answer.status, answer.json()) == (202, {"Status": 202})
        eventually(lambda: f"async {{'mark': '{mark}'}}" in lambent.log(), 20, "the event's run")
