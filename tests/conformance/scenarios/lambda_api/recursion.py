"""What happens to functions that call themselves."""

from scenario import scenarios_of

recorded = scenarios_of("lambda_api::TestLambdaRecursion")


def function(s):
    name = s.name()
    s.fixture(name)
    return {"FunctionName": name}


@recorded("test_put_function_recursion_config_allow")
def allowed(s):
    named = function(s)
    put = s.ask.put_function_recursion_config(**named, RecursiveLoop="Allow")
    s.step("put_recursion_config_response", put)
    s.step("get_recursion_config_response", s.ask.get_function_recursion_config(**named))


@recorded("test_put_function_recursion_config_default_terminate")
def terminated(s):
    found = s.ask.get_function_recursion_config(**function(s))
    s.step("get_recursion_default_terminate_response", found)


@recorded("test_put_function_recursion_config_invalid_value")
def invalid(s):
    put = s.ask.put_function_recursion_config(**function(s), RecursiveLoop="InvalidValue")
    s.step("put_recursion_invalid_value_error", put)
