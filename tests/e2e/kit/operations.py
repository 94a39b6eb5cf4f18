"""The ways of writing to the control plane, each with what becomes of what is there.

An operation chooses its arguments by chance and returns the client's method, its arguments, and how what is there changes by it, which
is told the answer; or nothing, when there is nothing to do it with. What is there is kept as `kit.survey` reads it.
"""

import copy

from kit import host
from kit.functions import ROLE
from kit.survey import digest, url_id
from kit.zips import package

ARN = "arn:aws:lambda:us-east-1:000000000000"
SIGNER = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/"
MOST_VERSIONS = 4
# Name to what chooses, and how often.
OPERATIONS = {}


def operation(weight):
    """Registers an operation."""

    def register(choose):
        OPERATIONS[choose.__name__] = (choose, weight)
        return choose

    return register


def on_function(weight):
    """Registers an operation on one function: it is given what is known of that, and changes only that."""

    def register(choose):
        def planned(writer):
            name = writer.some(writer.known["functions"])
            plan = name and choose(writer, name, writer.known["functions"][name])
            if not plan:
                return None
            method, arguments, change = plan
            if "Resource" not in arguments:
                arguments = {"FunctionName": name} | arguments
            return method, arguments, lambda state, answer: change(state["functions"][name], answer)

        OPERATIONS[choose.__name__] = (planned, weight)
        return choose

    return register


# Functions and versions.


@operation(2)
def create_function(writer):
    name = writer.some({f"{writer.prefix}{each}" for each in range(2)} - set(writer.known["functions"]))
    if name is None:
        return None
    archive, setting, tag = writer.code(), writer.fresh(), writer.fresh()
    latest = {"code": digest(archive), "setting": setting, "description": "", "layers": [], "runtime": "Auto"}
    made = {
        "versions": {"$LATEST": latest}, "aliases": {}, "policies": {}, "tags": {"made": tag}, "reserved": None, "provisioned": {},
        "events": {}, "urls": {}, "signing": None, "recursion": "Terminate", "newest": 0,
    }  # fmt: skip
    arguments = {
        "FunctionName": name, "Runtime": host.newest("python"), "Handler": "function.handler", "Role": ROLE,
        "Code": {"ZipFile": archive}, "Environment": {"Variables": {"SETTING": setting}}, "Tags": {"made": tag},
    }  # fmt: skip
    return "create_function", arguments, lambda state, answer: state["functions"].update({name: copy.deepcopy(made)})


@operation(0.3)
def delete_function(writer):
    name = writer.some(writer.known["functions"])
    return name and ("delete_function", {"FunctionName": name}, lambda state, answer: state["functions"].pop(name))


@on_function(2)
def update_function_code(writer, name, function):
    archive = writer.code()
    publish = len(function["versions"]) < MOST_VERSIONS and writer.perhaps(0.3)

    def change(function, answer):
        function["versions"]["$LATEST"]["code"] = digest(archive)
        if publish:
            published(function, "")

    return "update_function_code", {"ZipFile": archive, "Publish": publish}, change


@on_function(2)
def update_function_configuration(writer, name, function):
    wanted = {"setting": writer.fresh(), "layers": writer.layers()}
    arguments = {"Environment": {"Variables": {"SETTING": wanted["setting"]}}, "Layers": wanted["layers"]}
    return "update_function_configuration", arguments, lambda function, answer: function["versions"]["$LATEST"].update(wanted)


@on_function(3)
def publish_version(writer, name, function):
    description = writer.fresh()
    change = lambda function, answer: published(function, description)
    return len(function["versions"]) < MOST_VERSIONS and ("publish_version", {"Description": description}, change)


@on_function(1)
def delete_version(writer, name, function):
    version = writer.some(numbers(function))

    def change(function, answer):
        del function["versions"][version]
        forget(function, version)

    return version and ("delete_function", {"Qualifier": version}, change)


