"""The life of functions: created, read, updated, listed, deleted; in several accounts and regions; over restarts."""

import base64
import hashlib
import subprocess

import pytest

from kit import functions, host
from kit.functions import PACE, ROLE, a_name
from kit.zips import package

ECHO = "def handler(event, context):\n    return event\n"
PACKAGE = package({"function.py": ECHO})


def sha256(archive):
    return base64.b64encode(hashlib.sha256(archive).digest()).decode()


def create(client, name, archive=PACKAGE, **options):
    return client.create_function(
        FunctionName=name,
        Runtime=host.newest("python"),
        Handler="function.handler",
        Role=ROLE,
        Code={"ZipFile": archive},
        **options,
    )


@pytest.fixture
def name(aws):
    name = a_name()
    yield name
    try:
        aws.delete_function(FunctionName=name)
    except aws.exceptions.ResourceNotFoundException:
        pass


def test_a_new_function_is_pending_and_becomes_active(aws, name):
    created = create(aws, name, Description="mine", MemorySize=256, Timeout=7, Environment={"Variables": {"COLOUR": "1"}})
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert created["State"] == "Pending" and created["StateReasonCode"] == "Creating"
    assert "LastUpdateStatus" not in created
    aws.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=PACE)
    found = aws.get_function_configuration(FunctionName=name)
    assert found["State"] == "Active" and found["LastUpdateStatus"] == "Successful"
    assert found["FunctionArn"] == f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    assert found["Description"] == "mine" and found["MemorySize"] == 256 and found["Timeout"] == 7
    assert found["Environment"] == {"Variables": {"COLOUR": "1"}}
    assert found["Version"] == "$LATEST" and found["PackageType"] == "Zip" and found["Architectures"] == ["x86_64"]
    assert found["CodeSha256"] == sha256(PACKAGE) and found["CodeSize"] == len(PACKAGE)


def test_the_package_is_given_back_to_whoever_follows_its_location(aws, name, tmp_path):
    create(aws, name)
    code = aws.get_function(FunctionName=name)["Code"]
    assert code["RepositoryType"] == "S3"
    subprocess.run([host.need("curl"), "-sSf", "-o", tmp_path / "code.zip", code["Location"]], check=True)
    assert (tmp_path / "code.zip").read_bytes() == PACKAGE


def test_a_name_is_given_once(aws, name):
    create(aws, name)
    with pytest.raises(aws.exceptions.ResourceConflictException, match=f"Function already exist: {name}"):
        create(aws, name)


def test_new_code_has_a_new_hash_and_revision(aws, name):
    first = create(aws, name)
    aws.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=PACE)
    other = package({"function.py": ECHO.replace("event\n", "'new'\n")})
    updated = aws.update_function_code(FunctionName=name, ZipFile=other)
    assert updated["CodeSha256"] == sha256(other) != first["CodeSha256"]
    assert updated["RevisionId"] != first["RevisionId"]
    aws.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig=PACE)
    answer = aws.invoke(FunctionName=name)
    assert answer["Payload"].read() == b'"new"'


def test_an_update_changes_what_it_names_and_nothing_else(aws, name):
    create(aws, name, Description="old", Timeout=9)
    aws.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=PACE)
    before = aws.get_function_configuration(FunctionName=name)
    aws.update_function_configuration(FunctionName=name, Description="new")
    aws.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig=PACE)
    after = aws.get_function_configuration(FunctionName=name)
    changed = {key for key in before if key != "ResponseMetadata" and before[key] != after[key]}
    assert changed == {"Description", "RevisionId", "LastModified"}


