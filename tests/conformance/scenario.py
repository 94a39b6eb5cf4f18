"""What a scenario is written with: names, packages, calls to the API, and the steps that were recorded."""

import base64
import dataclasses
import functools
import io
import itertools
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.parse
import zipfile

import botocore.config
import botocore.exceptions
import botocore.session
import urllib3

FUNCTIONS = pathlib.Path(__file__).resolve().parent / "functions"
#: Where the interfaces are that functions in Java implement.
JAVA = FUNCTIONS.parents[2] / "runtimes/java"
STAND_IN = FUNCTIONS.parents[1] / "dotnet/Amazon.Lambda.Core.cs"
COMPILING = threading.Lock()
REGION = "us-east-1"
# The account in whose name the answers were recorded.
RECORDED_ACCOUNT = "111111111111"

# No checks by the client: many scenarios are about those of the service.
CONFIG = {"retries": {"total_max_attempts": 1}, "read_timeout": 60, "max_pool_connections": 4}

#: Recorded name -> function(scenario).
SCENARIOS = {}


def scenarios_of(group):
    """Registers the scenarios of a recorded class, named `file::Class`.

    `@recorded("name")` registers one; `@recorded("name[{}]", "a", "b")` one for each parameter, which the function is given.
    """

    def recorded(name, *parameters):
        def register(function):
            for parameter in parameters or [None]:
                key = f"{group}::{name.format(parameter)}" if parameters else f"{group}::{name}"
                assert key not in SCENARIOS, f"{key} is there twice"
                SCENARIOS[key] = functools.partial(_call, function, parameter) if parameters else function
            return function

        return register

    return recorded


def _call(function, parameter, scenario):
    return function(scenario, parameter)


class Refused(Exception):
    """A call that prepares something was refused."""


class NotAsExpected(Exception):
    """What no recorded step tells, but the scenario's name, is not so."""


@dataclasses.dataclass
class Around:
    """The server, and what is known around it."""

    url: str
    #: Where the server prints what functions log.
    log: pathlib.Path | None = None
    #: What the server takes code from.
    objects: object = None


class Clients:
    """The clients of one server. Making a client is slow and not safe for threads; the model is read once."""

    def __init__(self, url):
        self.url = url
        self.session = botocore.session.Session()
        self.lock = threading.Lock()

    def make(self, account, region, validates, service="lambda"):
        with self.lock:
            return self.session.create_client(
                service,
                endpoint_url=self.url,
                region_name=region,
                aws_access_key_id=account,
                aws_secret_access_key="secret",
                config=botocore.config.Config(**CONFIG, parameter_validation=validates),
            )


class Calls:
    """The API as methods: `calls.get_function(FunctionName=…)`. An answer is a dictionary, also that of a refusal."""

    def __init__(self, scenario, client, must):
        self._scenario, self._client, self._must = scenario, client, must

    def __getattr__(self, operation):
        def call(**parameters):
            try:
                answer = getattr(self._client, operation)(**parameters)
            except botocore.exceptions.ClientError as error:
                answer = error.response
                if answer["Error"].get("Code") == "NotImplementedException":
                    self._scenario.not_implemented.add(operation)
                if self._must:
                    raise Refused(f"{operation}: {answer['Error'].get('Code')}: {answer['Error'].get('Message')}") from None
            except botocore.exceptions.ParamValidationError as error:
                return str(error)
            return self._scenario.as_recorded(answer)

        return call


