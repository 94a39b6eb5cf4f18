"""The logging configuration of functions."""

from scenario import scenarios_of

recorded = scenarios_of("lambda_api::TestLoggingConfig")

PARTS = {
    "partial_config0": {"LogFormat": "JSON"},
    "partial_config1": {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG"},
    "partial_config2": {"LogFormat": "JSON", "SystemLogLevel": "DEBUG"},
    "partial_config3": {"LogGroup": "cool_lambda"},
}


def create(s, **parameters):
    name = s.name()
    s.step("create_response", s.fixture(name, MemorySize=256, Timeout=5, **parameters))
    s.step("get_function_response", s.ask.get_function(FunctionName=name))
    s.step("function_config", s.ask.get_function_configuration(FunctionName=name))
    return name


def update(s, name, config, suffix=""):
    answer = s.ask.update_function_configuration(FunctionName=name, LoggingConfig=config)
    s.step(f"updated_config{suffix}", answer)
    s.step(f"received_config{suffix}", s.active(name))


@recorded("test_function_advanced_logging_configuration")
def another_group(s):
    name = create(s, LoggingConfig={"LogFormat": "JSON"})
    update(s, name, {"LogGroup": "cool_lambda"})


@recorded("test_advanced_logging_configuration_format_switch")
def to_json_and_back(s):
    name = create(s)
    update(s, name, {"LogFormat": "JSON"})
    update(s, name, {"LogFormat": "Text"}, "_v2")


@recorded("test_function_partial_advanced_logging_configuration_update[{}]", *PARTS)
def parts(s, which):
    update(s, create(s), PARTS[which])
