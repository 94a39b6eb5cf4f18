"""What this host has."""

import functools
import os
import pathlib
import re
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


def tell(*command):
    """What `lambent COMMAND` prints."""
    return subprocess.run([binary(), *command], capture_output=True, text=True, check=True).stdout


@functools.cache
def runtimes():
    """The runtime ids whose very version is installed here: the lines of `lambent runtimes list` that name one and its path."""
    found = re.findall(r"^ *(\S+) +[0-9.]+ \(/", tell("runtimes", "list"), re.M)
    return [runtime for runtime in found if any(digit in runtime for digit in "0123456789")]


@functools.cache
def enforced():
    """What isolation this host lets this user have: the lines of `lambent doctor` that say so."""
    return re.findall(r"^ *enforced +(.*)$", tell("doctor"), re.M)


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


def need_enforced(what):
    """Skips the test where `what` is not in force for this user."""
    if not any(line.startswith(what) for line in enforced()):
        pytest.skip(f"this host does not let this user enforce: {what} (see `lambent doctor`)")
