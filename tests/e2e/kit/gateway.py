"""The events of API Gateway: what its REST APIs (version 1) and its HTTP APIs (version 2) tell functions of a request."""

import base64
import json
from urllib.parse import parse_qsl


def _body(body):
    if isinstance(body, bytes):
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return {"body": body if body is None or isinstance(body, str) else json.dumps(body), "isBase64Encoded": False}


def rest(method, path, body=None, query="", headers=None):
    """https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html, a proxy integration of a REST API."""
    headers = {"Host": "a1b2c3.execute-api.us-east-1.amazonaws.com", "Accept": "*/*", "X-Forwarded-For": "203.0.113.7"} | (headers or {})
    pairs = parse_qsl(query)
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": {name: [each for key, each in pairs if key == name] for name, _ in pairs} or None,
        "pathParameters": {"proxy": path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "a1b2c3",
            "httpMethod": method,
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "tests"},
            "path": f"/prod{path}",
            "protocol": "HTTP/1.1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "requestTimeEpoch": 1583349317135,
            "resourceId": "123456",
            "resourcePath": "/{proxy+}",
            "stage": "prod",
        },
    } | _body(body)


def http(method, path, body=None, query="", headers=None, cookies=None):
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html, format 2.0."""
    lower = {name.lower(): value for name, value in (headers or {}).items()}
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "a1b2c3.execute-api.us-east-1.amazonaws.com", "accept": "*/*", "x-forwarded-for": "203.0.113.7"} | lower,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "a1b2c3",
            "domainName": "a1b2c3.execute-api.us-east-1.amazonaws.com",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "tests"},
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1583348638390,
        },
    }
    if query:
        event["queryStringParameters"] = dict(parse_qsl(query))
    if cookies:
        event["cookies"] = cookies
    # Without a body there is no such member, as in requests to function URLs.
    return event | (_body(body) if body is not None else {"isBase64Encoded": False})


def body(answer):
    """The body that API Gateway would send, as bytes."""
    content = answer["body"]
    return base64.b64decode(content) if answer.get("isBase64Encoded") else content.encode()
