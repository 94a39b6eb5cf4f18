"""Images from a registry, and images that others made: Docker's own registry, skopeo and umoci, as Debian packages them."""

import json
import os
import subprocess

import pytest

from kit import host, images
from kit.eventually import eventually
from kit.functions import ROLE, Function, a_name
from kit.images import Image, Registry, layer, python_image

ECR = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
SOURCE = "def handler(event, context): return {!r}"


@pytest.fixture
def registry(tmp_path):
    """`registry()` is one that runs."""
    running = []

    def start(*account):
        running.append(Registry(tmp_path / f"registry-{len(running)}", *account))
        return running[-1]

    yield start
    for each in running:
        each.stop()


def settled(aws, name):
    def found():
        shown = aws.get_function_configuration(FunctionName=name)
        return shown if shown["State"] != "Pending" and shown["LastUpdateStatus"] != "InProgress" else None

    return eventually(found, 60, "the function at rest")


def create(aws, uri, **options):
    name = a_name("image")
    aws.create_function(FunctionName=name, PackageType="Image", Code={"ImageUri": uri}, Role=ROLE, **options)
    return Function(aws, name), settled(aws, name)


def refusal(aws, uri):
    with pytest.raises(aws.exceptions.ClientError) as caught:
        aws.create_function(FunctionName=a_name(), PackageType="Image", Code={"ImageUri": uri}, Role=ROLE)
    error = caught.value.response
    return error["Error"]["Code"], error["Error"]["Message"], error["ResponseMetadata"]["HTTPStatusCode"]


def test_a_registry_stands_for_ecr(registry, fresh_lambent, tmp_path):
    there = registry()
    for tag, value in (("v1", 1), ("v2", 2)):
        python_image(SOURCE.format(value)).layout(tmp_path / tag, tag)
        there.push(f"oci:{tmp_path / tag}:{tag}", f"team/app:{tag}")
    there.push(f"oci:{tmp_path}/v1:v1", "docker:v1", "--format", "v2s2")
    aws = fresh_lambent("--registry", there.url).client()
    function, shown = create(aws, f"{ECR}/team/app:v1")
    assert shown["State"] == "Active", shown.get("StateReason")
    assert function.invoke().value == 1
    pushed = json.loads((tmp_path / "v1/index.json").read_text())["manifests"][0]["digest"]
    assert aws.get_function(FunctionName=function.name)["Code"]["ResolvedImageUri"] == f"{ECR}/team/app@{pushed}"
    assert create(aws, f"{ECR}/docker:v1")[0].invoke().value == 1
    # The tag moves: the function does not, until its code is updated.
    there.push(f"oci:{tmp_path}/v2:v2", "team/app:v1")
    assert function.invoke().value == 1
    aws.update_function_code(FunctionName=function.name, ImageUri=f"{ECR}/team/app:v1")
    assert settled(aws, function.name)["LastUpdateStatus"] == "Successful"
    assert function.invoke().value == 2
    assert create(aws, f"{ECR}/team/app@{pushed}")[0].invoke().value == 1
    missing = f"{ECR}/team/app:v3"
    text = f"Source image {missing} does not exist. Provide a valid source image."
    assert refusal(aws, missing) == ("InvalidParameterValueException", text, 400)
    nobodys = "registry.example.com/team/app:v1"
    text = f"Source image {nobodys} is not valid. Provide a valid source image."
    assert refusal(aws, nobodys) == ("InvalidParameterValueException", text, 400)


def test_a_registry_may_want_to_know_who_asks(registry, fresh_lambent, tmp_path):
    there = registry("AWS", "secret")
    python_image(SOURCE.format("in")).layout(tmp_path / "app", "v1")
    there.push(f"oci:{tmp_path}/app:v1", "app:v1")
    flags = ["--registry", there.url]
    aws = fresh_lambent(*flags, "--registry-user", "AWS", "--registry-password", "secret").client()
    assert create(aws, f"{ECR}/app:v1")[0].invoke().value == "in"
    denied = "Lambda does not have permission to access the ECR image. Check the ECR permissions."
    for more in ([], ["--registry-user", "AWS", "--registry-password", "wrong"]):
        aws = fresh_lambent(*flags, *more).client()
        assert refusal(aws, f"{ECR}/app:v1") == ("AccessDeniedException", denied, 403)
    config = tmp_path / "lambent.toml"
    config.write_text(
        f'[[registries]]\nhost = "images.example.com"\nurl = "{there.url}"\nuser = "AWS"\npassword = "secret"\n'
    )
    aws = fresh_lambent("--config", str(config)).client()
    assert create(aws, "images.example.com/app:v1")[0].invoke().value == "in"


