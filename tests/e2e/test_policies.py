"""Resource policies of functions, as AWS recorded them."""

import json

import pytest
from botocore.exceptions import ClientError

HANDLER = "def handler(event, context):\n    return event\n"
MISSING = "The resource you requested does not exist."


@pytest.fixture
def function(python):
    return python(HANDLER)


def refused(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def add(aws, function, sid, principal="s3.amazonaws.com", action="lambda:InvokeFunction", **options):
    answer = aws.add_permission(
        FunctionName=function.name, StatementId=sid, Principal=principal, Action=action, **options
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    return json.loads(answer["Statement"])


def test_every_field_becomes_its_own_part_of_the_statement(aws, function):
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function.name}"
    allow = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arn}
    account = {"StringEquals": {"AWS:SourceAccount": "111111111111"}}
    assert add(aws, function, "s3", SourceArn="arn:aws:s3:::bucket") == {
        "Sid": "s3",
        **allow,
        "Principal": {"Service": "s3.amazonaws.com"},
        "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"}},
    }
    everyone = add(aws, function, "all", "*", SourceAccount="111111111111")
    assert everyone == {"Sid": "all", **allow, "Principal": "*", "Condition": account}
    one = add(aws, function, "account", "111111111111")
    assert one == {"Sid": "account", **allow, "Principal": {"AWS": "arn:aws:iam::111111111111:root"}}
    user = "arn:aws:iam::111111111111:user/someone"
    assert add(aws, function, "user", user)["Principal"] == {"AWS": user}
    assert add(aws, function, "alexa", "*", EventSourceToken="token")["Condition"] == {
        "StringEquals": {"lambda:EventSourceToken": "token"}
    }
    by_url = add(
        aws,
        function,
        "url",
        "*",
        "lambda:InvokeFunctionUrl",
        SourceAccount="111111111111",
        SourceArn="arn:aws:s3:::bucket",
        PrincipalOrgID="o-1234567890",
        FunctionUrlAuthType="NONE",
    )
    assert by_url["Condition"] == {
        "StringEquals": {
            "AWS:SourceAccount": "111111111111",
            "lambda:FunctionUrlAuthType": "NONE",
            "aws:PrincipalOrgID": "o-1234567890",
        },
        "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"},
    }
    via = add(aws, function, "via", "*", InvokedViaFunctionUrl=True)
    assert via["Condition"] == {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}
    policy = json.loads(aws.get_policy(FunctionName=function.name)["Policy"])
    assert policy["Version"] == "2012-10-17" and policy["Id"] == "default"
    assert [each["Sid"] for each in policy["Statement"]] == ["s3", "all", "account", "user", "alexa", "url", "via"]


def test_statements_are_removed_one_by_one(aws, function):
    for sid in ("a", "b"):
        add(aws, function, sid)
    revision = aws.get_policy(FunctionName=function.name)["RevisionId"]
    gone = "Statement nothing is not found in resource policy."
    assert refused(aws.remove_permission, FunctionName=function.name, StatementId="nothing")[1] == gone
    assert refused(aws.remove_permission, FunctionName=function.name, StatementId="a", RevisionId="stale") == (
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. "
        "Call the GetPolicy API to retrieve the latest Revision Id",
    )
    answer = aws.remove_permission(FunctionName=function.name, StatementId="a", RevisionId=revision)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert aws.get_policy(FunctionName=function.name)["RevisionId"] != revision
    aws.remove_permission(FunctionName=function.name, StatementId="b")
    assert refused(aws.get_policy, FunctionName=function.name) == ("ResourceNotFoundException", MISSING)


def test_refusals_are_worded_as_recorded(aws, function):
    request = {"StatementId": "s", "Principal": "s3.amazonaws.com", "Action": "lambda:InvokeFunction"}

    def refusal(name, **options):
        return refused(aws.add_permission, FunctionName=name, **{**request, **options})

    arn = "arn:aws:lambda:us-east-1:000000000000:function"
    name = function.name
    code, text = refusal(name, StatementId="example.com")
    assert code == "ValidationException"
    assert text.endswith("failed to satisfy constraint: Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)")
    assert refusal(name, Qualifier="$LATEST")[1] == "We currently do not support adding policies for $LATEST."
    invalid = "The provided principal was invalid. Please check the principal and try again."
    assert refusal(name, Principal="invalid.nonaws.com") == ("InvalidParameterValueException", invalid)
    assert refusal("doesnotexist") == ("ResourceNotFoundException", f"Function not found: {arn}:doesnotexist")
    assert refusal(name, Qualifier="nothing")[1] == f"Cannot find alias arn: {arn}:{name}:nothing"
    assert refusal(name, Qualifier="42")[1] == f"Function not found: {arn}:{name}:42"
    assert refusal(name, Qualifier="with-$-sign")[1] == f"Function not found: {arn}:{name}:with-$-sign"
    assert refused(aws.get_policy, FunctionName="doesnotexist") == ("ResourceNotFoundException", MISSING)
    none = "No policy is associated with the given resource."
    assert refused(aws.remove_permission, FunctionName=name, StatementId="s")[1] == none
    absent = f"No policy found for: {arn}:doesnotexist"
    assert refused(aws.remove_permission, FunctionName="doesnotexist", StatementId="s")[1] == absent
    add(aws, function, "s")
    assert refusal(name)[0] == "ResourceConflictException"


def test_a_policy_that_grows_too_long_is_refused(aws, function):
    with pytest.raises(aws.exceptions.PolicyLengthExceededException, match=r"bigger than the limit \(20480\)"):
        for number in range(200):
            add(aws, function, f"statement-{number}", SourceArn="arn:aws:s3:::" + "b" * 60)
    assert len(aws.get_policy(FunctionName=function.name)["Policy"]) <= 20480


def test_another_account_may_do_what_the_policy_names_and_nothing_else(aws, lambent, function):
    other = lambent.client(account="222222222222")
    arn = function.configuration()["FunctionArn"]
    assert refused(other.invoke, FunctionName=arn)[0] == "AccessDeniedException"
    add(aws, function, "invoke", principal="222222222222")
    add(aws, function, "read", principal="222222222222", action="lambda:GetFunction")
    answer = other.invoke(FunctionName=arn, Payload='{"a": 1}')
    assert json.load(answer["Payload"]) == {"a": 1}
    streamed = other.invoke_with_response_stream(FunctionName=arn, Payload=b"2")["EventStream"]
    assert b"".join(part["PayloadChunk"]["Payload"] for part in streamed if "PayloadChunk" in part) == b"2"
    assert other.get_function(FunctionName=arn)["Configuration"]["FunctionArn"] == arn
    # Its name alone is a function of the other account, of which there is none.
    assert refused(other.invoke, FunctionName=function.name)[0] == "ResourceNotFoundException"
    assert refused(other.delete_function, FunctionName=arn)[0] == "AccessDeniedException"
    # Who may grant is for no policy to say.
    add(aws, function, "grant", principal="222222222222", action="lambda:AddPermission")
    grant = {"StatementId": "more", "Principal": "222222222222", "Action": "lambda:DeleteFunction"}
    assert refused(other.add_permission, FunctionName=arn, **grant)[0] == "AccessDeniedException"
    third = lambent.client(account="333333333333")
    assert refused(third.invoke, FunctionName=arn)[0] == "AccessDeniedException"
    aws.remove_permission(FunctionName=function.name, StatementId="invoke")
    assert refused(other.invoke, FunctionName=arn)[0] == "AccessDeniedException"
