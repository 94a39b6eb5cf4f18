"""Who is let in: anybody from this machine, or only those whose signature is right."""

import subprocess
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.exceptions import ClientError

from kit import host
from kit.server import ONE_TRY, environment

CONFIG = """
[[credentials]]
access-key = "AKIDEXAMPLE"
secret-key = "right secret"
account = "123456789012"
"""


@pytest.fixture
def guarded(fresh_lambent, tmp_path):
    """A server that knows one access key."""
    config = tmp_path / "lambent.toml"
    config.write_text(CONFIG)
    return fresh_lambent("--config", str(config))


def client(server, access_key, secret_key, token=None):
    return boto3.client(
        "lambda",
        endpoint_url=server.url,
        region_name="eu-west-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        aws_session_token=token,
        config=ONE_TRY,
    )


def refusal(call, **arguments):
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    answer = refused.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def test_a_right_signature_speaks_for_its_account(guarded):
    right = client(guarded, "AKIDEXAMPLE", "right secret")
    assert right.list_functions()["Functions"] == []
    status, code, message = refusal(right.get_function, FunctionName="absent")
    assert (status, code) == (404, "ResourceNotFoundException")
    assert message == "Function not found: arn:aws:lambda:eu-west-1:123456789012:function:absent"


def test_a_wrong_secret_is_refused_and_changes_nothing(guarded):
    wrong = client(guarded, "AKIDEXAMPLE", "wrong secret")
    status, code, message = refusal(
        wrong.create_function,
        FunctionName="f",
        Runtime="python3.12",
        Handler="a.b",
        Role="arn:aws:iam::123456789012:role/r",
        Code={"ZipFile": b"PK"},
    )
    assert (status, code) == (403, "InvalidSignatureException")
    assert message.startswith("The request signature we calculated does not match the signature you provided.")
    assert client(guarded, "AKIDEXAMPLE", "right secret").list_functions()["Functions"] == []


def test_an_unknown_key_or_token_is_refused(guarded):
    unknown = (403, "UnrecognizedClientException", "The security token included in the request is invalid.")
    assert refusal(client(guarded, "AKIDSTRANGER", "right secret").list_functions) == unknown
    assert refusal(client(guarded, "AKIDEXAMPLE", "right secret", token="t").list_functions) == unknown


@pytest.mark.parametrize("known", [True, False])
def test_an_unsigned_request_is_refused(guarded, lambent, known):
    server = guarded if known else lambent
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.url}/2015-03-31/functions", timeout=10)
    assert refused.value.code == 403
    assert refused.value.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


def test_others_are_let_in_only_with_credentials(tmp_path):
    command = [host.binary(), "serve", "--listen", "0.0.0.0:0", "--data-dir", str(tmp_path / "data")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, env=environment())
    assert ended.returncode == 1
    assert "requests must be signed" in ended.stderr


def test_other_sites_cannot_make_a_browser_ask(lambent):
    """Where everybody is let in, a page anywhere could make its reader's browser send what needs no leave to be sent."""
    scope = "X-Amz-Credential=test/20261123/us-east-1/lambda/aws4_request&X-Amz-Algorithm=AWS4-HMAC-SHA256"
    signed = "X-Amz-Date=20261123T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
    url = f"{lambent.url}/2015-03-31/functions?{scope}&{signed}"

    def asked(site):
        request = urllib.request.Request(url, headers={"Sec-Fetch-Site": site})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as refused:
            return refused.code

    assert asked("same-origin") == asked("none") == 200
    assert asked("cross-site") == 403
