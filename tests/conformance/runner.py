"""Replays the recorded scenarios against a server and compares its answers with those of AWS.

    python tests/conformance/runner.py --bin target/debug/lambent [--only PATTERN] [--verbose]

Every recorded scenario is run in an account of its own. Those that do not match are listed, with the reason, in misses.tsv;
the list may only shrink: the run fails if a listed scenario matches, and if one that is not listed does not.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import dataclasses
import datetime
import fnmatch
import functools
import importlib.util
import json
import pathlib
import sys
import time
import traceback

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

import compare  # noqa: E402
import object_store  # noqa: E402
import scenario as scenarios  # noqa: E402
import server  # noqa: E402

RECORDINGS = "lambda", "lambda_common", "lambda_runtimes", "lambda_api", "event_source_sqs"
MISSES = FOLDER / "misses.tsv"
FIRST_ACCOUNT = 400000000000
# Most of a scenario's time is spent waiting for functions to come to rest.
WORKERS = 16
KNOWN = {"<partition>": "aws", "<region>": scenarios.REGION}


@dataclasses.dataclass
class Recording:
    """One recorded scenario."""

    name: str
    on: datetime.date
    steps: dict


@dataclasses.dataclass
class Outcome:
    """What came of one scenario."""

    name: str
    problems: list
    not_implemented: set
    seconds: float

    @property
    def matched(self):
        return not self.problems

    @property
    def reason(self):
        """The reason of a miss, where it is known."""
        if self.not_implemented:
            return "not implemented: " + ", ".join(sorted(self.not_implemented))
        return None


def recordings():
    """The recorded scenarios by `file::Class::name`. One that was recorded again later has its year behind the name."""
    found = {}
    for file in RECORDINGS:
        recorded = json.loads((FOLDER / "recordings" / f"{file}.json").read_text())
        dated = [(datetime.datetime.strptime(each["recorded-date"], "%d-%m-%Y, %H:%M:%S"), key) for key, each in recorded.items()]
        for on, key in sorted(dated, reverse=True):
            name = f"{file}::{key.partition('::')[2]}"
            name = f"{name} ({on.year})" if name in found else name
            found[name] = Recording(name, on.date(), recorded[key]["recorded-content"])
    return found


@functools.cache
def load_scenarios():
    """Reads scenarios/*/*.py, each of which registers what it has."""
    for path in sorted((FOLDER / "scenarios").glob("*/*.py")):
        spec = importlib.util.spec_from_file_location(f"scenarios_{path.parent.stem}_{path.stem}", path)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return scenarios.SCENARIOS


def misses():
    """The known misses: name to reason."""
    lines = (line for line in MISSES.read_text().splitlines() if line and not line.startswith("#"))
    return dict(line.split("\t", 1) for line in lines)


def run_one(clients, around, recording, function, account):
    """Runs a scenario and compares."""
    began = time.monotonic()
    run = scenarios.Scenario(clients, account, around)
    problems = []
    try:
        function(run)
    except scenarios.Refused as refused:
        problems.append(f"a preparation was refused: {refused}")
    except scenarios.NotAsExpected as otherwise:
        problems.append(f"not so: {otherwise}")
    except Exception:
        problems.append("the scenario broke off:\n" + traceback.format_exc(limit=-2))
    problems = differences(recording, run, broken_off=bool(problems)) + problems
    return Outcome(recording.name, problems, run.not_implemented, time.monotonic() - began)


def differences(recording, run, broken_off):
    """How the steps of a run differ from the recorded ones."""
    comparison = compare.Comparison(recording.on, KNOWN)
    problems = []
    for step, expected in recording.steps.items():
        if step in run.elsewhere:
            continue
        if step not in run.steps:
            if not broken_off:
                problems.append(f"{step}: no such step in the reconstruction")
            continue
        expected, actual = comparable(expected, run.steps[step])
        problems += [f"{step}: {found}" for found in comparison.differences(expected, actual)]
    problems += [f"{step}: not a recorded step" for step in run.steps.keys() - recording.steps.keys()]
    return problems


def comparable(expected, actual):
    """Both without the HTTP headers, and without a status where a recording was put together from pages and has none."""
    if isinstance(expected, dict):
        metadata = expected.get("ResponseMetadata")
        if metadata is not None:
            status = {"HTTPStatusCode": metadata["HTTPStatusCode"]}
            return expected | {"ResponseMetadata": status}, actual
        if isinstance(actual, dict):
            actual = {name: value for name, value in actual.items() if name != "ResponseMetadata"}
            if "CreateFunctionResponse" in expected:
                inner = comparable(expected["CreateFunctionResponse"], actual.get("CreateFunctionResponse"))
                return expected | {"CreateFunctionResponse": inner[0]}, actual | {"CreateFunctionResponse": inner[1]}
    return expected, actual


