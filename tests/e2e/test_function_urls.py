"""Function URLs: their configuration."""

import re

import pytest

ECHO = "def handler(event, context):\n    return event\n"


@pytest.fixture
def function(aws, python):
    """A function with an alias."""
    function = python(ECHO)
    aws.publish_version(FunctionName=function.name)
    aws.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    return function


def shown(answer):
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def test_the_life_of_a_url(aws, function, lambent):
    name, arn = function.name, function.configuration()["FunctionArn"]
    assert aws.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"] == []
    created = aws.create_function_url_config(FunctionName=name, AuthType="NONE")
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert set(shown(created)) == {"AuthType", "CreationTime", "FunctionArn", "FunctionUrl"}
    assert created["FunctionArn"] == arn
    assert re.fullmatch(rf"http://[a-z0-9]{{32}}\.lambda-url\.us-east-1\.localhost:{lambent.port}/", created["FunctionUrl"])
    conflict = re.escape(f"Failed to create function url config for [functionArn = {arn}]. Error message:  FunctionUrlConfig exists")
    with pytest.raises(aws.exceptions.ResourceConflictException, match=conflict):
        aws.create_function_url_config(FunctionName=name, AuthType="NONE")
    of_alias = aws.create_function_url_config(FunctionName=name, Qualifier="live", AuthType="NONE", InvokeMode="RESPONSE_STREAM")
    assert (of_alias["FunctionArn"], of_alias["InvokeMode"]) == (f"{arn}:live", "RESPONSE_STREAM")
    assert of_alias["FunctionUrl"] != created["FunctionUrl"]
    found = aws.get_function_url_config(FunctionName=name)
    assert shown(found) == {**shown(created), "InvokeMode": "BUFFERED", "LastModifiedTime": found["LastModifiedTime"]}
    cors = {"AllowOrigins": ["*"], "AllowMethods": ["GET"], "MaxAge": 60, "AllowCredentials": False}
    updated = aws.update_function_url_config(FunctionName=name, AuthType="AWS_IAM", Cors=cors)
    assert (updated["AuthType"], updated["Cors"], updated["FunctionUrl"]) == ("AWS_IAM", cors, created["FunctionUrl"])
    assert "InvokeMode" not in updated
    listed = aws.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]
    assert [each["FunctionArn"] for each in listed] == [arn, f"{arn}:live"]
    aws.delete_function_url_config(FunctionName=name)
    for call in (aws.get_function_url_config, aws.delete_function_url_config):
        with pytest.raises(aws.exceptions.ResourceNotFoundException, match="The resource you requested does not exist."):
            call(FunctionName=name)
    assert aws.get_function_url_config(FunctionName=name, Qualifier="live")["FunctionArn"] == f"{arn}:live"


def test_what_is_refused_is_refused_as_recorded(aws, function):
    arn = function.configuration()["FunctionArn"]
    gone = ("ResourceNotFoundException", "The resource you requested does not exist.")
    unknown = ("ResourceNotFoundException", "Function does not exist")
    create = lambda **options: aws.create_function_url_config(AuthType="NONE", **options)
    calls = (
        (create, unknown),
        (aws.get_function_url_config, gone),
        (aws.delete_function_url_config, gone),
        (aws.update_function_url_config, unknown),
    )
    mismatch = "The derived qualifier from the function name does not match the specified qualifier."
    for call, missing in calls:
        def refused(**options):
            with pytest.raises(aws.exceptions.ClientError) as caught:
                call(**options)
            return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]

        assert refused(FunctionName="doesnotexist") == missing
        assert refused(FunctionName=function.name, Qualifier="noalias") == missing
        for qualifier in ("1", "$LATEST"):
            assert refused(FunctionName=function.name, Qualifier=qualifier) == (
                "ValidationException",
                f"1 validation error detected: Value '{qualifier}' at 'qualifier' failed to satisfy constraint: "
                r"Member must satisfy regular expression pattern: ((?!^\d+$)^[0-9a-zA-Z-_]+$)",
            )
        assert refused(FunctionName=f"{arn}:live", Qualifier="other") == ("InvalidParameterValueException", mismatch)
    with pytest.raises(aws.exceptions.ResourceNotFoundException, match="The resource you requested does not exist."):
        aws.update_function_url_config(FunctionName=function.name, AuthType="NONE")
    with pytest.raises(aws.exceptions.ResourceNotFoundException, match="Function does not exist"):
        aws.list_function_url_configs(FunctionName="doesnotexist")
