"""The resource policies of functions, versions and aliases."""

from scenario import scenarios_of

recorded = scenarios_of("lambda_api::TestLambdaPermissions")

BUCKET = "arn:aws:s3:::a-bucket"


def allow(s, name, sid="s3", principal="s3.amazonaws.com", action="lambda:InvokeFunction", **parameters):
    """Adds a statement."""
    statement = {"StatementId": sid, "Principal": principal, "Action": action}
    return s.ask.add_permission(FunctionName=name, **(statement | parameters))


def function(s, **parameters):
    name = s.name()
    s.fixture(name, **parameters)
    return name


@recorded("test_permission_exceptions")
def refused(s):
    name = function(s)

    def remove(named, **qualified):
        return s.ask.remove_permission(FunctionName=named, StatementId="s3", **qualified)

    s.step("add_permission_invalid_statement_id", allow(s, name, "example.com"))
    mismatch = allow(s, f"{name}:alias", Qualifier="42")
    s.step("add_permission_fn_qualifier_mismatch", mismatch)
    s.step("add_permission_fn_qualifier_latest", allow(s, name, Qualifier="$LATEST"))
    s.step("add_permission_principal_invalid", allow(s, name, principal="invalid.nonaws.com"))
    s.step("get_policy_fn_doesnotexist", s.ask.get_policy(FunctionName="doesnotexist"))
    s.step("get_policy_fn_version_doesnotexist", s.ask.get_policy(FunctionName=name, Qualifier="42"))
    s.step("add_permission_fn_doesnotexist", allow(s, "doesnotexist"))
    s.step("remove_permission_policy_doesnotexist", remove(name))
    s.step("add_permission_fn_alias_doesnotexist", allow(s, name, Qualifier="alias-doesnotexist"))
    s.step("add_permission_fn_version_doesnotexist", allow(s, name, Qualifier="42"))
    invalid = allow(s, name, Qualifier="invalid-qualifier-with-?-char")
    s.step("add_permission_fn_qualifier_invalid", invalid)
    valid = allow(s, name, Qualifier="valid-with-$-but-doesnotexist")
    s.step("add_permission_fn_qualifier_valid_doesnotexist", valid)
    allow(s, name)
    s.step("add_permission_conflicting_statement_id", allow(s, name))
    s.step("remove_permission_fn_doesnotexist", remove("doesnotexist"))
    s.step("remove_permission_fn_alias_doesnotexist", remove(name, Qualifier="alias-doesnotexist"))


@recorded("test_add_lambda_permission_aws")
def a_bucket_may_invoke(s):
    name = s.name()
    s.step("create_lambda", s.fixture(name))
    s.step("add_permission", allow(s, name, SourceArn=BUCKET))
    s.step("get_policy", s.ask.get_policy(FunctionName=name))


@recorded("test_create_multiple_lambda_permissions")
def two_statements(s):
    name = function(s)
    for number, service in enumerate(("logs", "kinesis"), 1):
        s.step(f"add_permission_response_{number}", allow(s, name, service, f"{service}.amazonaws.com"))
    s.step("policy_after_2_add", s.ask.get_policy(FunctionName=name))


@recorded("test_remove_multi_permissions")
def remove_statements(s):
    name = function(s)
    s.step("add_permission_1", allow(s, name))
    s.step("add_permission_2", allow(s, name, "sqs", "sqs.amazonaws.com", SourceArn=BUCKET))
    s.step("policy_after_2_add", s.ask.get_policy(FunctionName=name))
    missing = s.ask.remove_permission(FunctionName=name, StatementId="non-existent")
    s.step("remove_permission_exception_nonexisting_sid", missing)
    s.do.remove_permission(FunctionName=name, StatementId="sqs")
    s.step("policy_after_removal", s.ask.get_policy(FunctionName=name))
    s.ask.remove_permission(FunctionName=name, StatementId="sqs")
    s.step("policy_after_removal_attempt", s.ask.get_policy(FunctionName=name))
    s.do.remove_permission(FunctionName=name, StatementId="s3")
    s.step("get_policy_exception_removed_all", s.ask.get_policy(FunctionName=name))


@recorded("test_add_lambda_permission_optional_fields")
def nothing_was_recorded(s):
    assert "Statement" in allow(s, function(s), SourceArn=BUCKET, SourceAccount=s.account)


