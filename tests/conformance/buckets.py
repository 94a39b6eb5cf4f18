"""The S3 that the server takes code from: moto's, in a process of its own."""

import contextlib
import socket
import subprocess
import sys
import time

import boto3

# The one that scenarios speak of.
BUCKET = "bucket"


class Buckets:
    """A store with one bucket."""

    def __init__(self, url):
        #: How the server is told of it.
        self.flags = "--s3-endpoint", url, "--s3-access-key", "test", "--s3-secret-key", "secret"
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "secret"}
        self.client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", **keys)
        self.client.create_bucket(Bucket=BUCKET)

    def put(self, bucket, key, content):
        self.client.put_object(Bucket=bucket, Key=key, Body=content)


@contextlib.contextmanager
def running(within=30):
    """Starts a store, yields it, and ends it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(process, port, within)
        yield Buckets(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(15)


def _wait(process, port, within):
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit("moto, which is to keep the buckets, did not start: is it installed?")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit("moto, which is to keep the buckets, does not listen")
