"""Queues that are read for functions: what functions see, what fails and what becomes of it."""

import json

from scenario import archive, scenarios_of

TOP = "event_source_sqs"
FAILURES = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}


#: Scenarios of the file itself, and of its class.
recorded = scenarios_of(TOP)
of_class = scenarios_of(f"{TOP}::TestSQSEventSourceMapping")


def a_function(s, source="sqs_events.py", **parameters):
    """A function whose name, and so whose log, no other scenario has."""
    return s.function(source, s.name(f"function-{s.account}"), **parameters)


def printed(s, name, count=1):
    """What a function has printed, once it has printed so often."""
    lines = s.log_of(name, lambda log: sum(line.startswith("{") for line in log) >= count, within=40)
    return s.in_recorded_account([json.loads(line) for line in lines if line.startswith("{")])


def mapping(s, name, arn, **parameters):
    """A mapping that is read."""
    made = s.ask.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, **parameters)
    return made, enabled(s, made["UUID"])


def enabled(s, uuid):
    def found():
        answer = s.do.get_event_source_mapping(UUID=uuid)
        return answer if answer["State"] == "Enabled" else None

    return s.until(found)


def message(s, url, within=40, **parameters):
    """The first answer with a message."""

    def found():
        answer = s.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, **parameters)
        for each in answer.get("Messages", []):
            s.sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return answer if answer.get("Messages") else None

    return s.until(found, within)


def destination(s):
    """A queue that functions tell of what they saw."""
    url, arn = s.queue("destination")
    s.step("get_destination_queue_url", s.sqs.get_queue_url(QueueName=arn.rpartition(":")[2]))
    return url


def redrive(arn, receives):
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": str(receives)})}


def empty(s, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = s.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(map(int, counts.values())) == 0


# What fails.


@recorded("test_failing_lambda_retries_after_visibility_timeout")
def tried_again(s):
    told = destination(s)
    url, arn = s.queue(VisibilityTimeout="2")
    _, shown = mapping(s, a_function(s, "sqs_attempts.py"), arn, BatchSize=1)
    s.step("event_source_mapping", shown)
    s.sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"destination": told, "fail_attempts": 1}))
    s.step("first_attempt", message(s, told))
    s.step("second_attempt", message(s, told))
    s.until(lambda: empty(s, url))


@recorded("test_message_body_and_attributes_passed_correctly")
def with_attributes(s):
    told = destination(s)
    url, arn = s.queue()
    mapping(s, a_function(s, "sqs_attempts.py"), arn, BatchSize=1)
    s.sqs.send_message(
        QueueUrl=url,
        MessageBody=json.dumps({"destination": told, "fail_attempts": 0}),
        MessageAttributes={
            "Title": {"DataType": "String", "StringValue": "The Whistler"},
            "Author": {"DataType": "String", "StringValue": "John Grisham"},
            "WeeksOn": {"DataType": "Number", "StringValue": "6"},
        },
    )
    s.step("first_attempt", message(s, told))
    s.until(lambda: empty(s, url))


@recorded("test_redrive_policy_with_failing_lambda")
def poison(s):
    told = destination(s)
    dead, dead_arn = s.queue("dead")
    url, arn = s.queue(VisibilityTimeout="2", **redrive(dead_arn, 2))
    mapping(s, a_function(s, "sqs_attempts.py"), arn, BatchSize=1)
    s.sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"destination": told, "fail_attempts": 2}))
    s.step("first_attempt", message(s, told))
    s.step("second_attempt", message(s, told))
    s.step("dlq_response", message(s, dead))


@recorded("test_sqs_queue_as_lambda_dead_letter_queue")
def dead_letters_of_events(s):
    url, arn = s.queue("dead")
    name = s.name()
    made = s.fixture(name, Code=_raises(), DeadLetterConfig={"TargetArn": arn})
    s.step("lambda-response-dlq-config", made["CreateFunctionResponse"]["DeadLetterConfig"])
    s.do.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    s.invoke(name, {"raise_error": 1}, InvocationType="Event")
    s.step("messages", message(s, url, MessageAttributeNames=["All"]))


def _raises():
    text = "def handler(event, context):\n    raise Exception('Test exception (this is intentional)')\n"
    return {"ZipFile": archive({"handler.py": text})}


def reporting(s, suffix="", receives=2, result=None, **attributes):
    """A queue and its dead letters, and a function that reports what failed and tells of it."""
    told = destination(s)
    dead, dead_arn = s.queue("dead", suffix, **attributes)
    url, arn = s.queue("queue", suffix, VisibilityTimeout="5", **redrive(dead_arn, receives), **attributes)
    variables = {"DESTINATION": told} | ({"RESULT": result} if result else {})
    name = a_function(s, "sqs_failures.py", Environment={"Variables": variables})
    return told, url, arn, dead, name


