"""Versions and aliases while they are invoked."""

import json
import concurrent.futures

from scenario import archive, code, scenarios_of, source

versions = scenarios_of("lambda::TestLambdaVersions")
aliases = scenarios_of("lambda::TestLambdaAliases")

DESCRIPTION = "No version :("


def version(number):
    """A package whose function says that it is version `number`."""
    return archive({"handler.py": source("version.py").replace("version1", f"version{number}")})


def created(s):
    name = s.name()
    package = {"ZipFile": version(1)}
    s.step("create_response", s.create(name, Handler="handler.handler", Description=DESCRIPTION, Code=package))
    s.active(name)
    return name


def updated(s, name, number, **options):
    return s.ask.update_function_code(FunctionName=name, ZipFile=version(number), **options)


def publish(s, name, text):
    return s.ask.publish_version(FunctionName=name, Description=f"{text} version description :)")


@versions("test_lambda_versions_with_code_changes")
def code_changes(s):
    name = created(s)
    s.step("first_publish_response", publish(s, name, "First"))
    s.step("update_lambda_response", updated(s, name, 2))
    s.active(name)
    s.step("invocation_result_latest", s.invoke(name))
    s.step("invocation_result_v1", s.invoke(name, Qualifier="1"))
    s.step("second_publish_response", publish(s, name, "Second"))
    s.step("invocation_result_v2", s.invoke(name, Qualifier="2"))
    s.step("update_lambda_response_with_publish", updated(s, name, 3, Publish=True))
    s.active(name)
    s.active(name, "3")
    s.step("invocation_result_v3", s.invoke(name, Qualifier="3"))
    s.step("invocation_result_latest_end", s.invoke(name))
    s.step("invocation_result_v2_end", s.invoke(name, Qualifier="2"))
    s.step("invocation_result_v1_end", s.invoke(name, Qualifier="1"))


@versions("test_lambda_handler_update")
def another_handler(s):
    name = s.function("two_handlers.py")
    s.step("invoke_result_handler_one", s.invoke(name))
    changed = s.ask.update_function_configuration(FunctionName=name, Handler="handler.handler_two")
    s.step("update_function_configuration_result", changed)
    s.active(name)
    s.step("get_function_result", s.ask.get_function(FunctionName=name))
    s.step("invoke_result_handler_two", s.invoke(name))
    s.do.publish_version(FunctionName=name)
    s.step("invoke_result_handler_two_postpublish", s.invoke(name))


def variant(number):
    return {"Environment": {"Variables": {"FUNCTION_VARIANT": f"variant-{number}"}}}


def send(s, name, prefix, seconds=0.0, kind="Event"):
    return s.invoke(name, {"request_prefix": prefix, "seconds": seconds}, InvocationType=kind)


@versions("test_function_update_during_invoke")
def update_during_an_invocation(s):
    name = s.function("variant.py", s.name(f"function-{s.account}"), **variant(1))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(send, s, name, "1-sleep", 2.0, "RequestResponse")
        s.log_of(name, lambda log: "begin 1-sleep" in log)
        s.do.update_function_configuration(FunctionName=name, **variant(2))
        s.active(name)
        after = send(s, name, "2-after", kind="RequestResponse")
        s.check(json.loads(after["Payload"])["function_variant"] == "variant-2", after)
        s.step("invoke_response_before", running.result())


@versions("test_async_invoke_queue_upon_function_update")
def update_while_events_wait(s):
    name = s.function("variant.py", s.name(f"function-{s.account}"), **variant(1))
    s.do.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    send(s, name, "01-sleep", 3.0)
    s.log_of(name, lambda log: "begin 01-sleep" in log)
    for number in range(2, 11):
        send(s, name, f"{number:02}-before")
    s.do.update_function_configuration(FunctionName=name, **variant(2))
    s.active(name)
    for number in range(11, 16):
        send(s, name, f"{number:02}-after")

    def history(log):
        return sorted(line.removeprefix("history ") for line in log if line.startswith("history "))

    s.step("async_invoke_history_sorted", history(s.log_of(name, lambda log: len(history(log)) >= 15, within=60)))


@aliases("test_lambda_alias_moving")
def alias_that_moves(s):
    name = created(s)
    publish(s, name, "First")
    s.step("create_alias_response", s.ask.create_alias(FunctionName=name, Name="alias1", FunctionVersion="1"))
    s.step("invocation_result_qualifier_v1", s.invoke(name, Qualifier="alias1"))
    s.step("invocation_result_qualifier_v1_arn", s.invoke(s.arn(f"function:{name}:alias1")))
    s.step("update_lambda_response", updated(s, name, 2))
    s.active(name)
    s.step("invocation_result_qualifier_v1_after_update", s.invoke(name, Qualifier="alias1"))
    s.step("second_publish_response", publish(s, name, "Second"))
    s.step("invocation_result_qualifier_v1_after_publish", s.invoke(name, Qualifier="alias1"))
    s.step("update_alias_response", s.ask.update_alias(FunctionName=name, Name="alias1", FunctionVersion="2"))
    s.step("invocation_result_qualifier_v2", s.invoke(name, Qualifier="alias1"))
    s.step("invocation_exc_not_existent", s.invoke(name, Qualifier="non-existent-alias"))


@aliases("test_alias_routingconfig")
def alias_with_a_route(s):
    name = s.name()
    s.fixture(name, Code={"ZipFile": version(1)})
    s.do.publish_version(FunctionName=name)
    updated(s, name, 2)
    s.active(name)
    s.do.publish_version(FunctionName=name)
    route = {"AdditionalVersionWeights": {"2": 0.5}}
    parameters = {"FunctionName": name, "Name": "alias1", "FunctionVersion": "1", "RoutingConfig": route}
    s.step("create_alias_response", s.ask.create_alias(**parameters))
    seen = set()
    s.until(lambda: seen.add(s.invoke(name, Qualifier="alias1")["ExecutedVersion"]) or seen == {"1", "2"})
