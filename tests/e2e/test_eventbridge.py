"""EventBridge: events that meet rules, and rules on a schedule, reach functions, queues and topics."""

import json
import subprocess
import sys
import time
import uuid
from datetime import datetime

import pytest
from botocore.exceptions import ClientError
from kit.eventually import eventually
from kit.server import environment

@pytest.fixture(scope="session")
def events(lambent):
    return lambent.client(service="events")


@pytest.fixture(scope="session")
def sqs(lambent):
    return lambent.client(service="sqs")


@pytest.fixture
def rule(events):
    """`rule(pattern, Arn=…)` makes a rule with a target; both are gone after the test."""
    made = []

    def make(pattern, **target):
        name = f"rule-{uuid.uuid4().hex[:8]}"
        arn = events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
        made.append(name)
        events.put_targets(Rule=name, Targets=[{"Id": "1", **target}])
        return name, arn

    yield make
    for name in made:
        events.remove_targets(Rule=name, Ids=["1"])
        events.delete_rule(Name=name)


def arn_of(function):
    return f"arn:aws:lambda:us-east-1:000000000000:function:{function.name}"


def queue(sqs):
    """A queue that lets rules send."""
    url = sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})})
    return url, arn


def message(sqs, url, within=20):
    found = []

    def look():
        found.extend(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MessageAttributeNames=["All"]).get("Messages", []))
        return found

    eventually(look, within, "a message")
    sqs.delete_message(QueueUrl=url, ReceiptHandle=found[0]["ReceiptHandle"])
    return found[0]


def received(sqs, url):
    return message(sqs, url)["Body"]


def put(events, source, detail, **more):
    answer = events.put_events(Entries=[{"Source": source, "DetailType": "Order", "Detail": json.dumps(detail), **more}])
    assert answer["FailedEntryCount"] == 0, answer
    return answer["Entries"][0]["EventId"]


def test_an_event_that_meets_a_rule_reaches_a_queue(events, sqs, rule):
    url, arn = queue(sqs)
    name, _ = rule({"source": ["shop"], "detail": {"total": [{"numeric": [">=", 10]}]}}, Arn=arn)
    put(events, "shop", {"total": 9})
    wanted = put(events, "shop", {"total": 10}, Resources=["arn:aws:s3:::bucket"])
    body = json.loads(received(sqs, url))
    assert body["id"] == wanted and body["detail"] == {"total": 10} and body["detail-type"] == "Order"
    assert body["resources"] == ["arn:aws:s3:::bucket"] and body["region"] == "us-east-1" and body["version"] == "0"
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    assert events.describe_rule(Name=name)["State"] == "ENABLED"


def test_a_function_is_invoked_if_its_policy_lets_the_rule(aws, lambent, events, rule, python):
    function = python("import json\n\ndef handler(event, context): print('got', json.dumps(event))")
    _, arn = rule({"detail-type": ["Order"], "source": ["till"]}, Arn=arn_of(function))
    aws.add_permission(
        FunctionName=function.name, StatementId="rule", Action="lambda:InvokeFunction", Principal="events.amazonaws.com", SourceArn=arn
    )
    logs = lambent.client(service="logs")
    put(events, "till", {"n": 1})

    def line():
        try:
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{function.name}", filterPattern="got")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return None
        return found and found[0]["message"]

    eventually(line, 20, "the function's line")
    assert json.loads(line().removeprefix("got "))["detail"] == {"n": 1}


def test_targets_get_what_they_ask_for(events, sqs, rule):
    url, arn = queue(sqs)
    transformer = {"InputPathsMap": {"n": "$.detail.n", "who": "$.detail.who"}, "InputTemplate": '{"text": "<who> has <n>", "n": <n>}'}
    rule({"source": ["made"]}, Arn=arn, InputTransformer=transformer)
    put(events, "made", {"n": 3, "who": 'a "b"'})
    assert json.loads(received(sqs, url)) == {"text": 'a "b" has 3', "n": 3}