@recorded("test_report_batch_item_failures")
def some_fail(s):
    told, url, arn, dead, name = reporting(s, ".fifo", FifoQueue="true")
    entries = [
        {
            "Id": f"message-{n}",
            "MessageBody": json.dumps({"message": n, "fail_attempts": fails}),
            "MessageGroupId": "1",
            "MessageDeduplicationId": f"dedup-{n}",
        }
        for n, fails in enumerate([0, 1, 1, 2], 1)
    ]
    s.step("send_message_batch", s.sqs.send_message_batch(QueueUrl=url, Entries=entries))
    made, _ = mapping(s, name, arn, **FAILURES)
    s.step("create_event_source_mapping", made)
    s.step("first_invocation", message(s, told))
    s.step("second_invocation", message(s, told))
    s.step("dlq_response", message(s, dead))


@recorded("test_report_batch_item_failures_on_lambda_error")
def all_fail(s):
    dead, dead_arn = s.queue("dead", ".fifo", FifoQueue="true")
    more = {"VisibilityTimeout": "2", "FifoQueue": "true"} | redrive(dead_arn, 1)
    url, arn = s.queue("queue", ".fifo", **more)
    for n, body in enumerate(["{not a json body", json.dumps({"message": 2, "fail_attempts": 0})]):
        s.sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="1", MessageDeduplicationId=f"d{n}")
    variables = {"DESTINATION": dead}
    mapping(s, a_function(s, "sqs_failures.py", Environment={"Variables": variables}), arn, **FAILURES)
    found = []
    s.until(lambda: found.extend(message(s, dead)["Messages"]) or len(found) == 2)
    s.step("dlq_messages", found)


@recorded("test_report_batch_item_failures_invalid_result_json_batch_fails")
def wrong_report(s):
    told, url, arn, dead, name = reporting(s, result='{"batchItemFailures": [{"foo": "notvalid"}]}')
    mapping(s, name, arn, **FAILURES)
    s.sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"message": 1, "fail_attempts": 0}))
    s.step("first_invocation", message(s, told))
    s.step("second_invocation", message(s, told))
    s.step("dlq_response", message(s, dead))


@recorded("test_report_batch_item_failures_empty_json_batch_succeeds")
def empty_report(s):
    told, url, arn, dead, name = reporting(s, receives=1, result="{}")
    mapping(s, name, arn, **FAILURES)
    s.sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"message": 1, "fail_attempts": 0}))
    s.step("first_invocation", message(s, told))
    s.until(lambda: empty(s, url))
    s.check(empty(s, dead), "the message is dead")


# Mappings.


@recorded("test_esm_with_not_existing_sqs_queue")
def no_queue(s):
    missing = s.arn("no-such-queue", service="sqs")
    s.step("error", s.ask.create_event_source_mapping(FunctionName=a_function(s), EventSourceArn=missing))


@recorded("test_fifo_message_group_parallelism")
def groups_side_by_side(s):
    url, arn = s.queue("queue", ".fifo", FifoQueue="true", VisibilityTimeout="60", ContentBasedDeduplication="true")
    name = a_function(s)
    made = s.ask.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, BatchSize=1, Enabled=False)
    s.step("create_esm_disabled", made)
    for n in range(8):
        s.sqs.send_message(QueueUrl=url, MessageBody=str(n), MessageGroupId=str(n % 2))
    s.step("update_esm_enabling", s.ask.update_event_source_mapping(UUID=made["UUID"], Enabled=True))
    s.step("get_esm_enabled", enabled(s, made["UUID"]))
    bodies = [int(event["Records"][0]["body"]) for event in printed(s, name, 8)]
    for group in 0, 1:
        s.check([n for n in bodies if n % 2 == group] == list(range(group, 8, 2)), bodies)


@of_class("test_event_source_mapping_default_batch_size")
def batch_sizes(s):
    (_, first), (_, second) = s.queue(), s.queue()
    name = a_function(s)
    made = s.ask.create_event_source_mapping(FunctionName=name, EventSourceArn=first)
    s.step("create-event-source-mapping", made)
    larger = s.ask.update_event_source_mapping(UUID=made["UUID"], BatchSize=15)
    s.step("invalid-update-event-source-mapping", larger)
    larger = s.ask.create_event_source_mapping(FunctionName=name, EventSourceArn=second, BatchSize=15)
    s.step("invalid-create-event-source-mapping", larger)


@of_class("test_duplicate_event_source_mappings")
def duplicate(s):
    (_, arn), name = s.queue(), a_function(s)
    s.step("create", mapping(s, name, arn)[0])
    s.step("error", s.ask.create_event_source_mapping(FunctionName=name, EventSourceArn=arn))


