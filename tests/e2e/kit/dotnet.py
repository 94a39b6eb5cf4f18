"""Deployment packages in .NET, built with Debian's `mcs`, and a server that has the interpreters which `scripts/test` fetches."""

import functools
import json
import os
import pathlib
import re
import subprocess
import tempfile

import pytest

from kit import host
from kit.zips import package

EXAMPLES = pathlib.Path(os.environ.get("LAMBENT_EXAMPLES") or host.REPOSITORY / "examples")
# What stands for AWS's packages; see the README there.
STAND_INS = host.REPOSITORY / "tests/dotnet"
# A data directory into which `lambent runtimes install` has fetched the interpreters.
FETCHED = pathlib.Path(os.environ.get("LAMBENT_DOTNET") or host.REPOSITORY / "target/dotnet")
CORE, JSON, TEXT_JSON = "Amazon.Lambda.Core", "Amazon.Lambda.Serialization.Json", "Amazon.Lambda.Serialization.SystemTextJson"


def provide(data):
    """Makes the interpreters that were fetched those of a data directory."""
    found = sorted(FETCHED.glob("runtimes/dotnet-v*"))
    if not found:
        pytest.skip(f"no .NET is in {FETCHED}; scripts/test fetches it with `lambent runtimes install`")
    (data / "runtimes").mkdir(parents=True)
    for place in found:
        (data / "runtimes" / place.name).symlink_to(place)


def compiled(name, sources, references=(), defines=(), target="library"):
    """An assembly: its bytes. References are the bytes of others, by their names."""
    with tempfile.TemporaryDirectory() as folder:
        for reference, content in dict(references).items():
            pathlib.Path(folder, f"{reference}.dll").write_bytes(content)
        out = pathlib.Path(folder, "out", f"{name}.dll")
        out.parent.mkdir()
        command = [host.need("mcs"), "-langversion:7", f"-target:{target}", "-optimize+", "-debug-", f"-out:{out}"]
        command += [f"-r:{folder}/{reference}.dll" for reference in dict(references)] + [f"-d:{each}" for each in defines]
        result = subprocess.run([*command, *map(str, sources)], capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
        return out.read_bytes()


@functools.cache
def libraries(first):
    """What a function brings along: name to content. `first`: as it was up to .NET Core 2.1."""
    defines = ["FIRST"] if first else []
    core = {CORE: compiled(CORE, [STAND_INS / f"{CORE}.cs"], defines=defines)}
    serializer = JSON if first else TEXT_JSON
    return core | {serializer: compiled(serializer, [STAND_INS / f"{serializer}.cs"], core)}


@functools.cache
def assemblies(runtime):
    """The assemblies of the example, with all that they need: name to content."""
    first = is_first(runtime)
    needed = libraries(first)
    sources = sorted((EXAMPLES / "dotnet").glob("*.cs"))
    return needed | {"Example": compiled("Example", sources, needed, ["FIRST"] if first else [])}


def is_first(runtime):
    return runtime.startswith(("dotnetcore1.", "dotnetcore2."))


def lists(name, runtime, needed):
    """The two files that `dotnet publish` puts beside an assembly: path to content."""
    version = re.search(r"\d+(\.\d+)?", runtime)[0]
    version = version if "." in version else f"{version}.0"
    framework, own = f".NETCoreApp,Version=v{version}", f"{name}/1.0.0"
    packages = {f"{each}/1.0.0": {"runtime": {f"lib/any/{each}.dll": {}}} for each in needed if each != name}
    target = {own: {"dependencies": {each.split("/")[0]: "1.0.0" for each in packages}, "runtime": {f"{name}.dll": {}}}} | packages
    described = {each: {"type": "package", "serviceable": True, "sha512": ""} for each in packages}
    dependencies = {
        "runtimeTarget": {"name": framework, "signature": ""},
        "targets": {framework: target},
        "libraries": {own: {"type": "project", "serviceable": False, "sha512": ""}} | described,
    }
    runtime_options = {"framework": {"name": "Microsoft.NETCore.App", "version": f"{version}.0"}}
    if not runtime.startswith("dotnetcore"):
        runtime_options["tfm"] = f"net{version}"
    return {
        f"{name}.deps.json": json.dumps(dependencies),
        f"{name}.runtimeconfig.json": json.dumps({"runtimeOptions": runtime_options}),
    }


def archive(runtime, files=None, name="Example", content=None):
    """A deployment package of the example, or of the assemblies `content`, for a runtime."""
    content = content or assemblies(runtime)
    return package({f"{each}.dll": image for each, image in content.items()} | lists(name, runtime, content) | (files or {}))
