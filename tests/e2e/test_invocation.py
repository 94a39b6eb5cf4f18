"""Invocations: how they end, what the caller and the log get, how environments are reused and replaced."""

import base64
import concurrent.futures
import re

import botocore.exceptions
import pytest

from kit import host
from kit.eventually import eventually

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
START = rf"START RequestId: (?P<id>{UUID}) Version: \$LATEST\n"
END = rf"END RequestId: {UUID}\n"
REPORT = (
    rf"REPORT RequestId: {UUID}\tDuration: (?P<duration>[\d.]+) ms\tBilled Duration: (?P<billed>\d+) ms\t"
    r"Memory Size: (?P<size>\d+) MB\t(Max Memory Used: (?P<peak>\d+) MB\t)?(Init Duration: (?P<init>[\d.]+) ms\t)?\n"
)
# Answers what the event tells it to, and how often it was asked: an environment's memory outlives its invocations.
COUNTER = """
import os, time
calls = 0
def handler(event, context):
    global calls
    calls += 1
    time.sleep(event.get("sleep", 0) if event else 0)
    return {"calls": calls, "env": os.environ.get("COLOUR")}
"""


def exit_error(answer, how):
    return {"errorType": "Runtime.ExitError", "errorMessage": f"RequestId: {answer.request_id} Error: {how}"}


def test_the_log_tail_has_start_end_and_report_lines(python):
    function = python("def handler(event, context): print('working')\n", MemorySize=256)
    first = function.invoke()
    found = re.fullmatch(f"{START}working\n{END}{REPORT}", first.log)
    assert found, first.log
    assert found["id"] == first.request_id and found["size"] == "256"
    assert float(found["init"]) > 0
    assert int(found["billed"]) >= float(found["duration"])
    second = function.invoke()
    found = re.fullmatch(f"{START}working\n{END}{REPORT}", second.log)
    assert found and found["init"] is None, second.log
    assert function.invoke(LogType="None").log is None


def test_the_log_tail_is_the_last_four_kilobytes(python):
    log = python("def handler(event, context): print('x' * 10000)\n").invoke().log
    assert len(log.encode()) == 4096 and log.startswith("xxx") and "REPORT RequestId" in log


def test_the_report_tells_the_true_duration(python):
    log = python("import time\ndef handler(event, context): time.sleep(0.25)\n").invoke().log
    assert 250 <= float(re.search(r"\tDuration: ([\d.]+) ms", log)[1]) < 1000


def test_the_executed_version_and_a_request_id_come_back(python):
    answer = python("def handler(event, context): return context.aws_request_id\n").invoke()
    assert answer.version == "$LATEST"
    assert re.fullmatch(UUID, answer.request_id) and answer.value == answer.request_id


def test_an_environment_is_warm_after_its_first_invocation(python):
    function = python(COUNTER)
    assert [function.invoke().value["calls"] for _ in range(4)] == [1, 2, 3, 4]


def test_an_empty_payload_is_an_empty_object(python):
    function = python("def handler(event, context): return event\n")
    assert function.invoke(raw=b"").body == b"{}"


def test_a_timeout_says_so_and_the_next_invocation_starts_anew(python):
    function = python(COUNTER, Timeout=1)
    assert function.invoke().value["calls"] == 1
    late = function.invoke({"sleep": 30})
    assert late.error == "Unhandled" and late.status == 200
    assert late.value == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {late.request_id} Error: Task timed out after 1.00 seconds",
    }
    assert re.search(rf"Z {late.request_id} Task timed out after 1\.00 seconds\n\n", late.log)
    assert "Status: timeout" in late.log
    assert function.invoke().value["calls"] == 1