def run_all(around, chosen, functions):
    """Runs the chosen scenarios side by side."""
    clients = scenarios.Clients(around.url)
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as workers:
        runs = []
        for number, recording in enumerate(chosen):
            if function := functions.get(recording.name):
                account = str(FIRST_ACCOUNT + number)
                runs.append(workers.submit(run_one, clients, around, recording, function, account))
        outcomes = {outcome.name: outcome for outcome in (run.result() for run in runs)}
    nothing = "there is no reconstruction"
    return [outcomes.get(each.name) or Outcome(each.name, [nothing], set(), 0.0) for each in chosen]


def figures(outcomes):
    """`matched / total` for each class, in order of size, for each file of recordings, and for all."""
    classes, files = collections.defaultdict(list), collections.defaultdict(list)
    for outcome in outcomes:
        # Some files have scenarios outside of classes.
        group, file = outcome.name.rpartition("::")[0], outcome.name.partition("::")[0]
        classes[group].append(outcome.matched)
        files[f"{file}.json"].append(outcome.matched)
    by_size = sorted(classes.items(), key=lambda group: -len(group[1]))
    groups = [*by_size, *files.items(), ("matched", [outcome.matched for outcome in outcomes])]
    return "\n".join(f"{sum(each):4} / {len(each):<4} {name}" for name, each in groups)


def verdict(outcomes, listed, every_name):
    """What is wrong with the outcomes, given the known misses."""
    wrong = [f"{name} is listed in {MISSES.name}, but is not recorded" for name in listed.keys() - every_name]
    for outcome in outcomes:
        if outcome.matched and outcome.name in listed:
            wrong.append(f"{outcome.name} matches: take it out of {MISSES.name}")
        if not outcome.matched and outcome.name not in listed:
            wrong.append(f"{outcome.name} does not match, and is not listed in {MISSES.name}")
    return wrong


def report(outcomes, listed, verbose):
    """Prints what does not match; the known misses in full only if asked."""
    for outcome in outcomes:
        if outcome.matched:
            continue
        known = listed.get(outcome.name)
        if known and not verbose:
            continue
        print(f"\n--- {outcome.name} ({outcome.reason or known or 'not listed'})")
        for problem in outcome.problems[:40]:
            print(f"  {problem}")
    print()
    if verbose:
        slow = sorted(outcomes, key=lambda outcome: -outcome.seconds)[:5]
        print("slowest: " + ", ".join(f"{each.name} {each.seconds:.1f} s" for each in slow))
    print(figures(outcomes))


def shrink(outcomes):
    """Takes what matches out of the list of misses."""
    matched = {outcome.name for outcome in outcomes if outcome.matched}
    lines = [line for line in MISSES.read_text().splitlines() if line.partition("\t")[0] not in matched]
    MISSES.write_text("\n".join(lines) + "\n")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--bin", help="the server to start")
    where.add_argument("--url", help="a server that runs already, started with --runtime-support aws and nothing in it")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="scenarios whose name has this, or matches it")
    parser.add_argument("--verbose", action="store_true", help="show the differences of the known misses too")
    parser.add_argument("--shrink", action="store_true", help="take what matches out of misses.tsv")
    options = parser.parse_args(arguments)

    every = recordings()
    functions = load_scenarios()
    chosen = [each for name, each in every.items() if _chosen(name, options.only)]
    with contextlib.ExitStack() as stack:
        if options.url:
            around = scenarios.Around(options.url)
        else:
            objects = stack.enter_context(object_store.serving())
            around = scenarios.Around(*stack.enter_context(server.running(options.bin, objects)), objects)
        outcomes = run_all(around, chosen, functions)
    if options.shrink:
        shrink(outcomes)
    listed = misses()
    report(outcomes, listed, options.verbose)
    wrong = verdict(outcomes, listed, every.keys()) + [f"{name} is not recorded" for name in functions.keys() - every.keys()]
    print("\n".join(["", *wrong]) if wrong else "as listed")
    return 1 if wrong else 0


def _chosen(name, pattern):
    return pattern in name or fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))


if __name__ == "__main__":
    sys.exit(main())
