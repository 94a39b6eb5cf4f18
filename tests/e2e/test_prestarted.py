"""Interpreters that were started before their function was known: a function cannot tell, except by its start's being fast."""

import pytest
from kit import functions, host
from kit.eventually import eventually

PYTHON = """
import json, os, sys, time
EARLY = b"LAMBENT_HANDOVER_FD" in open("/proc/self/environ", "rb").read()
SEEN = {"environment": dict(os.environ), "directory": os.getcwd(), "arguments": sys.argv, "path": sys.path, "zone": time.tzname[0],
        "descriptors": sorted(os.listdir("/proc/self/fd"))}

def handler(event, context):
    return {"early": EARLY, "seen": SEEN, "mine": sorted(name for name in sys.modules if "rehears" in name)}
"""

NODE = """
const fs = require('fs');
const early = fs.readFileSync('/proc/self/environ').includes('LAMBENT_HANDOVER_FD');
const seen = { environment: Object.assign({}, process.env), directory: process.cwd(), arguments: process.argv.slice(1),
               zone: new Date(0).toString(), globals: Object.getOwnPropertyNames(globalThis).sort(), console: Object.keys(console) };
exports.handler = async () => ({ early, seen, mine: Object.keys(require.cache).filter((name) => name.includes('rehearsed')) });
"""

LANGUAGES = {"python": ("function.py", PYTHON), "nodejs": ("function.js", NODE)}
# What differs from one environment to the next in any case.
OWN = {"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "_X_AMZN_TRACE_ID"}


def start(server, family, **variables):
    """What a new function sees when its environment has just been started."""
    name, source = LANGUAGES[family]
    function = functions.create(
        server.client(), {name: source}, host.newest(family), "function.handler", Timeout=30, Environment={"Variables": variables}
    )
    result = function.invoke({}).value
    for own in OWN:
        result["seen"]["environment"].pop(own, None)
    return result


def early(server, family, **variables):
    def once():
        result = start(server, family, **variables)
        return result if result["early"] else None

    return eventually(once, within=60, what="an interpreter that was started before its function")


@pytest.mark.parametrize("family", sorted(LANGUAGES))
def test_a_function_sees_what_it_would_have_seen(fresh_lambent, family):
    variables = {"STAGE": "ünï=x", "TZ": "Asia/Tokyo"}
    usual = start(fresh_lambent("--prestarted", "0"), family, **variables)
    assert not usual["early"]
    server = fresh_lambent()
    assert early(server, family, **variables) == dict(usual, early=True)


def test_a_variable_that_python_reads_at_its_start_gets_a_start_of_its_own(fresh_lambent):
    server = fresh_lambent()
    early(server, "python")
    for _ in range(3):
        assert not start(server, "python", PYTHONHASHSEED="1")["early"]


def test_none_waits_without_a_budget(fresh_lambent):
    server = fresh_lambent("--prestarted", "0")
    assert not any(start(server, "python")["early"] for _ in range(4))
