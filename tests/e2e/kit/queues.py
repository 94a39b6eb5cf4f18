"""Queues that are not ours: moto's and ElasticMQ, each in a process of its own."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys

import boto3
import pytest
from botocore.config import Config

from kit import host
from kit.eventually import eventually

# What ElasticMQ is made of; `scripts/test` has Maven fetch it.
ELASTICMQ = pathlib.Path(os.environ.get("LAMBENT_ELASTICMQ") or host.REPOSITORY / "target/elasticmq")


class Queues:
    """A running server of queues."""

    account = "000000000000"

    def __init__(self, folder, port=None):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self.process = None

    def start(self):
        with open(self.folder / f"{type(self).__name__}-{self.port}.log", "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment())
        eventually(self._answers, 90, "an answer of the queues' server")
        return self

    def environment(self):
        return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LAMBENT_"))}

    def _answers(self):
        assert self.process.poll() is None, f"{type(self).__name__} did not start; see {self.folder}"
        try:
            return bool(self.client().list_queues())
        except Exception:
            return False

    def client(self):
        return boto3.client(
            "sqs",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 2}, read_timeout=30, max_pool_connections=16),
        )

    def queue(self, name, **attributes):
        """Makes a queue and returns its URL and its ARN."""
        url = self.client().create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, f"arn:aws:sqs:us-east-1:{self.account}:{name}"

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(15)


class Moto(Queues):
    """moto_server, which is of the packages that the tests need anyway."""

    account = "123456789012"

    def command(self):
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]


class ElasticMq(Queues):
    """ElasticMQ, where there is Java and Maven has fetched it."""

    def command(self):
        config = self.folder / f"elasticmq-{self.port}.conf"
        config.write_text(
            'include classpath("application.conf")\n'
            f'node-address {{ protocol = http, host = "127.0.0.1", port = {self.port}, context-path = "" }}\n'
            f'rest-sqs {{ enabled = true, bind-port = {self.port}, bind-hostname = "127.0.0.1", sqs-limits = strict }}\n'
            "rest-stats { enabled = false }\n"
        )
        return [java(), "-Xmx256m", f"-Dconfig.file={config}", "-cp", f"{ELASTICMQ}/*", "org.elasticmq.server.Main"]


def java():
    path = shutil.which("java")
    if not path:
        pytest.skip("this host has no Java to run ElasticMQ with")
    if not list(ELASTICMQ.glob("elasticmq-server*.jar")):
        pytest.skip(f"ElasticMQ is not in {ELASTICMQ}; scripts/test fetches it with Maven")
    return path


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
