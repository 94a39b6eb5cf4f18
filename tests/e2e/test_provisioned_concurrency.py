"""Provisioned concurrency: environments that are ready before anyone asks."""

import pytest

from kit import functions, host
from kit.eventually import eventually

SOURCE = """
    import os, time

    print("initialised", os.environ["AWS_LAMBDA_FUNCTION_NAME"], os.environ["AWS_LAMBDA_FUNCTION_VERSION"])

    def handler(event, context):
        if event.get("die"):
            os._exit(1)
        return [context.function_version, os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]]
"""


def config(client, name, qualifier):
    answer = client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
    return {key: value for key, value in answer.items() if key not in ("ResponseMetadata", "LastModified")}


def ready(client, name, qualifier, number):
    eventually(lambda: config(client, name, qualifier)["Status"] == "READY", 30, "readiness")
    assert config(client, name, qualifier) == {
        "RequestedProvisionedConcurrentExecutions": number, "AllocatedProvisionedConcurrentExecutions": number,
        "AvailableProvisionedConcurrentExecutions": number, "Status": "READY",
    }


def put(client, name, qualifier, number):
    return client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=number)


def test_environments_are_ready_before_the_first_invocation(aws, python, lambent):
    function = python(SOURCE)
    aws.publish_version(FunctionName=function.name)
    answer = put(aws, function.name, "1", 2)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202 and answer["Status"] == "IN_PROGRESS"
    assert answer["AllocatedProvisionedConcurrentExecutions"] == 0
    ready(aws, function.name, "1", 2)
    assert lambent.log().count(f"initialised {function.name} 1") == 2
    assert function.invoke(Qualifier="1").value == ["1", "provisioned-concurrency"]
    assert function.invoke().value == ["$LATEST", "on-demand"]
    assert lambent.log().count(f"initialised {function.name} 1") == 2
    listed = aws.list_provisioned_concurrency_configs(FunctionName=function.name)["ProvisionedConcurrencyConfigs"]
    assert [each["FunctionArn"].rpartition(":")[2] for each in listed] == ["1"]
    for _ in range(2):
        deleted = aws.delete_provisioned_concurrency_config(FunctionName=function.name, Qualifier="1")
        assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    with pytest.raises(aws.exceptions.ProvisionedConcurrencyConfigNotFoundException, match="No Provisioned Concurrency Config found"):
        config(aws, function.name, "1")


def test_an_environment_that_dies_is_replaced(aws, python, lambent):
    function = python(SOURCE)
    aws.publish_version(FunctionName=function.name)
    put(aws, function.name, "1", 1)
    ready(aws, function.name, "1", 1)
    assert function.invoke({"die": True}, Qualifier="1").error == "Unhandled"
    eventually(lambda: lambent.log().count(f"initialised {function.name} 1") == 2, 20, "the replacement")
    ready(aws, function.name, "1", 1)


def test_environments_move_with_their_alias(aws, python):
    function = python(SOURCE)
    for number in (1, 2):
        function.configure(Description=str(number))
        aws.publish_version(FunctionName=function.name)
    aws.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    put(aws, function.name, "live", 1)
    ready(aws, function.name, "live", 1)
    with pytest.raises(aws.exceptions.ResourceConflictException, match="Version is pointed by a Provisioned Concurrency alias"):
        put(aws, function.name, "1", 1)
    assert function.invoke(Qualifier="live").value == ["1", "provisioned-concurrency"]
    aws.update_alias(FunctionName=function.name, Name="live", FunctionVersion="2")
    ready(aws, function.name, "live", 1)
    assert function.invoke(Qualifier="live").value == ["2", "provisioned-concurrency"]
    aws.delete_alias(FunctionName=function.name, Name="live")
    with pytest.raises(aws.exceptions.ResourceNotFoundException, match="Cannot find alias arn: .*:live"):
        config(aws, function.name, "live")
    assert aws.list_provisioned_concurrency_configs(FunctionName=function.name)["ProvisionedConcurrencyConfigs"] == []


def test_a_function_that_cannot_be_initialised_fails(aws, python):
    function = python("raise RuntimeError('never')")
    aws.publish_version(FunctionName=function.name)
    put(aws, function.name, "1", 1)
    eventually(lambda: config(aws, function.name, "1")["Status"] == "FAILED", 30, "failure")
    found = config(aws, function.name, "1")
    assert found["StatusReason"] == "FUNCTION_ERROR_INIT_FAILURE" and found["AllocatedProvisionedConcurrentExecutions"] == 0


def test_a_reservation_and_what_is_provisioned_of_it(aws, python):
    function = python(SOURCE)
    aws.publish_version(FunctionName=function.name)
    put(aws, function.name, "1", 1)
    ready(aws, function.name, "1", 1)
    with pytest.raises(aws.exceptions.InvalidParameterValueException) as caught:
        aws.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    assert caught.value.response["Error"]["Message"] == (
        " ReservedConcurrentExecutions  0 should not be lower than function's total provisioned concurrency [1]."
    )
    aws.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=1)
    with pytest.raises(aws.exceptions.TooManyRequestsException):
        function.invoke()
    assert function.invoke(Qualifier="1").value == ["1", "provisioned-concurrency"]
    with pytest.raises(aws.exceptions.InvalidParameterValueException, match="should not be greater than the reservedConcurrentExecution"):
        put(aws, function.name, "1", 2)


def test_a_restart_makes_everything_ready_again(fresh_lambent):
    server = fresh_lambent("--function-logs")
    client = server.client()
    function = functions.create(client, {"f.py": SOURCE}, host.newest("python"), "f.handler")
    client.publish_version(FunctionName=function.name)
    put(client, function.name, "1", 1)
    ready(client, function.name, "1", 1)
    server.restart()
    client = server.client()
    eventually(lambda: server.log().count(f"initialised {function.name} 1") == 2, 20, "an environment of the new server")
    ready(client, function.name, "1", 1)
