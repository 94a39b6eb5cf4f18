"""`sam logs` of the unmodified AWS SAM CLI, which is in a virtual environment of its own: its libraries are not those of the tests."""

import os
import pathlib
import shutil
import subprocess

import pytest

from kit.eventually import eventually
from kit.server import environment

HERE = pathlib.Path(__file__).resolve().parents[2] / "target/sam/bin/sam"
SAM = os.environ.get("LAMBENT_SAM") or (str(HERE) if HERE.exists() else shutil.which("sam"))
pytestmark = pytest.mark.skipif(not SAM, reason="there is no AWS SAM CLI; LAMBENT_SAM can name one")


def settings(lambent, tmp_path):
    return environment() | {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": lambent.url,
        "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "HOME": str(tmp_path),
        "SAM_CLI_TELEMETRY": "0", "PYTHONUNBUFFERED": "1",
    }  # fmt: skip


def sam(lambent, tmp_path, *arguments):
    env = {name: value for name, value in settings(lambent, tmp_path).items() if name != "PYTHONPATH"}
    return subprocess.run([SAM, "logs", *arguments], capture_output=True, text=True, env=env, cwd=tmp_path, timeout=120)


@pytest.fixture
def function(python):
    function = python("def handler(event, context):\n    print('said', event)\n")
    for number in range(3):
        function.invoke(number)
    return function


def test_a_group_is_printed(lambent, function, tmp_path):
    def printed():
        done = sam(lambent, tmp_path, "--cw-log-group", f"/aws/lambda/{function.name}")
        assert done.returncode == 0, done.stderr
        return all(f"said {number}" in done.stdout for number in range(3)) and done.stdout

    assert "START RequestId" in eventually(printed, 120, "the function's log")
    done = sam(lambent, tmp_path, "--cw-log-group", f"/aws/lambda/{function.name}", "--filter", "said 1", "--output", "json")
    assert done.returncode == 0, done.stderr
    assert "said 1" in done.stdout and "said 2" not in done.stdout


def test_a_group_is_followed(lambent, function, tmp_path):
    env = {name: value for name, value in settings(lambent, tmp_path).items() if name != "PYTHONPATH"}
    with open(tmp_path / "printed", "w") as printed:
        tail = subprocess.Popen(
            [SAM, "logs", "--cw-log-group", f"/aws/lambda/{function.name}", "--tail"], stdout=printed, stderr=subprocess.STDOUT, env=env,
            cwd=tmp_path,
        )  # fmt: skip
        try:
            text = lambda: (tmp_path / "printed").read_text()
            eventually(lambda: "said 2" in text(), 120, "what was there")
            function.invoke("more")
            eventually(lambda: "said more" in text(), 120, "what came")
            assert tail.poll() is None
        finally:
            tail.kill()
            tail.wait()


def test_a_stack_is_not_there(lambent, function, tmp_path):
    """Names of resources are CloudFormation's, which is not here; the group can be named instead."""
    done = sam(lambent, tmp_path, "-n", function.name, "--stack-name", "stack")
    assert done.returncode != 0
    assert "The requested operation does not exist." in done.stderr, done.stderr
