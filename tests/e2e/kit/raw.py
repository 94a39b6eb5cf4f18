"""HTTP requests that no SDK would send."""

import socket

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import urllib3

# The server accepts any well-formed credentials on loopback; this is the least of them.
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64
)
POOL = urllib3.PoolManager(retries=False, timeout=60)


def request(server, method, path, body=b"", headers=None, signed=True):
    """Sends a request; `signed` gives it credentials of its own making. The answer has `status`, `headers`, `data`, `json()`."""
    url = server.url + path
    sent = botocore.awsrequest.AWSRequest(method, url, data=body, headers=headers or {})
    if signed:
        credentials = botocore.credentials.Credentials("test", "secret")
        botocore.auth.SigV4Auth(credentials, "lambda", "us-east-1").add_auth(sent)
    return POOL.request(method, url, body=body or None, headers=dict(sent.headers))


def head(method, path, *lines, length=None):
    """The head of a request as bytes."""
    standard = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: {AUTHORIZATION}", "X-Amz-Date: 20260101T000000Z"]
    if length is not None:
        standard.append(f"Content-Length: {length}")
    return "\r\n".join([*standard, *lines, "", ""]).encode()


def connect(server, timeout=10):
    """A connection to the server."""
    return socket.create_connection(("127.0.0.1", server.port), timeout)


def everything(connection):
    """What the server sends until it closes or falls silent."""
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except (TimeoutError, ConnectionResetError):
        pass
    return received
