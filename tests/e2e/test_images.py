"""Functions from container images: kept and shown like others, and honest about not running where images come from nowhere."""

import json
import subprocess
import sys

import pytest

from kit.functions import PACE, ROLE, a_name
from kit.server import environment

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/image"


@pytest.fixture
def image(aws):
    """`image(**options)` creates a function from an image and returns its name."""
    names = []

    def create(client=aws, uri=f"{IMAGE}:latest", **options):
        names.append(a_name("image"))
        client.create_function(
            FunctionName=names[-1], PackageType="Image", Code={"ImageUri": uri}, Role=ROLE, **options
        )
        client.get_waiter("function_active_v2").wait(FunctionName=names[-1], WaiterConfig=PACE)
        return names[-1]

    yield create
    for name in names:
        aws.delete_function(FunctionName=name)


def refusal(aws, call, **options):
    with pytest.raises(aws.exceptions.ClientError) as caught:
        call(**options)
    error = caught.value.response
    return error["Error"]["Code"], error["Error"]["Message"], error["ResponseMetadata"]["HTTPStatusCode"]


def test_it_is_shown_as_aws_shows_it(aws, image):
    name = image(ImageConfig={"EntryPoint": ["sh"], "Command": ["-c", "date"], "WorkingDirectory": "/app"})
    found = aws.get_function(FunctionName=name)
    shown, code = found["Configuration"], found["Code"]
    assert (shown["PackageType"], shown["CodeSize"], shown["State"]) == ("Image", 0, "Active")
    assert not {"Runtime", "Handler", "RuntimeVersionConfig", "Layers"} & shown.keys()
    assert shown["ImageConfigResponse"] == {
        "ImageConfig": {"EntryPoint": ["sh"], "Command": ["-c", "date"], "WorkingDirectory": "/app"}
    }
    assert code == {
        "RepositoryType": "ECR",
        "ImageUri": f"{IMAGE}:latest",
        "ResolvedImageUri": f"{IMAGE}@sha256:{shown['CodeSha256']}",
    }
    digest = "ab" * 32
    aws.update_function_code(FunctionName=name, ImageUri=f"{IMAGE}@sha256:{digest}")
    aws.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig=PACE)
    assert aws.get_function(FunctionName=name)["Code"]["ResolvedImageUri"] == f"{IMAGE}@sha256:{digest}"
    aws.update_function_configuration(FunctionName=name, ImageConfig={})
    aws.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig=PACE)
    assert "ImageConfigResponse" not in aws.get_function_configuration(FunctionName=name)


def test_it_has_versions_aliases_and_tags(aws, image):
    name = image(Tags={"a": "b"})
    first = aws.publish_version(FunctionName=name)
    assert (first["Version"], first["PackageType"]) == ("1", "Image")
    assert aws.publish_version(FunctionName=name)["Version"] == "1", "nothing has changed"
    aws.update_function_code(FunctionName=name, ImageUri=f"{IMAGE}:v2", Publish=True)
    aws.create_alias(FunctionName=name, Name="live", FunctionVersion="2")
    found = aws.get_function(FunctionName=name, Qualifier="live")
    assert (found["Code"]["ImageUri"], found["Tags"]) == (f"{IMAGE}:v2", {"a": "b"})
    assert aws.get_function(FunctionName=name, Qualifier="1")["Code"]["ImageUri"] == f"{IMAGE}:latest"
    listed = aws.list_versions_by_function(FunctionName=name)["Versions"]
    assert [each["PackageType"] for each in listed] == ["Image"] * 3


def test_what_belongs_to_the_other_kind_is_refused(aws, image, python):
    wrong = "InvalidParameterValueException"
    create = lambda **options: aws.create_function(
        **{"FunctionName": a_name(), "PackageType": "Image", "Code": {"ImageUri": f"{IMAGE}:v1"}, "Role": ROLE, **options}
    )
    neither = "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."
    assert refusal(aws, create, Handler="index.handler") == (wrong, neither, 400)
    assert refusal(aws, create, Runtime="python3.12") == (wrong, neither, 400)
    unnamed = f"Source image {IMAGE} is not valid. Provide a valid source image."
    assert refusal(aws, create, Code={"ImageUri": IMAGE}) == (wrong, unnamed, 400)
    none = "Please provide a source for function code."
    assert refusal(aws, create, Code={"ZipFile": b"zip"}) == (wrong, none, 400)
    name, zipped = image(), python("def handler(event, context): return event\n").name
    assert refusal(aws, aws.update_function_configuration, FunctionName=name, Handler="a.b") == (wrong, neither, 400)
    assert refusal(aws, aws.update_function_configuration, FunctionName=zipped, ImageConfig={"Command": ["a"]})[0] == wrong
    for target, options, text in (
        (name, {"ZipFile": b"zip"}, "Please provide ImageUri when updating a function with packageType Image."),
        (zipped, {"ImageUri": f"{IMAGE}:v1"}, "Please don't provide ImageUri when updating a function with packageType Zip."),
    ):
        assert refusal(aws, aws.update_function_code, FunctionName=target, **options) == (wrong, text, 400)


def test_no_way_of_running_it_pretends_to(fresh_lambent, image):
    server = fresh_lambent()
    aws = server.client()
    name = a_name("image")
    aws.create_function(FunctionName=name, PackageType="Image", Code={"ImageUri": "localhost:5000/image:v1"}, Role=ROLE, Publish=True)
    aws.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=PACE)
    said = ("NotImplementedException", "Running a function from a container image without --images or --registry is not implemented by this server.", 501)
    for kind in ("RequestResponse", "Event", "DryRun"):
        assert refusal(aws, aws.invoke, FunctionName=name, InvocationType=kind, Payload=b"{}") == said
    assert refusal(aws, aws.invoke_async, FunctionName=name, InvokeArgs=b"{}") == said
    provision = aws.put_provisioned_concurrency_config
    assert refusal(aws, provision, FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=1) == said
    server.kill()
    server.start()
    assert server.client().get_function(FunctionName=name)["Code"]["ImageUri"] == "localhost:5000/image:v1"


def test_the_cli_creates_one(lambent):
    name = a_name("image")
    settings = {**environment(), "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}

    def cli(*arguments):
        command = [sys.executable, "-m", "awscli", "--endpoint-url", lambent.url, "--output", "json", "lambda", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=settings, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    created = cli(
        "create-function", "--function-name", name, "--package-type", "Image", "--role", ROLE,
        "--code", f"ImageUri={IMAGE}:latest", "--image-config", "Command=app.handler",
    )  # fmt: skip
    assert created["ImageConfigResponse"]["ImageConfig"] == {"Command": ["app.handler"]}
    cli("wait", "function-active-v2", "--function-name", name)
    assert cli("get-function", "--function-name", name)["Code"]["RepositoryType"] == "ECR"
    cli("delete-function", "--function-name", name)
