"""`lambent runtimes install`: the very version of an interpreter, fetched by the registry's own client."""

import hashlib
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import tarfile
import zipfile

import pytest
from kit import functions, host
from kit.server import Server, environment

# Stands for npm: packs what it is told to, or breaks off.
NPM = """#!/bin/sh
case "$*" in
    "pack --json node-linux-"*@8.10) ;;
    *) echo "asked for $*" >&2; exit 9 ;;
esac
cp "$PACKED" ./node-8.10.0.tgz
printf '[{"version": "8.10.0", "filename": "node-8.10.0.tgz", "integrity": "sha512-x"}]'
exit "${STATUS:-0}"
"""


@pytest.fixture
def npm(tmp_path):
    """`npm(told)` installs nodejs8.10 from a package whose program says that it is the version `told`."""
    bin_dir, data = tmp_path / "bin", tmp_path / "data"
    bin_dir.mkdir()
    data.mkdir()
    (bin_dir / "npm").write_text(NPM)
    (bin_dir / "npm").chmod(0o755)

    def install(told, **variables):
        program = tmp_path / "node"
        program.write_text(f"#!/bin/sh\necho {told}\n")
        program.chmod(0o755)
        packed = tmp_path / "packed.tgz"
        with tarfile.open(packed, "w:gz") as archive:
            archive.add(program, "package/bin/node")
        path = f"{bin_dir}:/usr/bin:/bin"
        command = [host.binary(), "runtimes", "install", "nodejs8.10", "--data-dir", str(data)]
        return subprocess.run(command, capture_output=True, text=True, env={**environment(), "PATH": path, "PACKED": str(packed), **variables})

    install.data = data
    return install


def installed(data):
    """What is there, and what an attempt has left."""
    left = [name for name in os.listdir(data) if name != "runtimes"]
    return sorted(name for name in os.listdir(data / "runtimes") if name.startswith("node-")), left


def test_a_package_is_installed_once(npm):
    result = npm("v8.10.0")
    assert result.returncode == 0 and "Node.js 8.10.0" in result.stdout, result.stderr
    assert installed(npm.data) == (["node-v8.10.0"], [])
    again = npm("v8.10.0")
    assert again.returncode == 0 and "is there already" in again.stdout


@pytest.mark.parametrize(
    "told, status, reason", [("v8.9.0", "0", "says"), ("v8.10.0", "1", "npm failed")], ids=["another-program", "npm-fails"]
)
def test_nothing_is_left_of_what_went_wrong(npm, told, status, reason):
    result = npm(told, STATUS=status)
    assert result.returncode == 1 and "nodejs8.10 was not installed" in result.stderr and reason in result.stderr
    assert installed(npm.data) == ([], [])


def test_what_a_killed_attempt_left_is_swept_up(npm):
    (npm.data / ".install-999999999").mkdir()
    assert npm("v8.10.0").returncode == 0
    assert installed(npm.data) == (["node-v8.10.0"], [])


# Stands for pip: brings a wheel of the release that it is asked for.
PIP = """#!/bin/sh
case "$*" in
    "download "*" --dest "*" toys==1.0") ;;
    *) echo "asked for $*" >&2; exit 9 ;;
esac
while [ "$1" != --dest ]; do shift; done
cp "$PACKED" "$2/toys-1.0-py3-none-any.whl"
"""
STANZA = """
[[package]]
interpreter = "ruby"
version = "%s"
root = "toys/programs"
becomes = "bin"
program = "bin/ruby"
ask = "--version"
[package.from.%s]
registry = "pypi"
name = "toys"
release = "1.0"
sha256 = "%s"
"""


@pytest.fixture
def pip(tmp_path):
    """`pip(known)` installs ruby3.3 from a wheel, which is the one that is known or is not. The version in it stands in."""
    bin_dir, data, wheel = tmp_path / "bin", tmp_path / "data", tmp_path / "wheel"
    bin_dir.mkdir()
    data.mkdir()
    (bin_dir / "pip").write_text(PIP)
    (bin_dir / "pip").chmod(0o755)
    program = shutil.which("true")
    with zipfile.ZipFile(wheel, "w") as zipped:
        # As wheels of programs come: nothing says that it can be executed.
        zipped.writestr("toys/programs/ruby", pathlib.Path(program).read_bytes())
    told = subprocess.run([program, "--version"], capture_output=True, text=True).stdout

    def install(known):
        digest = hashlib.sha256(wheel.read_bytes() if known else b"").hexdigest()
        version = re.search(r"\d+\.\d+(\.\d+)*", told)[0]
        (data / "runtimes.toml").write_text(STANZA % (version, platform.machine(), digest))
        command = [host.binary(), "runtimes", "install", "ruby3.3", "--data-dir", str(data)]
        variables = {**environment(), "PATH": f"{bin_dir}:/usr/bin:/bin", "PACKED": str(wheel)}
        return subprocess.run(command, capture_output=True, text=True, env=variables), version

    install.data = data
    return install


