"""Event source mappings, as AWS recorded them. They are checked, kept and shown; what is read is in test_sqs_source.py."""

import pytest
from botocore.exceptions import ClientError

from kit.eventually import eventually
from kit.functions import a_name

HANDLER = "def handler(event, context):\n    return event\n"
MISSING = ("ResourceNotFoundException", "The resource you requested does not exist.")
INVALID = "InvalidParameterValueException"
NEVER = "no-such-mapping-00000000000000000000"


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


@pytest.fixture
def queue(lambent):
    """Makes queues: `queue()` is the ARN of one."""
    sqs = lambent.client(service="sqs")

    def make():
        name = a_name("queue")
        sqs.create_queue(QueueName=name)
        return f"arn:aws:sqs:us-east-1:000000000000:{name}"

    return make


def table():
    return f"arn:aws:dynamodb:us-east-1:000000000000:table/{a_name('table')}/stream/2025-02-22T03:03:25.490"


def stream():
    return f"arn:aws:kinesis:us-east-1:000000000000:stream/{a_name('stream')}"


@pytest.fixture
def function(python):
    return python(HANDLER)


@pytest.fixture
def create(aws, function):
    made = []

    def make(source=None, **options):
        if source:
            options["EventSourceArn"] = source
        options.setdefault("FunctionName", function.name)
        answer = aws.create_event_source_mapping(**options)
        made.append(answer["UUID"])
        assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 202
        return answer

    yield make
    for uuid in made:
        try:
            aws.delete_event_source_mapping(UUID=uuid)
        except aws.exceptions.ResourceNotFoundException:
            continue


def shown(answer):
    return {key: value for key, value in answer.items() if key not in ("ResponseMetadata", "LastModified")}


def test_the_life_of_a_stream_mapping(aws, function, create, queue):
    source, failures = table(), queue()
    created = create(
        source,
        BatchSize=1,
        StartingPosition="TRIM_HORIZON",
        MaximumBatchingWindowInSeconds=1,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": failures}},
    )
    uuid = created["UUID"]
    expected = {
        "BatchSize": 1,
        "BisectBatchOnFunctionError": False,
        "DestinationConfig": {"OnFailure": {"Destination": failures}},
        "EventSourceArn": source,
        "EventSourceMappingArn": f"arn:aws:lambda:us-east-1:000000000000:event-source-mapping:{uuid}",
        "FunctionArn": f"arn:aws:lambda:us-east-1:000000000000:function:{function.name}",
        "FunctionResponseTypes": [],
        "LastProcessingResult": "No records processed",
        "MaximumBatchingWindowInSeconds": 1,
        "MaximumRecordAgeInSeconds": -1,
        "MaximumRetryAttempts": 1,
        "ParallelizationFactor": 1,
        "StartingPosition": "TRIM_HORIZON",
        "State": "Creating",
        "StateTransitionReason": "User action",
        "TumblingWindowInSeconds": 0,
        "UUID": uuid,
    }
    assert shown(created) == expected
    assert shown(aws.get_event_source_mapping(UUID=uuid)) == {**expected, "State": "Enabled"}
    function.delete()
    assert shown(aws.get_event_source_mapping(UUID=uuid)) == {**expected, "State": "Enabled"}
    deleted = aws.delete_event_source_mapping(UUID=uuid)
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert shown(deleted) == {**expected, "State": "Deleting"}
    assert refused(aws.get_event_source_mapping, UUID=uuid) == MISSING


def test_a_queue_shows_less_and_is_updated(aws, create, queue):
    source = queue()
    created = create(source)
    assert set(created) == {
        "BatchSize",
        "EventSourceArn",
        "EventSourceMappingArn",
        "FunctionArn",
        "FunctionResponseTypes",
        "LastModified",
        "MaximumBatchingWindowInSeconds",
        "State",
        "StateTransitionReason",
        "UUID",
    }
    assert created["BatchSize"] == 10 and created["StateTransitionReason"] == "USER_INITIATED"
    uuid = created["UUID"]
    larger = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
    assert refused(aws.update_event_source_mapping, UUID=uuid, BatchSize=15) == (INVALID, larger)
    assert refused(create, source=queue(), BatchSize=15) == (INVALID, larger)
    pattern = '{"body": {"my-key": ["my-value"]}}'
    updated = aws.update_event_source_mapping(
        UUID=uuid,
        BatchSize=15,
        MaximumBatchingWindowInSeconds=1,
        ScalingConfig={"MaximumConcurrency": 5},
        FilterCriteria={"Filters": [{"Pattern": pattern}]},
    )
    assert updated["State"] == "Updating" and updated["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert updated["FilterCriteria"] == {"Filters": [{"Pattern": pattern}]}
    assert updated["ScalingConfig"] == {"MaximumConcurrency": 5}
    assert aws.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    eventually(lambda: aws.get_event_source_mapping(UUID=uuid)["State"] == "Disabled", 30, "the end of reading")
    cleared = aws.update_event_source_mapping(UUID=uuid, FilterCriteria={})
    assert "FilterCriteria" not in cleared and cleared["BatchSize"] == 15


def test_nothing_is_read_twice_for_a_function(aws, function, create, queue):
    source = queue()
    uuid = create(source)["UUID"]
    advice = f"Please update or delete the existing mapping with UUID {uuid}"
    assert refused(create, source=source) == (
        "ResourceConflictException",
        f'An event source mapping with SQS arn (" {source} ") and function (" {function.name} ") already exists. {advice}',
    )
    source = stream()
    uuid = create(source, StartingPosition="LATEST")["UUID"]
    advice = f"Please update or delete the existing mapping with UUID {uuid}"
    assert refused(create, source=source, StartingPosition="LATEST") == (
        "ResourceConflictException",
        f'The event source arn (" {source} ") and function (" {function.name} ") provided mapping already exists. {advice}',
    )
    aws.delete_event_source_mapping(UUID=uuid)
    create(source, StartingPosition="LATEST")


def test_kafka_of_ones_own(function, create):
    secret = "arn:aws:secretsmanager:us-east-1:000000000000:secret:s"
    kafka = {
        "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["kafka:1000"]}},
        "Topics": ["topic"],
        "StartingPosition": "TRIM_HORIZON",
    }
    assert refused(create, **kafka) == (INVALID, "Required 'sourceAccessConfigurations' parameter is missing.")
    kafka["SourceAccessConfigurations"] = [{"Type": "BASIC_AUTH", "URI": secret}]
    created = create(**kafka)
    uuid = created["UUID"]
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function.name}"
    assert shown(created) == {
        **kafka,
        "BatchSize": 100,
        "EventSourceMappingArn": f"arn:aws:lambda:us-east-1:000000000000:event-source-mapping:{uuid}",
        "FunctionArn": arn,
        "LastProcessingResult": "No records processed",
        "SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": uuid},
        "State": "Creating",
        "StateTransitionReason": "USER_INITIATED",
        "UUID": uuid,
    }
    kafka["SelfManagedEventSource"] = {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["kafka:1000", "kafka:2000"]}}
    assert refused(create, **kafka) == (
        "ResourceConflictException",
        f'An event source mapping with event source ("kafka:1000,kafka:2000"), function ("{arn}"), topics ("topic") '
        f"already exists. Please update or delete the existing mapping with UUID {uuid}",
    )
    other = create(**{**kafka, "Topics": ["topic_2"]}, SelfManagedKafkaEventSourceConfig={"ConsumerGroupId": "mine"})
    assert other["SelfManagedKafkaEventSourceConfig"] == {"ConsumerGroupId": "mine"}


