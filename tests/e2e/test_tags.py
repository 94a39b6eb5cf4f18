"""Tags of functions, as AWS recorded them."""

import pytest
from botocore.exceptions import ClientError

HANDLER = "def handler(event, context):\n    return event\n"


@pytest.fixture
def arn(aws, python):
    return aws.get_function(FunctionName=python(HANDLER).name)["Configuration"]["FunctionArn"]


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_tags_come_and_go(aws, arn):
    def tags():
        return aws.list_tags(Resource=arn)["Tags"]

    assert tags() == {}
    answer = aws.tag_resource(Resource=arn, Tags={"A": "a", "B": "b", "C": "c"})
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    aws.tag_resource(Resource=arn, Tags={"C": "other", "D": "d"})
    assert tags() == {"A": "a", "B": "b", "C": "other", "D": "d"}
    before = aws.get_function(FunctionName=arn)
    assert before["Tags"] == tags()
    answer = aws.untag_resource(Resource=arn, TagKeys=["A", "B", "nothing"])
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert tags() == {"C": "other", "D": "d"}
    after = aws.get_function(FunctionName=arn)
    assert after["Configuration"]["RevisionId"] != before["Configuration"]["RevisionId"]
    aws.untag_resource(Resource=arn, TagKeys=["C", "D"])
    assert tags() == {} and "Tags" not in aws.get_function(FunctionName=arn)


def test_what_cannot_be_tagged_is_refused_as_recorded(aws, arn):
    too_many = ("InvalidParameterValueException", "Number of tags exceeds resource tag limit.")
    assert refused(aws.tag_resource, Resource=arn, Tags={f"{n}": "v" for n in range(51)}) == too_many
    aws.tag_resource(Resource=arn, Tags={f"{n}": "v" for n in range(50)})
    assert refused(aws.tag_resource, Resource=arn, Tags={"more": "v"}) == too_many
    versions = "Tags on function aliases and versions are not supported. Please specify a function ARN."
    assert refused(aws.tag_resource, Resource=f"{arn}:$LATEST", Tags={"A": "a"})[1] == versions
    assert refused(aws.tag_resource, Resource=arn, Tags={}) == (
        "InvalidParameterValueException",
        "An error occurred and the request cannot be processed.",
    )
    assert refused(aws.untag_resource, Resource=arn, TagKeys=[]) == (
        "ValidationException",
        "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null",
    )


def test_what_does_not_exist_is_not_found(aws, arn):
    gone = f"{arn}-gone"
    expected = ("ResourceNotFoundException", f"Function not found: {gone}")
    assert refused(aws.tag_resource, Resource=gone, Tags={"A": "a"}) == expected
    assert refused(aws.untag_resource, Resource=gone, TagKeys=["A"]) == expected
    assert refused(aws.list_tags, Resource=gone) == expected
    code, text = refused(aws.list_tags, Resource="arn:aws:lambda:us-east-1:000000000000:foobar:f")
    assert code == "ValidationException" and "at 'resource' failed to satisfy constraint" in text
    provider = "arn:aws:lambda:us-east-1:000000000000:capacity-provider:p"
    assert refused(aws.list_tags, Resource=provider)[1] == f"Capacity provider not found: {provider}"