class Scenario:
    """One scenario: an account of its own, and the answers seen so far."""

    region = REGION
    role = f"arn:aws:iam::{RECORDED_ACCOUNT}:role/lambda-role"

    def __init__(self, clients, account, around):
        self.account = account
        self.role = self.role.replace(RECORDED_ACCOUNT, account)
        self.clients = clients
        self.around = around
        #: Step name -> answer.
        self.steps = {}
        #: Steps that another service answered.
        self.elsewhere = set()
        self.not_implemented = set()
        self.numbers = itertools.count(1)
        client = clients.make(account, REGION, validates=False)
        #: Calls whose answer is looked at, whatever it is.
        self.ask = Calls(self, client, must=False)
        #: Calls that prepare something, and must succeed.
        self.do = Calls(self, client, must=True)

    @functools.cached_property
    def sqs(self):
        """Calls to SQS, which must succeed."""
        return Calls(self, self.clients.make(self.account, REGION, validates=False, service="sqs"), must=True)

    def queue(self, kind="queue", suffix="", **attributes):
        """Makes a queue and returns its URL and its ARN, both in the scenario's own account."""
        name = self.name(kind) + suffix
        self.sqs.create_queue(QueueName=name, Attributes=attributes)
        return f"{self.around.url}/{self.account}/{name}", self.arn(name, service="sqs")

    def client(self, region=REGION, account=None, validates=False):
        """Calls to another region, as another account, or with the SDK's own checks."""
        return Calls(self, self.clients.make(account or self.account, region, validates), must=False)

    def step(self, name, answer):
        """The answer of a recorded step."""
        assert name not in self.steps, f"step {name} is there twice"
        self.steps[name] = answer
        return answer

    def another_service(self, *steps):
        """Steps that are answers of another service."""
        self.elsewhere |= set(steps)

    @staticmethod
    def check(holds, otherwise):
        """What must hold although no recorded step tells it; `otherwise` says what is seen when it does not."""
        if not holds:
            raise NotAsExpected(otherwise)

    def as_recorded(self, answer):
        """An answer as the recordings show it: the recorded account, and of the metadata the status."""
        answer = dict(answer)
        metadata = answer.pop("ResponseMetadata", {})
        if "Payload" in answer:
            answer["Payload"] = answer["Payload"].read().decode()
        answer = self.in_recorded_account(answer)
        if "HTTPStatusCode" in metadata:
            answer["ResponseMetadata"] = {"HTTPStatusCode": metadata["HTTPStatusCode"]}
        return answer

    def in_recorded_account(self, value):
        """What a scenario saw, as one of the recorded account would have seen it."""
        if isinstance(value, str):
            return value.replace(self.account, RECORDED_ACCOUNT)
        if isinstance(value, list):
            return [self.in_recorded_account(each) for each in value]
        if isinstance(value, dict):
            return {self.in_recorded_account(name): self.in_recorded_account(each) for name, each in value.items()}
        return value

    # Names and ARNs.

    def name(self, kind="function"):
        """A name that was not given before."""
        return f"{kind}-{next(self.numbers)}"

    def arn(self, resource, region=REGION, account=None, service="lambda"):
        """`arn:aws:lambda:REGION:ACCOUNT:RESOURCE`"""
        return f"arn:aws:{service}:{region}:{account or self.account}:{resource}"

    def object(self, key, content):
        """Puts an object into the bucket `bucket`, and returns its key."""
        if self.around.objects is None:
            raise Refused("it is not known what the server takes code from")
        self.around.objects.put("bucket", key, content)
        return key

    # Functions, as most scenarios create them.

    def create(self, name=None, calls=None, **parameters):
        """Creates a function with as few members as there can be; `None` leaves one out. Does not wait."""
        given = {"FunctionName": name, "Role": self.role, "Runtime": "python3.12", "Handler": "index.handler"}
        if "Code" not in parameters:
            given["Code"] = {"ZipFile": package(name)}
        return (calls or self.ask).create_function(**_without_nones(given | parameters))

    def fixture(self, name, calls=None, **parameters):
        """Creates a function as the recordings' common preparation did, and waits for it; the answer has that preparation's form."""
        given = {"Handler": "handler.handler", "Timeout": 30, "Environment": {"Variables": {}}}
        answer = self.create(name, calls or self.do, **(given | parameters))
        self.active(name)
        return {"CreateEventSourceMappingResponse": None, "CreateFunctionResponse": answer}

    def active(self, name, qualifier=None, within=20):
        """Waits until a function is active and updated."""
        deadline = time.monotonic() + within
        named = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})
        while True:
            found = self.do.get_function_configuration(**named)
            if found.get("State") == "Active" and found.get("LastUpdateStatus") != "InProgress":
                return found
            if time.monotonic() > deadline:
                raise Refused(f"{name} stays {found.get('State')}, {found.get('LastUpdateStatus')}")
            time.sleep(0.05)

    # Functions that do something.

    def function(self, source, name=None, **parameters):
        """Creates a function of `functions/SOURCE` as the recordings' common preparation did, waits for it, and returns its name."""
        name = name or self.name()
        self.fixture(name, **({"Code": {"ZipFile": code(source)}} | _runtime_of(source) | parameters))
        return name

    def invoke(self, name, event=None, **parameters):
        """Invokes with an event as JSON, `{}` if there is none."""
        return self.ask.invoke(FunctionName=name, **({"Payload": json.dumps({} if event is None else event)} | parameters))

    def log_of(self, name, lines=lambda log: True, within=20):
        """The log of a function whose name no other scenario gives, once it has what is waited for: its lines, without line ends.

        Without the server's own notes, of which AWS has none.
        """
        own = NOTE.format("")
        return [line for line in self.whole_log_of(name, lines, within) if not line.startswith(own)]

    def whole_log_of(self, name, lines=lambda log: True, within=20):
        """The same, with the server's notes: that another version of an interpreter is used than the one that was asked for."""
        if self.around.log is None:
            raise Refused("it is not known where the server prints what functions log")
        prefix = f"[{name}] "

        def log():
            text = self.around.log.read_bytes().decode(errors="replace")
            found = [_undated(line.removeprefix(prefix)) for line in text.split("\n") if line.startswith(prefix)]
            return found if lines(found) else None

        return self.until(log, within)

    def http(self, method, url, body=b"", headers=None):
        """A request to a function's URL, by the address of the server: its host need not be known here. As at AWS, that has no port."""
        parts = urllib.parse.urlsplit(url)
        target = url.replace(parts.netloc, urllib.parse.urlsplit(self.around.url).netloc, 1)
        return HTTP.request(method, target, body=body, headers={"Host": parts.hostname} | (headers or {}))

    def until(self, condition, within=20):
        """Waits until an answer is as it should be, and returns it."""
        deadline = time.monotonic() + within
        while not (found := condition()):
            if time.monotonic() > deadline:
                raise Refused("what is waited for does not come")
            time.sleep(0.05)
        return found