@on_function(1)
def put_runtime_management_config(writer, name, function):
    version, mode = writer.some(function["versions"]), writer.some(["Auto", "FunctionUpdate"])
    change = lambda function, answer: function["versions"][version].update(runtime=mode)
    return "put_runtime_management_config", {"Qualifier": version, "UpdateRuntimeOn": mode}, change


# What is attached to them.


@on_function(3)
def write_alias(writer, name, function):
    version = writer.some(numbers(function))
    other = writer.some(numbers(function) - {version})
    alias, weights = writer.some(["blue", "green"]), {other: writer.some([0.25, 0.5])} if other and writer.perhaps(0.5) else {}
    arguments = {"Name": alias, "FunctionVersion": version, "RoutingConfig": {"AdditionalVersionWeights": weights}}
    method = "update_alias" if alias in function["aliases"] else "create_alias"
    return version and (method, arguments, lambda function, answer: function["aliases"].update({alias: (version, weights)}))


@on_function(0.5)
def delete_alias(writer, name, function):
    alias = writer.some(function["aliases"])

    def change(function, answer):
        del function["aliases"][alias]
        forget(function, alias)

    return alias and ("delete_alias", {"Name": alias}, change)


@on_function(2)
def add_permission(writer, name, function):
    qualifier, sid = writer.some([None, *numbers(function), *function["aliases"]]), writer.some(["s1", "s2", "s3"])
    principal = writer.some(["s3.amazonaws.com", "sns.amazonaws.com"])
    arguments = {"StatementId": sid, "Action": "lambda:InvokeFunction", "Principal": principal, **where(qualifier)}
    return "add_permission", arguments, lambda function, answer: function["policies"].setdefault(qualifier, {}).update({sid: principal})


@on_function(1)
def remove_permission(writer, name, function):
    if not function["policies"]:
        return None
    qualifier = writer.some(function["policies"])
    sid = writer.some(function["policies"][qualifier])

    def change(function, answer):
        del function["policies"][qualifier][sid]
        function["policies"] = {qualifier: policy for qualifier, policy in function["policies"].items() if policy}

    return "remove_permission", {"StatementId": sid, **where(qualifier)}, change


@on_function(1)
def tag_function(writer, name, function):
    tags = {writer.some("abc"): writer.fresh()}
    return "tag_resource", {"Resource": f"{ARN}:function:{name}", "Tags": tags}, lambda function, answer: function["tags"].update(tags)


@on_function(0.5)
def untag_function(writer, name, function):
    key = writer.some(function["tags"])
    arguments = {"Resource": f"{ARN}:function:{name}", "TagKeys": [key]}
    return key and ("untag_resource", arguments, lambda function, answer: function["tags"].pop(key))


@on_function(1)
def put_function_concurrency(writer, name, function):
    share = writer.chance.randrange(5, 20)
    return "put_function_concurrency", {"ReservedConcurrentExecutions": share}, lambda function, answer: function.update(reserved=share)


@on_function(0.5)
def delete_function_concurrency(writer, name, function):
    return "delete_function_concurrency", {}, lambda function, answer: function.update(reserved=None)


# An environment is started for each, so these are few.
@on_function(0.3)
def put_provisioned_concurrency_config(writer, name, function):
    qualifier = writer.some([*numbers(function), *function["aliases"]])
    arguments = {"Qualifier": qualifier, "ProvisionedConcurrentExecutions": 1}
    change = lambda function, answer: function["provisioned"].update({qualifier: 1})
    return qualifier and ("put_provisioned_concurrency_config", arguments, change)


@on_function(0.5)
def delete_provisioned_concurrency_config(writer, name, function):
    qualifier = writer.some(function["provisioned"])
    change = lambda function, answer: function["provisioned"].pop(qualifier)
    return qualifier and ("delete_provisioned_concurrency_config", {"Qualifier": qualifier}, change)


