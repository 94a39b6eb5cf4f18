"""Packages that functions are built with: tests/packages, as scripts/test has installed them."""

import os
import pathlib

import pytest
from kit import host


def folder(name):
    """Where the packages of a list are; skips the test where they are not installed."""
    packages = pathlib.Path(os.environ.get("LAMBENT_TEST_PACKAGES") or host.REPOSITORY / "target/test-packages") / name
    if not (packages / "installed").is_file():
        pytest.skip(f"the packages of tests/packages/{name} are not installed; scripts/test does it")
    return packages


def files(root, *names):
    """The files below `root` (below `names` of it), as a deployment package has them."""
    found = {}
    for top in [root / name for name in names] or [root]:
        for path in [top, *sorted(top.rglob("*"))] if top.is_dir() else [top]:
            if path.is_file() and "__pycache__" not in path.parts:
                mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
                found[str(path.relative_to(root))] = (path.read_bytes(), mode)
    return found
