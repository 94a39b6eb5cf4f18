"""Compares an answer with a recorded one, whose values that differ from run to run are placeholders.

A placeholder such as `<function-name:1>` stands for one value throughout a scenario, and two numbers of the same kind
stand for two values. `date` and a few others stand for anything of their form.
"""

import dataclasses
import datetime
import json
import re

# Members that AWS added to its answers, and since when recordings have them: an older one says nothing about them.
ADDED = {
    "SnapStart": datetime.date(2023, 1, 1),
    "RuntimeVersionConfig": datetime.date(2023, 1, 23),
    "LoggingConfig": datetime.date(2023, 11, 16),
    "EventSourceMappingArn": datetime.date(2024, 9, 11),
}

# What a function sees here and not at AWS, with its only value. AWS's endpoints have names that every network resolves; here a function's
# network has one address, which its SDKs have to be told. Anything else that AWS was not recorded to show is a difference.
OURS = {
    "environment": {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
}

# What a placeholder of each kind may stand for.
KINDS = {
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "code-sha256": r"[A-Za-z0-9+/]{43}=|[0-9a-f]{64}",
    "function-name": r"[A-Za-z0-9_-]+",
}
ANYTHING = r".+?"

# Placeholders that stand for another value wherever they are.
FREE = {
    "code-size": r"[0-9]+",
    "location": r"https?://\S+",
    "layer-location": r"https?://\S+",
    # Of a log's REPORT line.
    "duration": r"[0-9]+(?:\.[0-9]{2})?",
    "memory": r"[0-9]+",
    "number": r"[0-9]+",
    "version": r"[0-9]+",
    "remaining-time-in-millis": r"[0-9]+",
    # Python's own, also where the interpreter is the system's.
    "library": r"/(?:var/lang|usr|usr/local)/lib/python[0-9.]+",
    # Of messages of queues.
    "approximate-first-receive-timestamp": r"[0-9]{13}",
    "address": r"(?:169\.254(?:\.[0-9]{1,3}){2}|127\.0\.0\.1)",
}

# Placeholders that stand for a list of texts.
LISTS = {"<stack-trace>"}

# What in a recorded text is another run's although it is no placeholder: what was measured, where the platform's own services listen
# (AWS has several addresses), and what depends on the interpreter's place and patch release, here AWS's and there the host's.
OF_THE_RUN = (
    # A placeholder that was put into another.
    (re.compile(r"<<code-sha-256>:([0-9]+)>"), r"<code-sha256:\1>"),
    (re.compile(r"(Duration: )[0-9.]+(?= ms)"), r"\1<duration>"),
    (re.compile(r"(Max Memory Used: )[0-9]+(?= MB)"), r"\1<memory>"),
    (re.compile(r"^(?:169\.254\.[0-9]+\.[0-9]+|127\.0\.0\.1)(?=:[0-9]+$|$)"), "<address>"),
    (re.compile(r"(Runtime Version: [a-z]+:[a-z0-9.]+\.v)[0-9]+"), r"\1<number>"),
    (re.compile(r'(File "<frozen [^"]+>", line )[0-9]+'), r"\1<number>"),
    (re.compile(r'(File ")/var/lang/lib/python[0-9.]+(/[^"]+", line )[0-9]+'), r"\1<library>\2<number>"),
)

# Recorded values that are no values but say what was there.
FORMS = {
    "date": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)",
    "lambda-url": r"https?://\S+/",
    "function-url": r"https?://\S+/",
    "code-sha256": r"[A-Za-z0-9+/]{43}=",
    "log-result": r"[A-Za-z0-9+/]+=*",
    "sent-timestamp": r"[0-9]{13}",
    "timestamp": r"[0-9]{13}|timestamp",
    "sender-id": r"\S+",
    "maximum-batching-window-in-seconds": r"[0-9]+",
}

PLACEHOLDER = re.compile(r"<([a-z][A-Za-z0-9_-]*?)(?::(\d+)|:len\((\d+)\)|_(\d+))?>")


@dataclasses.dataclass
class Difference:
    """Where an answer is not as recorded."""

    path: str
    expected: object
    actual: object

    def __str__(self):
        return f"{self.path}\n    recorded: {shown(self.expected)}\n    answered: {shown(self.actual)}"


class Absent:
    """What is not there."""

    def __repr__(self):
        return "(absent)"


ABSENT = Absent()


def shown(value, longest=900):
    """A value in one line."""
    text = value if isinstance(value, str) else repr(value) if value is ABSENT else json.dumps(value, default=str)
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text)} characters)"