#: What the server says itself in the log of a function.
NOTE = "[LAMBENT] {}"
HTTP = urllib3.PoolManager(retries=False, timeout=60, maxsize=8)


def logged(answer):
    """The lines at the end of an answer's log, with their ends; `date` stands for each date, as in the recordings."""
    return _undated(base64.b64decode(answer["LogResult"]).decode()).splitlines(keepends=True)


def _undated(text):
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "date", text)


def source(name):
    """The source of a function."""
    return (FUNCTIONS / name).read_text()


def code(name, as_name=None):
    """A deployment package of `functions/NAME`, there called `handler` unless it is given another name."""
    suffix = pathlib.PurePath(name).suffix
    return archive({(as_name or "handler") + suffix: source(name)})


def _runtime_of(name):
    return {"Runtime": {".py": "python3.12", ".js": "nodejs20.x", ".mjs": "nodejs20.x"}[pathlib.PurePath(name).suffix]}


def _without_nones(parameters):
    return {name: value for name, value in parameters.items() if value is not None}


def package(text="", name="index.py"):
    """A deployment package; another text makes another package."""
    content = f"def handler(event, context):\n    return event\n# {text}\n"
    return archive({name: content, "handler.py": content})


def archive(files, programs=()):
    """A zip archive of files, always the same bytes for the same files. Those among `programs` can be executed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path, content in files.items():
            info = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o755 if path in programs else 0o644) << 16
            zipped.writestr(info, content)
    return buffer.getvalue()


def compiled():
    """The functions in Java, with the interfaces of aws-lambda-java-core that they bring along: path to content."""
    with COMPILING:
        return _compiled()


@functools.cache
def _compiled():
    compiler = shutil.which("javac")
    if compiler is None:
        raise NotAsExpected("there is no javac on this host to compile the function with")
    with tempfile.TemporaryDirectory() as folder:
        sources = [str(path) for path in sorted((FUNCTIONS / "java").rglob("*.java"))]
        command = [compiler, "--release", "8", "-nowarn", "-Xlint:none", "-implicit:class", "-sourcepath", str(JAVA), "-d", folder]
        subprocess.run([*command, *sources], check=True, capture_output=True)
        return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(pathlib.Path(folder).rglob("*.class"))}


def assembled(runtime):
    """The function in .NET, with the stand-in for Amazon.Lambda.Core that it brings along: path to content."""
    with COMPILING:
        version = runtime.removeprefix("dotnet") + ".0"
        options = {"framework": {"name": "Microsoft.NETCore.App", "version": f"{version}.0"}}
        own, framework = "dotnet/1.0.0", f".NETCoreApp,Version=v{version}"
        dependencies = {
            "runtimeTarget": {"name": framework, "signature": ""},
            "targets": {framework: {own: {"runtime": {"dotnet.dll": {}, "Amazon.Lambda.Core.dll": {}}}}},
            "libraries": {own: {"type": "project", "serviceable": False, "sha512": ""}},
        }
        lists = {"dotnet.deps.json": json.dumps(dependencies), "dotnet.runtimeconfig.json": json.dumps({"runtimeOptions": options})}
        return _assembled() | lists


@functools.cache
def _assembled():
    compiler = shutil.which("mcs")
    if compiler is None:
        raise NotAsExpected("there is no mcs on this host to compile the function with")
    with tempfile.TemporaryDirectory() as folder:
        core, function = f"{folder}/Amazon.Lambda.Core.dll", f"{folder}/dotnet.dll"
        for out, library, file in (core, "System.dll", STAND_IN), (function, core, FUNCTIONS / "dotnet/Function.cs"):
            command = [compiler, "-langversion:7", "-target:library", f"-r:{library}", f"-out:{out}", str(file)]
            subprocess.run(command, check=True, capture_output=True)
        return {path.name: path.read_bytes() for path in sorted(pathlib.Path(folder).glob("*.dll"))}


def archive_of(size):
    """A zip archive of exactly so many bytes."""
    padding = size - len(_stored(b""))
    return _stored(b"#" * padding)


def _stored(content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        zipped.writestr(zipfile.ZipInfo("index.py", (2020, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue()
