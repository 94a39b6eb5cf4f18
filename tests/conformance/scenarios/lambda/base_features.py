"""Sizes, states, and who a function is."""

import concurrent.futures
import json

from scenario import code, scenarios_of

recorded = scenarios_of("lambda::TestLambdaBaseFeatures")

# 6 MiB, and what an answer may be longer.
LARGEST = 6 << 20
LARGEST_ANSWER = LARGEST + 100


@recorded("test_large_payloads")
def large_payloads(s):
    name = s.function("length.py")
    text = "a" * (LARGEST - len('{"text": ""}'))
    answer = s.invoke(name, {"text": text})
    s.check(answer.get("Payload") == json.dumps({"length": len(text)}), answer)


@recorded("test_lambda_large_response")
def large_response(s):
    answer = s.invoke(s.function("large.py"), {"bytes": LARGEST_ANSWER})
    s.check(len(answer["Payload"]) == LARGEST_ANSWER and "FunctionError" not in answer, answer.get("FunctionError"))


@recorded("test_lambda_too_large_response")
def too_large_response(s):
    name = s.function("large.py")
    s.step("invoke_result", s.invoke(name, {"bytes": LARGEST_ANSWER + 1}))
    s.step("invoke_result_2", s.invoke(name, {"bytes": LARGEST_ANSWER + 1}))


@recorded("test_function_state")
def state(s):
    name = s.name()
    created = s.create(name, Handler="handler.handler", Code={"ZipFile": code("echo.py")})
    s.step("create-fn-response", created)
    s.active(name)
    s.step("get-fn-response", s.ask.get_function(FunctionName=name))


@recorded("test_lambda_different_iam_keys_environment")
def keys(s):
    name = s.name()
    s.step("create-result", s.fixture(name, Code={"ZipFile": code("sleep.py")}))
    told = []
    # Two at the same time, until two environments did answer.
    while len({each["environment"] for each in told}) < 2:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = pool.map(lambda _: s.invoke(name, {"seconds": 0.3, "tell": True}), range(2))
            told += [json.loads(answer["Payload"]) for answer in answers]
    secrets = {each["environment"]: each["secret"] for each in told}
    s.check(len(set(secrets.values())) == len(secrets), secrets)
    s.check(all(secrets[each["environment"]] == each["secret"] for each in told), told)


@recorded("test_assume_role[{}]", "1", "2")
def role(s, parameter):
    s.check(False, "there is no STS that would tell a function who it is")
