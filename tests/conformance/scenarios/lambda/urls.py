"""Functions that are called by their URL."""

import json

from scenario import scenarios_of

recorded = scenarios_of("lambda::TestLambdaURL")
permissions = scenarios_of("lambda::TestLambdaPermissions")
request_ids = scenarios_of("lambda::TestRequestIdHandling")

FORBIDDEN = 403


def made(s, name, **options):
    """The answer that tells the URL of a function."""
    return s.ask.create_function_url_config(FunctionName=name, AuthType="NONE", **options)


def permission(s, name, **options):
    """Lets everybody call the URL of a function."""
    statement = {"StatementId": "urlPermission", "Action": "lambda:InvokeFunctionUrl", "Principal": "*"}
    return s.ask.add_permission(FunctionName=name, FunctionUrlAuthType="NONE", **statement, **options)


def open_url(s, name, **options):
    """The URL of a function that everybody may call."""
    answer = s.step("create_lambda_url_config", made(s, name, **options))
    s.step("add_permission", permission(s, name))
    return answer["FunctionUrl"]


def unrecorded_url(s, name, **options):
    url = made(s, name, **options)["FunctionUrl"]
    permission(s, name, **({"Qualifier": options["Qualifier"]} if "Qualifier" in options else {}))
    return url


def text(answer):
    return answer.data.decode()


VALUES = {
    "dict": {"hello": "world"},
    "http-response": {"statusCode": 200, "body": "body123"},
    "http-response-json": {"statusCode": 200, "body": json.dumps({"hello": "world"})},
    "list-mixed": ["hello", 3, True],
    "string": "hello",
    "integer": 3,
    "float": 3.1,
    "boolean": True,
}


@recorded("test_lambda_url_invocation[{}]", *VALUES)
def results_of_every_form(s, form):
    name = s.function("returns.py", Environment={"Variables": {"VALUE": json.dumps(VALUES[form])}})
    answer = s.http("GET", open_url(s, name))
    headers = {header: answer.headers.get(header) for header in ("Content-Length", "Content-Type")}
    s.step("lambda_url_invocation", {"content": text(answer), "headers": headers, "statuscode": answer.status})


@recorded("test_lambda_url_invocation_exception")
def error(s):
    name = s.function("fails.py")
    s.step("get_fn_result", s.ask.get_function(FunctionName=name))
    answer = s.http("GET", open_url(s, name))
    s.check((answer.status, text(answer)) == (502, "Internal Server Error"), (answer.status, text(answer)))


@recorded("test_lambda_url_echo_invoke[{}]", "None", "BUFFERED", "RESPONSE_STREAM")
def modes(s, mode):
    options = {} if mode == "None" else {"InvokeMode": mode}
    url = open_url(s, s.function("echo.py"), **options)
    answer = s.http("POST", f"{url}pa/th?q=1", body=b"text", headers={"Content-Type": "text/plain"})
    event = json.loads(answer.data)
    s.check(answer.status == 200 and event["rawPath"] == "/pa/th" and event["body"] == "text", text(answer))


@recorded("test_lambda_url_headers_and_status")
def headers_and_status(s):
    value = {"statusCode": 418, "headers": {"x-own": "yes", "Content-Type": "text/plain"}, "body": "short and stout"}
    name = s.function("returns.py", Environment={"Variables": {"VALUE": json.dumps(value)}})
    answer = s.http("GET", unrecorded_url(s, name))
    seen = answer.status, answer.headers.get("x-own"), answer.headers.get("content-type"), text(answer)
    s.check(seen == (418, "yes", "text/plain", "short and stout"), seen)


@recorded("test_lambda_update_function_url_config")
def another_mode(s):
    name = s.function("echo.py")

    def get():
        return s.ask.get_function_url_config(FunctionName=name)

    s.step("create_lambda_url_config", made(s, name, InvokeMode="BUFFERED"))
    s.step("get_url_config", get())
    changed = s.ask.update_function_url_config(FunctionName=name, AuthType="NONE", InvokeMode="RESPONSE_STREAM")
    s.step("modify_lambda_url_config", changed)
    s.step("get_url_config_2", get())
    s.step("modify_lambda_url_config_none", s.ask.update_function_url_config(FunctionName=name, AuthType="NONE"))
    s.step("get_url_config_3", get())


@recorded("test_lambda_url_invalid_invoke_mode")
def unknown_mode(s):
    s.step("invoke_function_invalid_invoke_type", made(s, s.function("echo.py"), InvokeMode="UNKNOWN"))


def request(s, path, body, headers):
    """What a function sees of a request to its URL."""
    url = unrecorded_url(s, s.function("request.py"))
    standard = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
    answer = s.http("POST", url.rstrip("/") + path, body=body, headers=standard | headers)
    return json.loads(answer.data)


