"""Code signing configurations, as AWS recorded them. No package is ever signed for this server."""

import pytest
from botocore.exceptions import ClientError

from kit import host
from kit.functions import ROLE, a_name
from kit.zips import package

HANDLER = "def handler(event, context):\n    return event\n"
PROFILE = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/test"
PUBLISHERS = {"SigningProfileVersionArns": [PROFILE]}
UNSIGNED = (
    "Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is not "
    "configured to accept. Check the provided signature for {}."
)


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def status(answer):
    return answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture
def config(aws):
    """Makes configurations and deletes them, with their functions', after the test."""
    made = []

    def make(policy, **options):
        answer = aws.create_code_signing_config(
            AllowedPublishers=PUBLISHERS,
            CodeSigningPolicies={"UntrustedArtifactOnDeployment": policy},
            **options,
        )
        made.append(answer["CodeSigningConfig"]["CodeSigningConfigArn"])
        return answer

    yield make
    for arn in made:
        try:
            for function in aws.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)["FunctionArns"]:
                aws.delete_function_code_signing_config(FunctionName=function)
            aws.delete_code_signing_config(CodeSigningConfigArn=arn)
        except aws.exceptions.ResourceNotFoundException:
            continue


def test_the_life_of_a_configuration(aws, config, python):
    function = python(HANDLER)
    created = config("Enforce", Description="Testing CodeSigning Config", Tags={"team": "a"})
    assert status(created) == 201
    shown = created["CodeSigningConfig"]
    arn = shown["CodeSigningConfigArn"]
    identity = shown["CodeSigningConfigId"]
    assert arn == f"arn:aws:lambda:us-east-1:000000000000:code-signing-config:{identity}"
    assert len(identity) == 21 and identity.startswith("csc-")
    assert shown["AllowedPublishers"] == PUBLISHERS and shown["Description"] == "Testing CodeSigning Config"
    assert aws.list_tags(Resource=arn)["Tags"] == {"team": "a"}
    unchanged = aws.update_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"]
    assert unchanged == shown
    warn = {"UntrustedArtifactOnDeployment": "Warn"}
    updated = aws.update_code_signing_config(CodeSigningConfigArn=arn, CodeSigningPolicies=warn)["CodeSigningConfig"]
    assert updated["CodeSigningPolicies"] == warn and updated["AllowedPublishers"] == PUBLISHERS
    assert aws.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"] == updated
    assert updated in aws.list_code_signing_configs()["CodeSigningConfigs"]

    without = aws.get_function_code_signing_config(FunctionName=function.name)
    assert status(without) == 200 and set(without) == {"ResponseMetadata"}
    put = aws.put_function_code_signing_config(FunctionName=function.name, CodeSigningConfigArn=arn)
    got = aws.get_function_code_signing_config(FunctionName=function.name)
    for answer in (put, got):
        assert answer["FunctionName"] == function.name and answer["CodeSigningConfigArn"] == arn
    listed = aws.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)["FunctionArns"]
    assert listed == [f"arn:aws:lambda:us-east-1:000000000000:function:{function.name}"]
    assert refused(aws.delete_code_signing_config, CodeSigningConfigArn=arn)[0] == "ResourceConflictException"
    assert status(aws.delete_function_code_signing_config(FunctionName=function.name)) == 204
    assert status(aws.delete_function_code_signing_config(FunctionName=function.name)) == 204
    assert aws.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)["FunctionArns"] == []
    assert status(aws.delete_code_signing_config(CodeSigningConfigArn=arn)) == 204


def test_what_is_not_found_is_worded_as_recorded(aws, python):
    function = python(HANDLER).name
    arn = "arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-" + "0" * 17
    missing = ("ResourceNotFoundException", f"The Lambda code signing configuration {arn} can not be found.")
    assert refused(aws.get_code_signing_config, CodeSigningConfigArn=arn) == missing
    assert refused(aws.update_code_signing_config, CodeSigningConfigArn=arn) == missing
    assert refused(aws.delete_code_signing_config, CodeSigningConfigArn=arn) == missing
    assert refused(aws.list_functions_by_code_signing_config, CodeSigningConfigArn=arn) == missing
    missing = (
        "CodeSigningConfigNotFoundException",
        f"The code signing configuration cannot be found. Check that the provided configuration is not deleted: {arn}.",
    )
    put = aws.put_function_code_signing_config
    assert refused(put, FunctionName=function, CodeSigningConfigArn=arn) == missing
    assert refused(put, FunctionName="doesnotexist", CodeSigningConfigArn=arn) == missing
    gone = ("ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:doesnotexist")
    assert refused(aws.get_function_code_signing_config, FunctionName="doesnotexist") == gone
    assert refused(aws.delete_function_code_signing_config, FunctionName="doesnotexist") == gone


def test_code_without_a_signature_is_refused_where_signatures_are_enforced(aws, config, python):
    enforcing = config("Enforce")["CodeSigningConfig"]["CodeSigningConfigArn"]
    name = a_name()
    archive = package({"function.py": HANDLER})
    failed = "CodeVerificationFailedException"
    answer = refused(
        aws.create_function,
        FunctionName=name,
        Runtime=host.newest("python"),
        Handler="function.handler",
        Role=ROLE,
        Code={"ZipFile": archive},
        CodeSigningConfigArn=enforcing,
    )
    assert answer == (failed, UNSIGNED.format(name))
    function = python(HANDLER)
    aws.put_function_code_signing_config(FunctionName=function.name, CodeSigningConfigArn=enforcing)
    assert function.invoke({"still": "runs"}).value == {"still": "runs"}
    answer = refused(aws.update_function_code, FunctionName=function.name, ZipFile=archive)
    assert answer == (failed, UNSIGNED.format(function.name))
    layer = aws.publish_layer_version(LayerName=name, Content={"ZipFile": archive})["LayerVersionArn"]
    answer = refused(aws.update_function_configuration, FunctionName=function.name, Layers=[layer])
    assert answer == (failed, UNSIGNED.format(layer))
    aws.delete_layer_version(LayerName=name, VersionNumber=1)


def test_code_without_a_signature_is_let_through_with_a_warning(aws, config, python):
    warning = config("Warn")["CodeSigningConfig"]["CodeSigningConfigArn"]
    function = python(HANDLER, CodeSigningConfigArn=warning)
    assert aws.get_function_code_signing_config(FunctionName=function.name)["CodeSigningConfigArn"] == warning
    aws.update_function_code(FunctionName=function.name, ZipFile=package({"function.py": HANDLER, "more": ""}))
    assert function.invoke({"a": 1}).value == {"a": 1}
