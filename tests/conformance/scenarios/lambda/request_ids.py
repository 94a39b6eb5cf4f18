"""The id of a request, from its answer to the log."""

import json
import re

from scenario import scenarios_of

recorded = scenarios_of("lambda::TestRequestIdHandling")

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@recorded("test_request_id_format")
def form(s):
    # The scenario's own answers come without it.
    answer = s.clients.make(s.account, s.region, True).list_functions()
    found = answer["ResponseMetadata"]["RequestId"]
    s.check(re.fullmatch(UUID, found), found)


@recorded("test_request_id_invoke")
def synchronous(s):
    name = s.function("request_id.py", s.name(f"function-{s.account}"))
    answer = s.step("invoke_result", s.invoke(name))
    request_id = json.loads(answer["Payload"])
    lines = s.log_of(name, lambda log: any(line.startswith("REPORT") for line in log))
    s.step("log_entries", {"logs": [line.strip() for line in lines if request_id in line]})


@recorded("test_request_id_async_invoke_with_retry")
def asynchronous(s):
    name = s.function("request_id.py", s.name(f"function-{s.account}"))
    s.do.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    s.step("invoke_result", s.invoke(name, {"fail": True}, InvocationType="Event"))

    def ends(log):
        return [line for line in log if line.startswith("END")]

    s.step("end_messages", ends(s.log_of(name, lambda log: len(ends(log)) == 2)))