@on_function(2)
def write_event_invoke_config(writer, name, function):
    qualifier = writer.some(["$LATEST", *numbers(function), *function["aliases"]])
    retries, age = writer.chance.randrange(3), writer.chance.randrange(60, 21600)
    # An update leaves alone what it does not name; a put does not.
    if qualifier in function["events"] and writer.perhaps(0.5):
        method, arguments, after = "update", {}, (function["events"][qualifier][0], age)
    else:
        method, arguments, after = "put", {"MaximumRetryAttempts": retries}, (retries, age)
    arguments = {"Qualifier": qualifier, "MaximumEventAgeInSeconds": age, **arguments}
    change = lambda function, answer: function["events"].update({qualifier: after})
    return f"{method}_function_event_invoke_config", arguments, change


@on_function(0.5)
def delete_function_event_invoke_config(writer, name, function):
    qualifier = writer.some(function["events"])
    change = lambda function, answer: function["events"].pop(qualifier)
    return qualifier and ("delete_function_event_invoke_config", {"Qualifier": qualifier}, change)


@on_function(1)
def write_function_url_config(writer, name, function):
    qualifier, auth = writer.some([None, *function["aliases"]]), writer.some(["NONE", "AWS_IAM"])
    method = "update_function_url_config" if qualifier in function["urls"] else "create_function_url_config"
    change = lambda function, answer: function["urls"].update({qualifier: (url_id(answer["FunctionUrl"]), auth)})
    return method, {"AuthType": auth, **where(qualifier)}, change


@on_function(0.5)
def delete_function_url_config(writer, name, function):
    if not function["urls"]:
        return None
    qualifier = writer.some(function["urls"])
    return "delete_function_url_config", where(qualifier), lambda function, answer: function["urls"].pop(qualifier)


@on_function(1)
def put_function_recursion_config(writer, name, function):
    what = writer.some(["Allow", "Terminate"])
    return "put_function_recursion_config", {"RecursiveLoop": what}, lambda function, answer: function.update(recursion=what)


@on_function(1)
def put_function_code_signing_config(writer, name, function):
    arn, _ = writer.known["signing"].get(writer.some(writer.known["signing"]), (None, None))
    change = lambda function, answer: function.update(signing=arn)
    return arn and ("put_function_code_signing_config", {"CodeSigningConfigArn": arn}, change)


@on_function(0.5)
def delete_function_code_signing_config(writer, name, function):
    return "delete_function_code_signing_config", {}, lambda function, answer: function.update(signing=None)


# What stands by itwriter.


@operation(2)
def publish_layer_version(writer):
    name, token = writer.some([f"{writer.prefix}a", f"{writer.prefix}b"]), writer.fresh()
    if len(writer.known["layers"].get(name, ())) >= MOST_VERSIONS:
        return None
    archive = package({"token": token})

    def change(state, answer):
        # Numbers are never used again.
        number = state["numbers"][name] = state["numbers"].get(name, 0) + 1
        state["layers"].setdefault(name, {})[number] = {"code": digest(archive), "policy": set()}
        arn = f"{ARN}:layer:{name}:{number}"
        writer.tokens[arn], writer.layer_digests[arn] = token, digest(archive)

    return "publish_layer_version", {"LayerName": name, "Content": {"ZipFile": archive}}, change


def a_layer_version(writer):
    name = writer.some(writer.known["layers"])
    return (name, writer.some(writer.known["layers"][name])) if name else (None, None)


@operation(1)
def delete_layer_version(writer):
    name, number = a_layer_version(writer)

    def change(state, answer):
        del state["layers"][name][number]
        state["layers"] = {name: versions for name, versions in state["layers"].items() if versions}

    return name and ("delete_layer_version", {"LayerName": name, "VersionNumber": number}, change)


@operation(1)
def add_layer_version_permission(writer):
    (name, number), sid = a_layer_version(writer), writer.some(["s1", "s2"])
    arguments = {"LayerName": name, "VersionNumber": number, "StatementId": sid, "Action": "lambda:GetLayerVersion", "Principal": "*"}
    return name and ("add_layer_version_permission", arguments, lambda state, answer: state["layers"][name][number]["policy"].add(sid))