def letter(sqs, url):
    """What a dead letter says: its body and its attributes."""
    found = message(sqs, url)
    attributes = found["MessageAttributes"]
    assert {attribute["DataType"] for attribute in attributes.values()} == {"String"}
    return json.loads(found["Body"]), {name: attribute["StringValue"] for name, attribute in attributes.items()}


def test_what_a_target_does_not_take_goes_to_its_dead_letter_queue(events, sqs, rule, python):
    dead, dead_arn = queue(sqs)
    function = python("def handler(event, context): pass")
    _, arn = rule({"source": ["dead"]}, Arn=arn_of(function), Input='{"other": 1}', DeadLetterConfig={"Arn": dead_arn})
    put(events, "dead", {"n": 1})
    body, said = letter(sqs, dead)
    # The event itself, although the target would have got another text.
    assert body["detail"] == {"n": 1} and body["source"] == "dead"
    assert "does not let events.amazonaws.com invoke it" in said.pop("ERROR_MESSAGE")
    assert said == {"RULE_ARN": arn, "TARGET_ARN": arn_of(function), "ERROR_CODE": "NO_PERMISSIONS", "RETRY_ATTEMPTS": "0"}

    gone, gone_arn = queue(sqs)
    rule({"source": ["gone"]}, Arn=gone_arn, DeadLetterConfig={"Arn": dead_arn})
    sqs.delete_queue(QueueUrl=gone)
    put(events, "gone", {"n": 2})
    body, said = letter(sqs, dead)
    assert body["detail"] == {"n": 2} and said["ERROR_CODE"] == "NO_RESOURCE" and said["TARGET_ARN"] == gone_arn


def test_a_retry_policy_is_kept_and_bounded(events, sqs, rule):
    _, arn = queue(sqs)
    policy = {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
    name, _ = rule({"source": ["kept"]}, Arn=arn, RetryPolicy=policy, DeadLetterConfig={"Arn": arn})
    (target,) = events.list_targets_by_rule(Rule=name)["Targets"]
    assert target["RetryPolicy"] == policy and target["DeadLetterConfig"] == {"Arn": arn}
    for wrong in (
        {"RetryPolicy": {"MaximumRetryAttempts": 186}},
        {"RetryPolicy": {"MaximumEventAgeInSeconds": 86401}},
        {"DeadLetterConfig": {"Arn": "arn:aws:sns:us-east-1:000000000000:topic"}},
        {"DeadLetterConfig": {"Arn": arn + ".fifo"}},
    ):
        with pytest.raises(ClientError) as refused:
            events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn, **wrong}])
        assert refused.value.response["Error"]["Code"] == "ValidationException", wrong


