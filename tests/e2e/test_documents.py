"""What the documents claim is there is there."""

import re

import pytest
from kit import host

PLACES = {"py": "tests/e2e", "rs": "crates/sandbox-linux/tests/environments"}
PROOF = re.compile(r"`([\w/.-]+)\.(py|rs)::(\w+)`")


def proofs():
    document = host.REPOSITORY / "docs/isolation.md"
    if not document.exists():
        pytest.skip("this copy of the tests came without the documents")
    return PROOF.findall(document.read_text())


def test_every_proof_of_isolation_is_a_test():
    missing = []
    for file, kind, name in proofs():
        path = host.REPOSITORY / (f"{file}.{kind}" if "/" in file else f"{PLACES[kind]}/{file}.{kind}")
        if not path.exists() or not re.search(rf"^ *(def|fn|pub\(crate\) async fn|async fn) {name}\b", path.read_text(), re.M):
            missing.append(f"{path.name}::{name}")
    assert missing == [] and len(proofs()) > 50


def test_every_hostile_function_proves_something():
    here = (host.REPOSITORY / "tests/e2e/test_hostile.py").read_text()
    named = {name for file, _, name in proofs() if file == "test_hostile"}
    assert set(re.findall(r"^def (test_\w+)", here, re.M)) == named
