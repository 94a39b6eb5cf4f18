"""Roles, policies and who somebody is, as the developer guide has its readers make and ask them."""

import json
import subprocess
import sys

import boto3
import pytest
from botocore.exceptions import ClientError

from kit.eventually import eventually
from kit.functions import a_name
from kit.server import ONE_TRY, environment
from kit.zips import package

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
SENDS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]}


def trusting(principal, **more):
    return {**TRUST, "Statement": [{**TRUST["Statement"][0], "Principal": principal, **more}]}


@pytest.fixture
def iam(lambent):
    return lambent.client(service="iam")


@pytest.fixture
def role(iam):
    """`role(trust)` makes a role and deletes it, with all it has, after the test."""
    made = []

    def make(trust=TRUST, **options):
        answer = iam.create_role(RoleName=a_name("role"), AssumeRolePolicyDocument=json.dumps(trust), **options)
        made.append(answer["Role"]["RoleName"])
        return answer["Role"]

    yield make
    for name in made:
        for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)


def refusal(call, **arguments):
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    answer = refused.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def test_a_role_is_made_shown_and_deleted(iam, role):
    made = role(Path="/service-role/", Description="for tests", Tags=[{"Key": "team", "Value": "blue"}])
    name = made["RoleName"]
    assert made["Arn"] == f"arn:aws:iam::000000000000:role/service-role/{name}"
    assert made["RoleId"].startswith("AROA") and len(made["RoleId"]) == 21
    assert made["AssumeRolePolicyDocument"] == TRUST
    iam.get_waiter("role_exists").wait(RoleName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 3})
    shown = iam.get_role(RoleName=name)["Role"]
    assert (shown["Description"], shown["MaxSessionDuration"], shown["RoleLastUsed"]) == ("for tests", 3600, {})
    assert shown["Tags"] == [{"Key": "team", "Value": "blue"}]
    iam.update_role(RoleName=name, Description="still", MaxSessionDuration=7200)
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trusting({"Service": "ec2.amazonaws.com"})))
    iam.tag_role(RoleName=name, Tags=[{"Key": "size", "Value": "small"}])
    iam.untag_role(RoleName=name, TagKeys=["team"])
    shown = iam.get_role(RoleName=name)["Role"]
    assert (shown["Description"], shown["MaxSessionDuration"]) == ("still", 7200)
    assert shown["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Service": "ec2.amazonaws.com"}
    assert iam.list_role_tags(RoleName=name)["Tags"] == [{"Key": "size", "Value": "small"}]
    pages = iam.get_paginator("list_roles").paginate(PathPrefix="/service-role/", PaginationConfig={"PageSize": 1})
    assert name in [each["RoleName"] for page in pages for each in page["Roles"]]


