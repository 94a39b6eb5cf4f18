"""Function URL configurations."""

from scenario import scenarios_of

recorded = scenarios_of("lambda_api::TestLambdaUrl")


def function(s):
    name = s.name()
    s.fixture(name, Runtime="nodejs20.x", Handler="lambda_handler.handler")
    return name


def published(s):
    """A function with a version and the alias `urlalias`."""
    name = function(s)
    s.step("fn_version_result", s.ask.publish_version(FunctionName=name))
    made = s.ask.create_alias(FunctionName=name, Name="urlalias", FunctionVersion="1")
    s.step("create_alias_result", made)
    return name


@recorded("test_url_config_lifecycle")
def life(s):
    name = function(s)
    s.step("url_creation", s.ask.create_function_url_config(FunctionName=name, AuthType="NONE"))
    s.step("failed_duplication", s.ask.create_function_url_config(FunctionName=name, AuthType="NONE"))
    s.step("get_url_config", s.ask.get_function_url_config(FunctionName=name))
    s.step("updated_url_config", s.ask.update_function_url_config(FunctionName=name, AuthType="AWS_IAM"))
    s.do.delete_function_url_config(FunctionName=name)
    s.step("failed_getter", s.ask.get_function_url_config(FunctionName=name))


@recorded("test_url_config_list_paging")
def lists(s):
    name = published(s)
    s.step("list_function_notfound", s.ask.list_function_url_configs(FunctionName="doesnotexist"))
    s.step("list_all_empty", s.ask.list_function_url_configs(FunctionName=name))
    s.step("url_config_fn", s.ask.create_function_url_config(FunctionName=name, AuthType="NONE"))
    alias = s.ask.create_function_url_config(FunctionName=name, Qualifier="urlalias", AuthType="NONE")
    s.step("url_config_alias", alias)
    s.step("list_all", s.ask.list_function_url_configs(FunctionName=name))


@recorded("test_url_config_exceptions")
def refused(s):
    name = published(s)
    arn = s.arn(f"function:{name}")
    cases = {
        "name_doesnotexist": {"FunctionName": "doesnotexist"},
        "arn_doesnotexist": {"FunctionName": s.arn("function:doesnotexist")},
        "name_doesnotexist_qualifier": {"FunctionName": "doesnotexist", "Qualifier": "1"},
        "qualifier_version": {"FunctionName": name, "Qualifier": "1"},
        "qualifier_version_doesnotexist": {"FunctionName": name, "Qualifier": "2"},
        "qualifier_alias_doesnotexist": {"FunctionName": name, "Qualifier": "doesnotexist"},
        "qualifier_alias_doesnotmatch_arn": {"FunctionName": f"{arn}:doesnotexist", "Qualifier": "urlalias"},
        "qualifier_latest": {"FunctionName": name, "Qualifier": "$LATEST"},
        "config_doesnotexist": {"FunctionName": name},
    }
    for verb, more in ("create", {"AuthType": "NONE"}), ("get", {}), ("delete", {}), ("update", {"AuthType": "AWS_IAM"}):
        call = getattr(s.ask, f"{verb}_function_url_config")
        for case, named in cases.items():
            if (verb, case) == ("create", "config_doesnotexist"):
                continue
            answer = call(**named, **more)
            if (verb, case) == ("delete", "qualifier_alias_doesnotmatch_arn"):
                # AWS broke down over this one; any refusal is better.
                answer = "refused" if "Error" in answer else answer
            s.step(f"{verb}_function_url_config_{case}", answer)


@recorded("test_url_config_deletion_without_qualifier")
def delete_one_of_two(s):
    name = function(s)
    s.do.publish_version(FunctionName=name)
    s.do.create_alias(FunctionName=name, Name="test-alias", FunctionVersion="1")
    unqualified, alias = {"FunctionName": name}, {"FunctionName": name, "Qualifier": "test-alias"}
    s.step("url_creation", s.ask.create_function_url_config(**unqualified, AuthType="NONE"))
    s.step("url_with_alias_creation", s.ask.create_function_url_config(**alias, AuthType="NONE"))
    s.step("get_url_config", s.ask.get_function_url_config(**unqualified))
    s.step("get_url_config_with_alias", s.ask.get_function_url_config(**alias))
    s.step("delete_function_url_config", s.ask.delete_function_url_config(**unqualified))
    s.step("get_url_config_after_deletion", s.ask.get_function_url_config(**unqualified))
    s.step("get_url_config_with_alias_after_deletion", s.ask.get_function_url_config(**alias))
