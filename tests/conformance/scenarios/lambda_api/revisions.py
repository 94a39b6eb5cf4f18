"""Revision ids: when they change, and what a wrong one prevents."""

from scenario import package, scenarios_of

recorded = scenarios_of("lambda_api::TestLambdaRevisions")

WRONG = "not-the-revision"


@recorded("test_function_revisions_basic")
def functions(s):
    name, code = s.name(), package("first")
    created = s.fixture(name, Handler="index.handler", Code={"ZipFile": code})
    s.step("create_function_response_rev1", created)

    def get(step):
        return s.step(step, s.ask.get_function(FunctionName=name))["Configuration"]["RevisionId"]

    second = get("get_function_response_rev2")
    wrong = s.ask.update_function_code(FunctionName=name, ZipFile=code, RevisionId=WRONG)
    s.step("update_function_revision_exception", wrong)
    right = s.ask.update_function_code(FunctionName=name, ZipFile=code, RevisionId=second)
    s.step("update_function_code_response_rev3", right)
    s.active(name)
    fourth = get("get_function_response_rev4")
    change = {"FunctionName": name, "Runtime": "python3.8"}
    wrong = s.ask.update_function_configuration(**change, RevisionId=WRONG)
    s.step("update_function_configuration_revision_exception", wrong)
    right = s.ask.update_function_configuration(**change, RevisionId=fourth)
    s.step("update_function_configuration_response_rev5", right)
    s.active(name)
    get("get_function_response_rev6")


@recorded("test_function_revisions_version_and_alias")
def versions_and_aliases(s):
    name = s.name()

    def get(step, **qualified):
        return s.step(step, s.ask.get_function(FunctionName=name, **qualified))["Configuration"]["RevisionId"]

    s.step("create_function_response_rev1", s.fixture(name))
    second = get("get_function_active_rev2")
    s.step("publish_version_revision_exception", s.ask.publish_version(FunctionName=name, RevisionId=WRONG))
    s.step("publish_version_response_rev_v1", s.ask.publish_version(FunctionName=name, RevisionId=second))
    get("get_function_published_version_rev_v2", Qualifier="1")
    get("get_function_latest_rev3")
    alias = {"FunctionName": name, "Name": "revision_alias"}
    made = s.step("create_alias_response_rev_a1", s.ask.create_alias(**alias, FunctionVersion="1"))
    get("get_function_latest_rev4")
    get("get_function_published_version_rev_v3", Qualifier="1")
    change = alias | {"Description": "something changed"}
    s.step("update_alias_revision_exception", s.ask.update_alias(**change, RevisionId=WRONG))
    s.step("update_alias_response_rev_a2", s.ask.update_alias(**change, RevisionId=made["RevisionId"]))


@recorded("test_function_revisions_permissions")
def permissions(s):
    name = s.name()
    s.fixture(name)
    statement = {"FunctionName": name, "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    s.do.add_permission(**statement, StatementId="first")
    wrong = s.ask.add_permission(**statement, StatementId="second", RevisionId=WRONG)
    s.step("add_permission_revision_exception", wrong)