def test_a_role_has_policies_of_its_own_and_shared_ones(iam, role):
    name = role()["RoleName"]
    iam.put_role_policy(RoleName=name, PolicyName="sends", PolicyDocument=json.dumps(SENDS))
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["sends"]
    assert iam.get_role_policy(RoleName=name, PolicyName="sends")["PolicyDocument"] == SENDS
    iam.attach_role_policy(RoleName=name, PolicyArn=BASIC)
    iam.attach_role_policy(RoleName=name, PolicyArn=BASIC)
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert attached == [{"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": BASIC}]
    basic = iam.get_policy(PolicyArn=BASIC)["Policy"]
    assert basic["AttachmentCount"] >= 1 and basic["IsAttachable"]
    version = iam.get_policy_version(PolicyArn=BASIC, VersionId=basic["DefaultVersionId"])["PolicyVersion"]
    assert "logs:PutLogEvents" in version["Document"]["Statement"][0]["Action"]
    assert name in [each["RoleName"] for each in iam.list_entities_for_policy(PolicyArn=BASIC)["PolicyRoles"]]
    conflict = (409, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
    assert refusal(iam.delete_role, RoleName=name) == conflict
    iam.detach_role_policy(RoleName=name, PolicyArn=BASIC)
    conflict = (409, "DeleteConflict", "Cannot delete entity, must delete policies first.")
    assert refusal(iam.delete_role, RoleName=name) == conflict


def test_a_policy_has_versions(iam, role):
    name = a_name("policy")
    policy = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(SENDS), Path="/a/")["Policy"]
    arn = policy["Arn"]
    assert arn == f"arn:aws:iam::000000000000:policy/a/{name}" and policy["PolicyId"].startswith("ANPA")
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(SENDS), SetAsDefault=True)["PolicyVersion"]
    assert (made["VersionId"], made["IsDefaultVersion"]) == ("v2", True)
    assert [each["VersionId"] for each in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v2", "v1"]
    assert refusal(iam.delete_policy, PolicyArn=arn)[1] == "DeleteConflict"
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    holder = role()["RoleName"]
    iam.attach_role_policy(RoleName=holder, PolicyArn=arn)
    assert [each["Arn"] for each in iam.list_policies(Scope="Local", PathPrefix="/a/", OnlyAttached=True)["Policies"]] == [arn]
    assert refusal(iam.delete_policy, PolicyArn=arn)[2] == "Cannot delete a policy attached to entities."
    iam.detach_role_policy(RoleName=holder, PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    assert refusal(iam.get_policy, PolicyArn=arn) == (404, "NoSuchEntity", f"Policy {arn} was not found.")


def test_refusals_read_as_awss(iam, role):
    name = role()["RoleName"]
    trust = json.dumps(TRUST)
    exists = (409, "EntityAlreadyExists", f"Role with name {name} already exists.")
    assert refusal(iam.create_role, RoleName=name, AssumeRolePolicyDocument=trust) == exists
    missing = (404, "NoSuchEntity", "The role with name absent cannot be found.")
    assert refusal(iam.get_role, RoleName="absent") == missing
    status, code, words = refusal(iam.create_role, RoleName="a b", AssumeRolePolicyDocument=trust)
    assert (status, code) == (400, "ValidationError")
    assert words.startswith("The specified value for roleName is invalid.")
    malformed = (400, "MalformedPolicyDocument", "This policy contains invalid Json")
    assert refusal(iam.create_role, RoleName="r", AssumeRolePolicyDocument="trust.json") == malformed
    prohibited = (400, "MalformedPolicyDocument", "Has prohibited field Resource")
    wrong = json.dumps(trusting({"Service": "lambda.amazonaws.com"}, Resource="*"))
    assert refusal(iam.create_role, RoleName="r", AssumeRolePolicyDocument=wrong) == prohibited
    assert refusal(iam.get_user, UserName="alice")[1] == "NoSuchEntity"
    stranger = "arn:aws:iam::aws:policy/AmazonRDSFullAccess"
    assert refusal(iam.attach_role_policy, RoleName=name, PolicyArn=stranger)[0] == 501


def test_who_somebody_is(lambent, iam):
    identity = lambent.client(service="sts").get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == ("000000000000", "arn:aws:iam::000000000000:root")
    other = lambent.client(service="sts", account="123456789012", region="eu-west-1").get_caller_identity()
    assert (other["Account"], other["UserId"]) == ("123456789012", "123456789012")
    assert iam.get_user()["User"]["Arn"] == identity["Arn"]
    assert iam.list_account_aliases()["AccountAliases"] == []


def test_a_function_is_a_session_of_its_role(lambent, role, python):
    made = role()
    code = """
        import os, re, urllib.request
        def handler(event, context):
            scope = "AKID/20260101/us-east-1/sts/aws4_request"
            headers = {
                "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00",
                "Content-Type": "application/x-www-form-urlencoded",
            }
            asked = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], b"Action=GetCallerIdentity&Version=2011-06-15", headers)
            return re.search("<Arn>(.*?)</Arn>", urllib.request.urlopen(asked).read().decode())[1]
    """
    function = python(code)
    function.configure(Role=made["Arn"])
    assert function.invoke({}).value == f"arn:aws:sts::000000000000:assumed-role/{made['RoleName']}/{function.name}"


def test_lambda_must_be_trusted_by_a_role_that_is_there(aws, role):
    stranger = role(trusting({"Service": "ec2.amazonaws.com"}))
    code = {"ZipFile": package({"a.py": "def b(event, context): pass"})}
    create = {"Runtime": "python3.12", "Handler": "a.b", "Code": code}
    words = "The role defined for the function cannot be assumed by Lambda."
    name = a_name("f")
    refused = refusal(aws.create_function, FunctionName=name, Role=stranger["Arn"], **create)
    assert refused == (400, "InvalidParameterValueException", words)
    never_made = "arn:aws:iam::000000000000:role/never-made"
    aws.create_function(FunctionName=name, Role=never_made, **create)
    aws.get_waiter("function_active_v2").wait(FunctionName=name)
    refused = refusal(aws.update_function_configuration, FunctionName=name, Role=stranger["Arn"])
    assert refused == (400, "InvalidParameterValueException", words)
    aws.delete_function(FunctionName=name)


CONFIG = """
[[credentials]]
access-key = "AKIDEXAMPLE"
secret-key = "right secret"
account = "123456789012"
"""


def test_temporary_credentials_are_let_in_and_outlive_a_restart(fresh_lambent, tmp_path):
    config = tmp_path / "lambent.toml"
    config.write_text(CONFIG)
    server = fresh_lambent("--config", str(config))

    def client(service, key="AKIDEXAMPLE", secret="right secret", token=None):  # noqa: S107
        return boto3.client(service, endpoint_url=server.url, region_name="eu-west-1", aws_access_key_id=key,
                            aws_secret_access_key=secret, aws_session_token=token, config=ONE_TRY)  # fmt: skip

    def with_credentials(service, given, **other):
        key, secret, token = given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
        return client(service, **{"key": key, "secret": secret, "token": token, **other})

    iam, sts = client("iam"), client("sts")
    made = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trusting({"AWS": "123456789012"})))["Role"]
    assumed = sts.assume_role(RoleArn=made["Arn"], RoleSessionName="deploy", DurationSeconds=900)
    given = assumed["Credentials"]
    arn = "arn:aws:sts::123456789012:assumed-role/r/deploy"
    assert assumed["AssumedRoleUser"] == {"Arn": arn, "AssumedRoleId": f"{made['RoleId']}:deploy"}
    assert with_credentials("lambda", given).list_functions()["Functions"] == []
    assert with_credentials("sts", given).get_caller_identity()["Arn"] == arn
    assert sts.get_access_key_info(AccessKeyId=given["AccessKeyId"])["Account"] == "123456789012"
    unknown = "The security token included in the request is invalid."
    assert refusal(with_credentials("lambda", given, token=None).list_functions)[2] == unknown
    assert refusal(with_credentials("lambda", given, token="stolen").list_functions)[2] == unknown
    wrong = with_credentials("lambda", given, secret="guessed")
    assert refusal(wrong.list_functions)[1] == "InvalidSignatureException"
    session = sts.get_session_token()["Credentials"]
    assert with_credentials("sts", session).get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:root"
    denied = f"User: arn:aws:iam::123456789012:root is not authorized to perform: sts:AssumeRole on resource: {made['Arn']}x"
    assert refusal(sts.assume_role, RoleArn=f"{made['Arn']}x", RoleSessionName="deploy") == (403, "AccessDenied", denied)
    server.restart()
    assert with_credentials("sts", given).get_caller_identity()["Arn"] == arn


