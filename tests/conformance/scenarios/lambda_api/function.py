"""Functions: their life, their code, and what is refused."""

from scenario import package, scenarios_of

recorded = scenarios_of("lambda_api::TestLambdaFunction")


@recorded("test_function_lifecycle")
def function_lifecycle(s):
    name = s.name()
    s.step("create_response", s.fixture(name, MemorySize=256, Timeout=5))
    s.step("get_function_response", s.ask.get_function(FunctionName=name))
    changed = s.ask.update_function_configuration(
        FunctionName=name,
        Runtime="python3.11",
        Description="Changed-Description",
        MemorySize=512,
        Timeout=10,
        Environment={"Variables": {"ENV_A": "a"}},
    )
    s.step("update_func_conf_response", changed)
    s.active(name)
    s.step("get_function_response_postupdate", s.ask.get_function(FunctionName=name))
    s.step("update_code_response", s.ask.update_function_code(FunctionName=name, ZipFile=package("changed")))
    s.active(name)
    s.step("get_function_response_postcodeupdate", s.ask.get_function(FunctionName=name))
    s.step("delete_response", s.ask.delete_function(FunctionName=name))
    s.step("delete_postdelete", s.ask.get_function(FunctionName=name))


@recorded("test_redundant_updates")
def redundant_updates(s):
    name = s.name()
    s.step("create_response", s.fixture(name, Description="Initial description"))
    change = {"FunctionName": name, "Description": "1st update description"}
    s.step("first_update_result", s.ask.update_function_configuration(**change))
    s.step("get_fn_config_result", s.active(name))
    s.step("get_fn_result", s.ask.get_function(FunctionName=name))
    s.step("redundant_update_result", s.ask.update_function_configuration(**change))
    s.active(name)
    s.step("get_fn_result_after_redundant_update", s.ask.get_function(FunctionName=name))


@recorded("test_ops_with_arn_qualifier_mismatch[{}]", "delete_function", "get_function", "get_function_configuration")
def two_qualifiers(s, operation):
    call, latest = getattr(s.ask, operation), s.arn("function:some-function:$LATEST")
    s.step("not_match_exception", call(FunctionName=latest, Qualifier="1"))
    s.step("match_exception", call(FunctionName=latest, Qualifier="$LATEST"))


@recorded(
    "test_ops_on_nonexisting_version[{}]", "get_function", "get_function_configuration", "get_function_event_invoke_config"
)
def no_such_version(s, operation):
    name = s.name()
    s.fixture(name)
    s.step("version_not_found_exception", getattr(s.ask, operation)(FunctionName=name, Qualifier="1221"))


@recorded("test_delete_on_nonexisting_version")
def delete_no_such_version(s):
    name = s.name()
    s.step("delete_function_response_non_existent", s.ask.delete_function(FunctionName=name))
    answer = s.ask.delete_function(FunctionName=name, Qualifier="1221")
    s.step("delete_function_response_non_existent_with_qualifier", answer)


@recorded(
    "test_ops_on_nonexisting_fn[{}]",
    "delete_function",
    "get_function",
    "get_function_configuration",
    "get_function_url_config",
    "get_function_code_signing_config",
    "get_function_event_invoke_config",
    "get_function_concurrency",
)
def no_such_function(s, operation):
    s.step("not_found_exception", getattr(s.ask, operation)(FunctionName=s.name()))


@recorded(
    "test_get_function_wrong_region[{}]",
    "get_function",
    "get_function_configuration",
    "get_function_url_config",
    "get_function_code_signing_config",
    "get_function_event_invoke_config",
    "get_function_concurrency",
    "delete_function",
    "invoke",
)
def function_of_another_region(s, operation):
    name = s.name()
    there = s.client("eu-central-1")
    s.create(name, calls=there)
    arn = there.get_function_configuration(FunctionName=name)["FunctionArn"].replace("111111111111", s.account)
    s.step("wrong_region_exception", getattr(s.ask, operation)(FunctionName=arn))


def code_location(s, first_step, first, second):
    """Creates a function from one package and updates it to another."""
    name = s.name()
    s.step(first_step, s.create(name, Code=first))
    s.active(name)
    s.step("get-function-response", s.ask.get_function(FunctionName=name))
    s.step("update-function-response", s.ask.update_function_code(FunctionName=name, **second))
    s.step("get-function-response-updated", s.ask.get_function(FunctionName=name))


@recorded("test_lambda_code_location_zipfile")
def code_in_the_request(s):
    code_location(s, "create-response-zip-file", {"ZipFile": package("first")}, {"ZipFile": package("second")})


@recorded("test_lambda_code_location_s3")
def code_in_a_bucket(s):
    first = {"S3Bucket": "bucket", "S3Key": s.object("first.zip", package("first"))}
    second = {"S3Bucket": "bucket", "S3Key": s.object("second.zip", package("second"))}
    code_location(s, "create_response_s3", first, second)


@recorded("test_lambda_code_location_s3_errors")
def code_that_is_in_no_bucket(s):
    name = s.name()
    there = s.object("code.zip", package())
    no_bucket = {"S3Bucket": "no-such-bucket", "S3Key": there}
    no_key = {"S3Bucket": "bucket", "S3Key": "no-such-key"}
    s.step("create-error-wrong-bucket", s.create(name, Code=no_bucket))
    s.step("create-error-wrong-key", s.create(name, Code=no_key))
    s.create(name, calls=s.do, Code={"S3Bucket": "bucket", "S3Key": there})
    s.active(name)
    s.step("update-error-wrong-bucket", s.ask.update_function_code(FunctionName=name, **no_bucket))
    s.step("update-error-wrong-key", s.ask.update_function_code(FunctionName=name, **no_key))


