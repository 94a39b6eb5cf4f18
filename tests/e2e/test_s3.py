"""Code of functions and layers from buckets of a store that is not ours."""

import json
import re

import pytest
from botocore.exceptions import ClientError

from kit import host
from kit.eventually import eventually
from kit.buckets import Buckets
from kit.functions import ROLE
from kit.zips import package

ERROR = "Error occurred while GetObject. S3 Error Code: {}. S3 Error Message: {}"
NO_BUCKET = ERROR.format("NoSuchBucket", "The specified bucket does not exist")
NO_KEY = ERROR.format("NoSuchKey", "The specified key does not exist.")


@pytest.fixture(scope="module")
def buckets():
    buckets = Buckets()
    yield buckets
    buckets.stop()


@pytest.fixture(scope="module")
def s3(buckets):
    client = buckets.client()
    client.create_bucket(Bucket="code")
    client.put_bucket_versioning(Bucket="code", VersioningConfiguration={"Status": "Enabled"})
    return client


@pytest.fixture
def client(fresh_lambent, buckets):
    keys = ("--s3-access-key", "test", "--s3-secret-key", "secret")
    return fresh_lambent("--s3-endpoint", buckets.url, *keys).client()


def returning(text):
    return package({"function.py": f"def handler(event, context):\n    return {text!r}\n"})


def create(client, **code):
    return client.create_function(
        FunctionName="f", Runtime=host.newest("python"), Handler="function.handler", Role=ROLE, Code=code
    )


def invoke(client):
    return json.load(client.invoke(FunctionName="f")["Payload"])


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_functions_take_their_code_from_a_bucket(client, s3):
    key = "a folder/key with+signs & ümlauts.zip"
    first = s3.put_object(Bucket="code", Key=key, Body=returning("first"))["VersionId"]
    s3.put_object(Bucket="code", Key=key, Body=returning("second"))
    created = create(client, S3Bucket="code", S3Key=key)
    assert created["CodeSize"] == len(returning("second")) and invoke(client) == "second"
    client.update_function_code(FunctionName="f", S3Bucket="code", S3Key=key, S3ObjectVersion=first)
    assert invoke(client) == "first"


def test_layers_take_their_code_from_a_bucket(client, s3):
    archive = package({"python/from_layer.py": "NAME = 'bucket'\n"})
    s3.put_object(Bucket="code", Key="layer.zip", Body=archive)
    content = {"S3Bucket": "code", "S3Key": "layer.zip"}
    layer = client.publish_layer_version(LayerName="l", Content=content)
    assert layer["Content"]["CodeSize"] == len(archive)
    source = "import from_layer\ndef handler(event, context):\n    return from_layer.NAME\n"
    create(client, ZipFile=package({"function.py": source}))
    client.get_waiter("function_active_v2").wait(FunctionName="f", WaiterConfig={"Delay": 1})
    client.update_function_configuration(FunctionName="f", Layers=[layer["LayerVersionArn"]])
    assert invoke(client) == "bucket"


def test_a_missing_bucket_or_key_is_told_as_recorded(client, s3):
    invalid = "InvalidParameterValueException"
    assert refused(create, client=client, S3Bucket="no-such-bucket", S3Key="k") == (invalid, NO_BUCKET)
    assert refused(create, client=client, S3Bucket="code", S3Key="no-such-key") == (invalid, NO_KEY)
    create(client, ZipFile=returning("kept"))
    update = client.update_function_code
    assert refused(update, FunctionName="f", S3Bucket="no-such-bucket", S3Key="k") == (invalid, NO_BUCKET)
    assert refused(update, FunctionName="f", S3Bucket="code", S3Key="no-such-key") == (invalid, NO_KEY)
    assert invoke(client) == "kept"
    publish = client.publish_layer_version
    assert refused(publish, LayerName="l", Content={"S3Bucket": "code", "S3Key": "no"}) == (invalid, NO_KEY)
    s3.put_object(Bucket="code", Key="text", Body=b"no zip")
    code, text = refused(update, FunctionName="f", S3Bucket="code", S3Key="text")
    assert code == invalid and text.startswith("Could not unzip uploaded file.")


def test_a_package_too_large_for_a_request_comes_from_a_bucket(client, s3):
    import random

    filler = random.Random(1).randbytes(60 << 20)
    archive = package({"function.py": "def handler(event, context):\n    return 'large'\n", "filler": filler})
    assert len(archive) > 50 << 20
    s3.put_object(Bucket="code", Key="large.zip", Body=archive)
    create(client, S3Bucket="code", S3Key="large.zip")
    assert invoke(client) == "large"


def test_without_a_store_code_in_buckets_is_refused(fresh_lambent):
    client = fresh_lambent().client()
    code, text = refused(create, client=client, S3Bucket="code", S3Key="key")
    assert code == "InvalidParameterValueException" and "--s3-endpoint" in text


def test_a_store_that_does_not_answer_is_told(fresh_lambent):
    client = fresh_lambent("--s3-endpoint", "http://127.0.0.1:1").client()
    code, text = refused(create, client=client, S3Bucket="code", S3Key="key")
    assert code == "InvalidParameterValueException" and "cannot be reached" in text


FAILING = """
def handler(event, context):
    raise RuntimeError("on purpose")
"""


def test_failures_are_recorded_in_a_bucket(fresh_lambent, buckets, s3):
    keys = ("--s3-access-key", "test", "--s3-secret-key", "secret")
    server = fresh_lambent("--s3-endpoint", buckets.url, *keys)
    client = server.client()
    create(client, ZipFile=package({"function.py": FAILING}))
    client.get_waiter("function_active_v2").wait(FunctionName="f")
    s3.create_bucket(Bucket="failures")
    # A bucket is told of failures only.
    for destination in ({"OnSuccess": {"Destination": "arn:aws:s3:::failures"}}, {"OnFailure": {"Destination": "arn:aws:s3:::a/b"}}):
        code, _ = refused(client.put_function_event_invoke_config, FunctionName="f", DestinationConfig=destination)
        assert code == "InvalidParameterValueException"
    told = {"OnFailure": {"Destination": "arn:aws:s3:::failures"}}
    client.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0, DestinationConfig=told)
    sent = client.invoke(FunctionName="f", InvocationType="Event", Payload=json.dumps({"n": 1}))
    request_id = sent["ResponseMetadata"]["RequestId"]

    (listed,) = eventually(lambda: s3.list_objects_v2(Bucket="failures").get("Contents"), 60, "the record")
    prefix, date, name = re.fullmatch(r"(aws/lambda/async/f)/(\d{4}/\d\d/\d\d)/(\S+)", listed["Key"]).groups()
    assert prefix and re.fullmatch(date.replace("/", "-") + r"T\d\d\.\d\d\.\d\d-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name)
    record = json.load(s3.get_object(Bucket="failures", Key=listed["Key"])["Body"])
    assert record["requestContext"]["requestId"] == request_id and record["requestPayload"] == {"n": 1}
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["responsePayload"]["errorMessage"] == "on purpose"


def test_without_a_store_no_bucket_is_a_destination(fresh_lambent):
    client = fresh_lambent().client()
    create(client, ZipFile=returning("x"))
    told = {"OnFailure": {"Destination": "arn:aws:s3:::failures"}}
    code, message = refused(client.put_function_event_invoke_config, FunctionName="f", DestinationConfig=told)
    assert code == "InvalidParameterValueException" and "--s3-endpoint" in message
