"""SnapStart of functions in each runtime that has it."""

from scenario import scenarios_of

recorded = scenarios_of("lambda_api::TestLambdaSnapStart")

RUNTIMES = "java11", "java17", "java21", "java25", "python3.12", "python3.13", "dotnet8", "dotnet10"
HANDLERS = {"java": "echo.Handler", "python": "handler.handler", "dotnet": "dotnet::Dotnet.Function::FunctionHandler"}


def create(s, name, runtime):
    handler = HANDLERS[runtime.rstrip("0123456789.")]
    none = {"ApplyOn": "None"}
    created = s.create(name, Runtime=runtime, Handler=handler, MemorySize=1024, Timeout=5, SnapStart=none)
    s.step("create_function_response", created)
    s.active(name)


@recorded("test_snapstart_lifecycle[{}]", *RUNTIMES)
def version(s, runtime):
    name = s.name()
    create(s, name, runtime)
    s.do.publish_version(FunctionName=name, Description="version1")
    s.active(name, "1")
    s.step("get_function_response_latest", s.ask.get_function(FunctionName=name))
    s.step("get_function_response_version_1", s.ask.get_function(FunctionName=name, Qualifier="1"))


@recorded("test_snapstart_update_function_configuration[{}]", *RUNTIMES)
def update(s, runtime):
    name = s.name()
    create(s, name, runtime)
    published = {"ApplyOn": "PublishedVersions"}
    answer = s.ask.update_function_configuration(FunctionName=name, SnapStart=published)
    s.step("update_function_response", answer)


@recorded("test_snapstart_exceptions")
def unknown_application(s):
    answer = s.create(s.name(), Runtime="java21", SnapStart={"ApplyOn": "invalidOption"})
    s.step("create_function_invalid_snapstart_apply", answer)
