"""The unmodified AWS CLI, as the developer guide uses it."""

import base64
import json
import subprocess
import sys

import pytest

from kit import host
from kit.functions import ROLE, a_name
from kit.server import environment
from kit.zips import package

HELLO = """\
def my_handler(event, context):
    message = "Hello {} {}!".format(event["first_name"], event["last_name"])
    print("greeting", event["last_name"])
    return {"message": message}
"""


@pytest.fixture
def cli(lambent, tmp_path):
    """`cli("list-functions")` runs `aws lambda list-functions` in an empty folder and returns what it prints, from JSON."""

    def run(*arguments):
        settings = {
            **environment(),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        }
        command = [sys.executable, "-m", "awscli", "--endpoint-url", lambent.url, "--output", "json", "lambda", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=settings, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


def test_the_guides_walk_through(cli, tmp_path):
    name = a_name("HelloPython")
    (tmp_path / "deployment-package.zip").write_bytes(package({"hello_python.py": HELLO}))
    created = cli(
        "create-function",
        "--function-name", name,
        "--zip-file", "fileb://deployment-package.zip",
        "--role", ROLE,
        "--handler", "hello_python.my_handler",
        "--runtime", host.newest("python"),
        "--timeout", "15",
        "--memory-size", "512",
    )  # fmt: skip
    assert created["State"] == "Pending" and created["MemorySize"] == 512
    cli("wait", "function-active-v2", "--function-name", name)

    (tmp_path / "input.txt").write_text('{"first_name": "John", "last_name": "Smith"}')
    answer = cli(
        "invoke", "--invocation-type", "RequestResponse", "--function-name", name,
        "--log-type", "Tail", "--payload", "file://input.txt", "out.txt",
    )  # fmt: skip
    assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST" and "FunctionError" not in answer
    assert json.loads((tmp_path / "out.txt").read_text()) == {"message": "Hello John Smith!"}
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert tail.startswith("START RequestId: ") and "greeting Smith\n" in tail and "REPORT RequestId: " in tail

    (tmp_path / "new.zip").write_bytes(package({"hello_python.py": HELLO.replace("Hello", "Goodbye")}))
    cli("update-function-code", "--function-name", name, "--zip-file", "fileb://new.zip")
    cli("wait", "function-updated-v2", "--function-name", name)
    cli("invoke", "--function-name", name, "--payload", "file://input.txt", "out.txt")
    assert json.loads((tmp_path / "out.txt").read_text()) == {"message": "Goodbye John Smith!"}

    updated = cli("update-function-configuration", "--function-name", name, "--memory-size", "128")
    assert updated["MemorySize"] == 128
    cli("wait", "function-updated-v2", "--function-name", name)
    assert name in [each["FunctionName"] for each in cli("list-functions", "--max-items", "1000")["Functions"]]
    assert cli("get-function", "--function-name", name)["Configuration"]["CodeSize"] > 0

    cli("delete-function", "--function-name", name)
    assert name not in [each["FunctionName"] for each in cli("list-functions")["Functions"]]


def test_an_event_is_accepted(cli, python, tmp_path):
    function = python("def handler(event, context): return event\n")
    answer = cli("invoke", "--function-name", function.name, "--invocation-type", "Event", "--payload", "{}", "out.txt")
    assert answer == {"StatusCode": 202}
    assert (tmp_path / "out.txt").read_bytes() == b""
