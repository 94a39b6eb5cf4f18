"""After a timeout, a crash or an exhausted memory the environment stays and its processes are new (AWS: failures during the invoke phase)."""

import re
import threading

import pytest
from test_extensions import WATCHER, accompanied, lines, script, server  # noqa: F401: fixtures

from kit import host
from kit.eventually import eventually
from kit.processes import command_line, everyone

# Fails as the event says; otherwise tells what is found of earlier invocations.
FRAGILE = """
    import json, os, signal, subprocess, sys, time, uuid
    instance = str(uuid.uuid4())
    if os.path.exists("/tmp/slow"):
        time.sleep(float(open("/tmp/slow").read()))
    if os.path.exists("/tmp/broken"):
        raise RuntimeError("broken by /tmp")
    def handler(event, context):
        for name, content in event.get("files", {}).items():
            open("/tmp/" + name, "w").write(content)
        if event.get("child"):
            subprocess.Popen(["sleep", event["child"]], start_new_session=True)
        how = event.get("fail")
        if how == "timeout":
            time.sleep(60)
        if how == "exit":
            os._exit(event.get("status", 1))
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "memory":
            held = bytearray(1 << 30)
        time.sleep(event.get("sleep", 0))
        files = {name: open("/tmp/" + name).read() for name in os.listdir("/tmp")}
        return {"instance": instance, "stream": context.log_stream_name, "files": files,
                "left": context.get_remaining_time_in_millis()}
"""


def reported(answer, what):
    return float(re.search(rf"\t{what}: ([0-9.]+) ms", answer.log)[1])


@pytest.mark.parametrize("fail", ["timeout", "exit", "kill", "memory"])
def test_files_and_log_stream_stay_and_the_process_is_new(python, fail):
    if fail == "memory":
        host.need_enforced("memory")
    function = python(FRAGILE, Timeout=2)
    before = function.invoke({"files": {"kept": "from before"}}).value
    failed = function.invoke({"fail": fail, "files": {"late": "written by the one that failed"}})
    kind = {"timeout": "Sandbox.Timedout"}.get(fail, "Runtime.ExitError")
    assert (failed.error, failed.value["errorType"]) == ("Unhandled", kind)
    after = function.invoke()
    assert after.error is None
    assert after.value["files"] == {"kept": "from before", "late": "written by the one that failed"}
    assert after.value["stream"] == before["stream"]
    assert after.value["instance"] != before["instance"]
    # And from here on it is an environment like any other.
    again = function.invoke()
    assert again.value["instance"] == after.value["instance"]


def test_the_new_start_is_part_of_the_invocation(python):
    function = python(FRAGILE, Timeout=3)
    first = function.invoke({"files": {"slow": "0.5"}})
    assert "Init Duration" in first.log
    assert function.invoke({"fail": "exit"}).error
    answer = function.invoke()
    assert answer.log.startswith(f"START RequestId: {answer.request_id} Version: $LATEST\n")
    assert "Init Duration" not in answer.log and "INIT_" not in answer.log
    assert reported(answer, "Duration") >= 500 and reported(answer, "Billed Duration") >= 500
    assert answer.value["left"] <= 2_500
    assert reported(function.invoke(), "Duration") < 500
    # What both take together is too long.
    assert function.invoke({"fail": "exit", "files": {"slow": "2"}}).error
    late = function.invoke({"sleep": 2})
    assert late.value["errorMessage"].endswith("Task timed out after 3.00 seconds")
    assert reported(late, "Duration") < 3_900


def test_a_start_that_takes_too_long_is_a_timeout(python):
    function = python(FRAGILE, Timeout=1)
    assert function.invoke({"fail": "exit", "files": {"slow": "30"}}).error
    late = function.invoke()
    assert late.value["errorType"] == "Sandbox.Timedout"
    assert "Phase: invoke\tStatus: timeout" in late.log


def test_children_end_with_their_runtime(python):
    function = python(FRAGILE)
    assert function.invoke({"fail": "exit", "child": "7411"}).error
    eventually(lambda: ["sleep", "7411"] not in map(command_line, everyone()), what="the child's end")
    assert function.invoke().error is None


def test_an_environment_that_cannot_recover_is_given_up(python):
    function = python(FRAGILE)
    assert function.invoke({"fail": "exit", "files": {"broken": ""}}).error
    for _ in range(2):
        answer = function.invoke()
        assert answer.value["errorMessage"] == "broken by /tmp"
    assert function.invoke().value["files"] == {}
    # A success in between forgives.
    for _ in range(4):
        assert function.invoke({"fail": "exit", "files": {"kept": ""}}).error
        assert function.invoke().value["files"] == {"kept": ""}


def test_memory_that_tmp_holds_is_not_held_for_ever(python):
    host.need_enforced("memory")
    function = python(
        """
        import os
        def handler(event, context):
            if not event:
                with open("/tmp/full", "ab") as file:
                    while True:
                        file.write(bytes(1 << 16))
            return os.listdir("/tmp")
        """
    )
    assert function.invoke().error
    # There is room for a new process, or the environment is given up.
    answers = [function.invoke(True) for _ in range(4)]
    assert answers[-1].value in (["full"], [])


def test_an_update_replaces_what_was_reset(python):
    function = python(FRAGILE)
    stream = function.invoke({"files": {"old": ""}}).value["stream"]
    assert function.invoke({"fail": "exit"}).error
    function.configure(Description="new")
    answer = function.invoke().value
    assert answer["files"] == {} and answer["stream"] != stream


def test_many_fail_at_once(python):
    function = python(FRAGILE, Timeout=10)
    answers = []
    calls = [{"fail": "exit"}, {"sleep": 0.01}] * 40

    def some(mine):
        answers.extend((call, function.invoke(call)) for call in mine)

    threads = [threading.Thread(target=some, args=(calls[start::8],)) for start in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(answers) == len(calls)
    assert all(bool(answer.error) == ("fail" in call) for call, answer in answers)


@pytest.mark.parametrize("fail, reason", [("timeout", "timeout"), ("exit", "failure")])
def test_extensions_are_told_why_and_start_again(server, accompanied, fail, reason):  # noqa: F811
    function = accompanied({"watcher": script(WATCHER)}, FRAGILE, Timeout=2)
    stream = function.invoke({"files": {"kept": ""}}).value["stream"]
    assert function.invoke({"fail": fail}).error
    (end,) = eventually(lambda: lines(server, '"eventType": "SHUTDOWN"'), what="the end's event")
    assert f'"shutdownReason": "{reason}"' in end
    eventually(lambda: lines(server, "left "), what="the extension's last words")

    def same_environment():
        answer = function.invoke()
        return answer if answer.value["stream"] == stream else None

    # While the extension took its time, another environment may have been started.
    answer = eventually(same_environment, what="the first environment's next turn")
    assert answer.value["files"] == {"kept": ""}
    assert len(lines(server, "registered [200")) >= 2 or len(lines(server, "registered (200")) >= 2
    told = lambda: [line for line in lines(server, answer.request_id) if '"INVOKE"' in line]
    eventually(told, what="the extension's event")
