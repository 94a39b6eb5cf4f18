"""What an account may use, and what it uses."""

from scenario import archive_of, package, scenarios_of

recorded = scenarios_of("lambda_api::TestLambdaAccountSettings")


@recorded("test_account_settings")
def limits(s):
    answer = s.ask.get_account_settings()
    parts = {part: sorted(answer[part]) for part in ("AccountLimit", "AccountUsage") if part in answer}
    s.step("acc_settings_modded", answer | parts)


def code_size(s):
    return s.do.get_account_settings()["AccountUsage"]["TotalCodeSize"]


def growth(s, action):
    """By how much an action makes the account's code larger."""
    before = code_size(s)
    action()
    return code_size(s) - before


@recorded("test_account_settings_total_code_size")
def code_of_functions_and_layers(s):
    # The recorded packages had these sizes.
    name, layer = s.name(), s.name("layer")
    code, content = {"ZipFile": archive_of(276)}, {"ZipFile": archive_of(169)}

    def update():
        s.do.update_function_code(FunctionName=name, **code, Publish=True)

    def publish():
        s.do.publish_layer_version(LayerName=layer, Content=content)

    s.step("total_code_size_diff_create_function", growth(s, lambda: s.fixture(name, Code=code)))
    s.step("total_code_size_diff_update_function", growth(s, update))
    s.step("total_code_size_diff_publish_layer", growth(s, publish))
    s.step("total_code_size_diff_publish_layer_version", growth(s, publish))


@recorded("test_account_settings_total_code_size_config_update")
def code_of_versions(s):
    name, code = s.name(), {"ZipFile": package()}
    created = growth(s, lambda: s.fixture(name, Code=code))
    s.step("is_total_code_size_diff_create_function_more_than_200", created > 200)

    def update():
        s.do.update_function_configuration(FunctionName=name, Runtime="python3.11")
        s.active(name)

    s.step("total_code_size_diff_update_function_configuration", growth(s, update))
    published = growth(s, lambda: s.do.publish_version(FunctionName=name))
    s.step("is_total_code_size_diff_publish_version_after_config_update_more_than_200", published > 200)
