"""Reserved and provisioned concurrency."""

from scenario import scenarios_of

reserved = scenarios_of("lambda_api::TestLambdaReservedConcurrency")
provisioned = scenarios_of("lambda_api::TestLambdaProvisionedConcurrency")

# AWS leaves so many executions of an account to functions without a reservation.
UNRESERVED = 100


def function(s, **parameters):
    name = s.name()
    s.fixture(name, **parameters)
    return name


def reserve(s, name, count):
    return s.ask.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=count)


def unreserved(s):
    return s.do.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]


@reserved("test_function_concurrency_exceptions")
def refused_reservations(s):
    step = "put_function_concurrency_with"
    s.step(f"{step}_function_name_doesnotexist", reserve(s, "doesnotexist", 1))
    s.step(f"{step}_function_name_doesnotexist_and_invalid_concurrency", reserve(s, "doesnotexist", 10_000_000))
    s.step(f"{step}_qualified_arn", reserve(s, s.arn(f"function:{function(s)}:$LATEST"), 1))


@reserved("test_function_concurrency_limits")
def reservations_too_large(s):
    name, free = function(s), unreserved(s)
    s.step("put_function_concurrency_account_limit_exceeded", reserve(s, name, free + 1))
    s.step("put_function_concurrency_below_unreserved_min_value", reserve(s, name, free - UNRESERVED + 1))


@reserved("test_function_concurrency")
def life_of_a_reservation(s):
    name = function(s)
    s.step("put_function_concurrency_with_reserved_0", reserve(s, name, 0))
    s.step("put_function_concurrency_with_reserved_1", reserve(s, name, 1))
    s.step("get_function_concurrency", s.ask.get_function_concurrency(FunctionName=name))
    s.step("delete_response", s.ask.delete_function_concurrency(FunctionName=name))
    s.step("get_function_concurrency_after_delete", s.ask.get_function_concurrency(FunctionName=name))


def provision(s, name, qualifier, count=1):
    named = {"FunctionName": name, "Qualifier": qualifier}
    return s.ask.put_provisioned_concurrency_config(**named, ProvisionedConcurrentExecutions=count)


@provisioned("test_provisioned_concurrency_exceptions")
def refused_provisions(s):
    name = function(s)
    s.step("publish_version_result", s.ask.publish_version(FunctionName=name))

    def get(step, named, qualifier):
        s.step(step, s.ask.get_provisioned_concurrency_config(FunctionName=named, Qualifier=qualifier))

    def delete(step, named, qualifier):
        s.step(step, s.ask.delete_provisioned_concurrency_config(FunctionName=named, Qualifier=qualifier))

    def listed(step, named):
        s.step(step, s.ask.list_provisioned_concurrency_configs(FunctionName=named))

    get("get_provisioned_config_doesnotexist", name, "1")
    get("get_provisioned_functionname_doesnotexist", "doesnotexist", "noalias")
    get("get_provisioned_qualifier_doesnotexist", name, "noalias")
    get("get_provisioned_version_doesnotexist", name, "10")
    get("get_provisioned_latest", name, "$LATEST")
    listed("list_provisioned_noconfigs", name)
    listed("list_provisioned_functionname_doesnotexist", "doesnotexist")
    delete("delete_provisioned_functionname_doesnotexist", "doesnotexist", "1")
    delete("delete_provisioned_qualifier_doesnotexist", name, "noalias")
    delete("delete_provisioned_version_doesnotexist", name, "10")
    delete("delete_provisioned_latest", name, "$LATEST")
    delete("delete_provisioned_config_doesnotexist", name, "1")
    s.step("put_provisioned_invalid_param_0", provision(s, name, "1", 0))
    s.step("put_provisioned_functionname_doesnotexist_alias", provision(s, "doesnotexist", "noalias"))
    s.step("put_provisioned_functionname_doesnotexist_version", provision(s, "doesnotexist", "1"))
    s.step("put_provisioned_qualifier_doesnotexist", provision(s, name, "doesnotexist"))
    s.step("put_provisioned_version_doesnotexist", provision(s, name, "10"))
    s.step("put_provisioned_latest", provision(s, name, "$LATEST"))


@provisioned("test_provisioned_concurrency_limits")
def provisions_too_large(s):
    name, free = function(s), unreserved(s)
    s.do.publish_version(FunctionName=name)
    step = "put_provisioned_concurrency"
    s.step(f"{step}_account_limit_exceeded", provision(s, name, "1", free + 1))
    s.step(f"{step}_below_unreserved_min_value", provision(s, name, "1", free - UNRESERVED + 1))


@provisioned("test_lambda_provisioned_lifecycle")
def life_of_a_provision(s):
    name, alias = function(s), "an-alias"
    version = {"FunctionName": name, "Qualifier": "1"}
    by_alias = {"FunctionName": name, "Qualifier": alias}

    def settled(named):
        status = s.ask.get_provisioned_concurrency_config(**named).get("Status")
        return status not in (None, "IN_PROGRESS")

    s.step("publish_version_result", s.ask.publish_version(FunctionName=name))
    s.step("create_alias_result", s.ask.create_alias(FunctionName=name, Name=alias, FunctionVersion="1"))
    s.step("put_provisioned_on_version", provision(s, name, "1"))
    s.step("put_provisioned_on_alias_versionconflict", provision(s, name, alias))
    s.until(lambda: settled(version))
    s.step("delete_provisioned_version", s.ask.delete_provisioned_concurrency_config(**version))
    s.step("get_provisioned_version_postdelete", s.ask.get_provisioned_concurrency_config(**version))
    s.step("put_provisioned_on_alias", provision(s, name, alias))
    s.until(lambda: settled(by_alias))
    s.step("put_provisioned_on_version_conflict", provision(s, name, "1"))
    s.step("delete_alias_result", s.ask.delete_alias(FunctionName=name, Name=alias))
    s.step("get_provisioned_alias_postaliasdelete", s.ask.get_provisioned_concurrency_config(**by_alias))
    s.step("list_response_postdeletes", s.ask.list_provisioned_concurrency_configs(FunctionName=name))
