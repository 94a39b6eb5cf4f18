"""What this host has."""

import functools
import os
import pathlib
import shutil
import subprocess

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]


def binary():
    """The server under test."""
    path = pathlib.Path(os.environ.get("LAMBENT_BIN") or REPOSITORY / "target/release/lambent").resolve()
    if not path.exists():
        pytest.exit(f"{path} does not exist: build it with `cargo build --release -p lambent`, or set LAMBENT_BIN", 2)
    return str(path)


@functools.cache
def runtimes():
    """The runtime ids that can be run here, as `lambent runtimes list` tells."""
    listed = subprocess.run([binary(), "runtimes", "list"], capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in listed.splitlines() if runnable(line)]


def runnable(line):
    return "available" in line.split()


def newest(family):
    """The newest runtime of a family (`python`, `nodejs`) that this host can run."""
    versions = [runtime for runtime in runtimes() if runtime.startswith(family)]
    if not versions:
        pytest.skip(f"this host has no {family} interpreter")
    number = lambda runtime: [int(part) for part in runtime.removeprefix(family).removesuffix(".x").split(".")]
    return max(versions, key=number)


def need(program):
    """The path of a program; skips the test where there is none."""
    path = shutil.which(program)
    if not path:
        pytest.skip(f"this host has no {program}")
    return path


def need_enforced(server, primitive):
    """Skips the test where the host lets the server not enforce `primitive`."""
    guarantee = server.health()["enforcement"].get(primitive)
    if guarantee is None or "absent" in str(guarantee).lower():
        pytest.skip(f"this host does not let this user enforce {primitive}")
