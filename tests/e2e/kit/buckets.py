"""An S3 that is not ours: moto's, in a process of its own."""

import socket
import subprocess
import sys
import urllib.request

import boto3

from kit.eventually import eventually


class Buckets:
    """A running store."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        port = self.url.rsplit(":", 1)[1]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(self._answers)

    def _answers(self):
        assert self.process.poll() is None, "moto did not start"
        try:
            with urllib.request.urlopen(f"{self.url}/moto-api/data.json", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    def client(self):
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="secret",
        )

    def stop(self):
        self.process.terminate()
        self.process.wait(15)