@of_class("test_sqs_event_source_mapping")
def events(s):
    (url, arn), name = s.queue(), a_function(s)
    made, _ = mapping(s, name, arn, MaximumBatchingWindowInSeconds=1)
    s.step("create-event-source-mapping-response", made)
    s.sqs.send_message(QueueUrl=url, MessageBody='{"foo": "bar"}')
    s.step("events", printed(s, name))


@of_class("test_sqs_event_source_mapping_update")
def another_version(s):
    url, arn = s.queue()
    name = a_function(s, Environment={"Variables": {"CUSTOM_VAR": "a"}})
    s.do.publish_version(FunctionName=name)
    made, _ = mapping(s, f"{name}:1", arn, MaximumBatchingWindowInSeconds=1)
    s.step("create-event-source-mapping-response", made)
    s.sqs.send_message(QueueUrl=url, MessageBody='{"foo": "bar"}')
    s.step("events", printed(s, name))
    s.do.update_function_configuration(FunctionName=name, Environment={"Variables": {"CUSTOM_VAR": "b"}})
    s.active(name)
    s.do.publish_version(FunctionName=name)
    updated = s.ask.update_event_source_mapping(UUID=made["UUID"], FunctionName=f"{name}:2")
    s.step("updated_esm", updated)
    s.step("updated_event_source_mapping", enabled(s, made["UUID"]))
    s.sqs.send_message(QueueUrl=url, MessageBody='{"foo": "bar2"}')
    s.step("events_postupdate", printed(s, name, 2))


@of_class("test_sqs_event_source_mapping_batch_size[{}]", 15, 100, 1000, 10000)
def batch_size(s, size):
    (url, arn), name = s.queue(), a_function(s)
    made, _ = mapping(s, name, arn, MaximumBatchingWindowInSeconds=5, BatchSize=size)
    s.step("create-event-source-mapping-response", made)

    def send(batch, count):
        entries = [{"Id": f"{n}-{batch}", "MessageBody": f"{n}-{batch}-message-{n}"} for n in range(count)]
        s.step(f"send-message-batch-result-{count}", s.sqs.send_message_batch(QueueUrl=url, Entries=entries))

    send(0, 10)
    send(1, 5)
    s.step("Records", records(s, name, 15))


def records(s, name, count):
    """All records that a function has printed, once there are so many, in the order of their bodies."""

    def found():
        seen = [record for event in printed(s, name) for record in event["Records"]]
        return sorted(seen, key=lambda record: record["body"]) if len(seen) >= count else None

    return s.until(found, within=40)


@of_class("test_sqs_event_source_mapping_batching_reserved_concurrency")
def two_at_a_time(s):
    (url, arn), name = s.queue(VisibilityTimeout="60"), a_function(s)
    s.step("put_concurrency_resp", s.ask.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2))
    for batch in range(3):
        entries = [{"Id": f"{n}-{batch}", "MessageBody": f"{n}-{batch}-message"} for n in range(10)]
        s.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    options = {"BatchSize": 20, "MaximumBatchingWindowInSeconds": 1, "ScalingConfig": {"MaximumConcurrency": 2}}
    s.step("create-event-source-mapping-response", mapping(s, name, arn, **options)[0])
    s.step("Records", records(s, name, 30))
    s.step("batch_info", {"total_batches_received": len(printed(s, name))})


