"""What becomes of asynchronous events."""

from scenario import scenarios_of

recorded = scenarios_of("lambda_api::TestLambdaEventInvokeConfig")

RETRY_ONCE = {"MaximumRetryAttempts": 1}
ALIAS = "eventinvokealias"


@recorded("test_lambda_eventinvokeconfig_lifecycle")
def life(s):
    name = s.name()
    s.fixture(name)
    named, latest = {"FunctionName": name}, {"FunctionName": name, "Qualifier": "$LATEST"}
    version = {"FunctionName": name, "Qualifier": "1"}
    put, update = s.ask.put_function_event_invoke_config, s.ask.update_function_event_invoke_config
    get, every = s.ask.get_function_event_invoke_config, s.ask.list_function_event_invoke_configs
    s.step("put_invokeconfig_retries_0", put(**named, MaximumRetryAttempts=0))
    s.step("put_invokeconfig_eventage_60", put(**named, MaximumEventAgeInSeconds=60))
    s.step("update_invokeconfig_eventage_nochange", update(**named, MaximumEventAgeInSeconds=60))
    s.step("update_invokeconfig_retries", update(**named, **RETRY_ONCE))
    s.step("get_invokeconfig", get(**named))
    s.step("get_invokeconfig_latest", get(**latest))
    s.step("list_single_invokeconfig", every(**named))
    s.step("publish_version_result", s.ask.publish_version(**named))
    s.step("get_invokeconfig_postpublish", get(**version))
    s.step("put_published_invokeconfig", put(**version, MaximumEventAgeInSeconds=120))
    s.step("get_published_invokeconfig", get(**version))
    s.do.delete_function_event_invoke_config(**named)
    s.step("list_paging_nolimit_postdelete", every(**named))


@recorded("test_lambda_eventinvokeconfig_exceptions")
def refused(s):
    name = s.name()
    s.fixture(name)
    s.step("fn_version_result", s.ask.publish_version(FunctionName=name))
    s.step("fn_alias_result", s.ask.create_alias(FunctionName=name, Name=ALIAS, FunctionVersion="1"))
    destinations(s, name)
    qualifiers(s, name)
    values(s, name)
    deletions(s, name)


def destinations(s, name):
    """Destinations that can and cannot be."""
    arn, other = s.arn(f"function:{name}"), s.name()
    s.fixture(other)

    def put(step, named=name, **parameters):
        s.step(step, s.ask.put_function_event_invoke_config(FunctionName=named, **parameters))

    def to(step, when, destination=None):
        where = {"Destination": destination} if destination else {}
        put(step, DestinationConfig={when: where})

    put("put_functionname_name_notfound", "doesnotexist", **RETRY_ONCE)
    put("put_functionname_arn_notfound", s.arn("function:doesnotexist"), **RETRY_ONCE)
    put("put_functionname_nootherargs")
    to("put_destination_lambda_doesntexist", "OnSuccess", s.arn("function:doesnotexist"))
    to("put_destination_recursive", "OnSuccess", arn)
    to("put_destination_other_lambda", "OnSuccess", s.arn(f"function:{other}"))
    to("put_destination_invalid_service_arn", "OnSuccess", arn.replace(":lambda:", ":iam:"))
    to("put_destination_success_no_destination_arn", "OnSuccess")
    to("put_destination_failure_no_destination_arn", "OnFailure")
    to("put_destination_invalid_arn_pattern", "OnFailure", arn.replace(":lambda:", ":_-/!lambda:"))


def qualifiers(s, name):
    """The ways to name a version or an alias."""
    arn = s.arn(f"function:{name}")
    cases = {
        "put_destination_latest": (name, None),
        "put_destination_latest_explicit_qualifier": (name, "$LATEST"),
        "put_destination_version": (name, "1"),
        "put_alias_functionname_qualifier": (name, ALIAS),
        "put_alias_doesnotexist": (name, "doesnotexist"),
        "put_alias_qualifiedarn": (f"{arn}:{ALIAS}", None),
        "put_alias_qualifiedarn_qualifier": (f"{arn}:{ALIAS}", ALIAS),
        "put_alias_qualifiedarn_qualifierconflict": (f"{arn}:{ALIAS}", "another"),
        "put_alias_shorthand": (f"{name}:{ALIAS}", None),
        "put_alias_shorthand_qualifier": (f"{name}:{ALIAS}", ALIAS),
        "put_alias_shorthand_qualifierconflict": (f"{name}:{ALIAS}", "another"),
        "put_version_shorthand": (f"{name}:1", None),
        "put_shorthand_qualifier_match": (f"{name}:$LATEST", "$LATEST"),
        "put_shorthand_qualifier_mismatch_1": (f"{name}:$LATEST", "1"),
        "put_shorthand_qualifier_mismatch_2": (f"{name}:{ALIAS}", "1"),
        "put_shorthand_qualifier_mismatch_3": (f"{name}:1", ALIAS),
    }
    for step, (named, qualifier) in cases.items():
        qualified = {"FunctionName": named} | ({"Qualifier": qualifier} if qualifier else {})
        s.step(step, s.ask.put_function_event_invoke_config(**qualified, **RETRY_ONCE))


def values(s, name):
    """Putting replaces everything, updating what is given."""
    named = {"FunctionName": name}
    put, update = s.ask.put_function_event_invoke_config, s.ask.update_function_event_invoke_config
    most = put(**named, MaximumRetryAttempts=2, MaximumEventAgeInSeconds=21600)
    s.step("put_maxevent_maxvalue_result", most)
    minute, none = {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60}, {"MaximumRetryAttempts": 0}
    s.step("put_pre_overwrite", put(**named, **minute))
    s.step("put_post_overwrite", put(**named, **none))
    s.step("second_overwrite_existing_response", put(**named, **none))
    s.step("get_post_overwrite", s.ask.get_function_event_invoke_config(**named))
    s.step("pre_update_response", put(**named, **minute))
    s.step("update_response", update(**named, **none))
    s.step("update_response_existing", update(**named, **none))
    s.step("list_configs", s.ask.list_function_event_invoke_configs(**named))


def deletions(s, name):
    """Afterwards there is nothing to get, update or delete."""
    named, alias = {"FunctionName": name}, {"FunctionName": name, "Qualifier": ALIAS}
    nobody = {"FunctionName": "doesnotexist"}
    delete, get = s.ask.delete_function_event_invoke_config, s.ask.get_function_event_invoke_config
    update, every = s.ask.update_function_event_invoke_config, s.ask.list_function_event_invoke_configs
    s.step("delete_latest", delete(**named))
    s.step("delete_version", delete(**named, Qualifier="1"))
    s.step("delete_alias", delete(**alias))
    s.step("list_configs_postdelete", every(**named))
    s.step("delete_function_not_found", delete(**named))
    s.step("delete_function_doesnotexist", delete(**nobody))
    s.step("list_function_doesnotexist", every(**nobody))
    s.step("get_function_doesnotexist", get(**nobody))
    s.step("get_qualifier_doesnotexist", get(**named, Qualifier="doesnotexist"))
    step = "update_eventinvokeconfig"
    s.step(f"{step}_function_doesnotexist", update(**nobody, **RETRY_ONCE))
    s.step("get_eventinvokeconfig_doesnotexist", get(**alias))
    s.step(f"{step}_config_doesnotexist_with_qualifier", update(**alias, **RETRY_ONCE))
    s.step(f"{step}_config_doesnotexist_without_qualifier", update(**named, **RETRY_ONCE))