def test_a_registry_that_is_gone_or_lies_fails_the_function(registry, fresh_lambent, tmp_path):
    there = registry()
    image = python_image(SOURCE.format(1), layer({"a": "1" * 100_000}))
    image.layout(tmp_path / "app", "v1")
    there.push(f"oci:{tmp_path}/app:v1", "app:v1")
    server = fresh_lambent("--registry-hosts", there.host)
    aws = server.client()
    blob = images.digest(images.COMPRESSIONS["gzip"](image.layers[-1]))[7:]
    data = there.data / f"docker/registry/v2/blobs/sha256/{blob[:2]}/{blob}/data"
    content = data.read_bytes()
    data.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))
    _, shown = create(aws, f"{there.host}/app:v1")
    assert (shown["State"], shown["StateReasonCode"]) == ("Failed", "InvalidImage"), shown
    data.unlink()
    function, shown = create(aws, f"{there.host}/app:v1")
    assert (shown["State"], shown["StateReasonCode"]) == ("Failed", "ImageDeleted"), shown
    data.write_bytes(content)
    aws.update_function_code(FunctionName=function.name, ImageUri=f"{there.host}/app:v1")
    assert settled(aws, function.name)["State"] == "Active"
    assert function.invoke().value == 1
    there.stop()
    code, message, _ = refusal(aws, f"{there.host}/other:v1")
    assert (code, "cannot be reached" in message) == ("InvalidParameterValueException", True)
    assert function.invoke().value == 1, "what is here needs no registry"


def test_images_of_other_makers_run(fresh_lambent, tmp_path):
    umoci, skopeo = host.need("umoci"), host.need("skopeo")
    given, place = tmp_path / "given", tmp_path / "given/made"
    given.mkdir()

    def make(*arguments):
        done = subprocess.run([umoci, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0 and os.geteuid() != 0 and "permitted" in done.stderr:
            pytest.skip(f"umoci needs root here: {done.stderr}")
        assert done.returncode == 0, done.stderr

    python_image("old", layer({"data/gone": "1", "data/kept": "1"})).layout(tmp_path / "base", "v1")
    make("init", "--layout", place)
    base = ["oci:" + str(tmp_path / "base") + ":v1", f"oci:{place}:v1"]
    subprocess.run([skopeo, "--insecure-policy", "copy", *base], check=True, capture_output=True)
    source = "import os\ndef handler(event, context): return [sorted(os.listdir('/data')), os.environ['MADE'], os.getcwd()]"
    (tmp_path / "app.py").write_text(source)
    rootless = [] if os.geteuid() == 0 else ["--rootless"]
    make("insert", *rootless, "--image", f"{place}:v1", tmp_path / "app.py", "/var/task/app.py")
    make("insert", *rootless, "--image", f"{place}:v1", "--whiteout", "/data/gone")
    make("config", "--image", f"{place}:v1", "--config.env", "MADE=by umoci", "--config.workingdir", "/var/task")
    archive = given / "archived.tar"
    copy = [f"oci:{place}:v1", f"docker-archive:{archive}:archived:v1"]
    subprocess.run([skopeo, "--insecure-policy", "copy", *copy], check=True, capture_output=True)
    packed = given / "packed.tar"
    copy = [f"oci:{place}:v1", f"oci-archive:{packed}:v1"]
    subprocess.run([skopeo, "--insecure-policy", "copy", *copy], check=True, capture_output=True)
    aws = fresh_lambent("--images", str(given)).client()
    for name in ("made", "archived", "packed"):
        function, shown = create(aws, f"{ECR}/{name}:v1")
        assert shown["State"] == "Active", shown.get("StateReason")
        assert function.invoke().value == [["kept"], "by umoci", "/var/task"], name
