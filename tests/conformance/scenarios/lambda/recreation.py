"""A function that is created again."""

from scenario import code, scenarios_of

recorded = scenarios_of("lambda::TestLambdaCleanup")


@recorded("test_recreate_function")
def created_again(s):
    name = s.name()
    parameters = {"Handler": "lambda_echo.handler", "Code": {"ZipFile": code("echo.py", "lambda_echo")}}
    s.step("create_function_response_one", s.fixture(name, **parameters))
    s.do.delete_function(FunctionName=name)
    s.step("create_function_response_two", s.fixture(name, **parameters))
    s.check(s.invoke(name)["StatusCode"] == 200, "it does not run")
