"""What may be set for asynchronous events, and that it is kept to."""

import pytest

from kit.eventually import eventually

FAILING = """
    def handler(event, context):
        raise RuntimeError("no")
"""


def shown(answer):
    return {key: value for key, value in answer.items() if key not in ("ResponseMetadata", "LastModified")}


def runs(lambent, request_id):
    return lambent.log().count(f"START RequestId: {request_id}")


def dropped(lambent, request_id, verdict):
    return any(request_id in line and verdict in line for line in lambent.log().splitlines())


def test_the_life_of_a_configuration(aws, python):
    function = python(FAILING)
    name, arn = function.name, function.configuration()["FunctionArn"]
    empty = {"OnSuccess": {}, "OnFailure": {}}
    put = aws.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    latest = f"{arn}:$LATEST"
    assert shown(put) == {"DestinationConfig": empty, "FunctionArn": latest, "MaximumRetryAttempts": 0}
    put = aws.put_function_event_invoke_config(FunctionName=name, MaximumEventAgeInSeconds=60)
    assert shown(put) == {"DestinationConfig": empty, "FunctionArn": latest, "MaximumEventAgeInSeconds": 60}
    updated = aws.update_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    assert shown(updated) == {**shown(put), "MaximumRetryAttempts": 1}
    for qualifier in ({}, {"Qualifier": "$LATEST"}):
        assert shown(aws.get_function_event_invoke_config(FunctionName=name, **qualifier)) == shown(updated)
    aws.publish_version(FunctionName=name)
    missing = f"The function {arn}:1 doesn't have an EventInvokeConfig"
    with pytest.raises(aws.exceptions.ResourceNotFoundException, match=missing):
        aws.get_function_event_invoke_config(FunctionName=name, Qualifier="1")
    aws.put_function_event_invoke_config(FunctionName=name, Qualifier="1", MaximumEventAgeInSeconds=120)
    pages = list(aws.get_paginator("list_function_event_invoke_configs").paginate(
        FunctionName=name, PaginationConfig={"PageSize": 1}))
    found = [each["FunctionArn"] for page in pages for each in page["FunctionEventInvokeConfigs"]]
    assert found == [latest, f"{arn}:1"]
    aws.delete_function_event_invoke_config(FunctionName=name)
    with pytest.raises(aws.exceptions.ResourceNotFoundException, match="doesn't have an EventInvokeConfig"):
        aws.delete_function_event_invoke_config(FunctionName=name)
    with pytest.raises(aws.exceptions.ResourceNotFoundException, match="doesn't have an EventInvokeConfig"):
        aws.update_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)


def test_what_is_refused_is_refused_as_recorded(aws, python):
    function = python(FAILING)
    arn = function.configuration()["FunctionArn"]

    def refused(name=function.name, **options):
        with pytest.raises(aws.exceptions.ClientError) as caught:
            aws.put_function_event_invoke_config(FunctionName=name, **options)
        return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]

    to = lambda target: {"DestinationConfig": {"OnSuccess": {"Destination": target}}}
    invalid, missing = "InvalidParameterValueException", "ResourceNotFoundException"
    assert refused("doesnotexist", MaximumRetryAttempts=1) == (missing, "The function doesn't exist.")
    assert refused(Qualifier="noalias", MaximumRetryAttempts=1) == (missing, "The function doesn't exist.")
    assert refused() == (invalid, "You must specify at least one of error handling or destination setting.")
    unknown = arn.replace(function.name, "doesnotexist")
    assert refused(**to(unknown)) == (invalid, f"The destination ARN {unknown} is invalid.")
    assert refused(**to(arn)) == (invalid, "You can't specify the function as a destination for itself.")
    other = arn.replace(":lambda:", ":iam:")
    config = f"DestinationConfig(onSuccess=OnSuccess(destination={other}), onFailure=null)"
    assert refused(**to(other)) == (invalid, f"The provided destination config {config} is invalid.")
    code, text = refused(DestinationConfig={"OnFailure": {"Destination": arn.replace(":lambda:", ":_-/!lambda:")}})
    assert code == "ValidationException" and "'destinationConfig.onFailure.destination' failed to satisfy" in text
    with pytest.raises(aws.exceptions.ResourceNotFoundException, match="The function doesn't exist."):
        aws.list_function_event_invoke_configs(FunctionName="doesnotexist")
    destination = aws.put_function_event_invoke_config(FunctionName=function.name, **to("arn:aws:sqs:us-east-1:000000000000:q"))
    assert destination["DestinationConfig"]["OnSuccess"] == {"Destination": "arn:aws:sqs:us-east-1:000000000000:q"}


def test_a_failed_event_is_retried_as_often_as_was_set(aws, python, lambent):
    function = python(FAILING)
    for retries in (0, 1):
        aws.put_function_event_invoke_config(FunctionName=function.name, MaximumRetryAttempts=retries)
        request_id = function.send({})
        eventually(lambda: dropped(lambent, request_id, "RetriesExhausted"), 60, "the event's end")
        # The functions' lines and the server's own come by two ways.
        eventually(lambda: runs(lambent, request_id) >= 1 + retries, 20, "the tries in the log")
        assert runs(lambent, request_id) == 1 + retries


def test_events_of_a_function_that_is_switched_off_are_given_up(aws, python, lambent):
    function = python(FAILING)
    aws.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    request_id = function.send({})
    eventually(lambda: dropped(lambent, request_id, "ZeroReservedConcurrency"), 20, "the event's end")
    assert runs(lambent, request_id) == 0
