"""The model, and requests by it."""

import base64
import json
import pathlib
import urllib.parse

from kit import raw

MODEL = pathlib.Path(__file__).parents[2] / "models" / "lambda.json"
# Their payload is no document.
RAW = {("Invoke", "Payload"), ("InvokeAsync", "InvokeArgs"), ("InvokeWithResponseStream", "Payload")}
JSON_TYPES = {"string": str, "integer": int, "long": int, "boolean": bool, "structure": dict, "list": list, "map": dict}


class Model:
    def __init__(self):
        document = json.loads(MODEL.read_text())
        self.operations, self.shapes = document["operations"], document["shapes"]

    def shape(self, reference):
        return {"members": {}, **self.shapes[reference["shape"]], "name": reference["shape"]}

    def input(self, operation):
        reference = self.operations[operation].get("input")
        return self.shape(reference) if reference else {"type": "structure", "members": {}}

    def output(self, operation):
        reference = self.operations[operation].get("output")
        return self.shape(reference) if reference else None

    @staticmethod
    def raw(operation, member):
        return (operation, member) in RAW

    def send(self, server, operation, given):
        """Sends a request as an SDK would that checks nothing."""
        http = self.operations[operation]["http"]
        path, query, headers, body = http["requestUri"], [], {}, {}
        payload = None
        for name, member in self.input(operation)["members"].items():
            value = given.get(name)
            wire = member.get("locationName", name)
            placed = member.get("location")
            if placed == "uri":
                path = path.replace("{%s}" % wire, urllib.parse.quote(str(value), safe=""))
            elif value is None:
                continue
            elif placed == "querystring":
                query += [(wire, str(each)) for each in (value if isinstance(value, list) else [value])]
            elif placed == "header":
                headers[wire] = str(value)
            elif self.raw(operation, name):
                payload = value
            else:
                body[wire] = encoded(value)
        if query:
            path += ("&" if "?" in path else "?") + urllib.parse.urlencode(query, quote_via=urllib.parse.quote)
        if payload is None:
            payload = json.dumps(body).encode() if body or http["method"] in ("POST", "PUT") else b""
        return raw.request(server, http["method"], path, body=payload, headers=headers)

    def mismatches(self, shape, value, path="answer"):
        """Where a JSON value is not of a shape."""
        if value is None:
            return
        expected = JSON_TYPES.get(shape["type"])
        if expected and not isinstance(value, expected):
            yield f"{path} is a {type(value).__name__}"
        elif shape["type"] == "structure":
            names = {member.get("locationName", name): member for name, member in shape["members"].items()}
            for name, inner in value.items():
                if name not in names:
                    yield f"{path}.{name} is unknown"
                else:
                    yield from self.mismatches(self.shape(names[name]), inner, f"{path}.{name}")
        elif shape["type"] == "list":
            for inner in value:
                yield from self.mismatches(self.shape(shape["member"]), inner, f"{path}[]")


def encoded(value):
    """Bytes as base64, wherever they are."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: encoded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [encoded(inner) for inner in value]
    return value