@pytest.mark.parametrize(
    ("statement", "how"),
    [
        ("sys.exit(0)", "Runtime exited without providing a reason"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os._exit(1)", "Runtime exited with error: exit status 1"),
        ("os.kill(os.getpid(), 11)", "Runtime exited with error: signal: segmentation fault"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
    ],
)
def test_a_process_that_ends_is_an_exit_error(python, statement, how):
    function = python(f"import os, sys\ndef handler(event, context):\n    if event: {statement}\n    return 'well'\n")
    assert function.invoke().value == "well"
    answer = function.invoke({"end": True})
    assert answer.error == "Unhandled" and answer.value == exit_error(answer, how)
    assert function.invoke().value == "well"


def test_a_process_that_ends_while_loading_is_an_exit_error(python):
    answer = python("import os\nos._exit(1)\n").invoke()
    assert answer.error == "Unhandled"
    assert answer.value == exit_error(answer, "Runtime exited with error: exit status 1")


def test_memory_beyond_the_limit_is_killed(python):
    host.need_enforced("memory limit")
    function = python("def handler(event, context):\n    return len(bytearray((event or {}).get('mb', 0) << 20))\n", MemorySize=128)
    assert function.invoke({"mb": 20}).value == 20 << 20
    answer = function.invoke({"mb": 400})
    assert answer.error == "Unhandled"
    assert answer.value == exit_error(answer, "Runtime exited with error: signal: killed")
    assert "Status: error\tError Type: Runtime.OutOfMemory" in answer.log
    assert "Max Memory Used: 128 MB" in answer.log
    assert function.invoke({"mb": 20}).value == 20 << 20


def test_a_response_beyond_six_megabytes_is_an_error(python):
    function = python("def handler(event, context): return 'x' * event['size']\n")
    assert len(function.invoke({"size": 6_291_554}).body) == 6_291_556
    answer = function.invoke({"size": 6_291_555})
    assert answer.error == "Unhandled"
    assert answer.value == {
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    assert function.invoke({"size": 1}).value == "x"


def test_a_payload_beyond_six_megabytes_is_refused(python, aws):
    function = python("def handler(event, context): return len(event)\n", MemorySize=512)
    assert function.invoke("x" * (6_291_456 - 2)).value == 6_291_456 - 2
    with pytest.raises(aws.exceptions.RequestTooLargeException) as refused:
        function.invoke("x" * 6_291_456)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


@pytest.mark.parametrize(
    ("payload", "fault"),
    [
        (
            b"n\x87r\x9e\xe9\xb5\xd7I\xee\x9bmt",
            "Invalid UTF-8 start byte 0x87\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); "
            "line: 1, column: 3]",
        ),
        (
            b"\x99\xeb,j\x07\xa1zYh",
            "Unexpected character ((CTRL-CHAR, code 153)): expected a valid value (JSON String, Number, Array, Object or token "
            "'null', 'true' or 'false')\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); "
            "line: 1, column: 1]",
        ),
    ],
    ids=["bad UTF-8", "no value"],
)
def test_a_payload_that_is_no_json_is_refused_in_awss_words(python, aws, payload, fault):
    function = python("def handler(event, context): return event\n")
    with pytest.raises(aws.exceptions.InvalidRequestContentException) as refused:
        function.invoke(raw=payload)
    assert refused.value.response["Error"]["Message"] == (
        f"Could not parse request body into json: Could not parse payload into json: {fault}"
    )
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_dry_run_runs_nothing(python):
    function = python(COUNTER)
    answer = function.client.invoke(FunctionName=function.name, InvocationType="DryRun")
    assert answer["StatusCode"] == 204 and answer["Payload"].read() == b""
    assert function.invoke().value["calls"] == 1


def test_an_event_runs_after_it_was_accepted(python, lambent):
    function = python("def handler(event, context): print('ran with', event['n'], context.aws_request_id)\n")
    request = function.send({"n": 5})
    eventually(lambda: f"ran with 5 {request}" in lambent.log(), what="the event's run")


def test_an_event_that_fails_is_tried_three_times(python, lambent):
    function = python("""
        def handler(event, context):
            print("trying", context.aws_request_id)
            raise Exception("not today")
    """)
    request = function.send({})
    tries = lambda: lambent.log().count(f"trying {request}")
    eventually(lambda: tries() == 3, 20, "the third try")
    eventually(lambda: lambent.health()["pendingEvents"] == 0, what="the end of the event")
    assert tries() == 3


def test_an_event_that_succeeds_is_run_once(python, lambent):
    function = python("def handler(event, context): print('only', context.aws_request_id)\n")
    requests = [function.send({"n": n}) for n in range(10)]
    for request in requests:
        eventually(lambda: f"only {request}" in lambent.log(), what="the event's run")
    eventually(lambda: lambent.health()["pendingEvents"] == 0, what="the end of all events")
    assert [lambent.log().count(f"only {request}") for request in requests] == [1] * 10


def test_new_code_replaces_warm_environments(python):
    function = python(COUNTER)
    assert [function.invoke().value["calls"] for _ in range(2)] == [1, 2]
    function.update_code({"function.py": "def handler(event, context): return 'new'\n"})
    assert function.invoke().value == "new"


def test_new_configuration_replaces_warm_environments(python):
    function = python(COUNTER, Environment={"Variables": {"COLOUR": "red"}})
    assert function.invoke().value["env"] == "red"
    function.configure(Environment={"Variables": {"COLOUR": "blue"}})
    answer = function.invoke().value
    assert (answer["env"], answer["calls"]) == ("blue", 1)


def test_a_call_in_flight_finishes_on_the_code_it_began_with(python):
    function = python("import time\ndef handler(event, context):\n    time.sleep(event.get('sleep', 0))\n    return 'old'\n", Timeout=20)
    function.invoke()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        in_flight = pool.submit(function.invoke, {"sleep": 1.5})
        function.update_code({"function.py": "def handler(event, context): return 'new'\n"})
        assert function.invoke().value == "new"
        assert not in_flight.done()
        assert in_flight.result().value == "old"


def test_updates_never_disturb_callers(python):
    function = python("def handler(event, context): return 0\n")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for number in range(1, 6):
            calls = [pool.submit(function.invoke) for _ in range(4)]
            function.update_code({"function.py": f"def handler(event, context): return {number}\n"})
            assert function.invoke().value == number
            assert {call.result().value for call in calls} <= {number - 1, number}


def test_twenty_callers_at_once_are_each_answered(python):
    function = python("import time\ndef handler(event, context):\n    time.sleep(0.2)\n    return event['n']\n", Timeout=60)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: function.invoke({"n": n}), range(20)))
    assert [answer.value for answer in answers] == list(range(20))
    assert [answer.error for answer in answers] == [None] * 20


def test_an_environment_serves_one_invocation_at_a_time(python):
    function = python("""
        import time
        busy = False
        def handler(event, context):
            global busy
            met, busy = busy, True
            time.sleep(0.1)
            busy = False
            return met
    """, Timeout=60)  # fmt: skip
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: function.invoke().value, range(24)))
    assert answers == [False] * 24


