"""Functions from container images: fetched, verified, laid out as roots, and run."""

import json
import os
import pathlib
import sys

import pytest

from kit import host, images
from kit.eventually import eventually
from kit.functions import PACE, ROLE, Function, a_name
from kit.images import Image, layer, python_image
from kit.server import Server

ECR = "000000000000.dkr.ecr.us-east-1.amazonaws.com"
ABOUT = """
import os, json
def handler(event, context):
    found = {}
    for path in event.get("read", []):
        try:
            with open(path) as file:
                found[path] = file.read()
        except OSError as error:
            found[path] = error.strerror
    wrote = []
    for path in event.get("write", []):
        try:
            open(path, "a").close()
            wrote.append(path)
        except OSError:
            pass
    print("about to answer")
    return {"env": dict(os.environ), "cwd": os.getcwd(), "uid": os.getuid(), "read": found, "wrote": wrote,
            "list": {path: sorted(os.listdir(path)) for path in event.get("list", [])}}
"""


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """The operator's directory."""
    return tmp_path_factory.mktemp("given")


@pytest.fixture(scope="module")
def server(tmp_path_factory, given):
    server = Server(tmp_path_factory.mktemp("images"), "--function-logs", "--images", str(given))
    yield server.start()
    server.stop()


@pytest.fixture(scope="module")
def aws(server):
    return server.client()


@pytest.fixture
def create(aws):
    """`create(name)` is a function of the image NAME:latest once it has settled, well or not."""
    names = []

    def make(image, client=aws, tag="latest", registry=ECR, wait=True, **options):
        names.append(a_name("image"))
        uri = f"{registry}/{image}:{tag}"
        client.create_function(FunctionName=names[-1], PackageType="Image", Code={"ImageUri": uri}, Role=ROLE, **options)
        if wait:
            settled(client, names[-1])
        return Function(client, names[-1])

    yield make
    for name in names:
        try:
            aws.delete_function(FunctionName=name)
        except aws.exceptions.ResourceNotFoundException:
            continue


def settled(client, name):
    """The function once it is at rest."""

    def found():
        shown = client.get_function_configuration(FunctionName=name)
        return shown if shown["State"] != "Pending" and shown["LastUpdateStatus"] != "InProgress" else None

    return eventually(found, 60, "the function at rest")


def refusal(aws, call, **options):
    with pytest.raises(aws.exceptions.ClientError) as caught:
        call(**options)
    error = caught.value.response
    return error["Error"]["Code"], error["Error"]["Message"]


def failure(function):
    """The type and the text of what an invocation fails with, and its log."""
    answer = function.invoke()
    assert answer.error == "Unhandled", answer
    text = answer.value["errorMessage"]
    head = f"RequestId: {answer.request_id} Error: "
    assert text.startswith(head), text
    return answer.value["errorType"], text.removeprefix(head), answer.log


def test_an_image_with_nothing_but_a_program_runs(aws, given, create):
    image = Image([layer({"main": images.program(images.static_program())})], {"Entrypoint": ["/main"], "Cmd": ["said"]})
    digest = image.layout(given / "scratch", "latest")
    function = create("scratch")
    shown = aws.get_function(FunctionName=function.name)
    assert (shown["Configuration"]["State"], shown["Configuration"]["CodeSize"]) == ("Active", 0)
    assert shown["Configuration"]["CodeSha256"] == digest.removeprefix("sha256:")
    assert shown["Code"] == {
        "RepositoryType": "ECR",
        "ImageUri": f"{ECR}/scratch:latest",
        "ResolvedImageUri": f"{ECR}/scratch@{digest}",
    }
    for _ in range(2):
        assert function.invoke().value == {"uid": 993, "cwd": "/", "word": "said", "write": -1, "tmp": 0}
    assert "INIT_START" not in function.invoke().log


