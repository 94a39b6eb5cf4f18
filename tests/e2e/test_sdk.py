"""The AWS SDK that AWS's runtimes bring along: installed when it is wanted, found after the function's own packages and its layers."""

import json
import os
import subprocess
import sys

import pytest
from kit import functions, host
from kit.server import Server, environment
from kit.zips import package

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
USES_BOTO3 = """
import os
import boto3

def handler(event, context):
    queues = boto3.client("sqs").list_queues().get("QueueUrls", [])
    return {"from": os.path.dirname(boto3.__file__), "queues": [url.rpartition("/")[2] for url in queues]}
"""
USES_V3 = """
import { SQSClient, ListQueuesCommand } from '@aws-sdk/client-sqs';
const sqs = new SQSClient({});
export const handler = async () => {
    const told = await sqs.send(new ListQueuesCommand({}));
    return { queues: (told.QueueUrls || []).map((url) => url.split('/').pop()) };
};
"""
REQUIRES_V3 = """
const { SQSClient, ListQueuesCommand } = require('@aws-sdk/client-sqs');
exports.handler = async () => ({ queues: ((await new SQSClient({}).send(new ListQueuesCommand({}))).QueueUrls || []).map((url) => url.split('/').pop()) });
"""
# The one client that is needed here, rather than all of the catalogue's.
ONE_CLIENT = """
[[sdk]]
name = "one-client"
runtimes = ["{node}"]
client = "npm"
packages = ["@aws-sdk/client-sqs@3.798.0"]
inside = "/var/runtime/node_modules"
"""
# Stand for the registries' clients: what they install says who was asked, or they break off.
PIP = """#!/bin/sh
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/boto3" "$2/botocore" && echo 'told = "stand-in"' > "$2/boto3/__init__.py"
exit "${STATUS:-0}"
"""


def install(data, *names, path=None, **variables):
    command = [host.binary(), "runtimes", "install", *names, "--with-sdk", "--data-dir", str(data)]
    path = path or f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env={**environment(), "PATH": path, **variables})


@pytest.fixture
def pip(tmp_path):
    bin_dir = tmp_path / "bin"
    bin_dir.mkdir()
    (bin_dir / "pip").write_text(PIP)
    (bin_dir / "pip").chmod(0o755)
    (tmp_path / "data").mkdir()
    return f"{bin_dir}:/usr/bin:/bin"


def test_an_sdk_is_there_whole_or_not_at_all(pip, tmp_path):
    data = tmp_path / "data"
    sdks = lambda: [name for name in os.listdir(data / "runtimes") if name.startswith("sdk-")]
    broken = install(data, "python3.12", path=pip, STATUS="1")
    assert broken.returncode == 1 and "the AWS SDK of python3.12 was not installed: pip failed" in broken.stderr
    assert sdks() == [] and os.listdir(data) == ["runtimes"]
    done = install(data, "python3.12", path=pip)
    assert done.returncode == 0 and "fetching boto3==" in done.stdout, done.stderr
    assert len(sdks()) == 1 and os.listdir(data) == ["runtimes"]
    again = install(data, "python3.13", path=pip)
    assert again.returncode == 0 and "is there already" in again.stdout
    none = install(data, "ruby3.3", path=pip)
    assert none.returncode == 1 and "there is no AWS SDK in the catalogue for ruby3.3" in none.stderr


def test_the_functions_own_packages_and_its_layers_come_first(pip, tmp_path):
    server = Server(tmp_path)
    server.data.mkdir(exist_ok=True)
    runtime = host.newest("python")
    assert install(server.data, runtime, path=pip).returncode == 0
    server.start()
    try:
        client = server.client()
        source = "import boto3\ndef handler(event, context):\n    return boto3.told\n"
        bundled = functions.create(client, {"f.py": source}, runtime, "f.handler")
        assert bundled.invoke().value == "stand-in"
        own = functions.create(client, {"f.py": source, "boto3.py": "told = 'own'\n"}, runtime, "f.handler")
        assert own.invoke().value == "own"
        archive = package({"python/boto3.py": "told = 'layer'\n"})
        layer = client.publish_layer_version(LayerName="sdk", Content={"ZipFile": archive})["LayerVersionArn"]
        layered = functions.create(client, {"f.py": source}, runtime, "f.handler", Layers=[layer])
        assert layered.invoke().value == "layer"
    finally:
        server.stop()


def test_without_it_the_log_says_what_to_do(make):
    runtime = host.newest("python")
    answer = make({"f.py": USES_BOTO3}, runtime, "f.handler").invoke()
    if answer.error is None:
        pytest.skip("this host's Python has a boto3 of its own")
    assert answer.value["errorType"] == "Runtime.ImportModuleError"
    assert f"`lambent runtimes install {runtime} --with-sdk` installs it" in answer.log
    runtime = host.newest("nodejs")
    for source, file in ((USES_V3, "index.mjs"), (REQUIRES_V3, "index.js")):
        answer = make({file: source}, runtime, "index.handler").invoke()
        assert answer.error == "Unhandled" and f"`lambent runtimes install {runtime} --with-sdk` installs" in answer.log, answer


def test_functions_call_the_server_with_it_unchanged(tmp_path):
    host.need("npm")
    server = Server(tmp_path)
    server.data.mkdir()
    node = host.newest("nodejs")
    (server.data / "runtimes.toml").write_text(ONE_CLIENT.format(node=node))
    result = install(server.data, PYTHON, node)
    told = result.stderr + result.stdout
    assert "one-client" in told or result.returncode
    if result.returncode and ("ENOTFOUND" in told or "network" in told or "No matching distribution" in told):
        pytest.skip("the registries cannot be reached")
    assert result.returncode == 0, told
    server.start()
    try:
        server.client(service="sqs").create_queue(QueueName="orders")
        for runtime, name, source in ((PYTHON, "index.py", USES_BOTO3), (node, "index.mjs", USES_V3), (node, "index.js", REQUIRES_V3)):
            options = {"MemorySize": 512, "Timeout": 60}
            function = functions.create(server.client(), {name: source}, runtime, "index.handler", **options)
            answer = function.invoke()
            assert answer.error is None, (runtime, answer)
            assert answer.value["queues"] == ["orders"], json.dumps(answer.value)
            assert answer.value.get("from", "/var/runtime/sdk/boto3") == "/var/runtime/sdk/boto3"
    finally:
        server.stop()