def test_functions_are_named_in_every_form(aws, function, create, queue):
    aws.publish_version(FunctionName=function.name)
    aws.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function.name}"
    for name, expected in {
        function.name: arn,
        f"000000000000:function:{function.name}:1": f"{arn}:1",
        f"{arn}:live": f"{arn}:live",
    }.items():
        assert create(queue(), FunctionName=name)["FunctionArn"] == expected


def test_mappings_are_listed_by_function_and_source(aws, python, create, queue):
    other = python(HANDLER)
    shared = queue()
    first, second = create(shared)["UUID"], create(queue())["UUID"]
    third = create(shared, FunctionName=other.name)["UUID"]

    def uuids(**filters):
        pages = aws.get_paginator("list_event_source_mappings").paginate(PaginationConfig={"PageSize": 1}, **filters)
        return {each["UUID"] for page in pages for each in page["EventSourceMappings"]}

    assert {first, second, third} <= uuids()
    assert uuids(EventSourceArn=shared) == {first, third}
    assert uuids(FunctionName=other.name) == {third}


def test_refusals_are_worded_as_recorded(aws, create, queue):
    for call in (aws.get_event_source_mapping, aws.delete_event_source_mapping, aws.update_event_source_mapping):
        assert refused(call, UUID=NEVER) == MISSING
    assert refused(create) == (INVALID, "Unrecognized event source.")
    assert refused(create, source=queue(), FunctionName="doesnotexist") == (INVALID, "Function does not exist")
    assert refused(create, source=f"arn:aws:sqs:us-east-1:000000000000:{a_name('nothing')}") == (
        INVALID,
        "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
        "SQS Error Message: The specified queue does not exist.",
    )
    destination = {"OnFailure": {"Destination": queue()}}
    unsupported = "Unsupported DestinationConfig parameter for given event source mapping type."
    assert refused(create, source=queue(), DestinationConfig=destination) == (INVALID, unsupported)
    null = "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null."
    for source in (table(), stream()):
        assert refused(create, source=source) == (INVALID, null)
        code, text = refused(create, source=source, StartingPosition="invalid")
        assert code == "ValidationException"
        assert text.startswith("1 validation error detected: Value 'invalid' at 'startingPosition' failed to satisfy constraint")
    source = table()
    assert refused(create, source=source, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=1) == (
        INVALID,
        f"Unsupported starting position for arn type: {source}",
    )
    for pattern in ("single-string", '[{"eventName": ["INSERT"=123}]'):
        filters = {"Filters": [{"Pattern": pattern}]}
        answer = refused(create, source=table(), StartingPosition="LATEST", FilterCriteria=filters)
        assert answer == (INVALID, "Invalid filter pattern definition.")
    empty = create(table(), StartingPosition="LATEST", FilterCriteria={"Filters": []})
    assert "FilterCriteria" not in empty and empty["DestinationConfig"] == {"OnFailure": {}}


def test_mappings_bear_tags(aws, create, queue):
    arn = create(queue(), Tags={"A": "a"})["EventSourceMappingArn"]
    assert aws.list_tags(Resource=arn)["Tags"] == {"A": "a"}
    aws.tag_resource(Resource=arn, Tags={"B": "b"})
    aws.untag_resource(Resource=arn, TagKeys=["A"])
    assert aws.list_tags(Resource=arn)["Tags"] == {"B": "b"}
    gone = arn[:-12] + "0" * 12
    missing = ("ResourceNotFoundException", f"Event source mapping not found: {gone}")
    assert refused(aws.list_tags, Resource=gone) == missing
    assert refused(aws.tag_resource, Resource=gone, Tags={"A": "a"}) == missing