def test_an_image_says_how_it_runs_and_the_function_overrides_it(aws, given, create):
    env = ["PATH=/usr/bin", "OF_IMAGE=1", "BOTH=image", "AWS_LAMBDA_FUNCTION_NAME=liar", "LAMBDA_TASK_ROOT=/own"]
    other = layer({"other/second.py": ABOUT.replace("answer", "begin"), "other/": images.folder(0o700)})
    image = python_image(ABOUT, other, Env=env, User="root")
    image.save(given / "about.tar", "about:latest")
    function = create("about", Environment={"Variables": {"BOTH": "function", "OWN": "2"}}, MemorySize=256)
    answer = function.invoke({"list": ["/", "/var/task"], "read": ["/etc/resolv.conf", "/proc/1/cmdline"]})
    got = answer.value
    assert (got["cwd"], got["uid"]) == ("/var/task", 993), "USER is not heeded"
    env = got["env"]
    assert (env["OF_IMAGE"], env["BOTH"], env["OWN"], env["PATH"]) == ("1", "function", "2", "/usr/bin")
    assert (env["AWS_LAMBDA_FUNCTION_NAME"], env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) == (function.name, "256")
    assert env["LAMBDA_TASK_ROOT"] == "/own"
    assert not {"_HANDLER", "LANG", "TZ", "AWS_EXECUTION_ENV"} & env.keys()
    assert env["AWS_LAMBDA_RUNTIME_API"] == "127.0.0.1:9001" and "AWS_ENDPOINT_URL" in env
    assert "about to answer" in answer.log
    assert got["list"]["/var/task"] == ["app.py"]
    assert set(got["list"]["/"]) == {"bin", "dev", "etc", "lib", "lib64", "other", "proc", "runtime.py", "tmp", "usr", "var"}
    aws.update_function_configuration(
        FunctionName=function.name, ImageConfig={"Command": ["second.handler"], "WorkingDirectory": "/var"}
    )
    settled(aws, function.name)
    assert failure(function)[0] == "Runtime.ExitError", "second.py is elsewhere"
    overridden = {"EntryPoint": ["python3", "-X", "utf8", "/runtime.py"], "Command": ["app.handler"], "WorkingDirectory": "/var/task"}
    aws.update_function_configuration(FunctionName=function.name, ImageConfig=overridden)
    settled(aws, function.name)
    assert function.invoke().value["cwd"] == "/var/task"


def test_nothing_but_tmp_can_be_written(given, create):
    python_image(ABOUT).layout(given / "sealed", "latest")
    function = create("sealed")
    places = ["/x", "/var/task/x", "/usr/x", "/etc/hosts", "/etc/resolv.conf", "/dev/x", "/proc/x", "/tmp/x", "/dev/null"]
    assert function.invoke({"write": places}).value["wrote"] == ["/tmp/x", "/dev/null"]
    hidden = ["/root/.ssh", "/etc/shadow", "/etc/machine-id"]
    assert set(function.invoke({"read": hidden}).value["read"].values()) == {"No such file or directory"}


def test_upper_layers_hide_and_remove(given, create):
    lower = {"a/kept": "lower", "a/changed": "lower", "a/gone": "lower", "b/old": "lower", "c/x": "lower", "text": "lower"}
    upper = {"a/changed": "upper", "a/.wh.gone": "", "b/.wh..wh..opq": "", "b/new": "upper", ".wh.c": "", "more": images.hard_link("text")}
    python_image(ABOUT, layer(lower), layer(upper)).layout(given / "layers", "latest", compression="zstd")
    paths = ["/a/kept", "/a/changed", "/a/gone", "/b/old", "/b/new", "/c/x", "/more"]
    found = create("layers").invoke({"read": paths, "list": ["/b"]}).value
    gone = "No such file or directory"
    assert list(found["read"].values()) == ["lower", "upper", gone, gone, "upper", gone, "lower"]
    assert found["list"]["/b"] == ["new"]