ECHO = {"User-Agent": "test/echo", "ExTrA-HeadErs": "With WeiRd CapS", "Content-Type": "application/json"}
JSON = json.dumps({"foo": "bar"}).encode()


def without_x_headers(seen):
    return seen | {"headers": {name: value for name, value in seen["headers"].items() if not name.startswith("x-")}}


@recorded("test_lambda_url_echo_http_fixture_default")
def request_as_seen(s):
    s.step("url_response", request(s, "/pa2%Fth/1?q=query&multiQuery=foo&multiQuery=%2Fbar", JSON, ECHO))


@recorded("test_lambda_url_echo_http_fixture_trim_x_headers")
def request_without_x_headers(s):
    s.step("url_response", without_x_headers(request(s, "/path/1?q=query", JSON, ECHO)))


BOUNDARY = "4efd159eae0c4f4e125a5a509e073d85"
FORM = (
    f"\r\n--{BOUNDARY}\r\n"
    'Content-Disposition: form-data; name="formfield"\r\n\r\nnot a file, just a field\r\n'
    f"--{BOUNDARY}\r\n"
    'Content-Disposition: form-data; name="foo"; filename="foo"\r\nContent-Type: text/plain;\r\n\r\nbar\r\n\r\n'
    f"--{BOUNDARY}--\r\n"
)


@recorded("test_lambda_url_form_payload")
def form(s):
    headers = {"User-Agent": "python/test-request", "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    s.step("url_response", without_x_headers(request(s, "/test/value", FORM.encode(), headers)))


# LocalStack's own tag means nothing to AWS, nor here.
CUSTOM_ID = {"_custom_id_": "my-custom-subdomain"}


def called(s, url):
    answer = s.http("GET", url)
    s.check(answer.status == 200 and "my-custom-subdomain" not in url, (url, answer.status, text(answer)))


@recorded("test_lambda_url_invocation_custom_id")
def tagged(s):
    called(s, unrecorded_url(s, s.function("echo.py", Tags=CUSTOM_ID)))


def aliased(s, **parameters):
    """A function with the alias `live`."""
    name = s.function("echo.py", **parameters)
    s.do.publish_version(FunctionName=name)
    s.do.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return name


@recorded("test_lambda_url_invocation_custom_id_aliased")
def tagged_alias(s):
    called(s, unrecorded_url(s, aliased(s, Tags=CUSTOM_ID), Qualifier="live"))


@recorded("test_lambda_url_persists_after_alias_delete")
def deleted_alias(s):
    name = aliased(s)
    created = s.step("create_lambda_url_config", made(s, name, Qualifier="live", InvokeMode="BUFFERED"))
    permission(s, name, Qualifier="live")
    url = created["FunctionUrl"]
    s.step("invoke_aliased_url_response", {"status_code": s.http("GET", url).status})
    s.step("delete_alias_resp", s.ask.delete_alias(FunctionName=name, Name="live"))

    def refused():
        answer = s.http("GET", url)
        return answer if answer.status == FORBIDDEN else None

    answer = s.until(refused)
    headers = {"x-amzn-ErrorType": answer.headers.get("x-amzn-ErrorType")}
    seen = {"content": text(answer), "headers": headers, "status_code": answer.status}
    s.step("invoke_deleted_alias_url_response_delayed", seen)


@recorded("test_function_url_with_response_streaming")
def streamed(s):
    answer = s.http("GET", unrecorded_url(s, s.function("streams.js"), InvokeMode="RESPONSE_STREAM"))
    s.step("response_status", answer.status)
    s.step("response_data", text(answer))


@recorded("test_lambda_url_non_existing_url")
def nobody_there(s):
    url = unrecorded_url(s, s.function("echo.py"))
    s.check(s.http("GET", url).status == 200, "not even an existing URL is served")
    answer = s.http("GET", url.replace(url.split("/")[2].split(".")[0], "0" * 32))
    s.check(400 <= answer.status < 500, (answer.status, text(answer)))


@permissions("test_lambda_permission_url_invocation")
def without_permission(s):
    url = made(s, s.function("echo.py"))["FunctionUrl"]
    s.step("lambda_url_invocation_missing_permission", text(s.http("GET", url)))


@request_ids("test_request_id_invoke_url")
def request_id(s):
    value = {"Environment": {"Variables": {"VALUE": json.dumps("hi")}}}
    name = s.function("returns.py", s.name(f"function-{s.account}"), **value)
    answer = s.http("GET", open_url(s, name))
    headers = {"x-amzn-RequestId": answer.headers.get("x-amzn-RequestId")}
    s.step("lambda_url_invocation", {"content": text(answer), "headers": headers, "statuscode": answer.status})

    def ends(log):
        return [line for line in log if line.startswith("END")]

    s.step("end_log_entries", ends(s.log_of(name, ends)))
