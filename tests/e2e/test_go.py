"""What the developer guide's chapters on Go promise: real functions, built with Go, as `go1.x` and as `provided.al2023`."""

import functools
import os
import re
import subprocess

import pytest
from kit import host

# Where a family's programs are built from, the name that its program has, and whether it is driven by net/rpc.
FAMILIES = {"go1.x": ("go1.x", "main", True), "provided.al2023": ("go", "bootstrap", False)}


@functools.cache
def built(project, folder):
    """The program of an example, built with the host's Go."""
    go = host.need("go")
    program = os.path.join(folder, project)
    environment = dict(os.environ, CGO_ENABLED="0", GOFLAGS="-mod=readonly -buildvcs=false -trimpath")
    # Ordinary users of the tests may have no home to cache in.
    environment.setdefault("GOCACHE", os.path.join(folder, "cache"))
    environment.setdefault("GOPATH", os.path.join(folder, "path"))
    source = host.REPOSITORY / "examples" / project
    if not source.is_dir():
        pytest.skip("the examples are not here")
    result = subprocess.run([go, "build", "-o", program, "."], cwd=source, env=environment, capture_output=True, text=True, timeout=500)
    if "dial tcp" in result.stderr or "lookup" in result.stderr:
        pytest.skip(f"Go's modules cannot be reached: {result.stderr[-300:]}")
    assert result.returncode == 0, result.stderr
    with open(program, "rb") as file:
        return file.read()


@pytest.fixture(params=sorted(FAMILIES))
def go(request, make, tmp_path_factory):
    """`go()` is a function of the example, of one runtime and then of the other."""
    project, name, driven = FAMILIES[request.param]
    folder = tmp_path_factory.getbasetemp() / "go"
    folder.mkdir(exist_ok=True)
    program = built(project, str(folder))

    def create(**options):
        options.setdefault("Timeout", 30)
        return make({name: (program, 0o755)}, request.param, options.pop("handler", name), **options)

    create.driven, create.runtime = driven, request.param
    return create


def test_a_handler_answers_and_logs(go):
    function = go()
    for name in ("Ada", "Grace", "Łucja"):
        answer = function.invoke({"name": name})
        assert answer.error is None and answer.value == f"Hello {name}!" and f"logged {name}\n" in answer.log


def test_the_context_tells_who_and_how_long(go):
    function = go(MemorySize=256)
    answer = function.invoke({"what": "context"}, ClientContext="eyJjdXN0b20iOiB7ImEiOiAiYiJ9fQ==")
    seen = answer.value
    assert seen["rpc"] is go.driven
    assert seen["request"] == answer.request_id and seen["arn"].endswith(f":function:{function.name}")
    assert (seen["name"], seen["version"], seen["memory"]) == (function.name, "$LATEST", 256)
    assert seen["group"] == f"/aws/lambda/{function.name}" and re.fullmatch(r".*\[\$LATEST\][0-9a-f]{32}", seen["stream"])
    assert 20_000 < seen["left"] <= 30_000 and seen["trace"].startswith("Root=")
    assert seen["client"]["custom"] == {"a": "b"}


def test_errors_are_told_by_type(go):
    function = go()
    answer = function.invoke({"what": "fail", "name": "no such thing"})
    assert answer.error == "Unhandled" and answer.value == {"errorMessage": "no such thing", "errorType": "errorString"}
    answer = function.invoke({"what": "custom"})
    assert answer.value == {"errorMessage": "custom", "errorType": "CustomError"}
    assert function.invoke({"name": "again"}).value == "Hello again!"


def test_a_panic_is_told_with_its_frames_and_the_function_goes_on(go):
    function = go()
    answer = function.invoke({"what": "panic", "name": "lost"})
    assert answer.error == "Unhandled" and answer.value["errorMessage"] == "lost"
    assert answer.value["errorType"] == "errorString"
    frames = answer.value["stackTrace"]
    assert any(frame["label"].endswith("HandleRequest") and frame["path"].endswith("main.go") for frame in frames), frames
    assert function.invoke({"name": "again"}).value == "Hello again!"


def test_an_exit_is_told_with_its_status(go):
    function = go()
    answer = function.invoke({"what": "exit"})
    assert answer.error == "Unhandled" and answer.value["errorType"] == "Runtime.ExitError"
    assert answer.value["errorMessage"] == f"RequestId: {answer.request_id} Error: Runtime exited with error: exit status 3"
    assert function.invoke({"name": "again"}).value == "Hello again!"


def test_six_megabytes_pass_both_ways(go):
    name = "x" * 5_900_000
    assert go().invoke({"name": name}).value == f"Hello {name}!"


def test_a_program_that_is_not_there_is_told(make):
    function = make({"main": ("", 0o755)}, "go1.x", "other")
    answer = function.invoke()
    assert answer.error == "Unhandled"
    assert answer.value == {"errorMessage": "fork/exec /var/task/other: no such file or directory", "errorType": "PathError"}
