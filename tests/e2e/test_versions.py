"""Published versions: what makes one, what is listed, what may be deleted."""

import pytest

from kit.eventually import eventually
from kit.functions import ROLE, a_name
from kit.zips import package
from kit import host

SOURCE = """
    def handler(event, context):
        return {"code": CODE, "arn": context.invoked_function_arn, "version": context.function_version}
"""


def source(number):
    return SOURCE.replace("CODE", str(number))


def numbers(client, name):
    return [each["Version"] for each in client.list_versions_by_function(FunctionName=name)["Versions"]]


def test_nothing_new_is_published_until_something_changes(aws, python):
    function = python(source(1))
    latest = function.configuration()
    first = aws.publish_version(FunctionName=function.name, Description="mine")
    assert first["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (first["Version"], first["Description"], first["State"]) == ("1", "mine", "Active")
    assert first["LastUpdateStatus"] == "Successful" and first["FunctionArn"] == latest["FunctionArn"] + ":1"
    assert function.configuration()["RevisionId"] != latest["RevisionId"]
    again = aws.publish_version(FunctionName=function.name)
    assert (again["Version"], again["RevisionId"]) == ("1", first["RevisionId"])
    function.configure(Description="other")
    assert aws.publish_version(FunctionName=function.name)["Version"] == "2"
    listed = aws.list_versions_by_function(FunctionName=function.name)["Versions"]
    assert [each["FunctionArn"] for each in listed] == [f"{latest['FunctionArn']}:{each}" for each in ("$LATEST", "1", "2")]
    assert [each["Description"] for each in listed] == ["other", "mine", "other"]
    assert all("State" not in each for each in listed)


def test_a_version_keeps_its_code_and_its_arn(aws, python):
    function = python(source(1))
    arn = function.configuration()["FunctionArn"]
    aws.publish_version(FunctionName=function.name)
    second = function.update_code({"function.py": source(2)}, Publish=True)
    assert (second["Version"], second["FunctionArn"], second["State"]) == ("2", f"{arn}:2", "Pending")
    assert "LastUpdateStatus" not in second
    assert function.invoke().value == {"code": 2, "arn": arn, "version": "$LATEST"}
    for number in (1, 2):
        answer = function.invoke(Qualifier=str(number))
        assert answer.version == str(number)
        assert answer.value == {"code": number, "arn": f"{arn}:{number}", "version": str(number)}
    same = function.update_code({"function.py": source(2)}, Publish=True)
    assert same["Version"] == "2" and numbers(aws, function.name) == ["$LATEST", "1", "2"]


def test_preconditions_are_recorded_refusals(aws, python):
    function = python(source(1))
    sha = function.configuration()["CodeSha256"]
    with pytest.raises(aws.exceptions.PreconditionFailedException, match="The Revision Id provided does not match"):
        aws.publish_version(FunctionName=function.name, RevisionId="wrong")
    with pytest.raises(aws.exceptions.InvalidParameterValueException) as refused:
        aws.publish_version(FunctionName=function.name, CodeSha256="somenonexistentsha256")
    assert refused.value.response["Error"]["Message"] == (
        f"CodeSHA256 (somenonexistentsha256) is different from current CodeSHA256 in $LATEST ({sha}). "
        "Please try again with the CodeSHA256 in $LATEST."
    )
    assert aws.publish_version(FunctionName=function.name, CodeSha256=sha)["Version"] == "1"


def test_a_version_is_deleted_alone_and_not_while_an_alias_stands_for_it(aws, python):
    function = python(source(1))
    for number in range(2):
        function.configure(Description=f"number {number}")
        aws.publish_version(FunctionName=function.name)
    aws.create_alias(FunctionName=function.name, Name="live", FunctionVersion="2")
    with pytest.raises(aws.exceptions.ResourceConflictException, match=r"aliases reference it: \[live\]"):
        aws.delete_function(FunctionName=function.name, Qualifier="2")
    for _ in range(2):
        answer = aws.delete_function(FunctionName=function.name, Qualifier="1")
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert numbers(aws, function.name) == ["$LATEST", "2"]
    with pytest.raises(aws.exceptions.ResourceNotFoundException, match=f"Function not found: .*:{function.name}:1$"):
        aws.get_function(FunctionName=function.name, Qualifier="1")
    with pytest.raises(aws.exceptions.InvalidParameterValueException, match="LATEST version cannot be deleted"):
        aws.delete_function(FunctionName=function.name, Qualifier="$LATEST")


def test_a_function_created_with_publish_has_a_first_version(aws):
    name = a_name()
    created = aws.create_function(
        FunctionName=name, Runtime=host.newest("python"), Handler="f.handler", Role=ROLE, Publish=True,
        Code={"ZipFile": package({"f.py": "def handler(event, context): return 1"})},
    )
    assert created["Version"] == "1" and created["FunctionArn"].endswith(f":{name}")
    state = lambda: aws.get_function_configuration(FunctionName=name, Qualifier="1")["State"]
    eventually(lambda: state() == "Active")
    assert numbers(aws, name) == ["$LATEST", "1"]
    assert aws.publish_version(FunctionName=name)["Version"] == "1"
    everything = [each["FunctionArn"] for each in aws.get_paginator("list_functions").paginate(FunctionVersion="ALL").search("Functions")]
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    assert [each for each in everything if each.startswith(arn + ":")] == [f"{arn}:$LATEST", f"{arn}:1"]
    aws.delete_function(FunctionName=name)
    with pytest.raises(aws.exceptions.ResourceNotFoundException, match=f"Function not found: .*:{name}$"):
        aws.list_versions_by_function(FunctionName=name)
