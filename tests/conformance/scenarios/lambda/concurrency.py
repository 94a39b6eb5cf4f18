"""Reserved and provisioned concurrency while functions run."""

import concurrent.futures
import json

from scenario import code, scenarios_of

recorded = scenarios_of("lambda::TestLambdaConcurrency")


def reserve(s, name, count):
    return s.ask.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=count)


def provision(s, name, qualifier, count):
    named = {"FunctionName": name, "Qualifier": qualifier}
    return s.ask.put_provisioned_concurrency_config(**named, ProvisionedConcurrentExecutions=count)


def provisioned(s, name, qualifier):
    return s.ask.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)


def ready(s, name, qualifier, status="READY"):
    def found():
        config = provisioned(s, name, qualifier)
        return config if config["Status"] == status else None

    return s.until(found)


def told(s, name, seconds=0.0, **parameters):
    """How the environment was started that serves an invocation of `slow_start.py`."""
    return json.loads(s.invoke(name, {"seconds": seconds}, **parameters)["Payload"])["initialization"]


@recorded("test_lambda_concurrency_crud")
def life_of_a_reservation(s):
    name = s.function("echo.py")
    s.step("get_function_concurrency_default", s.ask.get_function_concurrency(FunctionName=name))
    s.step("put_function_concurrency", reserve(s, name, 0))
    s.step("get_function_concurrency_updated", s.ask.get_function_concurrency(FunctionName=name))
    s.do.delete_function_concurrency(FunctionName=name)
    s.step("get_function_concurrency_deleted", s.ask.get_function_concurrency(FunctionName=name))


@recorded("test_lambda_concurrency_update")
def reservation_of_another_size(s):
    name = s.function("echo.py")
    s.step("put_function_concurrency", reserve(s, name, 3))
    s.step("get_function_concurrency_updated", s.ask.get_function_concurrency(FunctionName=name))
    s.step("get_function_concurrency_info", s.ask.get_function(FunctionName=name))
    s.do.delete_function_concurrency(FunctionName=name)
    s.step("get_function_concurrency_deleted", s.ask.get_function_concurrency(FunctionName=name))


@recorded("test_lambda_concurrency_block")
def all_of_it_provisioned_elsewhere(s):
    name = s.function("echo.py")
    event = {"hello": "world"}
    s.step("v1_result", s.ask.publish_version(FunctionName=name))
    s.step("reserved_concurrency_result", reserve(s, name, 1))
    s.step("invoke_latest_before_block", s.invoke(name, event))
    s.step("provisioned_concurrency_result", provision(s, name, "1", 1))
    ready(s, name, "1")
    s.step("invoke_latest_first_exc", s.invoke(name, event))
    s.step("invoke_v1_after_block", s.invoke(name, event, Qualifier="1"))
    s.step("invoke_latest_second_exc", s.invoke(name, event))


@recorded("test_reserved_concurrency")
def events_without_concurrency(s):
    name = s.function("echo.py", Timeout=20)
    s.step("fn", s.ask.get_function_configuration(FunctionName=name, Qualifier="$LATEST"))
    s.step("put_reserved", reserve(s, name, 0))
    s.step("exc_no_cap_requestresponse", s.invoke(name))
    url, arn = s.queue()
    destination = {"OnFailure": {"Destination": arn}}
    options = {"MaximumRetryAttempts": 0, "DestinationConfig": destination}
    s.step("put_event_invoke_conf", s.ask.put_function_event_invoke_config(FunctionName=name, **options))
    s.step("invoke_result", s.invoke(name, InvocationType="Event"))
    ask = {"QueueUrl": url, "AttributeNames": ["All"], "WaitTimeSeconds": 1}
    s.step("msg", s.until(lambda: s.sqs.receive_message(**ask).get("Messages"))[0])


@recorded("test_reserved_concurrency_async_queue")
def events_that_wait(s):
    name = s.function("sleep.py", s.name(f"function-{s.account}"))
    s.step("fn", s.ask.get_function_configuration(FunctionName=name, Qualifier="$LATEST"))
    s.step("put_fn_concurrency", reserve(s, name, 1))
    for event in "one", "two":
        answer = s.invoke(name, {"name": event, "seconds": 1.5}, InvocationType="Event")
        s.check(answer["StatusCode"] == 202, answer)
    s.log_of(name, lambda log: any(line.startswith("begin") for line in log))
    s.step("too_many_requests_exc", s.invoke(name))
    s.log_of(name, lambda log: {"end one", "end two"} <= set(log))


