"""Queues that are read for functions."""

import json

import pytest

from kit.eventually import eventually
from kit.functions import a_name

TELLING = """
    import json
    def handler(event, context):
        print("BATCH", json.dumps(event))
        failed = []
        for record in event["Records"]:
            body = json.loads(record["body"])
            tries = int(record["attributes"]["ApproximateReceiveCount"])
            if body.get("raise", 0) >= tries:
                raise RuntimeError("on purpose")
            if body.get("fail", 0) >= tries:
                failed.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failed}
"""


@pytest.fixture
def sqs(lambent):
    return lambent.client(service="sqs")


@pytest.fixture
def source(aws, sqs, python):
    """`source(...)` makes a queue, a function and what connects them."""
    made = []

    def make(queue=None, name=None, source=TELLING, **options):
        function = python(source, **({"Timeout": options.pop("Timeout")} if "Timeout" in options else {}))
        url = sqs.create_queue(QueueName=name or a_name("q"), Attributes={"VisibilityTimeout": "2", **(queue or {})})["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        mapping = aws.create_event_source_mapping(EventSourceArn=arn, FunctionName=function.name, **options)
        made.append(mapping["UUID"])
        return url, arn, mapping["UUID"], function

    yield make
    for uuid in made:
        try:
            aws.delete_event_source_mapping(UUID=uuid)
        except aws.exceptions.ResourceNotFoundException:
            continue


def batches(lambent, arn):
    lines = (line.partition("BATCH ")[2] for line in lambent.log().splitlines() if "BATCH {" in line)
    found = (json.loads(line)["Records"] for line in lines)
    return [records for records in found if records[0]["eventSourceARN"] == arn]


def bodies(lambent, arn, count=0):
    """The bodies of each batch, once so many have come: the functions' lines may still be on their way when a queue is empty."""
    eventually(lambda: sum(map(len, batches(lambent, arn))) >= count, 20, f"{count} messages in the log")
    return [[json.loads(record["body"]) for record in records] for records in batches(lambent, arn)]


def left(sqs, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(map(int, counts.values()))


def test_a_message_reaches_the_function_in_aws_s_form(lambent, sqs, source):
    url, arn, _, _ = source()
    sent = sqs.send_message(
        QueueUrl=url, MessageBody='{"n": 1}',
        MessageAttributes={
            "Title": {"DataType": "String", "StringValue": "The Whistler"},
            "Bytes": {"DataType": "Binary", "BinaryValue": b"\x01\x02"},
        },
    )  # fmt: skip
    record = eventually(lambda: batches(lambent, arn), 30, "the batch")[0][0]
    assert record.pop("receiptHandle")
    told = record.pop("attributes")
    assert set(told) == {"ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"}
    empty = {"stringListValues": [], "binaryListValues": []}
    assert record == {
        "messageId": sent["MessageId"], "body": '{"n": 1}', "md5OfBody": sent["MD5OfMessageBody"],
        "md5OfMessageAttributes": sent["MD5OfMessageAttributes"],
        "messageAttributes": {
            "Title": {"stringValue": "The Whistler", "dataType": "String", **empty},
            "Bytes": {"binaryValue": "AQI=", "dataType": "Binary", **empty},
        },
        "eventSource": "aws:sqs", "eventSourceARN": arn, "awsRegion": "us-east-1",
    }  # fmt: skip
    eventually(lambda: left(sqs, url) == 0, 30, "the end of the message")


def test_a_batch_is_gathered_for_as_long_as_was_said(lambent, sqs, source):
    url, arn, _, _ = source(queue={"VisibilityTimeout": "60"}, BatchSize=15, MaximumBatchingWindowInSeconds=20)
    for start in (0, 10):
        sqs.send_message_batch(QueueUrl=url, Entries=[
            {"Id": str(n), "MessageBody": json.dumps({"n": n})} for n in range(start, min(start + 10, 15))])  # fmt: skip
    seen = eventually(lambda: bodies(lambent, arn), 60, "the batch")
    assert [len(batch) for batch in seen] == [15]


def test_what_fails_comes_again_until_it_is_dead(aws, lambent, sqs, source):
    dead = sqs.create_queue(QueueName=a_name("dead"))["QueueUrl"]
    dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "2"})
    url, arn, _, _ = source(queue={"RedrivePolicy": redrive}, BatchSize=1)
    sqs.send_message(QueueUrl=url, MessageBody='{"n": 1, "raise": 1}')
    sqs.send_message(QueueUrl=url, MessageBody='{"n": 2, "raise": 9}')
    found = eventually(lambda: sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=1).get("Messages"), 60, "the dead message")
    assert json.loads(found[0]["Body"])["n"] == 2
    eventually(lambda: left(sqs, url) == 0, 30, "the end of the other")
    tries = [each["n"] for batch in bodies(lambent, arn, 4) for each in batch]
    assert (tries.count(1), tries.count(2)) == (2, 2)


