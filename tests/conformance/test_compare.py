"""The comparison finds what differs, and nothing else."""

import datetime

import compare
import pytest

TODAY = datetime.date(2025, 11, 25)
ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def differ(*pairs, on=TODAY, known=None):
    """The paths at which the pairs of one scenario differ."""
    comparison = compare.Comparison(on, known)
    return [found.path for expected, actual in pairs for found in comparison.differences(expected, actual)]


def test_a_placeholder_is_one_value_throughout():
    assert differ(({"a": "<uuid:1>", "b": "<uuid:1>"}, {"a": ONE, "b": ONE})) == []
    assert differ(({"a": "<uuid:1>", "b": "<uuid:1>"}, {"a": ONE, "b": TWO})) == ["b"]
    assert differ(("<uuid:1>", ONE), ("x <uuid:1>", f"x {ONE}")) == []
    assert differ(("<uuid:1>", ONE), ({"m": "x <uuid:1>"}, {"m": f"x {TWO}"})) == ["m"]


def test_numbers_of_one_kind_are_different_values():
    assert differ(({"a": "<uuid:1>", "b": "<uuid:2>"}, {"a": ONE, "b": TWO})) == []
    assert differ(({"a": "<uuid:1>", "b": "<uuid:2>"}, {"a": ONE, "b": ONE})) == ["b"]
    assert differ(({"a": "<resource:1>/<resource:2>"}, {"a": "x/x"})) == ["a"]
    assert differ(({"a": "<resource:1>", "b": "<function-name:1>"}, {"a": "x", "b": "x"})) == []


def test_a_placeholder_within_a_text_keeps_the_text_around_it():
    arn = "arn:<partition>:lambda:<region>:111111111111:function:<function-name:1>"
    known = {"<partition>": "aws", "<region>": "us-east-1"}
    assert differ((arn, "arn:aws:lambda:us-east-1:111111111111:function:f"), known=known) == []
    assert differ(({"a": arn}, {"a": "arn:aws:lambda:eu-west-1:111111111111:function:f"}), known=known) == ["a"]
    assert differ(({"a": arn}, {"a": "arn:aws:lambda:us-east-1:111111111111:function:f:1"}), known=known) == ["a"]


def test_a_kind_has_a_form():
    assert differ(({"a": "<uuid:1>"}, {"a": "none"})) == ["a"]
    assert differ(({"a": "<code-sha256:1>"}, {"a": "A" * 43 + "="})) == []
    assert differ(({"a": "<code-size>", "b": "<code-size>"}, {"a": 1, "b": 2})) == []
    assert differ(({"a": "<min_unreserved_concurrency>"}, {"a": 100})) == []


def test_a_repeated_letter_is_counted():
    assert differ(("x<a:len(65)>y", "x" + "a" * 65 + "y")) == []
    assert differ(({"m": "<a:len(65)>"}, {"m": "a" * 64})) == ["m"]


@pytest.mark.parametrize("value", ["2026-01-02T03:04:05.678+0000", "2026-01-02T03:04:05Z"])
def test_dates_are_recognised(value):
    assert differ(({"a": "date"}, {"a": value})) == []


def test_a_date_is_no_other_text():
    assert differ(({"a": "date"}, {"a": "yesterday"})) == ["a"]
    assert differ(({"a": "datetime"}, {"a": datetime.datetime.now()})) == []


def test_members_too_many_and_too_few_are_found():
    assert sorted(differ(({"a": 1, "b": 2}, {"b": 2, "c": 3}))) == ["a", "c"]
    assert differ(([1, 2], [1])) == [""]
    assert differ(({"a": None}, {"a": None})) == []
    assert differ(({"a": None}, {"a": ""})) == ["a"]
    assert differ(({"a": True}, {"a": 1})) == ["a"]


def test_an_old_recording_does_not_forbid_what_was_added_later():
    actual = {"SnapStart": {"ApplyOn": "None"}}
    assert differ(({}, actual), on=datetime.date(2022, 9, 30)) == []
    assert differ(({}, actual)) == ["SnapStart"]
    assert differ(({"SnapStart": {}}, {"SnapStart": None}), on=datetime.date(2022, 9, 30)) == ["SnapStart"]


def test_a_document_in_a_text_is_read():
    assert differ(({"Policy": {"Id": "default"}}, {"Policy": '{"Id":"default"}'})) == []
    assert differ(({"Policy": {"Id": "default"}}, {"Policy": "{"})) == ["Policy"]
    assert differ(({"Policy": {"Id": "default"}}, {"Policy": '{"Id":"x"}'})) == ["Policy.Id"]


def test_what_was_measured_and_the_interpreters_own_lines_may_differ():
    report = "REPORT RequestId: r\tDuration: {} ms\tBilled Duration: {} ms\tMemory Size: {} MB\tMax Memory Used: {} MB\t\n"
    assert differ((report.format("3.01", 4, 128, 36), report.format("112.90", 113, 128, 9))) == []
    assert differ(({"m": report.format("3.01", 4, 128, 36)}, {"m": report.format("3.01", 4, 256, 36)})) == ["m"]
    frame = '  File "{}", line {}, in exec_module\n'
    for library in "<frozen importlib._bootstrap_external>", "/var/lang/lib/python3.13/importlib/__init__.py":
        assert differ((frame.format(library, 1027), frame.format(library, 1022))) == []
    library = "/var/lang/lib/python3.13/importlib/__init__.py", "/usr/lib/python3.11/importlib/__init__.py"
    assert differ((frame.format(library[0], 88), frame.format(library[1], 126))) == []
    own = "/var/task/handler.py"
    assert differ(({"m": frame.format(own, 1)}, {"m": frame.format(own, 2)})) == ["m"]


def test_a_revision_is_no_request_even_where_it_was_recorded_as_one():
    assert differ(({"RevisionId": "<request-id>", "id": "<request-id>"}, {"RevisionId": ONE, "id": TWO})) == []


def test_the_platform_has_several_addresses():
    assert differ(("169.254.100.1:9001", "127.0.0.1:9001"), ("169.254.100.1", "169.254.79.129")) == []
    assert differ(({"a": "169.254.100.1:9001"}, {"a": "127.0.0.1:9002"})) == ["a"]
    assert differ(({"a": "169.254.100.1"}, {"a": "10.0.0.1"})) == ["a"]


def test_a_trace_is_a_list_of_texts():
    assert differ(("<stack-trace>", ["at f", "at g"])) == []
    assert differ(({"a": "<stack-trace>"}, {"a": "at f"})) == ["a"]


def test_what_functions_see_here_alone_is_no_difference():
    recorded = {"environment": {"TZ": ":UTC"}}
    seen = {"TZ": ":UTC", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
    assert differ((recorded, {"environment": seen})) == []
    assert differ((recorded, {"environment": seen | {"AWS_ENDPOINT_URL": "http://elsewhere"}})) == ["environment.AWS_ENDPOINT_URL"]
    assert differ((recorded, {"environment": seen | {"OTHER": "1"}})) == ["environment.OTHER"]
    assert differ(({}, seen)) != [], "it has its place"
