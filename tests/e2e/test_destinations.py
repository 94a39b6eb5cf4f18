"""What is told of the end of an asynchronous event, to functions that keep what they are told in their log."""

import json

from kit.eventually import eventually

TELLING = """
    import json
    def handler(event, context):
        print("TOLD", json.dumps({"event": event, "id": context.aws_request_id}))
"""
WORKING = """
    def handler(event, context):
        if event.get("fail"):
            raise RuntimeError("on purpose")
        return {"got": event}
"""


def told(lambent, wanted):
    """What listeners were told about an event of which `wanted` is true."""
    lines = (line.partition("TOLD ")[2] for line in lambent.log().splitlines() if "TOLD {" in line)
    return [each for each in map(json.loads, lines) if wanted(each["event"])]


def about(request_id):
    return lambda event: event.get("requestContext", {}).get("requestId") == request_id


def the_one(lambent, request_id):
    found = eventually(lambda: told(lambent, about(request_id)), 60, "the record of the event")
    assert len(found) == 1
    return found[0]["event"]


def set_destinations(aws, function, **to):
    config = {name: {"Destination": target.configuration()["FunctionArn"]} for name, target in to.items()}
    aws.put_function_event_invoke_config(FunctionName=function.name, MaximumRetryAttempts=1, DestinationConfig=config)


def test_success_and_failure_are_told_as_aws_tells_them(aws, python, lambent):
    working, good, bad = python(WORKING), python(TELLING), python(TELLING)
    set_destinations(aws, working, OnSuccess=good, OnFailure=bad)
    arn = working.configuration()["FunctionArn"]

    request_id = working.send({"n": 1})
    record = the_one(lambent, request_id)
    assert record.pop("timestamp").endswith("Z")
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": request_id, "functionArn": f"{arn}:$LATEST", "condition": "Success", "approximateInvokeCount": 1,
        },
        "requestPayload": {"n": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": {"got": {"n": 1}},
    }  # fmt: skip

    request_id = working.send({"fail": True})
    record = the_one(lambent, request_id)
    context = record["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("RetriesExhausted", 2)
    assert record["requestPayload"] == {"fail": True}
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert record["responsePayload"]["errorMessage"] == "on purpose"


def test_the_record_of_an_event_that_never_ran(aws, python, lambent):
    working, bad = python(WORKING), python(TELLING)
    set_destinations(aws, working, OnFailure=bad)
    aws.put_function_concurrency(FunctionName=working.name, ReservedConcurrentExecutions=0)
    record = the_one(lambent, working.send({}))
    context = record["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("ZeroReservedConcurrency", 0)
    assert set(record) == {"version", "timestamp", "requestContext", "requestPayload"}


def test_an_alias_has_destinations_of_its_own(aws, python, lambent):
    working, good = python(WORKING), python(TELLING)
    version = aws.publish_version(FunctionName=working.name)["Version"]
    aws.create_alias(FunctionName=working.name, Name="live", FunctionVersion=version)
    aws.put_function_event_invoke_config(
        FunctionName=working.name, Qualifier="live",
        DestinationConfig={"OnSuccess": {"Destination": good.configuration()["FunctionArn"]}},
    )  # fmt: skip
    unqualified = working.send({"n": 1})
    answer = aws.invoke(FunctionName=working.name, Qualifier="live", InvocationType="Event", Payload=b"{}")
    record = the_one(lambent, answer["ResponseMetadata"]["RequestId"])
    assert record["requestContext"]["functionArn"].endswith(f":{working.name}:live")
    assert record["responseContext"]["executedVersion"] == version
    assert told(lambent, about(unqualified)) == []


def passing_on(kind):
    """Calls itself over the wire as an SDK does: with the trace header that it was given. The SDK itself need not be there."""
    return f"""
    import json, os, urllib.error, urllib.request
    def handler(event, context):
        print("LOOP", event["name"], event["n"])
        if event["n"] >= 40:
            return
        request = urllib.request.Request(
            os.environ["AWS_ENDPOINT_URL"] + "/2015-03-31/functions/" + context.function_name + "/invocations",
            data=json.dumps({{**event, "n": event["n"] + 1}}).encode(),
            headers={{
                "X-Amz-Invocation-Type": "{kind}", "X-Amzn-Trace-Id": os.environ["_X_AMZN_TRACE_ID"],
                "Authorization": "AWS4-HMAC-SHA256 Credential=" + os.environ["AWS_ACCESS_KEY_ID"]
                    + "/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + "0" * 64,
            }})
        try:
            with urllib.request.urlopen(request) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return {{"status": error.code, "type": error.headers["X-Amzn-ErrorType"], "body": error.read().decode()}}
    """


def loops(lambent, name):
    return lambent.log().count(f"LOOP {name} ")


def test_a_loop_of_events_is_stopped_and_told(aws, python, lambent):
    function, bad = python(passing_on("Event")), python(TELLING)
    set_destinations(aws, function, OnFailure=bad)
    function.send({"name": function.name, "n": 1})
    of_this = lambda event: event.get("requestPayload", {}).get("name") == function.name
    record = eventually(lambda: told(lambent, of_this), 60, "the record of the stopped event")[0]["event"]
    assert record["requestPayload"]["n"] == 17
    assert record["requestContext"]["condition"] == "RecursiveInvocation"
    eventually(lambda: loops(lambent, function.name) >= 16, 20, "the calls in the log")
    assert loops(lambent, function.name) == 16


def test_a_loop_of_calls_is_refused_unless_it_is_allowed(aws, python, lambent):
    function = python(passing_on("RequestResponse"), Timeout=60)
    answer = function.invoke({"name": function.name, "n": 1})
    assert answer.value["status"] == 400 and answer.value["type"] == "RecursiveInvocationException", answer
    assert "recursive loop" in answer.value["body"]
    eventually(lambda: loops(lambent, function.name) >= 16, 20, "the calls in the log")
    assert loops(lambent, function.name) == 16
    aws.put_function_recursion_config(FunctionName=function.name, RecursiveLoop="Allow")
    assert function.invoke({"name": function.name, "n": 21}).value is None
    eventually(lambda: loops(lambent, function.name) >= 16 + 20, 20, "the calls in the log")
    assert loops(lambent, function.name) == 16 + 20