def test_a_wheel_becomes_an_interpreter(pip):
    result, version = pip(known=True)
    assert result.returncode == 0 and f"no registry has Ruby 3.3 for ruby3.3: {version} stands in" in result.stdout, result.stderr
    program = pip.data / f"runtimes/ruby-v{version}/bin/ruby"
    assert os.access(program, os.X_OK) and [name for name in os.listdir(pip.data) if name.startswith(".install")] == []
    assert "is there already" in pip(known=True)[0].stdout


def test_a_wheel_that_is_not_the_known_one_is_not_installed(pip):
    result, _ = pip(known=False)
    assert result.returncode == 1 and "toys is not the file that is known" in result.stderr
    assert [name for name in os.listdir(pip.data / "runtimes") if name.startswith("ruby")] == []


def test_what_no_registry_offers_is_told_with_what_to_do(tmp_path):
    def refused(name):
        command = [host.binary(), "runtimes", "install", name, "--data-dir", str(tmp_path)]
        result = subprocess.run(command, capture_output=True, text=True)
        assert result.returncode == 1
        return result.stderr

    assert "no package registry offers ruby3.3: install Ruby 3.3" in refused("ruby3.3")
    assert "names no runtime with an interpreter" in refused("cobol")
    assert "the bootstrap does not run on the version of nodejs;" in refused("nodejs")


# One Node.js of each era, as a function of its time is written.
ERAS = {
    "nodejs4.3": (
        "v4.3.",
        "exports.handler = function (event, context) { console.log('at work'); context.succeed({ from: process.version, echo: event }); };",
    ),
    "nodejs8.10": (
        "v8.10.",
        "exports.handler = (event, context, done) => { console.log('at work'); done(null, { from: process.version, echo: event }); };",
    ),
    "nodejs12.x": (
        "v12.",
        "exports.handler = async (event) => { console.log('at work'); return { from: process.version, echo: event }; };",
    ),
    "nodejs24.x": (
        "v24.",
        "export const handler = async (event) => { console.log('at work'); return { from: process.version, echo: event }; };",
    ),
}


def test_functions_of_every_era_run_on_the_version_that_was_installed(tmp_path):
    host.need("npm")
    server = Server(tmp_path)
    server.data.mkdir()
    command = [host.binary(), "runtimes", "install", *ERAS, "--data-dir", str(server.data)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if result.returncode and "ENOTFOUND" in result.stderr + result.stdout or "network" in result.stderr:
        pytest.skip("the registry cannot be reached")
    assert result.returncode == 0, result.stderr
    server.start()
    try:
        for runtime, (version, source) in ERAS.items():
            name = "index.mjs" if "export const" in source else "index.js"
            function = functions.create(server.client(), {name: source}, runtime, "index.handler", Timeout=30)
            for number in range(3):
                answer = function.invoke({"größe": number})
                assert answer.error is None, (runtime, answer)
                assert answer.value["echo"] == {"größe": number} and answer.value["from"].startswith(version)
                assert "at work" in answer.log, runtime
            failing = functions.create(
                server.client(), {"index.js": "exports.handler = function () { throw new TypeError('as asked'); };"}, runtime, "index.handler"
            )
            answer = failing.invoke()
            assert (answer.value["errorType"], answer.value["errorMessage"]) == ("TypeError", "as asked"), runtime
        assert "is run by" not in server.log()
    finally:
        server.stop()


def test_a_function_without_an_interpreter_is_accepted_and_says_what_is_missing(tmp_path):
    server = Server(tmp_path)
    server.data.mkdir()
    # No Python 3 stands in for another Python.
    (server.data / "runtimes.toml").write_text('[runtime."python3.9"]\nfamily = "python"\nversion = "1.5"\n')
    server.start()
    try:
        client = server.client()
        package = functions.package({"f.py": "def handler(event, context):\n    pass\n"})
        created = client.create_function(
            FunctionName="f", Runtime="python3.9", Handler="f.handler", Role=functions.ROLE, Code={"ZipFile": package}
        )
        assert created["State"] in ("Pending", "Failed")

        def failed():
            told = client.get_function_configuration(FunctionName="f")
            return told if told["State"] == "Failed" else None

        from kit.eventually import eventually

        told = eventually(failed, 30, "the function's state")
        assert told["StateReasonCode"] == "InvalidRuntime"
        assert told["StateReason"].startswith("no interpreter was found: install Python 1.5 (pyenv, uv")
        assert json.dumps(told["StateReason"]).endswith('in the data directory"')
    finally:
        server.stop()
