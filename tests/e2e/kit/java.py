"""Deployment packages in Java, built with the host's compiler from the projects of `examples/`."""

import functools
import os
import pathlib
import re
import subprocess
import tempfile

import pytest

from kit import host
from kit.zips import package

EXAMPLES = pathlib.Path(os.environ.get("LAMBENT_EXAMPLES") or host.REPOSITORY / "examples")
# What the projects' pom.xml name; `scripts/test` has Maven fetch it.
LIBRARIES = pathlib.Path(os.environ.get("LAMBENT_JAVA_LIBRARIES") or host.REPOSITORY / "target/java-libraries")


@functools.cache
def versions():
    """Runtime id to the major version of Java that it is run by here."""
    lines = re.findall(r"^ *(java\S+) +([0-9]+)[0-9.]* ", host.tell("runtimes", "list"), re.M)
    return {runtime: int(major) for runtime, major in lines}


def need(runtime, at_least=8):
    """Skips the test where a runtime has no Java, or one that is too old."""
    if versions().get(runtime, 0) < at_least:
        pytest.skip(f"this host has no Java {at_least} for {runtime} (see `lambent runtimes list`)")
    return runtime


@functools.cache
def newest():
    """The runtime with the newest Java of this host."""
    if not versions():
        pytest.skip("this host has no JDK")
    return max(versions(), key=lambda runtime: versions()[runtime])


@functools.cache
def libraries():
    found = {path.name: path for path in LIBRARIES.glob("*.jar")}
    if not found:
        pytest.skip(f"the libraries of aws-lambda-java are not in {LIBRARIES}; scripts/test fetches them with Maven")
    return found


def library(*names):
    """The jars whose names begin so, as they lie in a package."""
    chosen = {f"lib/{name}": path.read_bytes() for name, path in libraries().items() if name.startswith(names)}
    assert len(chosen) >= len(names), (names, sorted(libraries()))
    return chosen


@functools.cache
def classes(project="java", level="8"):
    """The classes and resources of a project: path to content."""
    main, found = EXAMPLES / project / "src/main", {}
    sources = sorted(str(path) for path in (main / "java").rglob("*.java"))
    with tempfile.TemporaryDirectory() as folder:
        path = ":".join(str(path) for path in libraries().values())
        command = [host.need("javac"), "--release", level, "-nowarn", "-Xlint:none", "-g", "-cp", path, "-d", folder]
        subprocess.run([*command, *sources], check=True, capture_output=True)
        for root in pathlib.Path(folder), main / "resources":
            found |= {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
    return found


def archive(project="java", level="8", files=None, with_libraries=("aws-lambda-java-core",)):
    """A deployment package of a project with some of the libraries."""
    return package(classes(project, level) | library(*with_libraries) | (files or {}))