@recorded("test_create_lambda_exceptions")
def refused_creations(s):
    name = s.name()
    s.step("invalid_role_arn_exc", s.create(name, Role="r1"))
    s.step("invalid_runtime_exc", s.create(name, Runtime="non-existent-runtime"))
    s.step("uppercase_runtime_exc", s.create(name, Runtime="PYTHON3.9"))
    s.step("empty_architectures", s.create(name, calls=s.client(validates=True), Architectures=[]))
    s.step("multiple_architectures", s.create(name, Architectures=["x86_64", "arm64"]))
    s.step("uppercase_architecture", s.create(name, Architectures=["X86_64"]))
    s.step("invalid_zip_exc", s.create(name, Code={"ZipFile": b"no archive"}))


@recorded("test_update_lambda_exceptions")
def refused_updates(s):
    name = s.name()
    s.fixture(name)
    s.step("invalid_role_arn_exc", s.ask.update_function_configuration(FunctionName=name, Role="r1"))
    unknown = s.ask.update_function_configuration(FunctionName=name, Runtime="non-existent-runtime")
    s.step("invalid_runtime_exc", unknown)
    s.step("uppercase_runtime_exc", s.ask.update_function_configuration(FunctionName=name, Runtime="PYTHON3.9"))


@recorded("test_list_functions")
def list_functions(s):
    s.step("create_response_1", s.fixture(s.name(), Publish=True))
    s.step("create_response_2", s.fixture(s.name()))
    s.step("list_functions_invalid_functionversion", s.ask.list_functions(FunctionVersion="invalid"))
    s.step("list_all", s.ask.list_functions(FunctionVersion="ALL"))
    s.step("list_default", s.ask.list_functions())


@recorded("test_vpc_config")
def vpc_config(s):
    name = s.name()
    first = {"SubnetIds": ["subnet-0a1b2c3d"], "SecurityGroupIds": ["sg-0a1b2c3d"]}
    second = {"SubnetIds": ["subnet-1a1b2c3d"], "SecurityGroupIds": ["sg-1a1b2c3d"]}
    none = {"SubnetIds": [], "SecurityGroupIds": []}
    s.step("create_response", s.fixture(name, MemorySize=256, Timeout=5, VpcConfig=first))
    s.step("get_function_response", s.ask.get_function(FunctionName=name))
    for step, config in ("update_vpcconfig", second), ("delete_vpcconfig", none):
        answer = s.ask.update_function_configuration(FunctionName=name, VpcConfig=config)
        s.step(f"{step}_update_response", answer)
        s.active(name)
        s.step(f"{step}_get_function_response", s.ask.get_function(FunctionName=name))


@recorded("test_invalid_vpc_config_subnet")
def no_such_subnet(s):
    def create(subnet):
        return s.create(s.name(), VpcConfig={"SubnetIds": [subnet], "SecurityGroupIds": ["sg-0a1b2c3d"]})

    s.step("create-response-non-existent-subnet-id", create("subnet-00000000"))
    s.step("create-response-invalid-format-subnet-id", create("no_subnet"))


@recorded("test_invalid_vpc_config_security_group")
def no_such_security_group(s):
    def create(group):
        return s.create(s.name(), VpcConfig={"SubnetIds": ["subnet-0a1b2c3d"], "SecurityGroupIds": [group]})

    s.step("create-response-non-existent-security-group", create("sg-00000000"))
    s.step("create-response-invalid-format-security-group", create("no_group"))


@recorded("test_function_arns")
def names_to_create_with(s):
    first, second = s.name(), s.name()
    created = s.fixture(s.arn(f"function:{first}"))
    s.step("create-function-arn-response", created)
    s.step("create-function-partial-arn-response", s.fixture(f"{s.account}:function:{second}"))
    s.step("invalid_function_name_exc", s.create("invalid:function:name"))
    s.step("long_function_name_exc", s.create("a" * 65))
    s.step("long_function_arn_exc", s.create(s.arn("function:" + "a" * 140)))
    s.step("function_arn_other_region_exc", s.create(s.arn("function:f", region="ap-southeast-1")))
    s.step("function_arn_other_account_exc", s.create(s.arn("function:f", account="222222222222")))


@recorded("test_invalid_invoke")
def no_name_to_invoke(s):
    arn = s.arn("", account="123400000000").removesuffix(":") + "@function:myfn"
    s.step("invoke_function_name_pattern_exc", s.ask.invoke(FunctionName=arn))


@recorded("test_lambda_concurrent_code_updates")
def code_updates_at_once(s):
    name = s.name()
    s.step("create-function-response", s.create(name, Handler="handler.handler"))
    s.active(name)
    s.do.update_function_code(FunctionName=name, ZipFile=package("second"))
    answer = s.ask.update_function_code(FunctionName=name, ZipFile=package("third"))
    s.step("update-during-in-progress-update-exc", answer)


@recorded("test_lambda_concurrent_config_updates")
def configuration_updates_at_once(s):
    name = s.name()
    s.step("create-function-response", s.fixture(name))

    def two_at_once():
        s.active(name)
        s.do.update_function_configuration(FunctionName=name, Environment={"Variables": {"ENV_A": "1"}})
        answer = s.ask.update_function_configuration(FunctionName=name, Environment={"Variables": {"ENV_A": "2"}})
        return answer if "Error" in answer else None

    # On a busy host the first may be done before the second comes.
    s.step("update-during-in-progress-update-exc", s.until(two_at_once))