def test_reported_failures_come_again_alone(lambent, sqs, source):
    url, arn, _, _ = source(FunctionResponseTypes=["ReportBatchItemFailures"], MaximumBatchingWindowInSeconds=3)
    sqs.send_message_batch(QueueUrl=url, Entries=[
        {"Id": str(n), "MessageBody": json.dumps({"n": n, "fail": n})} for n in range(3)])  # fmt: skip
    eventually(lambda: left(sqs, url) == 0, 90, "the end of all")
    tries = [each["n"] for batch in bodies(lambent, arn, 6) for each in batch]
    assert [tries.count(n) for n in range(3)] == [1, 2, 3]


def test_only_what_a_filter_wants_reaches_the_function(lambent, sqs, source):
    filters = {"Filters": [{"Pattern": json.dumps({"body": {"n": [{"numeric": [">", 1]}]}})}]}
    url, arn, _, _ = source(FilterCriteria=filters)
    for body in ('{"n": 1}', "no json", '{"n": 2}'):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    eventually(lambda: left(sqs, url) == 0, 30, "the end of all")
    assert bodies(lambent, arn, 1) == [[{"n": 2}]]


def test_a_fifo_queue_is_read_in_the_order_of_its_groups(lambent, sqs, source):
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url, arn, _, _ = source(queue=fifo, name=a_name("q") + ".fifo", BatchSize=3)
    for n in range(12):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"n": n, "group": n % 2}), MessageGroupId=str(n % 2))
    eventually(lambda: left(sqs, url) == 0, 60, "the end of all")
    seen = [each for batch in bodies(lambent, arn, 12) for each in batch]
    for group in (0, 1):
        assert [each["n"] for each in seen if each["group"] == group] == list(range(group, 12, 2))


def test_a_mapping_that_is_off_reads_nothing_and_one_that_is_gone_neither(aws, lambent, sqs, source):
    url, arn, uuid, _ = source()
    sqs.send_message(QueueUrl=url, MessageBody='{"n": 1}')
    eventually(lambda: left(sqs, url) == 0, 30, "the first message's end")
    aws.update_event_source_mapping(UUID=uuid, Enabled=False)
    # It may take a moment: then nothing is read any more.
    probe = iter(range(100, 200))

    def off():
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"n": next(probe)}))
        return left(sqs, url) >= 3

    eventually(off, 30, "messages that are left")
    before = left(sqs, url)
    aws.update_event_source_mapping(UUID=uuid, Enabled=True)
    eventually(lambda: left(sqs, url) == 0, 30, f"the end of the {before} others")


STATES = """
    import json, time
    def handler(event, context):
        print("BATCH", json.dumps(event))
        time.sleep(max(json.loads(record["body"]).get("seconds", 0) for record in event["Records"]))
"""


def state(aws, uuid):
    return aws.get_event_source_mapping(UUID=uuid)["State"]


def test_a_mapping_is_changing_until_its_batches_have_ended(aws, lambent, sqs, source):
    """Updated, switched off and deleted while a batch runs: nothing is lost, and nothing else is read before the state says so."""
    url, arn, uuid, function = source(queue={"VisibilityTimeout": "60"}, source=STATES, Timeout=30, BatchSize=1)
    eventually(lambda: state(aws, uuid) == "Enabled", 30, "reading")

    def busy(n):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"n": n, "seconds": 4}))
        running = lambda: any(json.loads(record["body"])["n"] == n for batch in batches(lambent, arn) for record in batch)
        eventually(running, 30, "the batch")

    busy(1)
    assert aws.update_event_source_mapping(UUID=uuid, BatchSize=2)["State"] == "Updating"
    assert state(aws, uuid) == "Updating"
    eventually(lambda: state(aws, uuid) == "Enabled", 30, "the update")
    assert left(sqs, url) == 0
    busy(2)
    assert aws.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    assert state(aws, uuid) == "Disabling"
    eventually(lambda: state(aws, uuid) == "Disabled", 30, "the end of reading")
    assert left(sqs, url) == 0
    assert aws.update_event_source_mapping(UUID=uuid, Enabled=True)["State"] == "Enabling"
    eventually(lambda: state(aws, uuid) == "Enabled", 30, "reading")
    busy(3)
    assert aws.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    assert state(aws, uuid) == "Deleting"
    for call in (aws.delete_event_source_mapping, aws.update_event_source_mapping):
        with pytest.raises(aws.exceptions.ResourceInUseException):
            call(UUID=uuid)

    def gone():
        try:
            return not state(aws, uuid)
        except aws.exceptions.ResourceNotFoundException:
            return True

    eventually(gone, 30, "the mapping's end")
    assert left(sqs, url) == 0
    assert [each["n"] for batch in bodies(lambent, arn, 3) for each in batch] == [1, 2, 3]


