"""Code signing configurations."""

from scenario import scenarios_of

recorded = scenarios_of("lambda_api::TestCodeSigningConfig")


def create(s):
    """A configuration, and its ARN."""
    profile = s.arn("/signing-profiles/test", service="signer")
    answer = s.ask.create_code_signing_config(
        Description="Testing CodeSigning Config",
        AllowedPublishers={"SigningProfileVersionArns": [profile]},
        CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Enforce"},
    )
    config = s.step("create_code_signing_config", answer)["CodeSigningConfig"]
    return {"CodeSigningConfigArn": config["CodeSigningConfigArn"].replace("111111111111", s.account)}


@recorded("test_function_code_signing_config")
def life(s):
    config = create(s)
    name = s.name()
    s.fixture(name)
    named = {"FunctionName": name}
    warn = {"UntrustedArtifactOnDeployment": "Warn"}
    s.step("update_code_signing_config", s.ask.update_code_signing_config(**config, CodeSigningPolicies=warn))
    found = s.step("get_code_signing_config", s.ask.get_code_signing_config(**config))["CodeSigningConfig"]
    s.step("put_function_code_signing_config", s.ask.put_function_code_signing_config(**named, **config))
    s.step("get_function_code_signing_config", s.ask.get_function_code_signing_config(**named))
    all_of_them = s.do.list_code_signing_configs()["CodeSigningConfigs"]
    ours = [each for each in all_of_them if each["CodeSigningConfigArn"] == found["CodeSigningConfigArn"]]
    s.step("list_code_signing_configs", ours[0])
    using = s.ask.list_functions_by_code_signing_config(**config)
    s.step("list_functions_by_code_signing_config", using)
    deleted = s.ask.delete_function_code_signing_config(**named)
    s.step("delete_function_code_signing_config", deleted)
    s.step("delete_code_signing_config", s.ask.delete_code_signing_config(**config))


@recorded("test_code_signing_not_found_excs")
def not_found(s):
    config = create(s)
    name = s.name()
    s.fixture(name)
    named, nobody = {"FunctionName": name}, {"FunctionName": "csc-test-doesnotexist"}
    invalid = {"CodeSigningConfigArn": config["CodeSigningConfigArn"][:-5] + "00000"}
    s.step("delete_csc_notfound", s.ask.delete_code_signing_config(**invalid))
    s.step("nothing_to_delete_response", s.ask.delete_function_code_signing_config(**named))
    s.step("delete_function_csc_fnnotfound", s.ask.delete_function_code_signing_config(**nobody))
    put = s.ask.put_function_code_signing_config
    s.step("put_function_csc_invalid_fnname", put(**nobody, **config))
    s.step("put_function_csc_invalid_csc_arn", put(**named, **invalid))
    s.step("put_function_csc_invalid_both", put(**nobody, **invalid))
    described = s.ask.update_code_signing_config(**invalid, Description="another description")
    s.step("update_csc_invalid_csc_arn", described)
    s.step("update_csc_noupdates", s.ask.update_code_signing_config(**invalid))
    s.step("update_csc_noupdate_response", s.ask.update_code_signing_config(**config))
    s.step("get_csc_invalid", s.ask.get_code_signing_config(**invalid))
    s.step("get_function_csc_fnwithoutcsc", s.ask.get_function_code_signing_config(**named))
    s.step("get_function_csc_nonexistingfn", s.ask.get_function_code_signing_config(**nobody))
    unused = s.ask.list_functions_by_code_signing_config(**config)
    s.step("list_functions_by_csc_fnwithoutcsc", unused)
    missing = s.ask.list_functions_by_code_signing_config(**invalid)
    s.step("list_functions_by_csc_invalid_cscarn", missing)