def test_images_share_their_layers_and_leave_with_their_functions(server, aws, given, create):
    base = layer({"main": images.program(images.static_program()), "unique": "to these two"})
    for name in ("one", "two"):
        Image([base, layer({"name": name})], {"Entrypoint": ["/main"]}).layout(given / f"shared/{name}", docker=True)
    one, two = create("shared/one"), create("shared/two")
    assert one.invoke().value["uid"] == two.invoke().value["uid"] == 993
    roots = lambda: [path for path in (server.data / "images/images").glob("*/root/unique")]
    layers = lambda: (server.data / "images/layers" / images.digest(base)[7:]).exists()
    assert len({path.stat().st_ino for path in roots()}) == 1 and len(roots()) == 2
    aws.delete_function(FunctionName=one.name)
    eventually(lambda: len(roots()) == 1, 30, "the end of the first image")
    assert layers() and two.invoke().value["uid"] == 993
    aws.delete_function(FunctionName=two.name)
    eventually(lambda: not roots() and not layers(), 30, "the end of the layer that both had")


def test_a_tag_is_resolved_when_code_is_updated_and_not_before(aws, given, create):
    place = given / "moving"
    first = python_image("def handler(event, context): return 1").layout(place, "latest")
    function = create("moving")
    version = aws.publish_version(FunctionName=function.name)["Version"]
    second = python_image("def handler(event, context): return 2").layout(place, "latest")
    assert function.invoke().value == 1
    uri = f"{ECR}/moving:latest"
    dry = aws.update_function_code(FunctionName=function.name, ImageUri=uri, DryRun=True)
    assert dry["CodeSha256"] == second[7:] and function.invoke().value == 1
    aws.update_function_code(FunctionName=function.name, ImageUri=uri, Publish=True)
    assert settled(aws, function.name)["CodeSha256"] == second[7:]
    assert function.invoke().value == 2
    assert function.invoke(Qualifier=version).value == 1
    assert aws.get_function(FunctionName=function.name, Qualifier=version)["Code"]["ResolvedImageUri"].endswith(first)
    aws.update_function_code(FunctionName=function.name, ImageUri=f"{ECR}/moving@{second}")
    assert settled(aws, function.name)["LastUpdateStatus"] == "Successful"


def test_an_update_that_fails_leaves_what_runs(aws, given, create):
    place = given / "updated"
    python_image("def handler(event, context): return 1").layout(place, "latest")
    function = create("updated")
    assert function.invoke().value == 1
    before = aws.get_function_configuration(FunctionName=function.name)
    image = python_image("def handler(event, context): return 2", layer({"../escape": "x"}))
    image.layout(place, "latest")
    aws.update_function_code(FunctionName=function.name, ImageUri=f"{ECR}/updated:latest")
    assert function.invoke().value == 1, "while the other is fetched, and afterwards"
    shown = settled(aws, function.name)
    assert (shown["LastUpdateStatus"], shown["LastUpdateStatusReasonCode"]) == ("Failed", "InvalidImage")
    assert (shown["State"], shown["CodeSha256"]) == ("Active", before["CodeSha256"])
    assert function.invoke().value == 1
    python_image("def handler(event, context): return 3").layout(place, "latest")
    aws.update_function_code(FunctionName=function.name, ImageUri=f"{ECR}/updated:latest")
    assert settled(aws, function.name)["LastUpdateStatus"] == "Successful"
    assert function.invoke().value == 3