class Comparison:
    """The comparison of one scenario's answers. What a placeholder stands for is remembered from one answer to the next."""

    def __init__(self, recorded_on, known=None):
        self.recorded_on = recorded_on
        self.values = dict(known or {})

    def differences(self, expected, actual, path=""):
        """The differences of an answer from the recorded one; none if it matches."""
        if isinstance(expected, dict | list) and isinstance(actual, str):
            # The recordings hold documents, such as policies, parsed.
            try:
                actual = json.loads(actual)
            except ValueError:
                return [Difference(path, expected, actual)]
        if isinstance(expected, dict) and isinstance(actual, dict):
            return self._members(expected, actual, path)
        if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
            pairs = enumerate(zip(expected, actual, strict=True))
            return [found for n, (e, a) in pairs for found in self.differences(e, a, f"{path}[{n}]")]
        if self._same(expected, actual):
            return []
        return [Difference(path, self.resolved(expected), actual)]

    def _members(self, expected, actual, path):
        found = []
        for name, value in expected.items():
            at = f"{path}.{name}" if path else name
            if name == "RevisionId" and value == "<request-id>":
                # Where every id was recorded as a request's, revisions have it too.
                value = "<revision-id>"
            if name in actual:
                found += self.differences(value, actual[name], at)
            else:
                found.append(Difference(at, self.resolved(value), ABSENT))
        for name in actual.keys() - expected.keys():
            if not self._newer(name) and not _ours(path, name, actual[name]):
                found.append(Difference(f"{path}.{name}" if path else name, ABSENT, actual[name]))
        return found

    def _newer(self, name):
        return name in ADDED and self.recorded_on < ADDED[name]

    def _same(self, expected, actual):
        if not isinstance(expected, str):
            return type(expected) is type(actual) and expected == actual or _numbers(expected, actual)
        if expected in LISTS:
            return isinstance(actual, list) and all(isinstance(each, str) for each in actual)
        if isinstance(actual, datetime.datetime):
            return expected in ("date", "datetime", "<datetime>")
        if expected in FORMS:
            actual = str(actual) if type(actual) is int else actual
            return isinstance(actual, str) and re.fullmatch(FORMS[expected], actual) is not None
        if isinstance(actual, int | float) and not isinstance(actual, bool) and PLACEHOLDER.fullmatch(expected):
            actual = str(actual)
        return isinstance(actual, str) and self._binds(expected, actual)

    def _binds(self, expected, actual):
        """Whether the texts are the same for some value of each placeholder that has none yet, and gives it that value."""
        pattern, groups = self._pattern(expected)
        match = re.fullmatch(pattern, actual, re.DOTALL)
        if not match:
            return False
        new = {placeholder: match[group] for placeholder, group in groups.items()}
        if any(self._taken(placeholder, value) for placeholder, value in new.items()):
            return False
        if any(self._clash(a, b, new) for a in new for b in new):
            return False
        self.values |= new
        return True

    def _pattern(self, expected):
        pattern, groups, end = "", {}, 0
        for text, general in OF_THE_RUN:
            expected = text.sub(general, expected)
        for found in PLACEHOLDER.finditer(expected):
            pattern += re.escape(expected[end : found.start()])
            end = found.end()
            kind, number, length, _ = found.groups()
            placeholder = found[0]
            if length:
                pattern += re.escape(kind * int(length))
            elif placeholder in self.values:
                pattern += re.escape(self.values[placeholder])
            elif placeholder in groups:
                pattern += f"(?P={groups[placeholder]})"
            elif kind in FREE and not number:
                pattern += f"(?:{FREE[kind]})"
            else:
                groups[placeholder] = f"g{len(groups)}"
                pattern += f"(?P<{groups[placeholder]}>{KINDS.get(kind, ANYTHING)})"
        return pattern + re.escape(expected[end:]), groups

    def _taken(self, placeholder, value):
        """Whether another number of the same kind stands for the value."""
        return any(value == known and _siblings(placeholder, other) for other, known in self.values.items())

    @staticmethod
    def _clash(a, b, values):
        return values[a] == values[b] and _siblings(a, b)

    def resolved(self, expected):
        """A recorded value with the values of the placeholders that have one."""
        if isinstance(expected, str):
            return PLACEHOLDER.sub(lambda found: self.values.get(found[0], found[0]), expected)
        if isinstance(expected, list):
            return [self.resolved(each) for each in expected]
        if isinstance(expected, dict):
            return {name: self.resolved(value) for name, value in expected.items()}
        return expected


def _ours(path, name, value):
    """Whether this is what Lambent alone shows."""
    within = path.rpartition(".")[2]
    return name in OURS.get(within, {}) and OURS[within][name] == value


def _siblings(one, other):
    """Whether two placeholders are numbers of one kind."""
    a, b = PLACEHOLDER.fullmatch(one), PLACEHOLDER.fullmatch(other)
    return one != other and a[1] == b[1] and (a[2] or a[4]) is not None and (b[2] or b[4]) is not None


def _numbers(expected, actual):
    """Whether both are the same number, whole or not."""
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (expected, actual))
    return numbers and expected == actual
