"""Layers: published, listed, shared, used by functions, deleted while in use. Answers as AWS recorded them."""

import base64
import hashlib
import json
import urllib.request

import pytest
from botocore.exceptions import ClientError

from kit import host
from kit.functions import a_name
from kit.zips import package
from test_provided import SHELL

ARN = "arn:aws:lambda:us-east-1:000000000000:layer"
MISSING = ("ResourceNotFoundException", "The resource you requested does not exist.")
LOW = ("InvalidParameterValueException", "Layer Version Cannot be less than 1")
IMPORTER = "import from_layer\ndef handler(event, context):\n    return from_layer.NAME\n"


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def status(answer):
    return answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture
def publish(aws):
    """`publish(files)` publishes a version of a layer and returns the answer; all versions are deleted after the test."""
    published = []

    def make(files, name=None, client=aws, **options):
        answer = client.publish_layer_version(
            LayerName=name or a_name("layer"), Content={"ZipFile": package(files)}, **options
        )
        published.append((client, answer))
        return answer

    yield make
    for client, answer in published:
        client.delete_layer_version(LayerName=answer["LayerArn"], VersionNumber=answer["Version"])


def module(name):
    return {"python/from_layer.py": f"NAME = {name!r}\n"}


def test_the_life_of_a_layer(aws, publish):
    name, files = a_name("layer"), module("one")
    options = {
        "CompatibleRuntimes": ["python3.12"],
        "CompatibleArchitectures": ["x86_64"],
        "Description": "mine",
        "LicenseInfo": "MIT",
    }
    first = publish(files, name, **options)
    assert status(first) == 201
    assert first["LayerArn"] == f"{ARN}:{name}" and first["LayerVersionArn"] == f"{ARN}:{name}:1"
    assert {key: first[key] for key in options} == options and first["Version"] == 1
    archive = package(files)
    assert first["Content"]["CodeSize"] == len(archive)
    assert first["Content"]["CodeSha256"] == base64.b64encode(hashlib.sha256(archive).digest()).decode()
    with urllib.request.urlopen(first["Content"]["Location"]) as answer:
        assert answer.read() == archive
    second = publish(files, name, **options)
    assert second["Version"] == 2

    got = aws.get_layer_version(LayerName=name, VersionNumber=1)
    by_arn = aws.get_layer_version_by_arn(Arn=f"{ARN}:{name}:1")
    for each in (got, by_arn):
        each.pop("ResponseMetadata")
        each["Content"].pop("Location")
    assert got == by_arn and got["CreatedDate"] == first["CreatedDate"]
    listed = aws.list_layer_versions(LayerName=name)["LayerVersions"]
    assert [each["Version"] for each in listed] == [2, 1] and "Content" not in listed[0]
    assert status(aws.delete_layer_version(LayerName=name, VersionNumber=1)) == 204
    assert status(aws.delete_layer_version(LayerName=name, VersionNumber=2)) == 204
    assert aws.list_layer_versions(LayerName=name)["LayerVersions"] == []
    assert publish(files, name)["Version"] == 3


def test_what_is_not_given_is_left_out_and_what_is_empty_is_shown_empty(publish):
    bare = publish({"a": "1"})
    assert bare["Description"] == ""
    assert not {"CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo"} & set(bare)
    empty = publish({"a": "1"}, CompatibleRuntimes=[], CompatibleArchitectures=[])
    assert empty["CompatibleRuntimes"] == [] and empty["CompatibleArchitectures"] == []


def test_layers_are_listed_by_runtime_and_architecture(aws, publish):
    both, only = a_name("both"), a_name("only")
    publish({"a": "1"}, both, CompatibleRuntimes=["ruby3.3", "ruby3.4"], CompatibleArchitectures=["arm64"])
    publish({"a": "1"}, both, CompatibleRuntimes=["ruby3.4"], CompatibleArchitectures=["arm64"])
    publish({"a": "1"}, only, CompatibleRuntimes=["ruby3.4"])

    def newest(**filters):
        pages = aws.get_paginator("list_layers").paginate(PaginationConfig={"PageSize": 1}, **filters)
        layers = [layer for page in pages for layer in page["Layers"]]
        return {
            layer["LayerName"]: layer["LatestMatchingVersion"]["Version"]
            for layer in layers
            if layer["LayerName"] in (both, only)
        }

    assert newest() == {both: 2, only: 1}
    assert newest(CompatibleRuntime="ruby3.3") == {both: 1}
    assert newest(CompatibleRuntime="ruby3.4", CompatibleArchitecture="arm64") == {both: 2}


