"""Layers: their versions, their policies, and functions that use them."""

from scenario import package, scenarios_of

recorded = scenarios_of("lambda_api::TestLambdaLayer")

CONTENT = {"ZipFile": package("layer")}
X86 = {"CompatibleArchitectures": ["x86_64"]}
PYTHON = {"CompatibleRuntimes": ["python3.12"]} | X86


def publish(calls, layer, **parameters):
    return calls.publish_layer_version(**({"LayerName": layer, "Content": CONTENT} | parameters))


@recorded("test_layer_exceptions")
def refused(s):
    layer = s.name("layer")
    s.step("publish_result", publish(s.ask, layer, **PYTHON))
    s.step("list_layers_exc_compatibleruntime_invalid", s.ask.list_layers(CompatibleRuntime="runtimedoesnotexist"))
    unknown = s.ask.list_layers(CompatibleArchitecture="archdoesnotexist")
    s.step("list_layers_exc_compatiblearchitecture_invalid", unknown)
    s.step("list_nonexistent_layer", s.ask.list_layer_versions(LayerName="no-such-layer"))
    gets = {
        "layer_doesnotexist": ("no-such-layer", 1),
        "layer_version_doesnotexist_negative": (layer, -1),
        "layer_version_doesnotexist_zero": (layer, 0),
        "layer_version_doesnotexist_2": (layer, 2),
    }
    for case, (name, version) in gets.items():
        answer = s.ask.get_layer_version(LayerName=name, VersionNumber=version)
        s.step(f"get_layer_version_exc_{case}", answer)
    arn = s.arn(f"layer:{layer}")
    s.step("get_layer_version_by_arn_exc_invalidarn", s.ask.get_layer_version_by_arn(Arn=arn))
    missing = s.ask.get_layer_version_by_arn(Arn=f"{arn}:2")
    s.step("get_layer_version_by_arn_exc_nonexistentversion", missing)
    deletions = {
        "delete_nonexistent_response": ("no-such-layer", 1),
        "delete_nonexistent_version_response": (layer, 2),
        "delete_layer_response": (layer, 1),
        "delete_layer_again_response": (layer, 1),
        "delete_layer_version_exc_layerversion_invalid_version": (layer, -1),
    }
    for step, (name, version) in deletions.items():
        s.step(step, s.ask.delete_layer_version(LayerName=name, VersionNumber=version))
    empty = {"CompatibleRuntimes": [], "CompatibleArchitectures": []}
    s.step("publish_empty_result", publish(s.ask, s.name("layer"), **empty))
    invalid = {"CompatibleRuntimes": ["invalidruntime"], "CompatibleArchitectures": ["invalidarch"]}
    s.step("publish_layer_version_exc_invalid_runtime_arch", publish(s.ask, s.name("layer"), **invalid))
    partly = {
        "CompatibleRuntimes": ["invalidruntime", "invalidruntime2", "nodejs20.x"],
        "CompatibleArchitectures": ["invalidarch", "x86_64"],
    }
    s.step("publish_layer_version_exc_partially_invalid_values", publish(s.ask, s.name("layer"), **partly))


@recorded("test_layer_lifecycle")
def life(s):
    name, layer = s.name(), s.name("layer")
    s.fixture(name)
    s.step("get_fn_result", s.ask.get_function(FunctionName=name))
    s.step("get_fn_config_result", s.ask.get_function_configuration(FunctionName=name))
    described = PYTHON | {"Description": "a layer", "LicenseInfo": "a license"}
    first = s.step("publish_result", publish(s.ask, layer, **described))
    s.step("publish_result_2", publish(s.ask, layer, **described))
    arn = first["LayerVersionArn"].replace("111111111111", s.account)
    s.step("update_fn_config", s.ask.update_function_configuration(FunctionName=name, Layers=[arn]))
    s.step("get_fn_config", s.active(name))
    version = {"LayerName": layer, "VersionNumber": 1}
    s.step("get_layer_ver_result", s.ask.get_layer_version(**version))
    s.step("get_layer_by_arn_version", s.ask.get_layer_version_by_arn(Arn=arn))
    s.step("list_layer_versions_predelete", s.ask.list_layer_versions(LayerName=layer))
    s.step("delete_layer_1", s.ask.delete_layer_version(**version))
    s.step("get_fn_config_postdelete", s.ask.get_function_configuration(FunctionName=name))
    s.step("delete_layer_2", s.ask.delete_layer_version(LayerName=layer, VersionNumber=2))
    s.step("list_layer_versions_postdelete", s.ask.list_layer_versions(LayerName=layer))
    s.step("publish_result_3", publish(s.ask, layer, **described))


