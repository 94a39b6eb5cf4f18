"""Timeouts, what an environment keeps, and what it looks like."""

from scenario import code, scenarios_of

recorded = scenarios_of("lambda::TestLambdaBehavior")


@recorded("test_lambda_cache_local[{}]", "python", "nodejs")
def kept(s, family):
    name = s.function({"python": "counter.py", "nodejs": "counter.js"}[family])
    s.step("first_invoke_result", s.invoke(name))
    s.step("second_invoke_result", s.invoke(name))


def created(s, source, **parameters):
    name = s.name()
    s.step("create-result", s.fixture(name, Code={"ZipFile": code(source)}, **parameters))
    return name


@recorded("test_lambda_invoke_with_timeout")
def too_slow(s):
    s.step("invoke-result", s.invoke(created(s, "sleep.py", Timeout=1), {"seconds": 5}))


@recorded("test_lambda_invoke_no_timeout")
def fast_enough(s):
    s.step("invoke-result", s.invoke(created(s, "sleep.py", Timeout=2), {"seconds": 0.5}))


@recorded("test_lambda_invoke_timed_out_environment_reuse")
def after_a_timeout(s):
    name = created(s, "state.py", Timeout=1)
    s.step("invoke-result-file-write", s.invoke(name, {"write": "some-content"}))
    s.step("invoke-result-file-read", s.invoke(name, {"read": "file"}))
    s.step("invoke-result-set-number", s.invoke(name, {"number": 42}))
    s.step("invoke-result-read-number", s.invoke(name, {"read": "number"}))
    s.step("invoke-result-timed-out", s.invoke(name, {"sleep": 5}))
    s.step("invoke-result-file-read-after-timeout", s.invoke(name, {"read": "file"}))
    s.step("invoke-result-read-number-after-timeout", s.invoke(name, {"read": "number"}))


@recorded("test_runtime_introspection_{}", "x86", "arm")
def introspection(s, machine):
    architecture = {"x86": "x86_64", "arm": "arm64"}[machine]
    name = s.function("introspection.py", Architectures=[architecture])
    s.step(f"invoke_runtime_{machine}_introspection", s.invoke(name))


@recorded("test_runtime_ulimits")
def limits(s):
    s.step("invoke_runtime_ulimits", s.invoke(s.function("limits.py")))


@recorded("test_mixed_architecture")
def another_architecture(s):
    name = s.name()
    package = code("echo.py")
    s.step("create_function_response", s.fixture(name, Code={"ZipFile": package}))
    s.check(s.invoke(name)["StatusCode"] == 200, "it does not run")
    updated = s.ask.update_function_code(FunctionName=name, ZipFile=package, Architectures=["arm64"])
    s.step("update_function_code_response", updated)


@recorded("test_lambda_init_environment")
def environment(s):
    name = created(s, "whole_environment.py", Runtime="python3.14")
    s.step("lambda-init-inspection", s.invoke(name))


@recorded("test_lambda_host_prefix_api_operation")
def host_prefix(s):
    s.check(False, "there is no other AWS service that a function could call by a host name of its own")