def test_an_update_of_another_revision_is_refused(aws, name):
    create(aws, name)
    aws.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=PACE)
    before = aws.get_function_configuration(FunctionName=name)
    with pytest.raises(aws.exceptions.PreconditionFailedException, match="The Revision Id provided does not match"):
        aws.update_function_configuration(FunctionName=name, Description="x", RevisionId="00000000-0000-0000-0000-000000000000")
    with pytest.raises(aws.exceptions.PreconditionFailedException):
        aws.update_function_code(FunctionName=name, ZipFile=PACKAGE, RevisionId="00000000-0000-0000-0000-000000000000")
    after = aws.get_function_configuration(FunctionName=name)
    assert after["Description"] == "" and after["RevisionId"] == before["RevisionId"]


def test_a_dry_run_changes_no_code(aws, name):
    create(aws, name)
    aws.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=PACE)
    other = package({"function.py": "changed = True\n"})
    shown = aws.update_function_code(FunctionName=name, ZipFile=other, DryRun=True)
    assert shown["CodeSha256"] == sha256(other)
    assert aws.get_function_configuration(FunctionName=name)["CodeSha256"] == sha256(PACKAGE)


def test_a_deleted_function_is_gone(aws, name):
    create(aws, name)
    location = aws.get_function(FunctionName=name)["Code"]["Location"]
    aws.delete_function(FunctionName=name)
    calls = (aws.get_function, aws.get_function_configuration, aws.delete_function, aws.invoke)
    for call in calls:
        with pytest.raises(aws.exceptions.ResourceNotFoundException, match=f"Function not found: arn:aws:.*:{name}"):
            call(FunctionName=name)
    assert subprocess.run([host.need("curl"), "-sf", location], capture_output=True).returncode != 0
    create(aws, name, Description="again")
    assert aws.get_function_configuration(FunctionName=name)["Description"] == "again"


def test_a_function_answers_to_its_name_its_arn_and_its_partial_arn(aws, name):
    arn = create(aws, name)["FunctionArn"]
    for reference in (name, arn, f"000000000000:function:{name}", f"{name}:$LATEST"):
        assert aws.get_function_configuration(FunctionName=reference)["FunctionName"] == name


def test_lists_come_in_pages_and_in_order(lambent):
    client = lambent.client(account="000000000123")
    names = sorted(a_name("page") for _ in range(7))
    for each in names:
        create(client, each)
    pages = list(client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["Functions"]) for page in pages] == [3, 3, 1]
    assert [each["FunctionName"] for page in pages for each in page["Functions"]] == names
    assert "State" not in pages[0]["Functions"][0]
    for each in names:
        client.delete_function(FunctionName=each)
    assert client.list_functions()["Functions"] == []


def test_accounts_and_regions_do_not_see_each_other(lambent):
    places = [("111111111111", "us-east-1"), ("111111111111", "eu-central-1"), ("222222222222", "us-east-1")]
    clients = [lambent.client(account, region) for account, region in places]
    for client, (account, region) in zip(clients, places):
        created = create(client, "same-name", Description=f"{account} {region}")
        assert created["FunctionArn"] == f"arn:aws:lambda:{region}:{account}:function:same-name"
    for client, (account, region) in zip(clients, places):
        assert [each["Description"] for each in client.list_functions()["Functions"]] == [f"{account} {region}"]
    clients[0].delete_function(FunctionName="same-name")
    assert clients[0].list_functions()["Functions"] == []
    for client in clients[1:]:
        assert client.invoke(FunctionName="same-name", Payload=b"5")["Payload"].read() == b"5"
        client.delete_function(FunctionName="same-name")


def test_a_restart_keeps_every_function_and_the_first_invoke_after_it_works(fresh_lambent):
    server = fresh_lambent()
    client = server.client()
    made = [functions.create(client, {"function.py": f"def handler(e, c): return {n}\n"}, host.newest("python"), "function.handler")
            for n in range(3)]
    assert made[0].invoke().value == 0
    before = [each.configuration() for each in made]
    server.restart()
    client = server.client()
    for number, (function, old) in enumerate(zip(made, before)):
        function.client = client
        new = function.configuration()
        del old["ResponseMetadata"], new["ResponseMetadata"]
        assert new == old
        assert function.invoke().value == number