def test_a_rule_on_a_schedule_comes_again_and_again(fresh_lambent):
    server = fresh_lambent("--event-time-scale", "60")
    events, sqs = server.client(service="events"), server.client(service="sqs")
    url, arn = queue(sqs)
    # A minute is a second here.
    rule = events.put_rule(Name="r", ScheduleExpression="rate(1 minute)")["RuleArn"]
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": arn}])
    first, second = json.loads(received(sqs, url)), json.loads(received(sqs, url))
    assert first["source"] == "aws.events" and first["detail-type"] == "Scheduled Event" and first["resources"] == [rule]
    assert first["id"] != second["id"]
    server.restart()
    events, sqs = server.client(service="events"), server.client(service="sqs")
    assert json.loads(received(sqs, url))["resources"] == [rule]
    events.disable_rule(Name="r")
    eventually(lambda: "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=3), 30, "quiet")


def test_what_was_due_while_no_server_ran_comes_once(fresh_lambent):
    server = fresh_lambent("--event-time-scale", "60")
    events, sqs = server.client(service="events"), server.client(service="sqs")
    url, arn = queue(sqs)
    # A minute is a second here.
    events.put_rule(Name="r", ScheduleExpression="rate(4 minutes)")
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": arn}])
    server.stop()
    stopped = time.monotonic()
    eventually(lambda: time.monotonic() - stopped > 10, 60, "two moments")
    back = time.time()
    server.start()
    sqs = server.client(service="sqs")
    due = [datetime.fromisoformat(json.loads(received(sqs, url))["time"]).timestamp() for _ in range(2)]
    # The last moment that was missed, and the next in its time; moments are told in whole seconds.
    assert back - 5 <= due[0] and 3 <= due[1] - due[0] <= 5
    assert len([moment for moment in due if moment < back - 1]) <= 1


def test_a_destination_may_be_a_bus(aws, events, sqs, rule, python):
    url, arn = queue(sqs)
    function = python("def handler(event, context): return {'answer': event}")
    rule({"source": ["lambda"], "resources": [{"prefix": arn_of(function)}]}, Arn=arn)
    bus = events.describe_event_bus()["Arn"]
    aws.put_function_event_invoke_config(FunctionName=function.name, DestinationConfig={"OnSuccess": {"Destination": bus}})
    function.invoke({"n": 1}, InvocationType="Event")
    body = json.loads(received(sqs, url))
    assert body["detail-type"] == "Lambda Function Invocation Result - Success"
    assert body["detail"]["responsePayload"] == {"answer": {"n": 1}}


def test_what_is_wrong_is_refused(events):
    def refusal(call, **arguments):
        with pytest.raises(ClientError) as refused:
            call(**arguments)
        return refused.value.response["Error"]["Code"]

    assert refusal(events.put_rule, Name="r", EventPattern="{") == "InvalidEventPatternException"
    assert refusal(events.put_rule, Name="r", ScheduleExpression="rate(1 minutes)") == "ValidationException"
    assert refusal(events.put_rule, Name="r y", ScheduleExpression="rate(1 day)") == "ValidationException"
    assert refusal(events.describe_rule, Name="absent") == "ResourceNotFoundException"
    assert refusal(events.put_targets, Rule="absent", Targets=[{"Id": "1", "Arn": "arn:aws:sqs:r:1:q"}]) == "ResourceNotFoundException"
    answer = events.put_events(Entries=[{"Source": "aws.s3", "DetailType": "t", "Detail": "{}"}, {"Source": "s", "DetailType": "t", "Detail": "x"}])
    assert [entry["ErrorCode"] for entry in answer["Entries"]] == ["NotAuthorizedForSourceException", "MalformedDetail"]


def test_the_guides_scheduled_events_by_the_command_line(lambent, python):
    function = python("def handler(event, context): return 1")

    def cli(*arguments):
        settings = environment() | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1"}
        command = [sys.executable, "-m", "awscli", "--endpoint-url", lambent.url, "--output", "json", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=settings, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    rule = cli("events", "put-rule", "--name", "my-scheduled-rule", "--schedule-expression", "rate(5 minutes)")["RuleArn"]
    cli(
        "lambda", "add-permission", "--function-name", function.name, "--statement-id", "my-scheduled-event",
        "--action", "lambda:InvokeFunction", "--principal", "events.amazonaws.com", "--source-arn", rule,
    )  # fmt: skip
    cli("events", "put-targets", "--rule", "my-scheduled-rule", "--targets", f"Id=1,Arn={arn_of(function)}")
    assert cli("events", "list-targets-by-rule", "--rule", "my-scheduled-rule")["Targets"] == [{"Id": "1", "Arn": arn_of(function)}]
    assert "my-scheduled-rule" in [each["Name"] for each in cli("events", "list-rules")["Rules"]]
    assert cli("events", "list-rule-names-by-target", "--target-arn", arn_of(function))["RuleNames"] == ["my-scheduled-rule"]
    cli("events", "remove-targets", "--rule", "my-scheduled-rule", "--ids", "1")
    cli("events", "delete-rule", "--name", "my-scheduled-rule")