def test_layer_refusals_are_worded_as_recorded(aws, publish):
    name = publish({"a": "1"})["LayerArn"].split(":")[-1]
    assert aws.list_layer_versions(LayerName="doesnotexist")["LayerVersions"] == []
    assert refused(aws.get_layer_version, LayerName="doesnotexist", VersionNumber=1) == MISSING
    assert refused(aws.get_layer_version, LayerName=name, VersionNumber=-1) == LOW
    assert refused(aws.get_layer_version, LayerName=name, VersionNumber=0) == LOW
    assert refused(aws.get_layer_version, LayerName=name, VersionNumber=2) == MISSING
    assert refused(aws.get_layer_version_by_arn, Arn=f"{ARN}:{name}:2") == MISSING
    code, text = refused(aws.get_layer_version_by_arn, Arn=f"{ARN}:{name}")
    assert code == "ValidationException" and "at 'arn' failed to satisfy constraint" in text
    assert status(aws.delete_layer_version(LayerName="doesnotexist", VersionNumber=1)) == 204
    assert refused(aws.delete_layer_version, LayerName=name, VersionNumber=-1) == LOW
    code, text = refused(
        aws.publish_layer_version,
        LayerName=name,
        Content={"ZipFile": package({"a": "1"})},
        CompatibleRuntimes=["invalidruntime", "invalidruntime2", "nodejs20.x"],
        CompatibleArchitectures=["invalidarch", "x86_64"],
    )
    assert code == "ValidationException"
    assert text.startswith(
        "2 validation errors detected: Value '[invalidruntime, invalidruntime2, nodejs20.x]' at 'compatibleRuntimes' failed "
        "to satisfy constraint: Member must satisfy enum value set: ["
    )
    assert text.endswith(
        "Value '[invalidarch, x86_64]' at 'compatibleArchitectures' failed to satisfy constraint: Member must satisfy "
        "constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]"
    )


def test_a_layer_version_has_a_policy(aws, publish):
    layer = publish({"a": "1"})
    name = layer["LayerArn"].split(":")[-1]
    version = {"LayerName": name, "VersionNumber": 1}
    add = {"Action": "lambda:GetLayerVersion", "Principal": "*"}
    none = ("ResourceNotFoundException", "No policy is associated with the given resource.")
    assert refused(aws.get_layer_version_policy, **version) == none
    first = aws.add_layer_version_permission(**version, **add, StatementId="s1")
    assert status(first) == 201
    statement = {
        "Sid": "s1",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "lambda:GetLayerVersion",
        "Resource": layer["LayerVersionArn"],
    }
    assert json.loads(first["Statement"]) == statement
    got = aws.get_layer_version_policy(**version)
    assert got["RevisionId"] == first["RevisionId"]
    assert json.loads(got["Policy"]) == {"Version": "2012-10-17", "Id": "default", "Statement": [statement]}
    assert refused(aws.add_layer_version_permission, **version, **add, StatementId="s1")[0] == "ResourceConflictException"
    stale = "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the latest Revision Id"
    assert refused(aws.add_layer_version_permission, **version, **add, StatementId="s2", RevisionId="wrong") == (
        "PreconditionFailedException",
        stale,
    )
    second = aws.add_layer_version_permission(**version, **add, StatementId="s2", RevisionId=first["RevisionId"])
    assert second["RevisionId"] != first["RevisionId"]
    gone = f"Layer version {ARN}:{name}:2 does not exist."
    assert refused(aws.get_layer_version_policy, LayerName=name, VersionNumber=2) == ("ResourceNotFoundException", gone)
    assert refused(aws.remove_layer_version_permission, **version, StatementId="x") == (
        "ResourceNotFoundException",
        "Statement x is not found in resource policy.",
    )
    assert refused(aws.remove_layer_version_permission, **version, StatementId="s1", RevisionId="wrong")[1] == stale
    assert status(aws.remove_layer_version_permission(**version, StatementId="s2")) == 204
    assert len(json.loads(aws.get_layer_version_policy(**version)["Policy"])["Statement"]) == 1


def test_a_function_imports_a_module_from_its_layer(aws, publish, python):
    layer = publish(module("one"))
    function = python(IMPORTER, Layers=[layer["LayerVersionArn"]])
    assert function.invoke().value == "one"
    shown = aws.get_function_configuration(FunctionName=function.name)["Layers"]
    assert shown == [{"Arn": layer["LayerVersionArn"], "CodeSize": layer["Content"]["CodeSize"]}]


def test_an_es_module_imports_a_package_from_its_layer(aws, publish, nodejs):
    folder = "nodejs/node_modules/shared"
    files = {
        f"{folder}/package.json": '{"name": "shared", "version": "1.0.0", "exports": {".": "./main.mjs", "./more": "./more.mjs"}}',
        f"{folder}/main.mjs": "export const told = 'from the layer';\n",
        f"{folder}/more.mjs": "import { told } from 'shared'; export const more = `more ${told}`;\n",
    }
    layer = publish(files)["LayerVersionArn"]
    source = """
        import { told } from 'shared';
        import { more } from 'shared/more';
        export const handler = async () => [told, more, await import('not-there').catch((error) => error.code)];
    """
    function = nodejs(source, file="index.mjs", Layers=[layer])
    assert function.invoke().value == ["from the layer", "more from the layer", "ERR_MODULE_NOT_FOUND"]