def test_the_client_context_reaches_the_function(python):
    function = python("def handler(event, context): return context.client_context.custom\n")
    context = base64.b64encode(b'{"custom": {"colour": "green"}}').decode()
    assert function.invoke(ClientContext=context).value == {"colour": "green"}


def test_an_unknown_function_or_version_is_not_found(aws, python):
    with pytest.raises(aws.exceptions.ResourceNotFoundException) as refused:
        aws.invoke(FunctionName="nobody")
    arn = "arn:aws:lambda:us-east-1:000000000000:function:nobody"
    assert refused.value.response["Error"]["Message"] == f"Function not found: {arn}:$LATEST"
    function = python("def handler(event, context): pass\n")
    with pytest.raises(aws.exceptions.ResourceNotFoundException):
        function.invoke(Qualifier="7")


def test_a_caller_that_goes_away_disturbs_nobody(python, lambent):
    function = python("import time\ndef handler(event, context):\n    time.sleep(event.get('sleep', 0))\n    return 'well'\n", Timeout=5)
    impatient = lambent.client(read_timeout=0.3)
    with pytest.raises(botocore.exceptions.ReadTimeoutError):
        impatient.invoke(FunctionName=function.name, Payload=b'{"sleep": 1}')
    assert function.invoke().value == "well"
