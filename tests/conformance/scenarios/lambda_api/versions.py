"""Versions: published, published again, and with preconditions."""

from scenario import package, scenarios_of

recorded = scenarios_of("lambda_api::TestLambdaVersions")


@recorded("test_publish_version_on_create")
def published_when_created(s):
    name = s.name()
    s.step("create_response", s.create(name, Publish=True))
    s.active(name, "1")
    s.active(name)
    s.step("get_function_result", s.ask.get_function(FunctionName=name))
    s.step("get_function_version_result", s.ask.get_function(FunctionName=name, Qualifier="1"))
    s.step("get_function_latest_result", s.ask.get_function(FunctionName=name, Qualifier="$LATEST"))
    s.step("list_versions_result", s.ask.list_versions_by_function(FunctionName=name))
    s.step("repeated_publish_response", s.ask.publish_version(FunctionName=name))
    s.step("list_versions_result_after_publish", s.ask.list_versions_by_function(FunctionName=name))


@recorded("test_version_lifecycle")
def life(s):
    name = s.name()

    def describe(step, description):
        answer = s.ask.update_function_configuration(FunctionName=name, Description=description)
        s.step(step, answer)
        s.active(name)

    s.step("create_response", s.create(name, Description="No version :("))
    s.active(name)
    s.step("get_function_result", s.ask.get_function(FunctionName=name))
    s.step("list_versions_result", s.ask.list_versions_by_function(FunctionName=name))
    describe("first_update_response", "First version :)")
    s.step("first_update_get_function", s.ask.get_function(FunctionName=name))
    first = s.ask.publish_version(FunctionName=name, Description="First version description :)")
    s.step("first_publish_response", first)
    s.step("first_publish_get_function", s.ask.get_function(FunctionName=name, Qualifier="1"))
    s.step("first_publish_get_function_config", s.ask.get_function_configuration(FunctionName=name, Qualifier="1"))
    describe("second_update_response", "Second version :))")
    s.step("first_publish_get_function_after_update", s.ask.get_function(FunctionName=name, Qualifier="1"))
    s.step("second_publish_response", s.ask.publish_version(FunctionName=name))
    s.step("third_publish_response", s.ask.publish_version(FunctionName=name))
    s.step("list_versions_result_after_third_publish", s.ask.list_versions_by_function(FunctionName=name))
    s.do.delete_function(FunctionName=name, Qualifier="1")
    left = s.ask.list_versions_by_function(FunctionName=name)
    s.step("list_versions_result_after_deletion_of_first_version", left)


def precondition(s, wrong_step, wrong, right, **parameters):
    """Publishes on a condition that does not hold, then on one that does."""
    name = s.name()
    s.step("create_response", s.create(name, **parameters))
    s.active(name)
    found = s.step("get_fn_response", s.ask.get_function(FunctionName=name))
    s.step(wrong_step, s.ask.publish_version(FunctionName=name, **wrong))
    condition = {right: found["Configuration"][right]}
    s.step("publish_result", s.ask.publish_version(FunctionName=name, **condition))


@recorded("test_publish_with_wrong_revisionid")
def wrong_revision(s):
    wrong = {"RevisionId": "not-the-revision"}
    precondition(s, "publish_wrong_revisionid_exc", wrong, "RevisionId", Runtime="python3.9")


@recorded("test_publish_with_wrong_sha256")
def wrong_digest(s):
    precondition(s, "publish_wrong_sha256_exc", {"CodeSha256": "somenonexistentsha256"}, "CodeSha256")


@recorded("test_publish_with_update")
def published_with_new_code(s):
    name = s.name()
    s.step("create_response", s.create(name))
    s.active(name)
    s.step("get_function_result", s.ask.get_function(FunctionName=name))
    updated = s.ask.update_function_code(FunctionName=name, ZipFile=package("second"), Publish=True)
    s.step("update_function_code_result", updated)
    s.step("get_function_version_result", s.ask.get_function(FunctionName=name, Qualifier="1"))
    s.step("get_function_latest_result", s.ask.get_function(FunctionName=name, Qualifier="$LATEST"))
