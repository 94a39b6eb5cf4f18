"""Runtimes that AWS no longer accepts."""

from scenario import scenarios_of

recorded = scenarios_of("lambda_api::TestRuntimeValidation")


@recorded(
    "test_create_deprecated_function_runtime_with_validation_enabled[{}]",
    *("java8", "go1.x", "provided", "ruby2.7", "nodejs14.x", "python3.7", "dotnetcore3.1", "nodejs12.x"),
)
def deprecated(s, runtime):
    s.step("deprecation_error", s.create(s.name(), Runtime=runtime))
