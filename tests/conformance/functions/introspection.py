"""Tells which user it is, on which machine, and whose the places are."""

import getpass
import grp
import os
import platform
import pwd
import stat
import subprocess

PATHS = "/var/task", "/opt", "/tmp", "/lambda-entrypoint.sh"


def about(path):
    found = os.stat(path)
    prefix = path.replace("/", "_")
    return {
        f"{prefix}_mode": stat.filemode(found.st_mode),
        f"{prefix}_uid": found.st_uid,
        f"{prefix}_owner": pwd.getpwuid(found.st_uid).pw_name,
        f"{prefix}_gid": found.st_gid,
    }


def handler(event, context):
    paths = {}
    for path in PATHS:
        paths.update(about(path))
    return {
        "event": event,
        "user_login_name": getpass.getuser(),
        "user_whoami": subprocess.getoutput("whoami"),
        "platform_system": platform.system(),
        "platform_machine": platform.machine(),
        "pwd": os.getcwd(),
        "paths": paths,
    }
