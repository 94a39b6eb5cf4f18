"""AWS's words for what breaks the model, derived from the model."""

import re

# AWS prints these enumerations in an order of its own, so only the set is compared.
ENUM = re.compile(r"(Member must satisfy enum value set: )\[([^\]]*)\]")


def normal(message):
    """The message with enumerations in sorted order."""
    return ENUM.sub(lambda found: f"{found[1]}[{', '.join(sorted(found[2].split(', ')))}]", message)


def beginning(member):
    """A member as AWS names it in a path."""
    return member[0].lower() + member[1:]


def rules_broken(shape, value):
    """The rules of a scalar shape that a value breaks, in AWS's order."""
    size = value if shape["type"] in NUMBERS else len(value)
    measure = "value" if shape["type"] in NUMBERS else "length"
    bound = (lambda number: f"{number:g}" if shape["type"] in WHOLE else repr(float(number)))
    broken = []
    if "max" in shape and size > shape["max"]:
        broken.append(f"Member must have {measure} less than or equal to {bound(shape['max'])}")
    if "min" in shape and size < shape["min"]:
        broken.append(f"Member must have {measure} greater than or equal to {bound(shape['min'])}")
    if "pattern" in shape and not re.fullmatch(shape["pattern"], value):
        broken.append(f"Member must satisfy regular expression pattern: {shape['pattern']}")
    if "enum" in shape and value not in shape["enum"]:
        broken.append(f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]")
    return broken


def message(path, value, broken):
    """The whole message about one member."""
    at = ".".join(beginning(member) for member in path)
    clauses = [f"Value '{value}' at '{at}' failed to satisfy constraint: {rule}" for rule in broken]
    plural = "" if len(clauses) == 1 else "s"
    return f"{len(clauses)} validation error{plural} detected: " + "; ".join(clauses)


def missing(path):
    """The message about a required member that is not there."""
    at = ".".join(beginning(member) for member in path)
    return f"1 validation error detected: Value null at '{at}' failed to satisfy constraint: Member must not be null"


WHOLE = ("integer", "long", "string", "list", "map", "blob")
NUMBERS = ("integer", "long", "double", "float")
