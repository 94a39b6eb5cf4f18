"""A client that writes everything there is to write, by chance, and reckons what must be there."""

import collections
import copy
import random

import botocore.exceptions

from kit import functions
from kit.operations import ARN, OPERATIONS
from kit.survey import digest, survey
from kit.zips import package

# How a client sees a server that is killed.
DEAD = (botocore.exceptions.HTTPClientError, botocore.exceptions.EndpointConnectionError)
SOURCE = """
import os, pathlib
def handler(event, context):
    token = pathlib.Path("/opt/token")
    return [{code}, os.environ["SETTING"], token.read_text() if token.exists() else None]
"""
# The newest numbers, which no client can read.
HIDDEN = {"newest", "numbers"}


class Unknown:
    """Stands for an answer that never came, and for all that is in it: whatever the server chose is right."""

    def __getitem__(self, member):
        return self

    def partition(self, separator):
        return self, self, self

    def __eq__(self, other):
        return True


class Writer:
    """Writes to functions, layers, configurations and mappings of its own, and remembers what it was told."""

    def __init__(self, number, seed):
        self.prefix = f"writer-{number}-"
        self.chance = random.Random(seed * 1000 + number)
        # What there is, as acknowledged; and what there may be, if the change under way at the kill was made.
        self.known = {"functions": {}, "layers": {}, "signing": {}, "mappings": {}, "numbers": {}}
        self.possible = self.known
        # What a digest of code stands for; and a layer's ARN, even when the layer is gone but for a function that uses it.
        self.codes, self.tokens, self.layer_digests = {}, {}, {}
        self.acknowledged = collections.Counter()
        self.fault = None

    def work(self, client):
        """Goes on until the server is dead."""
        try:
            while True:
                self.step(client)
        except DEAD:
            return
        except Exception as fault:
            self.fault = fault

    def step(self, client, among=OPERATIONS):
        """Writes something, if it finds something to write it to."""
        name = self.chance.choices(list(among), [OPERATIONS[name][1] for name in among])[0]
        plan = OPERATIONS[name][0](self)
        if not plan:
            return
        method, arguments, change = plan
        self.possible = self.after(change, Unknown())
        try:
            answer = getattr(client, method)(**arguments)
        except botocore.exceptions.ClientError as refused:
            # Refused, so nothing has changed.
            if refused.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise
            self.possible = self.known
        else:
            self.known = self.possible = self.after(change, answer)
            self.acknowledged[name] += 1

    def after(self, change, answer):
        state = copy.deepcopy(self.known)
        change(state, answer)
        return state

    def check(self, client):
        """What is there is as acknowledged, or as the change under way would have it; then that is what is known. It runs, too."""
        assert self.fault is None, repr(self.fault)
        found = survey(client, self.prefix)
        fits = [state for state in (self.known, self.possible) if shown(state) == found]
        assert fits, f"found\n{found}\nacknowledged\n{shown(self.known)}\nasked for\n{shown(self.possible)}"
        self.known = self.possible = told(fits[-1], found)
        for name, function in self.known["functions"].items():
            latest = function["versions"]["$LATEST"]
            answer = functions.Function(client, name).invoke()
            token = self.tokens[latest["layers"][0]] if latest["layers"] else None
            assert answer.error is None and answer.value == [self.codes[latest["code"]], latest["setting"], token], answer

    def delete_everything(self, client):
        for name in self.known["functions"]:
            client.delete_function(FunctionName=name)
        for name, versions in self.known["layers"].items():
            for number in versions:
                client.delete_layer_version(LayerName=name, VersionNumber=number)
        for arn, _ in self.known["signing"].values():
            client.delete_code_signing_config(CodeSigningConfigArn=arn)
        for mapping in self.known["mappings"].values():
            client.delete_event_source_mapping(UUID=mapping["uuid"])

    # Choices.

    def fresh(self):
        return str(self.chance.randrange(10**9))

    def some(self, things):
        """One of them; the order of a set must not matter, or a seed would not name a course."""
        things = sorted(things, key=str)
        return self.chance.choice(things) if things else None

    def perhaps(self, probability):
        return self.chance.random() < probability

    def code(self):
        code = self.chance.randrange(10**9)
        archive = package({"function.py": SOURCE.format(code=code)})
        self.codes[digest(archive)] = code
        return archive

    def layers(self):
        """None or one of the layer versions that are there."""
        versions = [f"{ARN}:layer:{name}:{number}" for name, versions in self.known["layers"].items() for number in versions]
        return [self.some(versions)] if versions and self.perhaps(0.6) else []


def shown(state):
    """What a client can read of it."""
    if not isinstance(state, dict):
        return state
    return {key: shown(value) for key, value in state.items() if key not in HIDDEN}


def told(state, found):
    """The same with what the server chose in place of what was not known."""
    if not isinstance(state, dict):
        return found
    return {key: value if key in HIDDEN else told(value, found[key]) for key, value in state.items()}