def test_an_index_has_an_image_for_each_architecture(aws, given, create):
    manifests, blobs = [], {}
    for architecture in ("amd64", "arm64"):
        source = f"def handler(event, context): return {architecture!r}"
        manifest, more = Image(python_image(source).layers, python_image(source).config, architecture).blobs()
        manifests.append(manifest | {"platform": {"os": "linux", "architecture": architecture}})
        blobs |= more
    attestation = {"platform": {"os": "unknown", "architecture": "unknown"}}
    index = json.dumps({"schemaVersion": 2, "mediaType": f"{images.OCI}.index.v1+json", "manifests": [attestation | manifests[0], *manifests]})
    blobs[images.digest(index.encode())] = index.encode()
    top = {"mediaType": f"{images.OCI}.index.v1+json", "digest": images.digest(index.encode()), "size": len(index)}
    images.write_layout(given / "many", [top], blobs)
    architectures = {"amd64": "x86_64", "arm64": "arm64"}
    function = create("many", Architectures=[architectures[images.ARCHITECTURE]])
    assert function.invoke().value == images.ARCHITECTURE
    shown = aws.get_function_configuration(FunctionName=function.name)["CodeSha256"]
    assert shown in [manifest["digest"][7:] for manifest in manifests]
    for architecture, manifest in zip(architectures.values(), manifests):
        shown = create("many", Architectures=[architecture])
        assert aws.get_function_configuration(FunctionName=shown.name)["CodeSha256"] == manifest["digest"][7:]


def test_extensions_of_an_image_are_started(given, create):
    extension = """#!/usr/bin/python3
import http.client, json, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
name = os.path.basename(__file__)
api.request("POST", "/2020-01-01/extension/register", json.dumps({"events": ["INVOKE"]}), {"Lambda-Extension-Name": name})
answer = api.getresponse()
answer.read()
while True:
    print("beside", flush=True)
    api.request("GET", "/2020-01-01/extension/event/next", headers={"Lambda-Extension-Identifier": answer.headers["Lambda-Extension-Identifier"]})
    api.getresponse().read()
"""
    python_image(ABOUT, layer({"opt/extensions/watcher": images.program(extension)})).layout(given / "watched", "latest")
    answer = create("watched").invoke()
    assert answer.value["uid"] == 993
    assert "EXTENSION\tName: watcher\tState: Ready\tEvents: [INVOKE]" in answer.log and "beside" in answer.log


def test_the_runtime_interface_client_of_aws_runs(given, create):
    packages = pathlib.Path(next((path for path in sys.path if (pathlib.Path(path) / "awslambdaric").is_dir()), "."))
    if not list(packages.glob(f"runtime_client{images.wheel_suffix()}")):
        pytest.skip("there is no awslambdaric for this Python")
    files = [file for file in packages.rglob("*") if file.is_file() and file.suffix in {".py", ".so"}]
    names = ("awslambdaric/", "runtime_client", "simplejson/", "snapshot_restore_py")
    own = {str(file.relative_to(packages)): file for file in files}
    own = {f"packages/{name}": file.read_bytes() for name, file in own.items() if name.startswith(names)}
    own |= images.of_host(images.libraries(packages / f"runtime_client{images.wheel_suffix()}"))
    source = "def handler(event, context):\n    print('two\\nlines')\n    return [event, context.function_name]"
    image = python_image(source, layer(own), Entrypoint=["/usr/bin/python3", "-m", "awslambdaric"], Env=["PYTHONPATH=/packages"])
    image.layout(given / "client", "latest")
    function = create("client", Timeout=10)
    answer = function.invoke({"a": 1})
    assert answer.value == [{"a": 1}, function.name], answer.log
    assert "two" in answer.log and "lines" in answer.log


def test_images_that_cannot_be_had_are_refused_when_they_are_named(aws, given):
    wrong = "InvalidParameterValueException"
    make = lambda uri: refusal(
        aws, aws.create_function, FunctionName=a_name(), PackageType="Image", Code={"ImageUri": uri}, Role=ROLE
    )
    nobody = f"{ECR}/nobody:latest"
    assert make(nobody) == (wrong, f"Source image {nobody} does not exist. Provide a valid source image.")
    place = given / "odd"
    Image([layer({"a": "1"})]).layout(place, "latest")
    index = json.loads((place / "index.json").read_text())
    name = index["manifests"][0]["digest"][7:]
    manifest = (place / "blobs/sha256" / name).read_bytes().replace(b"layer.v1.tar+gzip", b"layer.v1.tar+lzma")
    images.write_layout(place, [{"digest": images.digest(manifest), "size": len(manifest)}], {images.digest(manifest): manifest})
    odd = f"{ECR}/odd:latest"
    assert make(odd) == (
        wrong,
        f"The image manifest, config or layer media type for the source image {odd} is not supported.",
    )
    (place / "blobs/sha256" / images.digest(manifest)[7:]).write_bytes(b"another")
    assert make(odd) == (wrong, f"Source image {odd} is not valid. Provide a valid source image.")


