"""Everything a client can read of some functions and what belongs to them, as one value, read in every way there is.

Reading proves that what is shown is there: code and layers are downloaded and are what their digests say.
"""

import base64
import hashlib
import json
import urllib.request

import botocore.exceptions


def digest(archive):
    """As the API shows it."""
    return base64.b64encode(hashlib.sha256(archive).digest()).decode()


def url_id(url):
    """What is a function URL's own in it: the port is that of the server's latest start."""
    return url.partition(".")[0]


def survey(client, prefix):
    """What there is of which the name begins so. Mappings are known by their source, code signing configurations by their description."""
    return {
        "functions": {name: _function(client, name) for name in _functions(client) if name.startswith(prefix)},
        "layers": {
            each["LayerName"]: _layer(client, each["LayerName"])
            for each in _all(client, "list_layers", "Layers")
            if each["LayerName"].startswith(prefix)
        },
        "signing": {
            each["Description"]: (each["CodeSigningConfigArn"], each["AllowedPublishers"]["SigningProfileVersionArns"])
            for each in _all(client, "list_code_signing_configs", "CodeSigningConfigs")
            if each.get("Description", "").startswith(prefix)
        },
        "mappings": {
            each["EventSourceArn"]: _mapping(client, each)
            for each in _all(client, "list_event_source_mappings", "EventSourceMappings")
            if each["EventSourceArn"].rpartition("/")[2].startswith(prefix)
        },
    }


def _all(client, operation, member, **arguments):
    pages = client.get_paginator(operation).paginate(**arguments)
    return [each for page in pages for each in page[member]]


def _functions(client):
    return [each["FunctionName"] for each in _all(client, "list_functions", "Functions")]


def _unless_missing(call):
    try:
        return call()
    except botocore.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        return None


def _download(location, shown):
    with urllib.request.urlopen(location, timeout=30) as answer:
        assert digest(answer.read()) == shown


def _version(client, name, qualifier):
    """A version's own."""
    shown = client.get_function(FunctionName=name, Qualifier=qualifier)
    configuration = shown["Configuration"]
    assert (configuration["State"], configuration["LastUpdateStatus"]) == ("Active", "Successful")
    _download(shown["Code"]["Location"], configuration["CodeSha256"])
    return {
        "code": configuration["CodeSha256"],
        "setting": configuration["Environment"]["Variables"]["SETTING"],
        "description": configuration["Description"],
        "layers": [each["Arn"] for each in configuration.get("Layers", [])],
        "runtime": client.get_runtime_management_config(FunctionName=name, Qualifier=qualifier)["UpdateRuntimeOn"],
    }


def _function(client, name):
    of = {"FunctionName": name}
    shown = client.get_function(**of)
    configurations = _all(client, "list_versions_by_function", "Versions", **of)
    versions = {each["Version"]: _version(client, name, each["Version"]) for each in configurations}
    aliases = {
        each["Name"]: (each["FunctionVersion"], each.get("RoutingConfig", {}).get("AdditionalVersionWeights", {}))
        for each in _all(client, "list_aliases", "Aliases", **of)
    }
    for alias, (version, weights) in aliases.items():
        assert {version, *weights} <= set(versions), f"{alias} of {name} stands for a version that is gone"
    policies = {}
    for qualifier in [None, *versions, *aliases]:
        where = {"Qualifier": qualifier} if qualifier else {}
        if policy := _unless_missing(lambda: client.get_policy(**of, **where)):
            policies[qualifier] = {each["Sid"]: each["Principal"]["Service"] for each in json.loads(policy["Policy"])["Statement"]}
    return {
        "versions": versions,
        "aliases": aliases,
        "policies": policies,
        "tags": shown.get("Tags", {}),
        "reserved": shown.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
        "provisioned": {
            _qualifier(each): each["RequestedProvisionedConcurrentExecutions"]
            for each in _all(client, "list_provisioned_concurrency_configs", "ProvisionedConcurrencyConfigs", **of)
        },
        "events": {
            _qualifier(each): (each.get("MaximumRetryAttempts"), each.get("MaximumEventAgeInSeconds"))
            for each in _all(client, "list_function_event_invoke_configs", "FunctionEventInvokeConfigs", **of)
        },
        "urls": {
            _qualifier(each): (url_id(each["FunctionUrl"]), each["AuthType"])
            for each in _all(client, "list_function_url_configs", "FunctionUrlConfigs", **of)
        },
        "signing": client.get_function_code_signing_config(**of).get("CodeSigningConfigArn"),
        "recursion": client.get_function_recursion_config(**of)["RecursiveLoop"],
    }


def _qualifier(item):
    """The qualifier at the end of an ARN, `None` where there is none."""
    return dict(enumerate(item["FunctionArn"].split(":"))).get(7)


def _layer(client, name):
    return {each["Version"]: _layer_version(client, name, each["Version"]) for each in _all(client, "list_layer_versions", "LayerVersions", LayerName=name)}


def _layer_version(client, name, number):
    of = {"LayerName": name, "VersionNumber": number}
    content = client.get_layer_version(**of)["Content"]
    _download(content["Location"], content["CodeSha256"])
    policy = _unless_missing(lambda: client.get_layer_version_policy(**of))
    statements = json.loads(policy["Policy"])["Statement"] if policy else []
    return {"code": content["CodeSha256"], "policy": {each["Sid"] for each in statements}}


def _mapping(client, listed):
    shown = client.get_event_source_mapping(UUID=listed["UUID"])
    return {
        "uuid": shown["UUID"],
        "function": shown["FunctionArn"].split(":", 6)[6],
        "batch": shown["BatchSize"],
        "enabled": shown["State"] == "Enabled",
        "tags": client.list_tags(Resource=shown["EventSourceMappingArn"])["Tags"],
    }