@recorded("test_layer_policy_exceptions")
def refused_policies(s):
    layer = s.name("layer")
    version = {"LayerName": layer, "VersionNumber": 1}
    statement = {"StatementId": "s1", "Action": "lambda:GetLayerVersion", "Principal": "*"}
    second = statement | {"StatementId": "s2"}
    wrong = {"RevisionId": "not-the-revision"}
    add, remove = s.ask.add_layer_version_permission, s.ask.remove_layer_version_permission
    s.step("publish_result", publish(s.ask, layer, **PYTHON))
    s.step("layer_permission_nopolicy_get", s.ask.get_layer_version_policy(**version))
    s.step("add_layer_permission_result", add(**version, **statement))
    s.step("layer_permission_action_invalid", add(**version, **(second | {"Action": "*"})))
    s.step("layer_permission_duplicate_statement", add(**version, **statement))
    s.step("layer_permission_wrong_revision", add(**version, **second, **wrong))
    missing = {
        "layername": version | {"LayerName": f"{layer}-doesnotexist"},
        "layerversion": version | {"VersionNumber": 2},
    }
    for what, named in missing.items():
        step = f"layer_permission_{what}_doesnotexist"
        s.step(f"{step}_add", add(**named, **statement))
        s.step(f"{step}_get", s.ask.get_layer_version_policy(**named))
        s.step(f"{step}_remove", remove(**named, StatementId="s1"))
    unknown = remove(**version, StatementId="doesnotexist")
    s.step("layer_permission_statementid_doesnotexist_remove", unknown)
    s.step("layer_permission_wrong_revision_remove", remove(**version, StatementId="s1", **wrong))


@recorded("test_layer_policy_lifecycle")
def life_of_a_policy(s):
    layer = s.name("layer")
    version = {"LayerName": layer, "VersionNumber": 1}
    statement = {"Action": "lambda:GetLayerVersion", "Principal": "*"}

    def add(step, sid, **parameters):
        answer = s.ask.add_layer_version_permission(**version, **statement, StatementId=sid, **parameters)
        return {"RevisionId": s.step(step, answer)["RevisionId"]}

    def policy(step):
        s.step(step, s.ask.get_layer_version_policy(**version))

    s.step("publish_result", publish(s.ask, layer, **PYTHON))
    first = add("add_policy_s1", "s1")
    policy("get_layer_version_policy")
    second = add("add_policy_s2", "s2", **first)
    policy("get_layer_version_policy_postadd2")
    s.step("remove_s2", s.ask.remove_layer_version_permission(**version, StatementId="s2", **second))
    policy("get_layer_version_policy_postdeletes2")


@recorded("test_layer_s3_content")
def content_in_a_bucket(s):
    content = {"S3Bucket": "bucket", "S3Key": s.object("layer.zip", package("layer"))}
    s.step("publish_layer_result", publish(s.ask, s.name("layer"), Content=content))


@recorded("test_layer_function_exceptions")
def refused_uses(s):
    name, layer = s.name(), s.name("layer")
    for step in "publish_result", "publish_result_2", "publish_result_3":
        s.step(step, publish(s.ask, layer, CompatibleRuntimes=[], **X86))
    s.fixture(name)
    s.step("get_fn_result", s.ask.get_function(FunctionName=name))

    def use(step, *layers):
        arns = [s.arn(f"layer:{each}") for each in layers]
        s.step(step, s.ask.update_function_configuration(FunctionName=name, Layers=arns))

    use("two_layer_versions_single_function_exc", f"{layer}:1", f"{layer}:2")
    use("three_layer_versions_single_function_exc", f"{layer}:1", f"{layer}:2", f"{layer}:3")
    use("two_identical_layer_versions_single_function_exc", f"{layer}:1", f"{layer}:1")
    use("add_nonexistent_layer_exc", "doesnotexist:1")
    use("add_nonexistent_layer_version_exc", f"{layer}:9")
    use("add_layer_arn_without_version_exc", layer)
    there = "eu-central-1"
    publish(s.client(there), layer)
    elsewhere = s.create(s.name(), Layers=[s.arn(f"layer:{layer}:1", region=there)])
    s.step("create_function_with_layer_in_different_region", elsewhere)


@recorded("test_layer_function_quota_exception")
def six_layers(s):
    layers = [s.name("layer") for _ in range(6)]
    for layer in layers:
        publish(s.do, layer)
    answer = s.create(s.name(), Layers=[s.arn(f"layer:{layer}:1") for layer in layers])
    s.step("create_function_with_six_layers", answer)


COMPATIBLE = {
    "runtimes0": "nodejs24.x nodejs22.x nodejs20.x nodejs18.x nodejs16.x nodejs14.x nodejs12.x python3.14 python3.13"
    " python3.12 python3.11 python3.10 python3.9 python3.8 python3.7",
    "runtimes1": "java25 java21 java17 java11 java8.al2 java8 dotnet10 dotnet8 dotnet6 dotnetcore3.1 go1.x ruby3.4"
    " ruby3.3 ruby3.2 ruby2.7",
    "runtimes2": "provided.al2023 provided.al2 provided",
}


@recorded("test_layer_compatibilities[{}]", *COMPATIBLE)
def compatibilities(s, which):
    runtimes, architectures = COMPATIBLE[which].split(), ["arm64", "x86_64"]
    layer = s.name("layer")
    answer = publish(s.ask, layer, CompatibleRuntimes=runtimes, CompatibleArchitectures=architectures)
    s.step("publish_result", answer)