def hostile_layers():
    outside = "/tmp/lambent-must-not-be"
    up = "../" * 12
    broken = layer({"a": "1" * 5_000})
    return {
        "escape": layer({f"{up}tmp/lambent-must-not-be": "x"}),
        "whiteout-of-the-parent": layer({"a/.wh...": ""}),
        "file-as-folder": layer([("a", "1"), ("a/b", "2")]),
        "nowhere": layer({"a": images.hard_link("b")}),
        "circle": layer([("a", images.link("b")), ("b", images.link("a")), ("a/x", "1")]),
        "long-name": layer({"a" * 300: "x"}),
        "truncated": broken[:700],
        "outside": outside,
    }


@pytest.mark.parametrize("kind", [kind for kind in hostile_layers() if kind != "outside"])
def test_a_hostile_layer_fails_the_function_and_nothing_else(aws, given, create, kind):
    python_image(ABOUT, hostile_layers()[kind]).layout(given / f"hostile-{kind}", "latest")
    function = create(f"hostile-{kind}")
    shown = aws.get_function_configuration(FunctionName=function.name)
    assert (shown["State"], shown["StateReasonCode"]) == ("Failed", "InvalidImage"), shown
    assert shown["StateReason"].startswith(f"Source image {ECR}/hostile-{kind}:latest is not valid.")
    code, message = refusal(aws, aws.invoke, FunctionName=function.name)
    assert (code, "Failed" in message) == ("ResourceConflictException", True)
    assert not pathlib.Path("/tmp/lambent-must-not-be").exists()


