"""Function URLs as browsers and curl use them: by host and by path."""

import json
import re
import shutil
import subprocess

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from kit import functions, host
from kit.urls import Url, open_to_everyone

ECHO = """
    import json

    def handler(event, context):
        if event.get("body") == "fail":
            raise ValueError("as asked")
        if event["headers"].get("x-answer"):
            return json.loads(event["headers"]["x-answer"])
        return {"statusCode": 200, "body": json.dumps(event)}
"""
FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)


@pytest.fixture
def url(lambent, aws, python):
    """`url(**options)` makes a function with a public URL."""

    def create(source=ECHO, public=True, **options):
        function = python(source)
        created = aws.create_function_url_config(FunctionName=function.name, **{"AuthType": "NONE", **options})
        if public:
            open_to_everyone(aws, function.name)
        made = Url(lambent, created["FunctionUrl"])
        made.function = function
        return made

    return create


def test_the_event_is_of_format_2(url):
    asked = url()
    headers = {"Content-Type": "application/json", "Extra-Headers": "With WeiRd CapS", "Cookie": "a=1; b=2", "User-Agent": "test"}
    answer = asked.ask("/pa2%25Fth/1?q=query&multi=foo&multi=%2Fbar", "POST", b'{"foo": "bar"}', headers)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    event = answer.json()
    context = event["requestContext"]
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "$default", "/pa2%Fth/1")
    assert event["rawQueryString"] == "q=query&multi=foo&multi=%2Fbar"
    assert event["queryStringParameters"] == {"q": "query", "multi": "foo,/bar"}
    assert (event["cookies"], event["body"], event["isBase64Encoded"]) == (["a=1", "b=2"], '{"foo": "bar"}', False)
    assert event["headers"]["extra-headers"] == "With WeiRd CapS" and event["headers"]["host"] == asked.host
    assert event["headers"]["x-forwarded-for"] == "127.0.0.1" and event["headers"]["x-forwarded-proto"] == "http"
    assert (context["accountId"], context["apiId"], context["stage"]) == ("anonymous", asked.id, "$default")
    assert (context["domainName"], context["domainPrefix"]) == (asked.host.partition(":")[0], asked.id)
    expected = {"method": "POST", "path": "/pa2%Fth/1", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test"}
    assert context["http"] == expected
    assert re.fullmatch(r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000", context["time"]) and context["timeEpoch"] > 1.7e12
    assert context["requestId"] == answer.headers["x-amzn-requestid"]
    assert "x-amzn-trace-id" in answer.headers
    binary = asked.ask("/", "POST", b"\xff\x00", {"Content-Type": "application/octet-stream"}).json()
    assert (binary["body"], binary["isBase64Encoded"]) == ("/wA=", True)


def test_it_is_reached_by_path_too(url, lambent):
    asked = url()
    assert asked.ask("/a/b?c=d", by_path=True).json()["rawPath"] == "/a/b"
    assert asked.ask("", by_path=True).json()["rawPath"] == "/"
    curl = shutil.which("curl")
    if curl:
        done = subprocess.run([curl, "-s", f"{lambent.url}/_lambent/url/{asked.id}/x"], capture_output=True, timeout=30)
        assert json.loads(done.stdout)["requestContext"]["apiId"] == asked.id


def test_answers_are_read_as_aws_reads_them(url):
    asked = url()
    answer = lambda value: asked.ask(headers={"X-Answer": json.dumps(value)})
    for value, body in (
        ({"hello": "world"}, b'{"hello":"world"}'),
        (["hello", 3, True], b'["hello",3,true]'),
        ("hello", b"hello"),
        (3.1, b"3.1"),
        (True, b"true"),
        ({"statusCode": 200, "body": "body123"}, b"body123"),
    ):
        got = answer(value)
        assert (got.status, got.data, got.headers["content-type"]) == (200, body, "application/json"), value
    full = answer(
        {"statusCode": 201, "headers": {"Content-Type": "text/plain", "X-A": "b"}, "cookies": ["a=1", "b=2; Secure"],
         "body": "/wA=", "isBase64Encoded": True}
    )  # fmt: skip
    assert (full.status, full.data, full.headers["content-type"]) == (201, b"\xff\x00", "text/plain")
    assert full.headers["x-a"] == "b" and full.headers.getlist("set-cookie") == ["a=1", "b=2; Secure"]
    malformed = answer({"statusCode": "none"})
    assert (malformed.status, malformed.data) == (502, b"Internal Server Error")


def test_what_fails_says_so(url, aws, lambent):
    asked = url()
    failed = asked.ask("/", "POST", b"fail", {"Content-Type": "text/plain"})
    assert (failed.status, failed.data) == (502, b"Internal Server Error")
    large = asked.ask("/", "POST", b"x" * (6 * 1024 * 1024 + 1), {"Content-Type": "text/plain"})
    assert large.status == 413 and large.headers["x-amzn-errortype"] == "RequestEntityTooLargeException"
    inflated = asked.ask("/", "POST", b"x" * (5 * 1024 * 1024))
    assert inflated.status == 413, "in base64 it is too large"
    aws.put_function_concurrency(FunctionName=asked.function.name, ReservedConcurrentExecutions=0)
    throttled = asked.ask()
    assert throttled.status == 429 and throttled.headers["x-amzn-errortype"] == "TooManyRequestsException"
    unknown = Url(lambent, f"http://{'0' * 32}.lambda-url.us-east-1.localhost:{lambent.port}/").ask()
    assert (unknown.status, unknown.data) == (403, b'{"Message":null}')
    assert unknown.headers["x-amzn-errortype"] == "AccessDeniedException"


def test_a_url_lets_in_whom_the_policy_lets_in(url, aws):
    asked = url(public=False)
    refused = asked.ask()
    assert (refused.status, refused.json()) == (403, {"Message": FORBIDDEN})
    open_to_everyone(aws, asked.function.name)
    assert asked.ask().status == 200
    aws.remove_permission(FunctionName=asked.function.name, StatementId="url")
    assert asked.ask().status == 403
    aws.delete_function_url_config(FunctionName=asked.function.name)
    assert asked.ask().json() == {"Message": None}


def test_the_url_of_an_alias_invokes_the_alias(aws, python, lambent):
    function = python("def handler(event, context): return context.invoked_function_arn + ' ' + context.function_version")
    aws.publish_version(FunctionName=function.name)
    aws.create_alias(FunctionName=function.name, Name="live", FunctionVersion="1")
    created = aws.create_function_url_config(FunctionName=function.name, Qualifier="live", AuthType="NONE")
    open_to_everyone(aws, function.name, Qualifier="live")
    asked = Url(lambent, created["FunctionUrl"])
    assert asked.ask().data.decode() == f"{created['FunctionArn']} 1"
    function.update_code({"function.py": "def handler(event, context): return 'new'"}, Publish=True)
    assert asked.ask().data.decode().endswith(":live 1")
    aws.update_alias(FunctionName=function.name, Name="live", FunctionVersion="2")
    assert asked.ask().data == b"new"
    aws.delete_alias(FunctionName=function.name, Name="live")
    gone = asked.ask()
    assert (gone.status, gone.json()) == (403, {"Message": FORBIDDEN})


def signed(asked, path="/", body=b"", secret="secret", access_key="test"):
    request = botocore.awsrequest.AWSRequest("POST", f"http://{asked.host}{path}", data=body, headers={"Content-Type": "text/plain"})
    credentials = botocore.credentials.Credentials(access_key, secret)
    botocore.auth.SigV4Auth(credentials, "lambda", "us-east-1").add_auth(request)
    return asked.ask(path, "POST", body, dict(request.headers))


def test_a_url_with_iam_wants_a_signature(url):
    asked = url(public=False, AuthType="AWS_IAM")
    unsigned = asked.ask()
    assert (unsigned.status, unsigned.json()) == (403, {"Message": FORBIDDEN})
    event = signed(asked, "/a?b=c", b"text").json()
    assert (event["requestContext"]["accountId"], event["body"]) == ("000000000000", "text")
    assert event["requestContext"]["authorizer"]["iam"]["accessKey"] == "test"
    assert signed(asked, access_key="222222222222").status == 403, "another account is not let in"


def test_signatures_are_verified_where_the_server_verifies_them(fresh_lambent, tmp_path):
    config = tmp_path / "lambent.toml"
    config.write_text('[[credentials]]\naccess-key = "AKIDEXAMPLE"\nsecret-key = "right"\naccount = "123456789012"\n')
    server = fresh_lambent("--config", str(config))
    client = boto3.client(
        "lambda", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="right"
    )
    function = functions.create(client, {"function.py": "def handler(event, context): return 'hi'"}, host.newest("python"), "function.handler")
    created = client.create_function_url_config(FunctionName=function.name, AuthType="AWS_IAM")
    asked = Url(server, created["FunctionUrl"])
    right = {"access_key": "AKIDEXAMPLE", "secret": "right"}
    assert signed(asked, **right).data == b"hi"
    wrong = signed(asked, **right | {"secret": "wrong"})
    assert (wrong.status, wrong.headers["x-amzn-errortype"]) == (403, "InvalidSignatureException")
    assert signed(asked, access_key="AKIDOTHER").status == 403


def test_browsers_are_told_what_they_may(url, aws):
    cors = {"AllowOrigins": ["https://a.example"], "AllowMethods": ["PUT"], "AllowHeaders": ["x-a"], "ExposeHeaders": ["x-b"], "MaxAge": 60}
    asked = url(Cors=cors)
    ask = lambda origin: {"Origin": origin, "Access-Control-Request-Method": "PUT"}
    allowed = asked.ask("/", "OPTIONS", headers=ask("https://a.example"))
    assert (allowed.status, allowed.data) == (200, b"")
    assert allowed.headers["access-control-allow-origin"] == "https://a.example"
    assert allowed.headers["access-control-allow-methods"] == "PUT" and allowed.headers["access-control-max-age"] == "60"
    assert "access-control-allow-origin" not in asked.ask("/", "OPTIONS", headers=ask("https://b.example")).headers
    own = {"Origin": "https://a.example", "X-Answer": json.dumps({"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}})}
    answer = asked.ask("/", headers=own)
    assert answer.headers.getlist("access-control-allow-origin") == ["https://a.example"]
    assert answer.headers["access-control-expose-headers"] == "x-b"
    aws.update_function_url_config(FunctionName=asked.function.name, Cors={})
    through = asked.ask("/", "OPTIONS", headers=ask("https://a.example"))
    assert through.json()["requestContext"]["http"]["method"] == "OPTIONS", "without a configuration the function is asked"


def test_a_url_survives_the_server(fresh_lambent):
    server = fresh_lambent()
    aws = server.client()
    function = functions.create(aws, {"function.py": "def handler(event, context): return 'hi'"}, host.newest("python"), "function.handler")
    created = aws.create_function_url_config(FunctionName=function.name, AuthType="NONE")
    open_to_everyone(aws, function.name)
    server.kill()
    server.start()
    assert Url(server, created["FunctionUrl"]).ask().data == b"hi"
