"""The developer guide's tutorials that lead from events to functions, command by command with the unmodified AWS CLI.

Each takes the guide's commands in the guide's order, with functions of our own. Names get a suffix, since tests share a server; what the
guide looks at in a console is asked for with `aws logs`, and `--cli-binary-format` is left out, which only version 2 of the CLI has.
"""

import json
import subprocess
import sys

import pytest

from kit import host
from kit.eventually import eventually
from kit.functions import a_name
from kit.server import environment
from kit.zips import package

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
BASIC = "AWSLambdaBasicExecutionRole"
ACCOUNT_A, ACCOUNT_B = "111111111111", "222222222222"


class Reader:
    """Somebody who follows the guide in a folder of their own: `reader("sqs", "create-queue", …)` is `aws sqs create-queue …`."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        profiles = {"default": "test", "accountA": ACCOUNT_A, "accountB": ACCOUNT_B}
        lines = (f"[{name}]\naws_access_key_id = {key}\naws_secret_access_key = secret\n" for name, key in profiles.items())
        self.write("credentials", "".join(lines))
        self.write("trust-policy.json", json.dumps(TRUST))

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def __call__(self, *arguments):
        settings = environment() | {
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "credentials"),
        }
        command = [sys.executable, "-m", "awscli", "--endpoint-url", self.server.url, "--output", "json", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, env=settings, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def role(self, policy, *profile):
        """The chapter on the execution role, which every tutorial begins with."""
        name = a_name("role")
        trust = ("--assume-role-policy-document", "file://trust-policy.json")
        made = self("iam", "create-role", "--role-name", name, *trust, *profile)["Role"]["Arn"]
        arn = f"arn:aws:iam::aws:policy/service-role/{policy}"
        self("iam", "attach-role-policy", "--role-name", name, "--policy-arn", arn, *profile)
        return made

    def function(self, name, code, role, *profile):
        (self.folder / "function.zip").write_bytes(package({"function.py": code}))
        made = self(
            "lambda", "create-function", "--function-name", name, "--zip-file", "fileb://function.zip", "--handler", "function.handler",
            "--runtime", host.newest("python"), "--role", role, "--timeout", "60", *profile,
        )  # fmt: skip
        self("lambda", "wait", "function-active-v2", "--function-name", name, *profile)
        return made["FunctionArn"]

    def sees(self, function, text, *profile):
        """A line of the function's log group, once it is there."""
        group = f"/aws/lambda/{function}"

        def look():
            groups = self("logs", "describe-log-groups", "--log-group-name-prefix", group, *profile)["logGroups"]
            if group not in [each["logGroupName"] for each in groups]:
                return None
            found = self("logs", "filter-log-events", "--log-group-name", group, "--filter-pattern", f'"{text}"', *profile)
            return [event["message"] for event in found["events"]]

        return eventually(look, 90, f"{text!r} in the log")[0]

    def queue(self, name):
        url = self("sqs", "create-queue", "--queue-name", name)["QueueUrl"]
        shown = self("sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", "QueueArn")
        return url, shown["Attributes"]["QueueArn"]

    def message(self, url):
        receive = ("sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "5", "--message-attribute-names", "All")
        return eventually(lambda: self(*receive), 120, "a message")["Messages"][0]


@pytest.fixture
def reader(lambent, tmp_path):
    return Reader(lambent, tmp_path)


def test_using_lambda_with_amazon_sqs(reader):
    name = a_name("ProcessSQSRecord")
    code = "def handler(event, context):\n    for record in event['Records']:\n        print('Processed message', record['body'])\n"
    function = reader.function(name, code, reader.role("AWSLambdaSQSQueueExecutionRole"))
    # The function is tried by hand first, with an event as a queue would send it.
    record = {
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d", "receiptHandle": "AQEB", "body": "by hand", "attributes": {},
        "messageAttributes": {}, "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:q", "awsRegion": "us-east-1",
    }  # fmt: skip
    reader.write("input.json", json.dumps({"Records": [record]}))
    asked = ("--payload", "file://input.json")
    assert reader("lambda", "invoke", "--function-name", name, *asked, "outputfile.txt")["StatusCode"] == 200
    url, queue = reader.queue(a_name("my-queue"))
    mapping = reader(
        "lambda", "create-event-source-mapping", "--function-name", name, "--batch-size", "10", "--event-source-arn", queue
    )
    listed = reader("lambda", "list-event-source-mappings", "--function-name", name, "--event-source-arn", queue)["EventSourceMappings"]
    assert [(each["UUID"], each["FunctionArn"]) for each in listed] == [(mapping["UUID"], function)]
    reader("sqs", "send-message", "--queue-url", url, "--message-body", "from the queue")
    assert "Processed message from the queue" in reader.sees(name, "from the queue")
    reader("lambda", "delete-event-source-mapping", "--uuid", mapping["UUID"])
    reader("lambda", "delete-function", "--function-name", name)
    reader("sqs", "delete-queue", "--queue-url", url)


def test_using_lambda_with_amazon_sns(reader):
    """The topic is one account's, and the function another's."""
    a, b = ("--profile", "accountA"), ("--profile", "accountB")
    name = a_name("Function-With-SNS")
    topic = reader("sns", "create-topic", "--name", a_name("sns-topic-for-lambda"), *a)["TopicArn"]
    code = "def handler(event, context):\n    for record in event['Records']:\n        print('Processed message', record['Sns']['Message'])\n"
    function = reader.function(name, code, reader.role(BASIC, *b), *b)
    assert reader("sts", "get-caller-identity", *b)["Account"] == ACCOUNT_B
    reader(
        "sns", "add-permission", "--label", "lambda-access", "--aws-account-id", ACCOUNT_B, "--topic-arn", topic,
        "--action-name", "Subscribe", "ListSubscriptionsByTopic", *a,
    )  # fmt: skip
    reader(
        "lambda", "add-permission", "--function-name", name, "--source-arn", topic, "--statement-id", "function-with-sns",
        "--action", "lambda:InvokeFunction", "--principal", "sns.amazonaws.com", *b,
    )  # fmt: skip
    subscribe = ("sns", "subscribe", "--protocol", "lambda", "--topic-arn", topic, "--notification-endpoint", function)
    subscription = reader(*subscribe, *b)["SubscriptionArn"]
    assert subscription.startswith(topic)
    listed = reader("sns", "list-subscriptions-by-topic", "--topic-arn", topic, *b)["Subscriptions"]
    assert [(each["Endpoint"], each["Owner"]) for each in listed] == [(function, ACCOUNT_B)]
    reader.write("message.txt", "hello from the other account")
    reader("sns", "publish", "--message", "file://message.txt", "--subject", "Test", "--topic-arn", topic, *a)
    assert "Processed message hello from the other account" in reader.sees(name, "hello from the other", *b)
    reader("sns", "unsubscribe", "--subscription-arn", subscription, *b)
    reader("lambda", "delete-function", "--function-name", name, *b)
    reader("sns", "delete-topic", "--topic-arn", topic, *a)


def test_using_lambda_with_scheduled_events(fresh_lambent, tmp_path):
    # A minute is a second here.
    reader = Reader(fresh_lambent("--event-time-scale", "60"), tmp_path)
    name = "scheduled"
    code = "def handler(event, context):\n    print('LogScheduledEvent', event['detail-type'], event['resources'][0])\n"
    function = reader.function(name, code, reader.role(BASIC))
    schedule = ("--name", "my-scheduled-rule", "--schedule-expression", "rate(1 minute)")
    rule = reader("events", "put-rule", *schedule)["RuleArn"]
    reader(
        "lambda", "add-permission", "--function-name", name, "--statement-id", "my-scheduled-event", "--action", "lambda:InvokeFunction",
        "--principal", "events.amazonaws.com", "--source-arn", rule,
    )  # fmt: skip
    reader.write("targets.json", json.dumps([{"Id": "1", "Arn": function}]))
    answer = reader("events", "put-targets", "--rule", "my-scheduled-rule", "--targets", "file://targets.json")
    assert answer["FailedEntryCount"] == 0
    assert f"LogScheduledEvent Scheduled Event {rule}" in reader.sees(name, "LogScheduledEvent")
    reader("events", "remove-targets", "--rule", "my-scheduled-rule", "--ids", "1")
    reader("events", "delete-rule", "--name", "my-scheduled-rule")


def test_asynchronous_invocation_its_errors_and_its_dead_letter_queue(fresh_lambent, tmp_path):
    # The minute before the first retry is a second here.
    reader = Reader(fresh_lambent("--event-time-scale", "60"), tmp_path)
    code = "def handler(event, context):\n    print('tried', event['key'])\n    raise RuntimeError('on purpose')\n"
    reader.function("my-function", code, reader.role("AWSLambdaSQSQueueExecutionRole"))
    dead, dead_arn = reader.queue("my-dead-letters")
    told, told_arn = reader.queue("my-destination")
    reader("lambda", "update-function-configuration", "--function-name", "my-function", "--dead-letter-config", f"TargetArn={dead_arn}")
    reader("lambda", "wait", "function-updated-v2", "--function-name", "my-function")
    reader(
        "lambda", "put-function-event-invoke-config", "--function-name", "my-function", "--maximum-event-age-in-seconds", "3600",
        "--maximum-retry-attempts", "1", "--destination-config", json.dumps({"OnFailure": {"Destination": told_arn}}),
    )  # fmt: skip
    asked = ("--invocation-type", "Event", "--payload", '{"key": "value"}')
    assert reader("lambda", "invoke", "--function-name", "my-function", *asked, "response.json") == {"StatusCode": 202}
    letter = reader.message(dead)
    assert json.loads(letter["Body"]) == {"key": "value"}
    said = {name: attribute["StringValue"] for name, attribute in letter["MessageAttributes"].items()}
    assert said.pop("RequestID") and said == {"ErrorCode": "200", "ErrorMessage": "on purpose"}
    record = json.loads(reader.message(told)["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