@of_class("test_sqs_event_source_mapping_batching_behaviour[{}]", 100)
def whole_batches(s, size):
    (url, arn), name = s.queue(VisibilityTimeout="60"), a_function(s)
    for batch in range(size // 10):
        s.sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": f"{batch}-{n}"} for n in range(10)])
    mapping(s, name, arn, BatchSize=size, MaximumBatchingWindowInSeconds=10)
    seen = len(records(s, name, size)), [len(event["Records"]) for event in printed(s, name)]
    s.check(seen == (size, [size]), seen)


# Filters: the pattern, what it lets through, and what not.

FILTERS = {
    "filter0-item_matching0-item_not_matching0": ({"testItem": ["test24"]}, {"testItem": "test24"}, {"testItem": "tesWER"}),
    "filter1-item_matching1-item_not_matching1": ({"testItem": ["test24", "test45"]}, {"testItem": "test45"}, {"testItem": "WERTD"}),
    "filter2-item_matching2-item_not_matching2": (
        {"testItem": ["test24", "test45"], "test2": ["go"]},
        {"testItem": "test45", "test2": "go"},
        {"testItem": "test67", "test2": "go"},
    ),
    "filter3-item_matching3-item_not_matching3": ({"test2": [{"exists": True}]}, {"test2": "7411"}, {"test5": "74545"}),
    "filter4-item_matching4-this is a test string": ({"test2": [{"numeric": [">", 100]}]}, {"test2": 105}, "this is a test string"),
    "filter5-item_matching5-item_not_matching5": ({"test2": [{"numeric": ["<", 100]}]}, {"test2": 93}, {"test2": 105}),
    "filter6-item_matching6-item_not_matching6": ({"test2": [{"numeric": [">=", 100, "<", 200]}]}, {"test2": 105}, {"test2": 200}),
    "filter7-item_matching7-item_not_matching7": ({"test2": [{"prefix": "us-1"}]}, {"test2": "us-1-48454"}, {"test2": "eu-wert"}),
    "numeric-bigger": ({"my-number": [{"numeric": [">", 100]}]}, {"my-number": 101}, {"my-number": 100}),
    "numeric-smaller": ({"my-number": [{"numeric": ["<", 100]}]}, {"my-number": 99}, {"my-number": 100}),
    "numeric-range": ({"my-number": [{"numeric": [">=", 100, "<", 200]}]}, {"my-number": 100}, {"my-number": 200}),
    "single": ({"my-key": ["my-value"]}, {"my-key": "my-value"}, {"my-key": "other-value"}),
    "or": ({"my-key": ["my-value-one", "my-value-two"]}, {"my-key": "my-value-two"}, {"my-key": "other-value"}),
    "and": (
        {"my-key-one": ["other-filter", "my-value-one"], "my-key-two": ["my-value-two"]},
        {"my-key-one": "my-value-one", "my-key-two": "my-value-two"},
        {"my-key-one": "other-value", "my-key-two": "my-value-two"},
    ),
    "exists": ({"my-key": [{"exists": True}]}, {"my-key": "any-value-one"}, {"other-key": "any-value"}),
    "prefix": ({"my-key": [{"prefix": "yes"}]}, {"my-key": "yes-value"}, {"my-key": "no-value"}),
    "valid-json-filter": ({"my-key": ["my-value"]}, {"my-key": "my-value"}, "plain text"),
}
# The same were recorded under other names.
for again, name in enumerate(["single-filter", "or-filter", "and-filter", "exists-filter"]):
    FILTERS[name] = FILTERS[f"filter{again}-item_matching{again}-item_not_matching{again}"]
FILTERS["numeric-prefix"] = FILTERS["filter7-item_matching7-item_not_matching7"]


@of_class("test_sqs_event_filter[{}]", *FILTERS)
def filtered(s, which):
    pattern, wanted, unwanted = FILTERS[which]
    filtered_by(s, {"body": pattern}, wanted, unwanted)


def filtered_by(s, pattern, wanted, unwanted):
    (url, arn), name = s.queue(), a_function(s)
    criteria = {"Filters": [{"Pattern": json.dumps(pattern)}]}
    made, _ = mapping(s, name, arn, MaximumBatchingWindowInSeconds=1, FilterCriteria=criteria)
    s.step("create_event_source_mapping_response", made)
    for body in wanted, unwanted:
        s.sqs.send_message(QueueUrl=url, MessageBody=body if isinstance(body, str) else json.dumps(body))
    s.step("invocation_events", printed(s, name))
    s.until(lambda: empty(s, url))


@of_class("test_sqs_event_filter[{}]", "plain-string-matching", "plain-string-filter")
def text_filtered(s, which):
    """Of these no answer was recorded: a text is let through by a pattern that names it, and by no other."""
    (url, arn), name = s.queue(), a_function(s)
    pattern = ["plain text"] if which == "plain-string-matching" else ["plain text", {"prefix": "another"}]
    criteria = {"Filters": [{"Pattern": json.dumps({"body": pattern})}]}
    mapping(s, name, arn, FilterCriteria=criteria)
    for body in "something else", "plain text":
        s.sqs.send_message(QueueUrl=url, MessageBody=body)
    s.until(lambda: empty(s, url))
    bodies = [record["body"] for record in records(s, name, 1)]
    s.check(bodies == ["plain text"], bodies)


INVALID = {"None": None, "simple string": "simple string", "invalid_filter2": {"eventSource": "aws:sqs"}, "invalid_filter3": {"eventSource": []}}


@of_class("test_sqs_invalid_event_filter[{}]", *INVALID)
def no_filter(s, which):
    pattern = INVALID[which]
    criteria = {"Filters": [{"Pattern": pattern if isinstance(pattern, str) else json.dumps(pattern)}]}
    _, arn = s.queue()
    made = s.ask.create_event_source_mapping(FunctionName=a_function(s), EventSourceArn=arn, FilterCriteria=criteria)
    s.step("create_event_source_mapping_exception", made)
