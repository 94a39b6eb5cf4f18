"""Those who use queues in earnest: Celery's workers, and functions with Powertools' batch processors."""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import pytest

from kit import host
from kit.eventually import eventually
from kit.functions import a_name, create

APP = """
import os, pathlib
from celery import Celery

app = Celery("app", broker="sqs://test:secret@127.0.0.1:{port}//")
app.conf.task_default_queue = "{queue}"
app.conf.broker_transport_options = {{
    "region": "us-east-1", "is_secure": False, "visibility_timeout": {visibility}, "wait_time_seconds": 1, "polling_interval": 0.1,
}}
app.conf.task_acks_late = True
app.conf.broker_connection_retry_on_startup = True

@app.task
def work(n):
    with open(pathlib.Path(__file__).with_name("done"), "a") as done:
        done.write(f"{{n}}\\n")
"""

BATCHES = """
import json
from aws_lambda_powertools.utilities.batch import {processor}, EventType, process_partial_response

processor = {processor}({argument})

def handle(record):
    body = json.loads(record.body)
    tries = int(record.raw_event["attributes"]["ApproximateReceiveCount"])
    print("SEEN", json.dumps({{"n": body["n"], "tries": tries}}))
    if tries <= body.get("fail", 0):
        raise ValueError("on purpose")

def handler(event, context):
    return process_partial_response(event=event, record_handler=handle, processor=processor, context=context)
"""


def need_package(name):
    found = importlib.util.find_spec(name)
    if not found:
        pytest.skip(f"the package {name} is not installed; tests/e2e/requirements.txt names it")
    return pathlib.Path(found.origin)


@pytest.fixture
def sqs(lambent):
    return lambent.client(service="sqs")


def left(sqs, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(map(int, counts.values()))


class Celery:
    """An application of Celery's, and its worker."""

    def __init__(self, folder, port, queue, visibility):
        self.folder = folder
        (folder / "app.py").write_text(APP.format(port=port, queue=queue, visibility=visibility))
        self.workers = []

    def environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LAMBENT_"))}
        return kept | {"C_FORCE_ROOT": "1", "HOME": str(self.folder), "AWS_EC2_METADATA_DISABLED": "true"}

    def send(self, count):
        code = f"import app\nfor n in range({count}): app.work.delay(n)"
        subprocess.run([sys.executable, "-c", code], cwd=self.folder, env=self.environment(), check=True, timeout=120)

    def work(self):
        command = [sys.executable, "-m", "celery", "-A", "app", "worker", "--pool=solo", "--loglevel=INFO", "--without-mingle", "--without-gossip"]
        with open(self.folder / "log", "ab") as log:
            worker = subprocess.Popen(command, cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.workers.append(worker)
        return worker

    def done(self):
        file = self.folder / "done"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def stop(self):
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
                worker.wait(15)


@pytest.fixture
def celery(lambent, sqs, tmp_path):
    need_package("celery")
    need_package("pycurl")
    made = []

    def make(visibility):
        queue = a_name("celery")
        made.append(Celery(tmp_path, lambent.port, queue, visibility))
        return made[-1], lambda: left(sqs, sqs.get_queue_url(QueueName=queue)["QueueUrl"])

    yield make
    for each in made:
        each.stop()


def test_a_celery_worker_does_every_task_once(celery):
    app, waiting = celery(visibility=300)
    app.send(40)
    app.work()
    eventually(lambda: len(app.done()) >= 40, 120, "the tasks")
    eventually(lambda: waiting() == 0, 60, "the end of the messages")
    assert sorted(app.done()) == list(range(40))


def test_a_celery_worker_that_is_killed_loses_nothing(celery):
    app, waiting = celery(visibility=5)
    app.send(40)
    first = app.work()
    eventually(lambda: len(app.done()) >= 3, 120, "the first tasks")
    first.kill()
    first.wait(15)
    app.work()
    eventually(lambda: set(app.done()) == set(range(40)), 120, "all tasks")
    eventually(lambda: waiting() == 0, 60, "the end of the messages")


@pytest.fixture
def powertools():
    """The library as a deployment package has it."""
    packages = need_package("aws_lambda_powertools").parent.parent
    files = {}
    for name in ("aws_lambda_powertools", "jmespath"):
        for path in (packages / name).rglob("*.py"):
            files[str(path.relative_to(packages))] = path.read_text()
    return files | {"typing_extensions.py": (packages / "typing_extensions.py").read_text()}


@pytest.fixture
def read(aws, lambent, sqs, powertools):
    """`read(processor, argument)` makes a queue that is read by a function with this processor."""

    def make(processor, argument, suffix="", **attributes):
        name = a_name("q") + suffix
        url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "10", **attributes})["QueueUrl"]
        files = powertools | {"function.py": BATCHES.format(processor=processor, argument=argument)}
        variables = {"POWERTOOLS_SERVICE_NAME": "test"}
        function = create(
            aws, files, host.newest("python"), "function.handler", Environment={"Variables": variables}, MemorySize=256, Timeout=30
        )
        arn = f"arn:aws:sqs:us-east-1:000000000000:{name}"
        made = aws.create_event_source_mapping(
            EventSourceArn=arn, FunctionName=function.name, FunctionResponseTypes=["ReportBatchItemFailures"]
        )
        marker = f"[{function.name}] SEEN "

        def seen():
            lines = (line.partition(marker)[2] for line in lambent.log().splitlines() if marker in line)
            return [json.loads(line) for line in lines]

        return url, seen, made["UUID"]

    return make


def test_powertools_reports_what_failed_and_it_alone_comes_again(sqs, read):
    url, seen, _ = read("BatchProcessor", "event_type=EventType.SQS")
    for n in range(10):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"n": n, "fail": n % 3}))
    eventually(lambda: left(sqs, url) == 0, 90, "the end of all")
    eventually(lambda: len(seen()) >= 10 + 3 + 2 * 3, 20, "the lines of all tries")
    for n in range(10):
        assert [each["tries"] for each in seen() if each["n"] == n] == list(range(1, n % 3 + 2))


def test_powertools_keeps_the_order_of_a_fifo_queue(sqs, read):
    url, seen, _ = read("SqsFifoPartialProcessor", "", ".fifo", FifoQueue="true", ContentBasedDeduplication="true")
    for n in range(8):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"n": n, "fail": int(n == 2)}), MessageGroupId="g")
    eventually(lambda: left(sqs, url) == 0, 90, "the end of all")
    eventually(lambda: [each["n"] for each in seen()][-1:] == [7], 20, "the last one's line")
    assert [each["n"] for each in seen()] == [0, 1, 2, 2, 3, 4, 5, 6, 7]