@recorded("test_add_lambda_permission_fields")
def principals_and_conditions(s):
    name = function(s)
    account = {"SourceAccount": s.account}
    s.step("add_permission_principal_wildcard", allow(s, name, "wilcard", "*", **account))
    s.step("add_permission_principal_service", allow(s, name, "lambda", "lambda.amazonaws.com", **account))
    s.step("add_permission_principal_account", allow(s, name, "account-id", s.account))
    user = f"arn:aws:iam::{s.account}:user/somebody"
    s.step("add_permission_principal_arn", allow(s, name, "user-arn", user, **account))
    conditions = {"SourceArn": BUCKET, "PrincipalOrgID": "o-1234567890", "FunctionUrlAuthType": "NONE"} | account
    url = allow(s, name, "urlPermission", "*", "lambda:InvokeFunctionUrl", **conditions)
    s.step("add_permission_optional_fields", url)
    token = "amzn1.ask.skill.xxxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
    s.step("add_permission_alexa_skill", allow(s, name, "alexaSkill", "*", EventSourceToken=token))


@recorded("test_lambda_permission_fn_versioning")
def policies_of_versions_and_aliases(s):
    name = function(s)

    def policy(step, **qualified):
        s.step(step, s.ask.get_policy(FunctionName=name, **qualified))

    source = {"SourceArn": BUCKET}
    s.step("add_permission", allow(s, name, **source))
    policy("get_policy")
    s.step("publish_version_result", s.ask.publish_version(FunctionName=name))
    s.step("get_function_result_after_publishing", s.ask.get_function(FunctionName=name))
    policy("get_policy_after_publishing_latest")
    policy("get_policy_after_publishing_new_version", Qualifier="1")
    allow(s, name, Qualifier="1", **source)
    policy("get_policy_version", Qualifier="1")
    alias = {"FunctionName": name, "Name": "permission-alias"}
    s.step("create_alias_response", s.ask.create_alias(**alias, FunctionVersion="1"))
    found = s.step("get_alias", s.ask.get_alias(**alias))
    qualified = source | {"Qualifier": "permission-alias"}
    other = allow(s, name, RevisionId=found["RevisionId"], **qualified)
    s.step("add_permission_alias_revision_exception", other)
    allow(s, name, **qualified)
    policy("get_policy_alias", Qualifier="permission-alias")
    policy("get_policy_after_adding_to_new_version")
    allow(s, name, "s3_2", **source)
    policy("get_policy_after_adding_2")


@recorded("test_lambda_permission_versioning")
def policies_of_versions_in_2022(s):
    name = function(s)

    def policy(step, **qualified):
        s.step(step, s.ask.get_policy(FunctionName=name, **qualified))

    source = {"SourceArn": BUCKET}
    s.step("add_permission", allow(s, name, **source))
    policy("get_policy")
    s.do.publish_version(FunctionName=name)
    policy("get_policy_after_publishing_latest")
    policy("get_policy_after_publishing_new_version", Qualifier="1")
    allow(s, name, Qualifier="1", **source)
    policy("get_policy_after_adding_to_new_version")
    allow(s, name, "s3_2", **source)
    policy("get_policy_after_adding_2")


@recorded("test_lambda_permission_revisions")
def revisions_in_2022(s):
    name = function(s, Runtime="python3.8")
    wrong, source = {"RevisionId": "not-the-revision"}, {"SourceArn": BUCKET}
    s.step("add_permission_revision_id_doesnotmatch", allow(s, name, **wrong, **source))
    allow(s, name, **source)
    removal = s.ask.remove_permission(FunctionName=name, StatementId="s3", **wrong)
    s.step("remove_permission_fn_revision_id_doesnotmatch", removal)
    s.do.publish_version(FunctionName=name)
    allow(s, name, "s3_2", **source)
    allow(s, name, "s3_2", Qualifier="1", **source)
    s.do.update_function_configuration(FunctionName=name, Runtime="python3.9")
    s.active(name)
    s.step("get_policy_after_publish_version", s.ask.get_policy(FunctionName=name))
    s.step("get_policy_v1_after_publish_version", s.ask.get_policy(FunctionName=name, Qualifier="1"))
    for step in "fn8", "fn9":
        s.step(f"get_function_{step}", s.ask.get_function(FunctionName=name))
        s.step(f"get_function_{step}_v1", s.ask.get_function(FunctionName=name, Qualifier="1"))
        allow(s, name, "s3_3", Qualifier="1", **source)
    s.step("get_policy_v1_after_add_permission9", s.ask.get_policy(FunctionName=name, Qualifier="1"))
