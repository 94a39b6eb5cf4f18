"""A whole life of a function, lived by each client that people have: today's, and those of years ago."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from kit import functions, host
from kit.server import environment
from kit.zips import package

CLIENTS = pathlib.Path(__file__).parents[1] / "clients"
ROLE = functions.ROLE
FIRST = {"index.js": "exports.handler = async () => 'first';\n"}
SECOND = {
    "index.js": """
let shared; try { shared = require('shared').text; } catch (error) { shared = 'no layer'; }
exports.handler = async () => `second ${process.env.MODE || ''} ${shared}`;
"""
}
LAYER = {"nodejs/node_modules/shared/index.js": "exports.text = 'from the layer';\n"}


@pytest.fixture
def zips(tmp_path):
    paths = []
    for name, files in (("first", FIRST), ("second", SECOND), ("layer", LAYER)):
        paths.append(tmp_path / f"{name}.zip")
        paths[-1].write_bytes(package(files))
    return [str(path) for path in paths]


@pytest.mark.parametrize("sdk", ["v3", "v2"])
def test_the_javascript_sdks(lambent, zips, sdk):
    """Today's, and version 2.290.0 of September 2018 with its trailing slashes."""
    if not (CLIENTS / "node_modules").is_dir():
        pytest.skip("the SDKs are not installed: npm ci --prefix tests/clients")
    if sdk == "v3" and node_version() < 20:
        pytest.skip(f"today's SDK needs Node.js 20 or newer, and this is {node_version()}")
    name = functions.a_name("clients")
    command = ["node", str(CLIENTS / "lifecycle.mjs"), sdk, lambent.url, name, *zips]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment())
    assert ran.returncode == 0, ran.stderr
    saw = json.loads(ran.stdout)
    assert saw.pop("layered", None) in (None, answer("second set from the layer", "$LATEST"))
    assert saw.pop("streamed", None) in (None, ['"second set from the layer"', {}])
    assert saw == {
        "created": f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        "first": answer("first", "$LATEST"),
        "second": answer("second set no layer", "$LATEST"),
        "published": "1",
        "throughAlias": answer("second set no layer", "1"),
        "statements": ["s1"],
        "tags": {"team": "blue"},
        "limit": 1000,
        "listed": True,
        "versions": ["$LATEST", "1"],
        "gone": True,
    }


def test_the_rust_sdk(lambent, zips):
    """Today's, which takes no answer but what AWS's model says."""
    name = functions.a_name("clients")
    ran = subprocess.run([rust_client(), lambent.url, name, *zips], capture_output=True, text=True, timeout=60, env=environment())
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "created": lambent_arn(name),
        "first": answer("first", "$LATEST"),
        "second": answer("second set no layer", "$LATEST"),
        "timeout": 7,
        "published": "1",
        "aliasFor": "1",
        "throughAlias": answer("second set no layer", "1"),
        "statements": ["s1"],
        "layered": answer("second set from the layer", "$LATEST"),
        "streamed": {"payload": json.dumps("second set from the layer"), "version": "$LATEST", "logged": True, "error": None},
        "tags": {"team": "blue"},
        "retries": 1,
        "moments": True,
        "position": 1_600_000_000,
        "limit": 1000,
        "texts": True,
        "auth": "NONE",
        "publishers": ["arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/0123456789"],
        "provisioned": 1,
        "runtime": "Auto",
        "conflict": True,
        "noJson": True,
        "throttled": "ReservedFunctionConcurrentInvocationLimitExceeded",
        "listed": True,
        "versions": ["$LATEST", "1"],
        "gone": True,
        "message": f"Function not found: {lambent_arn(name)}",
        "identified": True,
    }


def rust_client():
    """Where scripts/test built it; the copy of the suite that an ordinary user runs is told by LAMBENT_RUST_CLIENT."""
    built = host.REPOSITORY / "target/clients-rust/debug/lambent-client-test"
    path = pathlib.Path(os.environ.get("LAMBENT_RUST_CLIENT") or built)
    if not path.exists():
        pytest.skip(f"the Rust client is not built: cargo build --manifest-path {CLIENTS}/rust/Cargo.toml --target-dir target/clients-rust")
    return str(path)


def node_version():
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=10).stdout
    return int(said.lstrip("v").split(".")[0])


def answer(text, version):
    return {"payload": json.dumps(text), "version": version, "status": 200}


@pytest.mark.parametrize("which", ["today's", "Debian's"])
def test_the_command_line(lambent, tmp_path, zips, which):
    """Version 1 as PyPI has it, and 2.9.19 as Debian 12 has it: a year older than AWS_ENDPOINT_URL."""
    aws = command_line(which)
    first, second, layer = zips
    name = functions.a_name("clients")
    out = tmp_path / "out"

    def run(*arguments, text=False):
        command = [*aws, "--endpoint-url", lambent.url, "--region", "us-east-1", "lambda", *arguments]
        credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "secret", "HOME": str(tmp_path)}
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**environment(), **credentials})
        if text:
            return ran.stderr
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout) if ran.stdout.strip() else None

    def invoke(*more):
        executed = run("invoke", "--function-name", name, *more, str(out))["ExecutedVersion"]
        return json.loads(out.read_text()), executed

    run(
        "create-function", "--function-name", name, "--runtime", "nodejs20.x", "--role", ROLE,
        "--handler", "index.handler", "--zip-file", f"fileb://{first}",
    )  # fmt: skip
    run("wait", "function-active", "--function-name", name)
    assert invoke() == ("first", "$LATEST")
    run("update-function-code", "--function-name", name, "--zip-file", f"fileb://{second}")
    run("wait", "function-updated", "--function-name", name)
    arn = run("publish-layer-version", "--layer-name", name, "--zip-file", f"fileb://{layer}")["LayerVersionArn"]
    run(
        "update-function-configuration", "--function-name", name, "--environment", "Variables={MODE=set}",
        "--layers", arn,
    )  # fmt: skip
    run("wait", "function-updated", "--function-name", name)
    assert run("publish-version", "--function-name", name)["Version"] == "1"
    run("create-alias", "--function-name", name, "--name", "live", "--function-version", "1")
    assert invoke("--qualifier", "live") == ("second set from the layer", "1")
    run(
        "add-permission", "--function-name", name, "--statement-id", "s1",
        "--action", "lambda:InvokeFunction", "--principal", "s3.amazonaws.com",
    )  # fmt: skip
    run("tag-resource", "--resource", lambent_arn(name), "--tags", "team=blue")
    assert run("list-tags", "--resource", lambent_arn(name))["Tags"] == {"team": "blue"}
    assert name in [function["FunctionName"] for function in run("list-functions")["Functions"]]
    run("delete-function", "--function-name", name)
    assert "ResourceNotFoundException" in run("get-function", "--function-name", name, text=True)


def lambent_arn(name):
    return f"arn:aws:lambda:us-east-1:000000000000:function:{name}"


def command_line(which):
    if which == "today's":
        return [sys.executable, "-m", "awscli"]
    path = "/usr/bin/aws"
    if not shutil.which(path):
        pytest.skip("Debian's awscli is not installed: apt-get install awscli")
    return [path]