@operation(1)
def remove_layer_version_permission(writer):
    name, number = a_layer_version(writer)
    sid = name and writer.some(writer.known["layers"][name][number]["policy"])
    arguments = {"LayerName": name, "VersionNumber": number, "StatementId": sid}
    return sid and ("remove_layer_version_permission", arguments, lambda state, answer: state["layers"][name][number]["policy"].remove(sid))


@operation(0.5)
def create_code_signing_config(writer):
    description, publishers = f"{writer.prefix}{writer.fresh()}", [SIGNER + writer.fresh()]
    arguments = {"Description": description, "AllowedPublishers": {"SigningProfileVersionArns": publishers}}

    def change(state, answer):
        state["signing"][description] = (answer["CodeSigningConfig"]["CodeSigningConfigArn"], publishers)

    return len(writer.known["signing"]) < 3 and ("create_code_signing_config", arguments, change)


@operation(0.5)
def update_code_signing_config(writer):
    description, publishers = writer.some(writer.known["signing"]), [SIGNER + writer.fresh()]
    arn, _ = writer.known["signing"].get(description, (None, None))
    arguments = {"CodeSigningConfigArn": arn, "AllowedPublishers": {"SigningProfileVersionArns": publishers}}
    return arn and ("update_code_signing_config", arguments, lambda state, answer: state["signing"].update({description: (arn, publishers)}))


@operation(0.3)
def delete_code_signing_config(writer):
    description = writer.some(writer.known["signing"])
    arn, _ = writer.known["signing"].get(description, (None, None))
    return arn and ("delete_code_signing_config", {"CodeSigningConfigArn": arn}, lambda state, answer: state["signing"].pop(description))


@operation(1)
def create_event_source_mapping(writer):
    name, source, tag = writer.some(writer.known["functions"]), f"arn:aws:kinesis:us-east-1:000000000000:stream/{writer.prefix}{writer.fresh()}", writer.fresh()

    def change(state, answer):
        made = {"uuid": answer["UUID"], "function": name, "batch": 100, "enabled": True, "tags": {"made": tag}}
        state["mappings"][source] = made

    arguments = {"FunctionName": name, "EventSourceArn": source, "StartingPosition": "LATEST", "Tags": {"made": tag}}
    return name and len(writer.known["mappings"]) < 4 and ("create_event_source_mapping", arguments, change)


@operation(1)
def update_event_source_mapping(writer):
    source = writer.some(writer.known["mappings"])
    wanted = {"batch": writer.chance.randrange(1, 10), "enabled": writer.perhaps(0.5)}
    arguments = {"UUID": source and writer.known["mappings"][source]["uuid"], "BatchSize": wanted["batch"], "Enabled": wanted["enabled"]}
    return source and ("update_event_source_mapping", arguments, lambda state, answer: state["mappings"][source].update(wanted))


@operation(0.5)
def delete_event_source_mapping(writer):
    source = writer.some(writer.known["mappings"])
    arguments = {"UUID": source and writer.known["mappings"][source]["uuid"]}
    return source and ("delete_event_source_mapping", arguments, lambda state, answer: state["mappings"].pop(source))


def where(qualifier):
    return {"Qualifier": qualifier} if qualifier else {}


def numbers(function):
    """Its published versions."""
    return set(function["versions"]) - {"$LATEST"}


def published(function, description):
    """Publishes a version, unless the newest says the same already."""
    latest, newest = function["versions"]["$LATEST"], function["versions"].get(str(function["newest"]))
    same = ("code", "setting", "layers")
    if newest and all(newest[member] == latest[member] for member in same):
        return
    function["newest"] += 1
    function["versions"][str(function["newest"])] = {**latest, "description": description, "runtime": "Auto"}


def forget(function, qualifier):
    """What is set for a version or an alias goes with it."""
    for of in ("policies", "provisioned", "events"):
        function[of].pop(qualifier, None)
