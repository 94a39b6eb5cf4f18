"""A running `lambent`."""

import contextlib
import json
import os
import re
import signal
import subprocess
import urllib.request

import boto3
from botocore.config import Config

from kit import host
from kit.eventually import eventually
from kit.processes import Traces

LISTENING = re.compile(r"lambent listening on (http://[0-9.]+:[0-9]+)")
# A test wants the first answer, not the third.
ONE_TRY = Config(retries={"total_max_attempts": 1}, read_timeout=120, max_pool_connections=64)


class Server:
    """One data directory and the server that runs on it, which may be started more than once."""

    listen = "127.0.0.1:0"
    # What starts the server, and the descriptors that it gets from here.
    prefix, inherited = (), ()

    def __init__(self, folder, *flags):
        self.data = folder / "data"
        self.log_file = folder / "log"
        self.flags = flags
        self.process = None
        self.url = None

    def start(self, log=None):
        """Starts the server and returns once it listens. `log` is where it writes if not to `log_file`, where that must arrive."""
        serve = [host.binary(), "serve", "--listen", self.listen, "--data-dir", str(self.data), *self.flags]
        seen = len(self.log())
        with open(self.log_file, "ab") as file:
            self.process = subprocess.Popen(
                [*self.prefix, *serve],
                stdin=subprocess.DEVNULL,
                stdout=log or file,
                stderr=log or file,
                env=environment(),
                pass_fds=self.inherited,
            )
        self.url = eventually(lambda: self._listening(seen), 30, "the line that says where the server listens")
        return self

    def _listening(self, seen):
        text = self.log()[seen:]
        found = LISTENING.search(text)
        if not found and self.process.poll() is not None:
            raise AssertionError(f"the server ended with status {self.process.returncode}:\n{text}")
        return found and found[1]

    def log(self):
        """Everything the server wrote so far, in all its runs."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    @property
    def port(self):
        return int(self.url.rpartition(":")[2])

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, within=15):
        """Waits for the end and returns the status."""
        return self.process.wait(within)

    def stop(self):
        """Ends the server in its own order, or by force when it does not end."""
        if self.process is None or self.process.poll() is not None:
            return
        self.signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait()
            return
        self.signal(signal.SIGKILL)
        self.wait()
        raise AssertionError("the server did not end after SIGTERM")

    def kill(self):
        """Ends the server as a power cut would, and returns what it left running at that moment."""
        traces = Traces.of(self.process.pid)
        self.signal(signal.SIGKILL)
        self.wait()
        return traces

    def restart(self):
        self.stop()
        return self.start()

    def client(self, account="test", region="us-east-1", service="lambda", **kwargs):
        """A boto3 client, for Lambda unless another service is named. A 12-digit `account` is the account's id."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="secret",
            config=ONE_TRY.merge(Config(**kwargs)),
        )

    def health(self):
        with urllib.request.urlopen(f"{self.url}/_lambent/health", timeout=10) as answer:
            return json.load(answer)

    def memory(self):
        """The most memory the server process ever held, in bytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            line = next(line for line in status if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024


def environment():
    """The caller's environment without what configures AWS clients or Lambent."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LAMBENT_"))}
