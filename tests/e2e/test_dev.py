"""`lambent dev`: a directory is a function, and what is saved runs next."""

import concurrent.futures
import contextlib
import os
import signal
import subprocess
import textwrap

import pytest

from kit import host
from kit.eventually import eventually
from kit.functions import Function
from kit.processes import Traces
from kit.server import Server, environment


class Session(Server):
    """A running `lambent dev` and the directory that it serves."""

    def __init__(self, folder, *flags):
        super().__init__(folder)
        self.flags = flags
        self.code = folder / "my-function"
        self.code.mkdir()

    def save(self, name, content, mode=0o644):
        path = self.code / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(content))
        path.chmod(mode)

    def start(self):
        command = [host.binary(), "dev", str(self.code), "--listen", "127.0.0.1:0", *self.flags]
        seen = len(self.log())
        with open(self.log_file, "ab") as file:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment()
            )
        self.url = eventually(lambda: self._listening(seen), 30, "the line that says where the server listens")
        eventually(lambda: "lambda invoke --function-name" in self.log()[seen:] or self.process.poll() is not None, 30)
        return self

    def function(self, name="my-function"):
        return Function(self.client(), name)

    def reloads(self):
        return self.log().count("the next invocation runs the new code")

    @contextlib.contextmanager
    def change(self):
        """Waits until what was saved has been noticed."""
        before = self.reloads()
        yield
        eventually(lambda: self.reloads() > before, what="the change's notice")


@pytest.fixture
def dev(tmp_path):
    """`dev({name: content}, "--flag")` is a started session."""
    tmp_path.chmod(0o755)
    sessions = []

    def make(files, *flags):
        folder = tmp_path / f"dev-{len(sessions)}"
        folder.mkdir()
        sessions.append(Session(folder, *flags))
        for name, content in files.items():
            sessions[-1].save(name, content, 0o755 if name == "bootstrap" else 0o644)
        return sessions[-1].start()

    yield make
    for session in sessions:
        session.stop()


PYTHON = """
    import helper, os
    print("loaded")
    def lambda_handler(event, context):
        print("hello from", context.function_name)
        return [helper.VALUE, os.environ.get("STAGE"), context.get_remaining_time_in_millis() > 20_000]
"""


def test_what_is_saved_runs_next(dev):
    host.newest("python")
    session = dev({"app.py": PYTHON, "helper.py": "VALUE = 1\n"}, "--env", "STAGE=dev=1")
    function = session.function()
    assert function.invoke().value == [1, "dev=1", True]
    eventually(lambda: "[my-function] hello from my-function\n" in session.log(), what="the log in the terminal")
    configuration = function.configuration()
    assert configuration["Handler"] == "app.lambda_handler"
    assert configuration["Runtime"] == host.newest("python")
    for value in (2, 3):
        with session.change():
            session.save("helper.py", f"VALUE = {value}\n")
        assert function.invoke().value[0] == value
    # A new file in a new directory counts, and one that is removed.
    with session.change():
        session.save("package/data.py", "VALUE = 'packaged'\n")
    with session.change():
        session.save("helper.py", "from package.data import VALUE\n")
    assert function.invoke().value[0] == "packaged"
    with session.change():
        (session.code / "package/data.py").unlink()
    assert "data" in function.invoke().value["errorMessage"]


def test_a_syntax_error_is_shown_and_mended(dev):
    host.newest("python")
    session = dev({"app.py": PYTHON, "helper.py": "VALUE = 1\n"})
    function = session.function()
    with session.change():
        session.save("helper.py", "VALUE = = 1\n")
    answer = function.invoke()
    assert answer.value["errorType"] == "Runtime.UserCodeSyntaxError"
    eventually(lambda: "Syntax error in module 'app'" in session.log(), what="the error in the terminal")
    with session.change():
        session.save("helper.py", "VALUE = 2\n")
    assert function.invoke().value[0] == 2


def test_node_and_programs_are_recognised(dev):
    if any(runtime.startswith("nodejs") for runtime in host.runtimes()):
        session = dev({"index.mjs": "export const handler = async () => 'one';"}, "--name", "mine")
        function = session.function("mine")
        assert function.invoke().value == "one"
        with session.change():
            session.save("index.mjs", "export const handler = async () => 'two';")
        assert function.invoke().value == "two"
    program = """\
        #!/bin/sh
        url=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
        while true; do
          id=$(curl -sS -D - -o /dev/null $url/next | sed -n 's/^Lambda-Runtime-Aws-Request-Id: *//Ip' | tr -d '\\r')
          curl -sS -d '"from a program"' $url/$id/response > /dev/null
        done
    """
    host.need("curl")
    session = dev({"bootstrap": program})
    assert session.function().invoke().value == "from a program"
    assert session.function().configuration()["Runtime"].startswith("provided.")


def test_what_is_running_ends_with_the_code_it_began_with(dev):
    host.newest("python")
    source = """
        import time
        VALUE = {}
        def handler(event, context):
            print("began")
            time.sleep(event["sleep"])
            return VALUE
    """
    session = dev({"main.py": source.format(1)}, "--timeout", "60")
    function = session.function()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = pool.submit(function.invoke, {"sleep": 3})
        eventually(lambda: "began" in session.log(), what="the invocation's start")
        with session.change():
            session.save("main.py", source.format(2))
        assert function.invoke({"sleep": 0}).value == 2
        assert running.result().value == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_end_is_clean(dev, number):
    host.newest("python")
    session = dev({"app.py": PYTHON, "helper.py": "VALUE = 1\n"})
    assert session.function().invoke().value[0] == 1
    traces = Traces.of(session.process.pid)
    (data,) = {entry for entry in map(data_directory, traces.processes) if entry}
    assert os.path.isdir(data)
    session.signal(number)
    assert session.wait() == 0
    assert not os.path.exists(data)
    eventually(lambda: not traces.left(), what="the end of everything")


def data_directory(pid):
    """The data directory of a starter."""
    with contextlib.suppress(OSError):
        line = open(f"/proc/{pid}/cmdline").read().split("\0")
        if "__starter" in line:
            return os.path.dirname(line[line.index("__starter") + 1])
    return None


def test_it_says_what_it_needs(tmp_path):
    (tmp_path / "empty").mkdir()

    def refused(*arguments):
        command = [host.binary(), "dev", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment())
        assert done.returncode == 1, done
        return done.stderr

    assert "--runtime and --handler" in refused(str(tmp_path / "empty"))
    assert "cannot find" in refused(str(tmp_path / "missing"))
    (tmp_path / "empty/app.py").write_text("def handler(event, context): pass\n")
    said = refused(str(tmp_path / "empty"), "--listen", "127.0.0.1:0", "--runtime", "cobol85")
    assert "cannot make the function empty" in said