def test_links_lead_nowhere_but_into_the_image(given, create, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    entries = [
        ("way", images.link(str(tmp_path))),
        ("way/planted", "x"),
        ("up", images.link("../../../..")),
        ("up/also", "here"),
        ("tmp", images.link("/var/tmp")),
        ("etc/resolv.conf", images.link("/way/secret")),
    ]
    later = [("way/planted-later", "x"), ("way/.wh.secret", ""), ("up/.wh..wh..opq", "")]
    python_image(ABOUT, layer(entries), layer(later)).layout(given / "links", "latest")
    function = create("links")
    found = function.invoke({"read": ["/also", f"{tmp_path}/secret"], "write": ["/tmp/x"]}).value
    assert list(found["read"].values()) == ["here", "No such file or directory"] and found["wrote"] == ["/tmp/x"]
    assert os.listdir(tmp_path) == ["secret"] and secret.read_text() == "secret"


def test_a_bomb_is_not_unpacked(aws, given, create):
    host.need("zstd")
    # 11 GB of zeros in a file, which is more than an image may have; compressed, it is small.
    head = images.tarfile.TarInfo("zeros")
    head.size = 11 << 30
    Image([head.tobuf(images.tarfile.GNU_FORMAT)]).layout(given / "bomb", "latest")
    function = create("bomb")
    shown = aws.get_function_configuration(FunctionName=function.name)
    assert (shown["State"], shown["StateReasonCode"]) == ("Failed", "InvalidImage")
    assert "10737418240 bytes" in shown["StateReason"]


def test_layers_that_are_not_what_they_say_are_refused(aws, given, create):
    place = given / "flipped"
    image = python_image(ABOUT, layer({"some/thing": "unlike any other"}))
    image.layout(place, "latest")
    blob = place / "blobs/sha256" / images.digest(images.COMPRESSIONS["gzip"](image.layers[-1]))[7:]
    content = bytearray(blob.read_bytes())
    content[len(content) // 2] ^= 1
    blob.write_bytes(content)
    shown = aws.get_function_configuration(FunctionName=create("flipped").name)
    assert (shown["State"], shown["StateReasonCode"]) == ("Failed", "InvalidImage")
    (place / "blobs/sha256" / images.digest(image.configuration())[7:]).unlink()
    assert "not valid" in refusal(
        aws, aws.create_function, FunctionName=a_name(), PackageType="Image", Code={"ImageUri": f"{ECR}/flipped:latest"}, Role=ROLE
    )[1]  # fmt: skip


def test_what_cannot_be_started_is_told_in_the_words_of_aws(aws, given, create):
    broken = {"script": images.program("#!/no/such/program\n"), "data": "text", "not-a-program": images.program(b"\x7fELF garbage")}
    python_image(ABOUT, layer(broken)).layout(given / "starts", "latest")
    function = create("starts")

    def fails(**config):
        aws.update_function_configuration(FunctionName=function.name, ImageConfig=config)
        settled(aws, function.name)
        kind, text, log = failure(function)
        assert f"Error: {text}\n{kind}\n" in log and "END RequestId" in log and "REPORT RequestId" in log
        return kind, text

    entry, folder = "Runtime.InvalidEntrypoint", "Runtime.InvalidWorkingDir"
    assert fails(EntryPoint=["/nowhere"]) == (entry, "Couldn't find valid bootstrap(s): [/nowhere]")
    assert fails(EntryPoint=["uvicorn"]) == (entry, "Couldn't find valid bootstrap(s): [uvicorn]")
    assert fails(EntryPoint=["/data"]) == (entry, "fork/exec /data: permission denied")
    assert fails(EntryPoint=["/script"]) == (entry, "fork/exec /script: no such file or directory")
    assert fails(EntryPoint=["/not-a-program"]) == (entry, "fork/exec /not-a-program: exec format error")
    assert fails(WorkingDirectory="/nowhere") == (folder, "the working directory doesn't exist: /nowhere")
    assert fails(WorkingDirectory="here") == (
        folder,
        "the working directory 'here' is invalid, it needs to be an absolute path",
    )
    assert fails(EntryPoint=["sh", "-c", "exit 3"]) == ("Runtime.ExitError", "Runtime exited with error: exit status 3")
    assert fails(EntryPoint=["sh", "-c", "true"]) == ("Runtime.ExitError", "Runtime exited without providing a reason")


def test_a_function_after_a_timeout_or_a_crash_runs_again(given, create):
    source = """
import os, time
def handler(event, context):
    if event.get("how") == "hang":
        time.sleep(60)
    if event.get("how") == "die":
        os._exit(9)
    open("/tmp/mark", "a").close()
    return os.getpid()
"""
    python_image(source).layout(given / "again", "latest")
    function = create("again", Timeout=2)
    assert function.invoke().error is None
    assert "Task timed out after 2.00 seconds" in function.invoke({"how": "hang"}).value["errorMessage"]
    assert function.invoke().error is None
    assert function.invoke({"how": "die"}).value["errorType"] == "Runtime.ExitError"
    assert function.invoke().error is None


def test_an_image_outlives_the_server(fresh_lambent, tmp_path):
    given = tmp_path / "given"
    python_image("def handler(event, context): return 7").layout(given / "kept", "v1")
    server = fresh_lambent("--images", str(given))
    aws, name = server.client(), a_name("image")
    uri = f"{ECR}/kept:v1"
    aws.create_function(FunctionName=name, PackageType="Image", Code={"ImageUri": uri}, Role=ROLE)
    # In the midst of it, as likely as not.
    server.kill()
    (server.data / "images" / ".incoming-left-by-somebody").mkdir(parents=True, exist_ok=True)
    server.start()
    aws = server.client()
    assert settled(aws, name)["State"] == "Active"
    (given / "kept/index.json").unlink()
    assert Function(aws, name).invoke().value == 7
    server.kill()
    server.start()
    assert Function(server.client(), name).invoke().value == 7
    assert not (server.data / "images" / ".incoming-left-by-somebody").exists()