def test_later_layers_lie_on_top_of_earlier_ones(aws, publish, python):
    one, two = publish(module("one")), publish({**module("two"), "python/more.py": ""})
    arns = [each["LayerVersionArn"] for each in (one, two)]
    function = python(IMPORTER, Layers=arns)
    assert function.invoke().value == "two"
    aws.update_function_configuration(FunctionName=function.name, Layers=arns[::-1])
    assert function.invoke().value == "one"
    aws.update_function_configuration(FunctionName=function.name, Layers=[])
    assert "ImportModuleError" in function.invoke().body.decode()
    assert "Layers" not in aws.get_function_configuration(FunctionName=function.name)


def test_a_layer_brings_the_bootstrap(publish, make):
    layer = publish({"bootstrap": (SHELL.lstrip(), 0o755)})
    function = make({"readme": "no program"}, "provided.al2023", "any", Layers=[layer["LayerVersionArn"]])
    assert function.invoke({"a": 1}).value == {"echo": {"a": 1}}


def test_a_layer_deleted_while_in_use_stays_for_the_function(aws, publish, python):
    layer = publish(module("kept"))
    arn = layer["LayerVersionArn"]
    function = python(IMPORTER, Layers=[arn])
    aws.delete_layer_version(LayerName=layer["LayerArn"], VersionNumber=1)
    assert function.invoke().value == "kept"
    # New environments find it too.
    aws.update_function_configuration(FunctionName=function.name, Description="changed")
    assert function.invoke().value == "kept"
    assert aws.get_function_configuration(FunctionName=function.name)["Layers"][0]["Arn"] == arn
    assert refused(aws.update_function_configuration, FunctionName=function.name, Layers=[arn]) == (
        "InvalidParameterValueException",
        f"Layer version {arn} does not exist.",
    )


def test_what_a_function_may_not_use_is_refused_as_recorded(aws, publish, python):
    name = a_name("layer")
    one, two = (publish({"a": "1"}, name)["LayerVersionArn"] for _ in range(2))
    function = python("def handler(event, context):\n    return event\n")

    def refusal(*arns):
        return refused(aws.update_function_configuration, FunctionName=function.name, Layers=list(arns))

    invalid = "InvalidParameterValueException"
    twice = "Two different versions of the same layer are not allowed to be referenced in the same function. {} and {} are versions of the same layer."
    assert refusal(one, two) == (invalid, twice.format(one, two))
    assert refusal(one, one) == (invalid, twice.format(one, one))
    assert refusal(f"{ARN}:doesnotexist:1") == (invalid, f"Layer version {ARN}:doesnotexist:1 does not exist.")
    assert refusal(f"{ARN}:{name}:9") == (invalid, f"Layer version {ARN}:{name}:9 does not exist.")
    assert refusal(*[f"{ARN}:l{number}:1" for number in range(6)]) == (invalid, "Cannot reference more than 5 layers.")
    elsewhere = "Layers are not in the same region as the function. Layers are expected to be in region us-east-1."
    assert refusal(one.replace("us-east-1", "eu-west-1")) == (invalid, elsewhere)
    code, text = refusal(f"{ARN}:{name}")
    assert code == "ValidationException" and text.startswith(
        f"1 validation error detected: Value '[{ARN}:{name}]' at 'layers' failed to satisfy constraint: Member must satisfy "
        "constraint: [Member must have length less than or equal to 2048, Member must have length greater than or equal to 1, "
    )


def test_layers_that_are_too_large_together_are_refused(aws, publish, python):
    half = {f"zeros{number}": b"\0" * (50 << 20) for number in range(3)}
    arns = [publish(half)["LayerVersionArn"] for _ in range(2)]
    function = python("def handler(event, context):\n    return event\n")
    code, text = refused(aws.update_function_configuration, FunctionName=function.name, Layers=arns)
    assert code == "InvalidParameterValueException"
    assert text.startswith("Function code combined with layers exceeds the maximum allowed size of 262144000 bytes.")
    aws.update_function_configuration(FunctionName=function.name, Layers=arns[:1])


def test_layers_survive_a_restart(fresh_lambent):
    server = fresh_lambent()
    client = server.client()
    published = client.publish_layer_version(LayerName="l", Content={"ZipFile": package(module("kept"))})
    client.create_function(
        FunctionName="f",
        Runtime=host.newest("python"),
        Handler="function.handler",
        Role="arn:aws:iam::000000000000:role/r",
        Code={"ZipFile": package({"function.py": IMPORTER})},
        Layers=[published["LayerVersionArn"]],
    )
    client.delete_layer_version(LayerName="l", VersionNumber=1)
    server.restart()
    client = server.client()
    assert json.load(client.invoke(FunctionName="f")["Payload"]) == "kept"
    assert client.publish_layer_version(LayerName="l", Content={"ZipFile": package(module("new"))})["Version"] == 2
