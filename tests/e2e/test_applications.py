"""Real applications, unmodified: web frameworks behind API Gateway's events and function URLs, and Powertools for AWS Lambda."""

import functools
import json
import pathlib
import sys

import pytest
from kit import gateway, host, packages, urls
from kit.zips import package

APPLICATIONS = pathlib.Path(__file__).parents[1] / "applications"
EVERY_BYTE = bytes(range(256))


@functools.cache
def python_package():
    """Everything in one: what functions of years have grown to."""
    files = packages.files(packages.folder("python-applications"))
    return package(files | {path.name: path.read_bytes() for path in APPLICATIONS.glob("*.py")})


@functools.cache
def node_package():
    files = packages.files(packages.folder("node-applications"), "node_modules")
    return package(files | {path.name: path.read_bytes() for path in APPLICATIONS.glob("*.*js")})


@pytest.fixture
def application(make):
    """`application("flask_app.py")` is a function of that application."""

    def create(name, **options):
        module, _, language = name.partition(".")
        if language == "py":
            # Some packages are compiled for the Python that has installed them.
            runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
            archive = python_package()
        else:
            runtime, archive = host.newest("nodejs"), node_package()
        if runtime not in host.runtimes():
            pytest.skip(f"this host has no {runtime}")
        options = {"MemorySize": 512, "Timeout": 60} | options
        return make(archive, runtime, f"{module}.handler", **options)

    return create


@pytest.mark.parametrize("event", [gateway.rest, gateway.http], ids=["rest", "http"])
@pytest.mark.parametrize("name", ["fastapi_app.py", "flask_app.py", "express_app.js"])
def test_a_web_application_answers_api_gateway(application, name, event):
    function = application(name)
    answer = function.invoke(event("GET", "/items/7", query="q=a%20b")).value
    assert answer["statusCode"] == 200 and json.loads(answer["body"]) == {"number": 7, "q": "a b"}, answer
    missing = function.invoke(event("GET", "/items/404")).value
    assert missing["statusCode"] == 404
    image = function.invoke(event("GET", "/image")).value
    assert image["isBase64Encoded"] is True and gateway.body(image) == EVERY_BYTE
    content = {name.lower(): value for name, value in (image.get("headers") or {}).items()}
    content |= {name.lower(): value[0] for name, value in (image.get("multiValueHeaders") or {}).items()}
    assert content["content-type"] == "image/png"


def test_fastapi_validates_and_knows_the_function(application):
    function = application("fastapi_app.py")
    json_type = {"Content-Type": "application/json"}
    answer = function.invoke(gateway.http("POST", "/items", {"name": "cup", "price": 1.5}, headers=json_type)).value
    assert answer["statusCode"] == 201 and json.loads(answer["body"]) == {"name": "CUP", "price": 1.5}
    answer = function.invoke(gateway.http("POST", "/items", {"name": "cup"}, headers=json_type)).value
    assert answer["statusCode"] == 422 and json.loads(answer["body"])["detail"][0]["loc"] == ["body", "price"]
    answer = function.invoke(gateway.http("GET", "/cookies", cookies=["a=1", "b=2"])).value
    assert answer["body"] == "a=1,b=2" and len(answer["cookies"]) == 2
    asked = function.invoke(gateway.http("GET", "/scope"))
    assert json.loads(asked.value["body"]) == {"request": asked.request_id, "function": function.name, "address": "203.0.113.7"}


def test_flask_takes_forms_and_survives_its_failures(application):
    function = application("flask_app.py")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = function.invoke(gateway.rest("POST", "/form", b"name=%C5%81ucja", headers=form)).value
    assert gateway.body(answer).decode() == "Hello Łucja!"
    failed = function.invoke(gateway.rest("GET", "/fails"))
    assert failed.value["statusCode"] == 500 and "ValueError: as asked" in failed.log


def test_express_reads_bodies_and_sets_headers(application):
    function = application("express_app.js")
    json_type = {"Content-Type": "application/json"}
    answer = function.invoke(gateway.http("POST", "/items", {"name": "cup"}, headers=json_type)).value
    assert (answer["statusCode"], json.loads(answer["body"]), answer["headers"]["x-made"]) == (201, {"name": "CUP"}, "yes")
    answer = function.invoke(gateway.http("GET", "/cookies", cookies=["a=1", "b=2"])).value
    assert answer["body"] == "a=1; b=2" and len(answer["cookies"]) == 2
    asked = function.invoke(gateway.rest("GET", "/scope"))
    assert json.loads(asked.value["body"]) == {"request": asked.request_id, "function": function.name}
    failed = function.invoke(gateway.http("GET", "/fails")).value
    assert failed["statusCode"] == 500 and "Error: as asked" in failed["body"]


@pytest.mark.parametrize("name", ["fastapi_app.py", "flask_app.py", "express_app.js"])
def test_a_web_application_has_a_url(lambent, aws, application, name):
    function = application(name)
    config = aws.create_function_url_config(FunctionName=function.name, AuthType="NONE")
    urls.open_to_everyone(aws, function.name)
    url = urls.Url(lambent, config["FunctionUrl"])
    answer = url.ask("/items/7?q=a%20b")
    assert answer.status == 200 and answer.json() == {"number": 7, "q": "a b"}
    image = url.ask("/image")
    assert (image.headers["content-type"], image.data) == ("image/png", EVERY_BYTE)
    assert url.ask("/items/404").status == 404


@pytest.mark.parametrize("log_format", ["Text", "JSON"])
@pytest.mark.parametrize("name", ["powertools_app.py", "powertools_app.mjs"])
def test_powertools(application, name, log_format):
    """Its log lines are one JSON object each, whatever they hold, and its metrics are lines in CloudWatch's embedded format."""
    function = application(name, LoggingConfig={"LogFormat": log_format})
    answer = function.invoke(gateway.http("GET", "/orders/7", query="q=a"))
    assert answer.error is None and answer.value["statusCode"] == 200, answer
    assert json.loads(answer.value["body"])["number"] == "7"
    lines = [json.loads(line) for line in answer.log.splitlines() if line.startswith("{")]
    told = next(line for line in lines if line.get("message") == "reading an order")
    assert (told["level"], told["service"], told["order"], told["lines"]) == ("INFO", "orders", "7", ["one", "two"])
    assert told["function_name"] == function.name and told["function_request_id"] == answer.request_id and told["cold_start"] is True
    metrics = [line for line in lines if "_aws" in line]
    counted = {each["Name"] for line in metrics for each in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert counted == {"ColdStart", "OrdersRead"}, lines
    assert all(line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Shop" for line in metrics)

    again = function.invoke(gateway.http("GET", "/orders/404"))
    assert again.value["statusCode"] == 404 and "no such order" in again.value["body"]
    assert "OrdersRead" not in again.log and "ColdStart" not in again.log

    failed = function.invoke(gateway.http("GET", "/fails"))
    told = next(json.loads(line) for line in failed.log.splitlines() if '"it failed"' in line)
    assert told["level"] == "ERROR" and told["cold_start"] is False
