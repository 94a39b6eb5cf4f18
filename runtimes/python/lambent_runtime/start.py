"""Brings the interpreter into the state in which AWS hands it to a function."""

import os
import sys

from lambent_runtime import generation

_SDK = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "sdk")


def prepare_interpreter():
    """The interpreter was started without `site`, which reads every package's start-up files: what functions may miss is put back."""
    _restore_builtins()


def prepare_environment():
    """Where the function's modules are looked for, and the variables that it sees."""
    sys.path[:] = _search_path()
    if not generation.SHOWS_LC_CTYPE and os.environ.get("LC_CTYPE") == "C.UTF-8":
        del os.environ["LC_CTYPE"]


def _restore_builtins():
    if sys.version_info >= (3, 4):
        import _sitebuiltins
        import builtins

        builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D (i.e. EOF)")
        builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D (i.e. EOF)")
        builtins.help = _sitebuiltins._Helper()
    else:
        import site

        site.setquit()
        site.sethelper()


def _search_path():
    """Function code, layers, the AWS SDK where it is installed, packages of the interpreter, the runtime, the standard library."""
    task = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
    version = "python%d.%d" % sys.version_info[:2]
    packages = "%s/lib/%s/site-packages" % (sys.prefix, version)
    path = [task, "/opt/python/lib/%s/site-packages" % version, "/opt/python"]
    if os.path.isdir(os.path.join(_SDK, "botocore")):
        path.append(_SDK)
    path.append(packages)
    for entry in sys.path:
        if entry and entry not in path:
            path.append(entry)
    return path
