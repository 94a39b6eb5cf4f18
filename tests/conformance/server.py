"""A `lambent` that the scenarios talk to."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

# A data directory into which `lambent runtimes install` has fetched .NET; scripts/test does it.
DOTNET = pathlib.Path(os.environ.get("LAMBENT_DOTNET") or pathlib.Path(__file__).resolve().parents[2] / "target/dotnet")
# Functions of every runtime become active at AWS. Without .NET those that are not invoked can be of these all the same.
RUNTIMES = "dotnet8", "dotnet10"
# AWS takes seconds to bring a function to rest, and the recordings show what it answers meanwhile. Long enough for two requests.
SETTLE_MILLIS = 500
# AWS tries an event again after a minute, and again after two.
EVENT_TIME_SCALE = 240

LISTENING = re.compile(r"lambent listening on (http://[0-9.]+:[0-9]+)")


@contextlib.contextmanager
def running(binary, objects):
    """Starts a server with a data directory of its own that takes code from `objects`, yields its URL and its log, and ends it."""
    with tempfile.TemporaryDirectory(prefix="lambent-conformance-") as folder:
        data, log_file = pathlib.Path(folder, "data"), pathlib.Path(folder, "log")
        data.joinpath("runtimes").mkdir(parents=True)
        fetched = sorted(DOTNET.glob("runtimes/dotnet-v*"))
        for place in fetched:
            data.joinpath("runtimes", place.name).symlink_to(place)
        stanzas = (f'[runtime."{runtime}"]\nfamily = "provided"\n' for runtime in RUNTIMES if not fetched)
        data.joinpath("runtimes.toml").write_text("".join(stanzas))
        command = [binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", str(data), "--runtime-support", "aws"]
        command += ["--settle-millis", str(SETTLE_MILLIS), "--function-logs", "--event-time-scale", str(EVENT_TIME_SCALE)]
        command += ["--drain-seconds", "1"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LAMBENT_"))}
        environment["LAMBENT_S3_ENDPOINT"] = objects.url
        with open(log_file, "wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        try:
            yield _url(process, log_file), log_file
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _url(process, log_file, within=30):
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        text = log_file.read_text(errors="replace")
        if found := LISTENING.search(text):
            return found[1]
        if process.poll() is not None:
            raise SystemExit(f"the server ended with status {process.returncode}:\n{text}")
        time.sleep(0.02)
    raise SystemExit(f"the server does not say where it listens:\n{text}")
