"""Every implemented operation against the model's own bounds. See README.md."""

import json
import pathlib

import pytest
from baselines import BASELINES, VARIANTS, World
from cases import bad
from kit.server import Server
from service import Model
from wording import normal

MODEL = Model()


@pytest.fixture(scope="module")
def lambent(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("model"))
    yield server.start()
    server.stop()


@pytest.fixture(scope="module")
def world(lambent):
    return World(lambent.client(), lambent.client(service="sqs"))


def everything(aws):
    """All functions as they are, to see that nothing changed."""
    pages = aws.get_paginator("list_functions").paginate()
    return {function["FunctionName"]: function for page in pages for function in page["Functions"]}


# What is not implemented yet; made from the model and the operations' files, and checked to be up to date.
COVERAGE = pathlib.Path(__file__).parents[2] / "docs" / "coverage.md"
LAMBDA = COVERAGE.read_text().split("\n## ")[1]
MISSING = {line[2:].strip() for line in LAMBDA.splitlines() if line.startswith("- ")}
IMPLEMENTED = sorted(set(MODEL.operations) - MISSING)


def baseline_of(world, operation):
    """The operation's good request, with what it needs made."""
    assert operation in BASELINES, f"{operation} has no baseline"
    return BASELINES[operation](world)


@pytest.mark.parametrize("operation", IMPLEMENTED)
def test_what_breaks_the_model_is_refused_in_aws_words_and_changes_nothing(world, lambent, operation):
    given = baseline_of(world, operation)
    before = everything(world.aws)
    wrong = []
    for case in bad(MODEL, operation, given):
        answer = MODEL.send(lambent, operation, case.input)
        code, document = answer.headers.get("x-amzn-ErrorType"), answer.data.decode(errors="replace")
        said = (json.loads(document) if document.startswith("{") else {}).get("message")
        if answer.status != 400 or code != case.code:
            wrong.append(f"{case.name}: {answer.status} {code} {document[:200]}")
        elif case.message is not None and normal(said or "") != normal(case.message):
            wrong.append(f"{case.name}:\n  said {said}\n  not  {case.message}")
    assert not wrong, "\n".join(wrong)
    assert everything(world.aws) == before


@pytest.mark.parametrize("operation", IMPLEMENTED)
def test_what_keeps_to_the_model_succeeds_with_its_shape(world, lambent, operation):
    for variant in [{}, *VARIANTS.get(operation, [])]:
        given = {**baseline_of(world, operation), **variant}
        answer = MODEL.send(lambent, operation, given)
        document = answer.data.decode(errors="replace")
        assert 200 <= answer.status < 300, f"{variant}: {answer.status} {document[:300]}"
        output = MODEL.output(operation)
        if output and document.startswith("{") and operation not in ("Invoke", "InvokeAsync"):
            wrong = list(MODEL.mismatches(output, json.loads(document)))
            assert not wrong, f"{variant}: {wrong}"
