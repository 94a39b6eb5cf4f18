"""Tells which HTTP request came to its URL."""

import json


def handler(event, context):
    http, body = event["requestContext"]["http"], event.get("body", "")
    request = {
        "args": event.get("queryStringParameters", {}),
        "data": body,
        "domain": event["requestContext"]["domainName"],
        "headers": event["headers"],
        "method": http["method"],
        "origin": http["sourceIp"],
        "path": http["path"],
    }
    return {"statusCode": 200, "body": json.dumps(request)}
