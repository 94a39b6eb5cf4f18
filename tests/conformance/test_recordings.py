"""The server answers as AWS was recorded to answer, but for the known misses."""

import os
import pathlib

import pytest
import runner

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def test_recorded_answers():
    binary = pathlib.Path(os.environ.get("LAMBENT_BIN") or REPOSITORY / "target/release/lambent").resolve()
    if not binary.exists():
        pytest.exit(f"{binary} does not exist: build it with `cargo build --release -p lambent`, or set LAMBENT_BIN", 2)
    assert runner.main(["--bin", str(binary)]) == 0, "see above what does not match, or matches and is still listed"
