"""Requests made from a good one by breaking one member."""

import copy
import dataclasses

from wording import NUMBERS, message, missing, rules_broken

# Checked by the operation itself, which answers InvalidParameterValueException (recorded).
UNCHECKED = {("CreateFunction", "Runtime"), ("UpdateFunctionConfiguration", "Runtime"), ("CreateEventSourceMapping", "StartingPosition")}
# AWS lists runtimes that its model does not have, and checks other patterns of ARNs than it publishes (recorded).
DIFFERS = ("Runtime", "TaggableResource", "LayerVersionArn")
# Longer values would make the test slow and prove no more.
LONGEST = 70_000
ILL_TYPED = {"string": [], "integer": "x", "long": "x", "double": "x", "boolean": "x", "structure": "x", "list": {}, "map": [], "timestamp": []}


@dataclasses.dataclass
class Case:
    """One request and what must come of it."""

    name: str
    input: dict
    code: str
    # None where the text is not derived from the model.
    message: str | None


def bad(model, operation, baseline):
    """Every way to break one member of a good request."""
    shape = model.input(operation)
    yield from broken_structure(model, operation, shape, baseline, ())


def broken_structure(model, operation, shape, baseline, path):
    for name, member in shape["members"].items():
        target = model.shape(member)
        here = (*path, name)
        placed = location(member)
        if name in shape.get("required", ()) and placed != "uri" and not model.raw(operation, name):
            yield Case(f"{'.'.join(here)} missing", without(baseline, here), "ValidationException", missing(here))
        if placed is None and not model.raw(operation, name) and target["type"] in ILL_TYPED:
            broken = placing(baseline, here, ILL_TYPED[target["type"]])
            yield Case(f"{'.'.join(here)} of the wrong type", broken, "SerializationException", None)
        if (operation, name) in UNCHECKED:
            continue
        yield from broken_scalar(target, baseline, here, placed)
        if target["type"] == "structure" and len(path) < 2 and lookup(baseline, here) is not None:
            yield from broken_structure(model, operation, target, baseline, here)


def broken_scalar(shape, baseline, path, placed):
    for value in beyond(shape, placed):
        broken = rules_broken(shape, value)
        derived = not shape.get("sensitive", False) and shape["name"] not in DIFFERS
        text = message(path, value, broken) if derived else None
        yield Case(f"{'.'.join(path)} = {str(value)[:30]}", placing(baseline, path, value), "ValidationException", text)


def beyond(shape, placed):
    """Values just outside each bound."""
    if shape["type"] in NUMBERS:
        step = 1 if shape["type"] in ("integer", "long") else 0.5
        if "max" in shape and shape["max"] < 2**31 - 1:
            yield number(shape, shape["max"] + step)
        if "min" in shape:
            yield number(shape, shape["min"] - step)
    elif shape["type"] == "string":
        if "max" in shape and shape["max"] < LONGEST:
            yield "a" * (int(shape["max"]) + 1)
        # An empty label is another path; an empty query or header member is an absent one.
        if shape.get("min", 0) >= 1 and placed is None:
            yield ""
        if "enum" in shape:
            yield "NoSuchValue"
        elif "pattern" in shape and rules_broken(shape, "*?*") and placed != "uri":
            yield "*?*"


def number(shape, value):
    return int(value) if shape["type"] in ("integer", "long") else float(value)


def location(member):
    return member.get("location")


def lookup(document, path):
    for name in path:
        if not isinstance(document, dict) or name not in document:
            return None
        document = document[name]
    return document


def placing(document, path, value):
    changed = copy.deepcopy(document)
    inner = changed
    for name in path[:-1]:
        inner = inner.setdefault(name, {})
    inner[path[-1]] = value
    return changed


def without(document, path):
    changed = copy.deepcopy(document)
    inner = changed
    for name in path[:-1]:
        inner = inner.get(name, {})
    inner.pop(path[-1], None)
    return changed