def test_the_guides_commands(lambent, tmp_path, iam):
    name = a_name("lambda-ex")
    (tmp_path / "trust.json").write_text(json.dumps(TRUST))

    def aws(*arguments):
        settings = {**environment(), "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
                    "AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": "/nonexistent",
                    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}  # fmt: skip
        command = [sys.executable, "-m", "awscli", "--endpoint-url", lambent.url, "--output", "json", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=settings, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    made = aws("iam", "create-role", "--role-name", name, "--assume-role-policy-document", "file://trust.json")["Role"]
    assert made["AssumeRolePolicyDocument"] == TRUST
    aws("iam", "attach-role-policy", "--role-name", name, "--policy-arn", BASIC)
    aws("iam", "wait", "role-exists", "--role-name", name)
    assert aws("sts", "get-caller-identity")["Account"] == "000000000000"
    assert name in [each["RoleName"] for each in aws("iam", "list-roles")["Roles"]]
    aws("iam", "detach-role-policy", "--role-name", name, "--policy-arn", BASIC)
    aws("iam", "delete-role", "--role-name", name)


def test_a_function_whose_role_may_not_write_logs_has_none(lambent, iam, role, python):
    logs = lambent.client(service="logs")

    def lines(function):
        found = logs.filter_log_events(logGroupName=f"/aws/lambda/{function.name}")["events"]
        return [each["message"] for each in found if "hello" in each["message"]]

    function = python("def handler(event, context):\n    print('hello')\n    return 'done'\n")
    made = role()
    name = made["RoleName"]
    function.configure(Role=made["Arn"])
    answer = function.invoke({}, LogType="Tail")
    assert answer.value == "done" and "hello" in answer.log
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        lines(function)
    # The group is there, so it need not be made.
    group = f"/aws/lambda/{function.name}"
    logs.create_log_group(logGroupName=group)
    resource = f"arn:aws:logs:us-east-1:000000000000:log-group:{group}:*"
    writes = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [writes]})
    iam.put_role_policy(RoleName=name, PolicyName="writes", PolicyDocument=document)
    function.configure(Description="a new environment")
    function.invoke({})
    eventually(lambda: lines(function), within=30)