def test_a_problem_is_told_until_it_is_over(aws, sqs, source):
    url, _, uuid, _ = source()
    assert "LastProcessingResult" not in aws.get_event_source_mapping(UUID=uuid)
    sqs.send_message(QueueUrl=url, MessageBody='{"n": 1, "raise": 1}')
    result = lambda: aws.get_event_source_mapping(UUID=uuid).get("LastProcessingResult")
    eventually(lambda: result() == "PROBLEM: Function call failed", 30, "the problem")
    eventually(lambda: result() == "OK", 30, "its end")


COUNTING = """
    import json, time
    def handler(event, context):
        begin = time.time()
        time.sleep(0.4)
        print("BATCH", json.dumps(event))
        print("SPAN", json.dumps([begin, time.time()]))
"""


def spans(lambent, function):
    lines = (line.partition("SPAN ")[2] for line in lambent.log().splitlines() if f"[{function.name}] SPAN [" in line)
    return [json.loads(line) for line in lines]


def at_once(spans):
    """How many there were at the same time at most."""
    return max(sum(begin <= moment < end for begin, end in spans) for moment, _ in spans)


def test_no_more_run_at_once_than_the_mapping_says(lambent, sqs, source):
    url, arn, _, function = source(queue={"VisibilityTimeout": "60"}, source=COUNTING, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    for n in range(12):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"n": n}))
    eventually(lambda: left(sqs, url) == 0, 60, "the end of all")
    eventually(lambda: len(spans(lambent, function)) == 12, 20, "all in the log")
    assert at_once(spans(lambent, function)) == 2


def test_groups_run_side_by_side_and_each_in_order(lambent, sqs, source):
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "VisibilityTimeout": "60"}
    url, arn, uuid, function = source(queue=fifo, name=a_name("q") + ".fifo", source=COUNTING, BatchSize=1)
    for n in range(18):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"n": n}), MessageGroupId=str(n % 3))
    eventually(lambda: left(sqs, url) == 0, 90, "the end of all")
    seen = [each["n"] for batch in bodies(lambent, arn, 18) for each in batch]
    for group in range(3):
        assert [n for n in seen if n % 3 == group] == list(range(group, 18, 3))
    assert 2 <= at_once(spans(lambent, function)) <= 3


def test_nothing_runs_beyond_the_reserved_concurrency(aws, lambent, sqs, source):
    url, arn, _, function = source(BatchSize=1)
    aws.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    for n in range(3):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"n": n}))
    assert batches(lambent, arn) == []
    aws.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=1)
    eventually(lambda: left(sqs, url) == 0, 60, "the end of all")
    assert {each["n"] for batch in bodies(lambent, arn, 3) for each in batch} == {0, 1, 2}


def test_an_event_that_failed_is_in_the_dead_letter_queue_as_recorded(aws, lambent, sqs, python):
    """Recorded: `test_sqs_queue_as_lambda_dead_letter_queue`."""
    url = sqs.create_queue(QueueName=a_name("dead"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    function = python("""
    def handler(event, context):
        raise Exception("Test exception (this is intentional)")
    """, DeadLetterConfig={"TargetArn": arn})  # fmt: skip
    aws.put_function_event_invoke_config(FunctionName=function.name, MaximumRetryAttempts=0)
    request_id = function.send({"raise_error": 1})
    ask = lambda: sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=1).get("Messages")
    message = eventually(ask, 60, "the dead letter")[0]
    assert json.loads(message["Body"]) == {"raise_error": 1}
    assert message["MessageAttributes"] == {
        "RequestID": {"DataType": "String", "StringValue": request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": "Test exception (this is intentional)"},
    }


def test_a_record_reaches_a_queue(aws, lambent, sqs, python):
    url = sqs.create_queue(QueueName=a_name("told"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    function = python("def handler(event, context): return 'done'")
    aws.put_function_event_invoke_config(FunctionName=function.name, DestinationConfig={"OnSuccess": {"Destination": arn}})
    request_id = function.send({"n": 1})
    ask = lambda: sqs.receive_message(QueueUrl=url, AttributeNames=["All"], WaitTimeSeconds=1).get("Messages")
    message = eventually(ask, 60, "the record")[0]
    record = json.loads(message["Body"])
    assert (record["requestContext"]["requestId"], record["requestContext"]["condition"]) == (request_id, "Success")
    assert record["responsePayload"] == "done" and "AWSTraceHeader" in message["Attributes"]
