"""What a server has running, and what is left of it."""

import dataclasses
import pathlib

CGROUPS = pathlib.Path("/sys/fs/cgroup")


def parent_and_start(pid):
    """The parent and the start time of a process; with the latter a number that was used again is told apart."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), int(fields[19])


def everyone():
    """All processes: pid to (parent, start)."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = parent_and_start(entry.name)
            except OSError:
                continue
    return found


def command_line(pid):
    """The program and arguments of a process; empty when it is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def groups_of(pid):
    """The control groups of a process that were made by Lambent."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return set()
    paths = (line.split(":", 2)[2] for line in lines)
    # The server's own group is the operator's.
    return {path for path in paths if any(part.startswith("lambent-") for part in path.split("/")[:-1])}


@dataclasses.dataclass
class Traces:
    """The processes below another and their control groups, at one moment."""

    processes: dict
    groups: set

    @classmethod
    def of(cls, above, itself=False):
        """Those below a process, such as a server; and that, too, if `itself` is to be counted and there still."""
        all_processes = everyone()
        below, grown = {above}, True
        while grown:
            more = {pid for pid, (parent, _) in all_processes.items() if parent in below} - below
            below |= more
            grown = bool(more)
        if not itself or above not in all_processes:
            below.discard(above)
        groups = set().union(*(groups_of(pid) for pid in below))
        return cls({pid: all_processes[pid][1] for pid in below}, groups)

    def left(self):
        """What of it is still there."""
        now = everyone()
        processes = [pid for pid, start in self.processes.items() if pid in now and now[pid][1] == start]
        groups = [path for path in self.groups if any((base / path.lstrip("/")).exists() for base in hierarchies())]
        return processes + groups


def hierarchies():
    return [CGROUPS, *(entry for entry in CGROUPS.iterdir() if entry.is_dir())]
