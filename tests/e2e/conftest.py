"""The fixtures. See README.md for how to run one file quickly."""

import os

import pytest

from kit import functions, host
from kit.server import Server

# What these show is the same whoever runs the server: how services answer, what applications and clients do with them. Where the suite has
# just run as root, the ordinary user's run leaves them out, which saves minutes.
SAME_FOR_EVERYBODY = """
    account aliases applications auth awscli bad_input clients code_signing destinations event_invoke event_source_mappings eventbridge
    function_urls functions iam live_tail metric_filters not_implemented nothing_lost official_clients otlp policies prometheus
    runtimes_install s3 sam sdk sns sqs sqs_clients sqs_durability sqs_endpoints sqs_query sqs_source tags tutorials versions
"""
if os.environ.get("LAMBENT_RAN_AS_ROOT"):
    collect_ignore = [f"test_{name}.py" for name in SAME_FOR_EVERYBODY.split()]


@pytest.fixture(scope="session")
def lambent(tmp_path_factory):
    """The server that most tests share. Retries of events come 60 times as fast as AWS's, so that tests need not wait minutes."""
    server = Server(tmp_path_factory.mktemp("lambent"), "--function-logs", "--event-time-scale", "60")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def fresh_lambent(tmp_path):
    """Makes servers of a test's own: `fresh_lambent("--flag")` is a started one."""
    servers = []

    def make(*flags):
        folder = tmp_path / f"lambent-{len(servers)}"
        folder.mkdir()
        servers.append(Server(folder, *flags))
        return servers[-1].start()

    yield make
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def aws(lambent):
    """A boto3 client for the shared server."""
    return lambent.client()


class Maker:
    """Creates functions and deletes them after the test."""

    def __init__(self, client):
        self.client = client
        self.made = []

    def create(self, files, runtime, handler, client=None, **options):
        function = functions.create(client or self.client, files, runtime, handler, **options)
        self.made.append(function)
        return function

    def clean_up(self):
        for function in self.made:
            try:
                function.delete()
            except function.client.exceptions.ResourceNotFoundException:
                continue


@pytest.fixture
def make(aws):
    """Creates functions of any kind."""
    maker = Maker(aws)
    yield maker.create
    maker.clean_up()


@pytest.fixture
def python(make):
    """`python(source)` is a function whose handler is `handler` in that source."""

    def create(source, **options):
        files = {"function.py": source}
        return make(files, host.newest("python"), options.pop("handler", "function.handler"), **options)

    return create


@pytest.fixture
def nodejs(make):
    """`nodejs(source)` is a function whose handler is `exports.handler` in that source."""

    def create(source, file="index.js", **options):
        return make({file: source}, host.newest("nodejs"), options.pop("handler", "index.handler"), **options)

    return create


@pytest.fixture
def provided(make):
    """`provided(script_or_program)` is a function that brings its own bootstrap."""

    def create(bootstrap, mode=0o755, **options):
        content = bootstrap.lstrip() if isinstance(bootstrap, str) else bootstrap
        return make({"bootstrap": (content, mode)}, "provided.al2023", options.pop("handler", "any"), **options)

    return create
