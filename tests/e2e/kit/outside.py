"""A server in a network of its own, with another host in it that stands for the rest of the world.

    test ── door ──► server's network namespace ── veth ── a namespace of the far host: 198.51.100.7, and 10.9.8.7

`neighbourhood.py` makes it all and then becomes the server, so that the server's process is the one that was started.
"""

import os
import socket
import subprocess
import sys

import pytest

from kit import host, neighbourhood
from kit.neighbourhood import LISTEN
from kit.server import Server


class ServerOutside(Server):
    """A server whose host has the far host for a neighbour."""

    listen = f"127.0.0.1:{LISTEN}"

    def __init__(self, folder, *flags):
        super().__init__(folder, *flags)
        self.door = socket.create_server(("127.0.0.1", 0))
        self.inherited = [self.door.fileno()]
        rest = [sys.executable, neighbourhood.__file__, str(folder), str(self.door.fileno()), f"{os.getuid()}:{os.getgid()}"]
        self.prefix = ["unshare", "-mn" if os.getuid() == 0 else "-Urmn", *rest]

    def _listening(self, seen):
        return super()._listening(seen) and f"http://127.0.0.1:{self.door.getsockname()[1]}"


def need_namespaces():
    """Skips the test where this user cannot make a network."""
    host.need("ip")
    flags = "-mn" if os.getuid() == 0 else "-Urmn"
    made = subprocess.run([host.need("unshare"), flags, "ip", "link", "set", "lo", "up"], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"this host does not let this user make networks: {made.stderr.strip()}")
