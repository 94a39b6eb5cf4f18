"""Functions as the tests speak of them."""

import base64
import dataclasses
import itertools
import json
import os
import textwrap

from kit.zips import package

ROLE = "arn:aws:iam::000000000000:role/tests"
# The waiters' own pace is made for the other side of the world.
PACE = {"Delay": 0.02, "MaxAttempts": 1500}
_numbers = itertools.count(1)


def a_name(prefix="f"):
    """A name that no other test uses."""
    return f"{prefix}-{os.getpid()}-{next(_numbers)}"


@dataclasses.dataclass
class Answer:
    """The answer to an invocation."""

    status: int
    error: str | None
    body: bytes
    log: str | None
    version: str | None
    request_id: str

    @property
    def value(self):
        """The payload, from JSON."""
        return json.loads(self.body)


@dataclasses.dataclass
class Function:
    """A function that exists."""

    client: object
    name: str

    def invoke(self, event=None, *, raw=None, **options):
        """Invokes with `event` as JSON, or with the bytes of `raw`, and asks for the log's tail."""
        payload = raw if raw is not None else json.dumps(event if event is not None else {})
        options.setdefault("LogType", "Tail")
        answer = self.client.invoke(FunctionName=self.name, Payload=payload, **options)
        log = answer.get("LogResult")
        return Answer(
            answer["StatusCode"],
            answer.get("FunctionError"),
            answer["Payload"].read(),
            base64.b64decode(log).decode(errors="replace") if log is not None else None,
            answer.get("ExecutedVersion"),
            answer["ResponseMetadata"]["RequestId"],
        )

    def send(self, event):
        """Invokes asynchronously and returns the request id."""
        answer = self.client.invoke(FunctionName=self.name, InvocationType="Event", Payload=json.dumps(event))
        assert answer["StatusCode"] == 202
        return answer["ResponseMetadata"]["RequestId"]

    def update_code(self, files, **options):
        answer = self.client.update_function_code(FunctionName=self.name, ZipFile=package(dedented(files)), **options)
        self.client.get_waiter("function_updated_v2").wait(FunctionName=self.name, WaiterConfig=PACE)
        return answer

    def configure(self, **options):
        answer = self.client.update_function_configuration(FunctionName=self.name, **options)
        self.client.get_waiter("function_updated_v2").wait(FunctionName=self.name, WaiterConfig=PACE)
        return answer

    def configuration(self):
        return self.client.get_function_configuration(FunctionName=self.name)

    def delete(self):
        self.client.delete_function(FunctionName=self.name)


def dedented(files):
    return {name: textwrap.dedent(content) if isinstance(content, str) else content for name, content in files.items()}


def create(client, files, runtime, handler, name=None, **options):
    """Creates a function from sources and waits until it is active."""
    name = name or a_name()
    archive = files if isinstance(files, bytes) else package(dedented(files))
    client.create_function(
        FunctionName=name, Runtime=runtime, Handler=handler, Role=ROLE, Code={"ZipFile": archive}, **options
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=PACE)
    return Function(client, name)
