"""The runner misses nothing: neither a scenario, nor a step, nor a member, nor an entry of the list that is no longer needed."""

import datetime
import types

import runner


def outcome(name, *problems, not_implemented=()):
    return runner.Outcome(name, list(problems), set(not_implemented), 0.0)


def test_the_list_of_misses_may_only_shrink():
    names = {"A::matched", "A::missed"}
    outcomes = [outcome("A::matched"), outcome("A::missed", "a difference")]
    assert runner.verdict(outcomes, {"A::missed": "why"}, names) == []
    assert runner.verdict(outcomes, {}, names) == ["A::missed does not match, and is not listed in misses.tsv"]
    both = {"A::missed": "why", "A::matched": "why"}
    assert runner.verdict(outcomes, both, names) == ["A::matched matches: take it out of misses.tsv"]
    unknown = {"A::missed": "why", "A::gone": "why"}
    assert runner.verdict(outcomes, unknown, names) == ["A::gone is listed in misses.tsv, but is not recorded"]


def test_an_operation_that_is_not_there_is_the_reason():
    assert outcome("A::a", "x", not_implemented={"put", "get"}).reason == "not implemented: get, put"
    assert outcome("A::a", "x").reason is None


def problems(recorded, **steps):
    recording = runner.Recording("A::a", datetime.date(2025, 11, 25), recorded)
    return runner.differences(recording, types.SimpleNamespace(steps=steps, elsewhere=set()), broken_off=False)


def test_every_recorded_step_must_be_taken_and_no_other():
    assert problems({"a": 1}, a=1) == []
    assert problems({"a": 1}) == ["a: no such step in the reconstruction"]
    assert problems({}, a=1) == ["a: not a recorded step"]


def test_the_status_counts_and_other_metadata_does_not():
    recorded = {"ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}}}
    assert problems({"a": recorded}, a={"ResponseMetadata": {"HTTPStatusCode": 200}}) == []
    assert problems({"a": recorded}, a={"ResponseMetadata": {"HTTPStatusCode": 201}})
    created = {"ResponseMetadata": {"HTTPStatusCode": 200}}
    assert problems({"a": {"CreateFunctionResponse": recorded}}, a={"CreateFunctionResponse": created}) == []


def test_every_recorded_scenario_has_a_reconstruction():
    assert runner.load_scenarios().keys() == runner.recordings().keys()
