"""Event source mappings: queues, streams and self-managed Kafka."""

from scenario import scenarios_of

recorded = scenarios_of("lambda_api::TestLambdaEventSourceMappings")

UNKNOWN = "12345678-1234-4234-8234-123456789012"


def function(s):
    name = s.name()
    s.fixture(name)
    return name


def queue(s):
    _, arn = s.queue()
    return arn


def table_stream(s):
    return s.arn("table/a-table/stream/2025-11-25T02:47:00.000", service="dynamodb")


@recorded("test_event_source_mapping_exceptions")
def refused(s):
    s.step("get_unknown_uuid", s.ask.get_event_source_mapping(UUID=UNKNOWN))
    s.step("delete_unknown_uuid", s.ask.delete_event_source_mapping(UUID=UNKNOWN))
    s.step("update_unknown_uuid", s.ask.update_event_source_mapping(UUID=UNKNOWN, Enabled=False))
    create = s.ask.create_event_source_mapping
    s.step("create_no_event_source_arn", create(FunctionName="doesnotexist"))
    s.step("create_unknown_params", create(FunctionName="doesnotexist", EventSourceArn=queue(s)))
    destination = {"OnFailure": {"Destination": s.arn("another-queue", service="sqs")}}
    failure = create(FunctionName=function(s), EventSourceArn=queue(s), DestinationConfig=destination)
    s.step("destination_config_failure", failure)


def mapping_of_a_table(s, name):
    """A mapping of a table's stream that is enabled; the table is of another service."""
    s.another_service("update_table_response")
    made = s.ask.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=table_stream(s),
        BatchSize=1,
        StartingPosition="TRIM_HORIZON",
        DestinationConfig={"OnFailure": {"Destination": queue(s)}},
        MaximumBatchingWindowInSeconds=1,
        MaximumRetryAttempts=1,
    )
    mapping = {"UUID": s.step("create_response", made)["UUID"]}

    def enabled():
        found = s.do.get_event_source_mapping(**mapping)
        return found if found["State"] == "Enabled" else None

    s.step("get_response", s.until(enabled))
    return mapping


@recorded("test_event_source_mapping_lifecycle")
def life(s):
    mapping = mapping_of_a_table(s, function(s))
    s.step("delete_response", s.ask.delete_event_source_mapping(**mapping))


@recorded("test_event_source_mapping_lifecycle_delete_function")
def life_without_its_function(s):
    name = function(s)
    mapping = mapping_of_a_table(s, name)
    s.step("delete_function_response", s.ask.delete_function(FunctionName=name))
    s.step("get_response_post_delete", s.ask.get_event_source_mapping(**mapping))
    s.step("delete_response", s.ask.delete_event_source_mapping(**mapping))


def positions(s, source):
    """Mappings of a stream that start nowhere, and at no position there is."""

    def create(**position):
        return s.ask.create_event_source_mapping(FunctionName=name, EventSourceArn=source, **position)

    name = function(s)
    s.step("no_starting_position", create())
    s.step("invalid_starting_position", create(StartingPosition="invalid"))
    return create


@recorded("test_create_event_source_validation")
def positions_in_a_table(s):
    create = positions(s, table_stream(s))
    at = {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 1_700_000_000}
    s.step("incompatible_starting_position", create(**at))


@recorded("test_create_event_source_validation_kinesis")
def positions_in_a_stream(s):
    positions(s, s.arn("stream/a-stream", service="kinesis"))


@recorded("test_create_event_filter_criteria_validation")
def no_filters(s):
    answer = s.ask.create_event_source_mapping(
        FunctionName=function(s),
        EventSourceArn=table_stream(s),
        StartingPosition="LATEST",
        FilterCriteria={"Filters": []},
    )
    s.step("response-with-empty-filters", answer)


@recorded("test_function_name_variations")
def names_of_the_function(s):
    name = function(s)
    s.do.publish_version(FunctionName=name)
    s.do.create_alias(FunctionName=name, Name="myalias", FunctionVersion="1")
    partial, full = f"{s.account}:function:{name}", s.arn(f"function:{name}")
    names = {
        "name_only": name,
        "partial_arn_latest": f"{partial}:$LATEST",
        "partial_arn_version": f"{partial}:1",
        "partial_arn_alias": f"{partial}:myalias",
        "full_arn_latest": full,
        "full_arn_version": f"{full}:1",
        "full_arn_alias": f"{full}:myalias",
    }
    source = queue(s)
    for step, named in names.items():
        made = s.ask.create_event_source_mapping(FunctionName=named, EventSourceArn=source)
        mapping = {"UUID": s.step(f"{step}_create_esm", made)["UUID"]}
        # The same queue may be mapped again only once the mapping is gone.
        s.until(lambda: "Error" not in s.ask.delete_event_source_mapping(**mapping))
        s.until(lambda: "Error" in s.ask.get_event_source_mapping(**mapping))


@recorded("test_create_event_source_self_managed")
def self_managed_kafka(s):
    name = function(s)
    access = [{"Type": "BASIC_AUTH", "URI": s.arn("secret:a-secret", service="secretsmanager")}]

    def create(step, *servers, topic="topic", **parameters):
        source = {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": list(servers)}}
        answer = s.ask.create_event_source_mapping(
            FunctionName=name, SelfManagedEventSource=source, Topics=[topic], **parameters
        )
        s.step(step, answer)

    accessible = {"SourceAccessConfigurations": access}
    create("missing-source-access-configuration", "kafka:1000")
    create("event-source-mapping-default", "kafka:1000", **accessible)
    create("duplicate-source", "kafka:1000", **accessible)
    create(
        "event-source-mapping-values",
        "kafka:1000",
        topic="topic_2",
        BatchSize=1,
        StartingPosition="LATEST",
        SelfManagedKafkaEventSourceConfig={"ConsumerGroupId": "random_id"},
        **accessible,
    )
    create("multiple-duplicate-source", "kafka:1000", "kafka:2000", **accessible)
