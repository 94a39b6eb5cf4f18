"""Aliases: their life, what they route, what they refuse."""

import pytest

from kit.eventually import eventually

SOURCE = """
    import os

    def handler(event, context):
        return {"code": os.environ["CODE"], "arn": context.invoked_function_arn, "version": context.function_version}
"""


@pytest.fixture
def function(aws, python):
    """A function with two versions that tell themselves apart."""
    function = python(SOURCE, Environment={"Variables": {"CODE": "one"}})
    aws.publish_version(FunctionName=function.name)
    function.configure(Environment={"Variables": {"CODE": "two"}})
    aws.publish_version(FunctionName=function.name)
    return function


def without_metadata(answer):
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def test_the_life_of_an_alias(aws, function):
    arn = function.configuration()["FunctionArn"]
    name = function.name
    created = aws.create_alias(
        FunctionName=name, Name="live", FunctionVersion="1", Description="mine",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.2}},
    )
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert without_metadata(created) == {
        "AliasArn": f"{arn}:live", "Name": "live", "FunctionVersion": "1", "Description": "mine",
        "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.2}}, "RevisionId": created["RevisionId"],
    }
    assert without_metadata(aws.get_alias(FunctionName=name, Name="live")) == without_metadata(created)
    for reference in ({"FunctionName": name, "Qualifier": "live"}, {"FunctionName": f"{arn}:live"}):
        found = aws.get_function(**reference)["Configuration"]
        assert (found["FunctionArn"], found["Version"]) == (f"{arn}:live", "1")
    with pytest.raises(aws.exceptions.ResourceConflictException, match=f"Alias already exists: {arn}:live"):
        aws.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    with pytest.raises(aws.exceptions.PreconditionFailedException):
        aws.update_alias(FunctionName=name, Name="live", RevisionId="wrong")
    updated = aws.update_alias(FunctionName=name, Name="live", RoutingConfig={}, RevisionId=created["RevisionId"])
    assert "RoutingConfig" not in updated and updated["Description"] == "mine"
    assert updated["RevisionId"] != created["RevisionId"]
    aws.create_alias(FunctionName=name, Name="2024-01-02", FunctionVersion="2")
    listed = aws.list_aliases(FunctionName=name)["Aliases"]
    assert [each["Name"] for each in listed] == ["2024-01-02", "live"]
    assert [each["Name"] for each in aws.list_aliases(FunctionName=name, FunctionVersion="1")["Aliases"]] == ["live"]
    for _ in range(2):
        assert aws.delete_alias(FunctionName=name, Name="live")["ResponseMetadata"]["HTTPStatusCode"] == 204
    with pytest.raises(aws.exceptions.ResourceNotFoundException, match=f"Cannot find alias arn: {arn}:live"):
        aws.get_alias(FunctionName=name, Name="live")
    with pytest.raises(aws.exceptions.ResourceNotFoundException, match=f"Function not found: {arn}:live"):
        aws.get_function(FunctionName=name, Qualifier="live")
    with pytest.raises(aws.exceptions.ResourceNotFoundException, match=f"Function not found: {arn}:live"):
        aws.invoke(FunctionName=name, Qualifier="live")
    with pytest.raises(aws.exceptions.ResourceNotFoundException, match=f"Alias not found: {arn}:live"):
        aws.update_alias(FunctionName=name, Name="live")


def test_bad_routes_are_refused_as_recorded(aws, lambent, function):
    arn = function.configuration()["FunctionArn"]
    unchecked = lambent.client(parameter_validation=False)

    def refused(version, weights, name=function.name):
        routing = {"AdditionalVersionWeights": weights}
        with pytest.raises(aws.exceptions.ClientError) as caught:
            unchecked.create_alias(FunctionName=name, Name="live", FunctionVersion=version, RoutingConfig=routing)
        response = caught.value.response
        return response["Error"]["Code"], response["Error"]["Message"], response.get("Type")

    invalid, missing = "InvalidParameterValueException", "ResourceNotFoundException"
    within = "Value '{KEY}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map "
    value_rule = (
        "value must satisfy constraint: [Member must have value less than or equal to 1.0, "
        "Member must have value greater than or equal to 0.0, Member must not be null]"
    )
    too_many = "Number of items in AdditionalVersionWeights cannot be greater than 1"
    assert refused("1", {"1": 0.1, "2": 0.2}) == (invalid, too_many, "User")
    for shown, weights in (("2=2.0", {"2": 2}), ("2=-1.0", {"2": -1})):
        text = "1 validation error detected: " + within.replace("KEY", shown) + value_rule
        assert refused("1", weights) == ("ValidationException", text, None)
    same = "Invalid function version 1. Function version 1 is already included in routing configuration."
    assert refused("1", {"1": 0.5}) == (invalid, same, "User")
    assert refused("10", {"2": 0.5}) == (missing, f"Function not found: {arn}:10", "User")
    assert refused("1", {"10": 0.5}) == (missing, f"Function not found: {arn}:10", "User")
    latest = "$LATEST is not supported for an alias pointing to more than 1 version"
    assert refused("$LATEST", {"1": 0.5}) == (invalid, latest, None)
    code, text, _ = refused("1", {"$LATEST": 0.5})
    assert code == "ValidationException" and within.replace("KEY", "$LATEST=0.5") + "keys must satisfy" in text
    unknown = f"{function.name}-unknown"
    assert refused("1", {"2": 0.5}, unknown) == (missing, f"Function not found: {arn}-unknown:1", "User")


def test_an_alias_runs_its_version_and_follows_its_moves(aws, function):
    arn = function.configuration()["FunctionArn"]
    aws.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    for _ in range(2):
        answer = function.invoke(Qualifier="live")
        assert answer.version == "1" and answer.value == {"code": "one", "arn": f"{arn}:live", "version": "1"}
    aws.update_alias(FunctionName=function.name, Name="live", FunctionVersion="2")
    answer = function.invoke(Qualifier="live")
    assert answer.version == "2" and answer.value == {"code": "two", "arn": f"{arn}:live", "version": "2"}


def test_a_route_sends_its_share_to_the_second_version(aws, function):
    name = function.name
    route = lambda weight: {"AdditionalVersionWeights": {"2": weight}}
    aws.create_alias(FunctionName=name, Name="split", FunctionVersion="1", RoutingConfig=route(0.5))
    seen = set()
    eventually(lambda: seen.add(function.invoke(Qualifier="split").version) or seen == {"1", "2"}, 30, "both versions")
    for weight, version in ((1.0, "2"), (0.0, "1")):
        aws.update_alias(FunctionName=name, Name="split", RoutingConfig=route(weight))
        assert {function.invoke(Qualifier="split").version for _ in range(10)} == {version}


def test_an_asynchronous_event_is_accepted_for_an_alias(aws, function, lambent):
    aws.create_alias(FunctionName=function.name, Name="live", FunctionVersion="2")
    answer = aws.invoke(FunctionName=function.name, Qualifier="live", InvocationType="Event", Payload=b"{}")
    assert answer["StatusCode"] == 202
    request_id = answer["ResponseMetadata"]["RequestId"]
    eventually(lambda: f"START RequestId: {request_id} Version: 2" in lambent.log(), 20, "the event's run")
