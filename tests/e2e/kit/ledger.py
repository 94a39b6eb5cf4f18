"""Everything a server holds at one moment, counted, so that what it forgets to let go of shows."""

import contextlib
import dataclasses
import os
import pathlib
import re

from kit.processes import Traces, command_line, everyone, hierarchies

NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")


@dataclasses.dataclass
class Ledger:
    """Numbers of things. Those of the server and those of its starter are kept apart."""

    descriptors: int
    starter_descriptors: int
    threads: int
    starter_threads: int
    processes: int
    groups: int
    group_directories: int
    mounts: int
    namespaces: int
    files: int
    memory: int
    starter_memory: int

    @classmethod
    def of(cls, server):
        pid = server.process.pid
        starter = the_starter(pid)
        below = Traces.of(pid)
        return cls(
            descriptors=descriptors(pid, server.data),
            starter_descriptors=entries(f"/proc/{starter}/fd"),
            threads=entries(f"/proc/{pid}/task"),
            starter_threads=entries(f"/proc/{starter}/task"),
            processes=len(below.processes),
            groups=len(below.groups),
            group_directories=directories(below.groups),
            mounts=len(pathlib.Path(f"/proc/{starter}/mountinfo").read_text().splitlines()),
            namespaces=len(set().union(*(namespaces_of(each) for each in below.processes))),
            # A function's log group stays when the function is deleted, as on AWS; their size is bounded together.
            files=sum(len(files) for folder, _, files in os.walk(server.data) if "/logs/" not in f"{folder}/"),
            memory=resident(pid),
            starter_memory=resident(starter),
        )

    def grown(self, before, memory):
        """What there is more of than before: name to (before, now). Memory may have grown by so many bytes."""
        room = {"memory": memory, "starter_memory": memory}
        pairs = ((each.name, getattr(before, each.name), getattr(self, each.name)) for each in dataclasses.fields(self))
        return {name: (then, now) for name, then, now in pairs if now > then + room.get(name, 0)}


def the_starter(server):
    """The process that makes the server's environments."""
    children = [pid for pid, (parent, _) in everyone().items() if parent == server]
    return next(pid for pid in children if "__starter" in command_line(pid))


def descriptors(pid, data):
    """Without those of the database: the server keeps up to eight connections to it, as many as readers once met."""
    links = []
    for each in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            links.append(os.readlink(each))
    return sum(1 for link in links if not re.match(rf"{re.escape(str(data))}/[^/]+\.db", link))


def entries(directory):
    return len(os.listdir(directory))


def namespaces_of(pid):
    """Those whose names may be read: of the processes that are the caller's, or all for root."""
    found = set()
    for kind in NAMESPACES:
        try:
            found.add(os.readlink(f"/proc/{pid}/ns/{kind}"))
        except OSError:
            continue
    return found


def directories(groups):
    """The groups that exist next to these, whether or not a process is in them."""
    parents = set()
    for group in groups:
        for base in hierarchies_with(group):
            parents.add((base / group.lstrip("/")).parent)
    return sum(1 for parent in parents for each in parent.iterdir() if each.is_dir())


def hierarchies_with(group):
    return [base for base in hierarchies() if (base / group.lstrip("/")).exists()]


def resident(pid):
    """Bytes."""
    with open(f"/proc/{pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
