"""The console as an HTTP client sees it. What a browser makes of it is in tests/console."""

import gzip
import http.client
import json

import pytest


CONFIG = """
[[credentials]]
access-key = "AKIDEXAMPLE"
secret-key = "right secret"
account = "123456789012"
"""
SIGNED = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0"
API = "/_lambent/console/api/2015-03-31/functions"


def ask(server, method, path, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request(method, path, headers=headers or {})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_a_browser_lands_in_the_console(lambent):
    answer, _ = ask(lambent, "GET", "/", {"Accept": "text/html,application/xhtml+xml"})
    assert (answer.status, answer.headers["location"]) == (302, "/console/")
    answer, page = ask(lambent, "GET", "/console/")
    assert answer.status == 200 and b"<title>Lambent</title>" in page


def test_pages_run_their_own_scripts_alone(lambent):
    answer, _ = ask(lambent, "GET", "/console/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_files_come_compressed_and_only_when_they_changed(lambent):
    answer, packed = ask(lambent, "GET", "/console/js/main.js", {"Accept-Encoding": "gzip"})
    plain, body = ask(lambent, "GET", "/console/js/main.js")
    assert answer.headers["content-encoding"] == "gzip" and gzip.decompress(packed) == body
    again, nothing = ask(lambent, "GET", "/console/js/main.js", {"If-None-Match": plain.headers["etag"]})
    assert (again.status, nothing) == (304, b"")


def test_clients_of_the_api_never_meet_it(lambent):
    answer, body = ask(lambent, "GET", "/console/", {"Authorization": SIGNED, "Accept": "text/html"})
    assert answer.status != 200 and b"<title>" not in body
    answer, _ = ask(lambent, "GET", "/", {"Accept": "application/json"})
    assert answer.status == 403
    assert ask(lambent, "POST", "/console/")[0].status == 403


def test_functions_have_no_console(python):
    source = """
import os, urllib.error, urllib.request
def handler(event, context):
    try:
        return urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + event).status
    except urllib.error.HTTPError as refused:
        return refused.code
"""
    function = python(source)
    assert [function.invoke(path).value for path in ("/console/", "/_lambent/console/session")] == [403, 404]


@pytest.mark.parametrize("headers", [{}, {"X-Lambent-Console": "lambda/us-east-1"}, {"Cookie": "lambent-session=guessed", "X-Lambent-Console": "lambda/us-east-1"}])
def test_without_a_session_nobody_is_let_in(fresh_lambent, tmp_path, headers):
    config = tmp_path / "lambent.toml"
    config.write_text(CONFIG)
    server = fresh_lambent("--config", str(config))
    answer, body = ask(server, "GET", API, headers)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "MissingAuthenticationTokenException")
    assert json.loads(ask(server, "GET", "/_lambent/console/session")[1]) == {"loginRequired": True}
    assert ask(server, "POST", "/_lambent/console/login")[0].status == 403
    assert ask(server, "POST", "/_lambent/console/login", {"Authorization": SIGNED})[0].status == 403
    assert ask(server, "POST", "/_lambent/console/logout")[0].status == 403