@recorded("test_provisioned_concurrency")
def provisioned_version(s):
    name = s.function("slow_start.py")
    s.do.publish_version(FunctionName=name)
    provisioned_as_recorded(s, name, "1")


@recorded("test_provisioned_concurrency_on_alias")
def provisioned_alias(s):
    name = s.function("slow_start.py")
    s.do.publish_version(FunctionName=name)
    s.do.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    provisioned_as_recorded(s, name, "live")


def provisioned_as_recorded(s, name, qualifier):
    s.step("put_provisioned_5", provision(s, name, qualifier, 5))
    s.step("get_provisioned_prewait", provisioned(s, name, qualifier))
    s.step("get_provisioned_postwait", ready(s, name, qualifier))
    s.check(told(s, name, Qualifier=qualifier) == "provisioned-concurrency", "it is not prepared")
    s.check(told(s, name) == "on-demand", "$LATEST is prepared")


@recorded("test_lambda_provisioned_concurrency_scheduling")
def more_than_provisioned(s):
    name = s.function("slow_start.py")
    s.do.publish_version(FunctionName=name)
    provision(s, name, "1", 1)
    s.step("get_provisioned_postwait", ready(s, name, "1"))

    def kind(seconds):
        return told(s, name, seconds, Qualifier="1")

    # On a busy host one may be over before the other comes.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        s.until(lambda: set(pool.map(kind, [0.5, 0.5])) == {"on-demand", "provisioned-concurrency"})


@recorded("test_provisioned_concurrency_init_failure")
def provisioned_in_vain(s):
    name = s.function("slow_failure.py")
    s.do.publish_version(FunctionName=name)
    s.step("put_provisioned", provision(s, name, "1", 1))
    s.step("get_provisioned_prewait", provisioned(s, name, "1"))
    s.step("get_provisioned_postwait", ready(s, name, "1", "FAILED"))


@recorded("test_reserved_provisioned_overlap")
def reserved_and_provisioned(s):
    name = s.function("slow_start.py")
    s.do.publish_version(FunctionName=name)
    s.step("put_provisioned_5", provision(s, name, "1", 2))
    s.step("get_provisioned_prewait", provisioned(s, name, "1"))
    s.step("get_provisioned_postwait", ready(s, name, "1"))
    s.step("reserved_lower_than_provisioned_exc", reserve(s, name, 1))
    reserve(s, name, 2)
    s.step("get_concurrency", s.ask.get_function_concurrency(FunctionName=name))
    s.check(told(s, name, Qualifier="1") == "provisioned-concurrency", "it is not prepared")
    s.step("reserved_equals_provisioned_latest_invoke_exc", s.invoke(name))
    s.step("update_func_config", s.ask.update_function_configuration(FunctionName=name, Timeout=15))
    s.active(name)
    version = s.do.publish_version(FunctionName=name)["Version"]
    s.step("reserved_equals_provisioned_another_provisioned_exc", provision(s, name, version, 1))
    s.step("reserved_equals_provisioned_increase_provisioned_exc", provision(s, name, "1", 3))


@recorded("test_lambda_provisioned_concurrency_moves_with_alias")
def provisioned_alias_that_moves(s):
    name, alias = s.name(), "live"
    parameters = {"Runtime": "python3.8", "Timeout": 2, "Code": {"ZipFile": code("slow_start.py")}}
    s.step("create-result", s.fixture(name, **parameters))
    s.step("get-function-configuration", s.ask.get_function_configuration(FunctionName=name, Qualifier="$LATEST"))
    s.step("publish_version_1", s.ask.publish_version(FunctionName=name, Description="my-first-version"))
    found = s.ask.get_function_configuration(FunctionName=name, Qualifier="1")
    s.step("get_function_configuration_version_1", found)
    s.step("create_alias", s.ask.create_alias(FunctionName=name, Name=alias, FunctionVersion="1"))
    s.step("get_function_before_provisioned", s.ask.get_function(FunctionName=name, Qualifier="1"))
    provision(s, name, alias, 1)
    ready(s, name, alias)
    s.step("get_function_after_provisioned", s.ask.get_function(FunctionName=name, Qualifier=alias))
    s.do.update_function_configuration(FunctionName=name, Timeout=10)
    s.step("get_function_after_update", s.active(name))
    s.step("publish_version_2", s.ask.publish_version(FunctionName=name))
    s.step("update_alias", s.ask.update_alias(FunctionName=name, Name=alias, FunctionVersion="2"))
    s.step("get_provisioned_config_after_alias_move", provisioned(s, name, alias))
    s.step("provisioned_concurrency_notfound", provisioned(s, name, "1"))
