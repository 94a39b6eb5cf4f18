"""A good request per operation, and what must exist for it.

A baseline is made by a function that gets a `World`: it makes what the request needs, through the API, and returns the request.
`VARIANTS` are further good requests: what is laid over the baseline.
"""

import itertools
import json

from kit.zips import package

ROLE = "arn:aws:iam::000000000000:role/tests"
ZIP = package({"index.py": "def handler(event, context):\n    return event\n"})
OTHER_ZIP = package({"index.py": "def handler(event, context):\n    return None\n"})
LAYER_ZIP = package({"python/shared.py": "VALUE = 1\n"})
ACCOUNT, REGION = "000000000000", "us-east-1"
_numbers = itertools.count(1)


class World:
    """Makes what requests need."""

    def __init__(self, aws, sqs):
        self.aws = aws
        self.sqs = sqs

    def name(self):
        return f"model-{next(_numbers)}"

    def function(self):
        name = self.name()
        self.aws.create_function(
            FunctionName=name, Runtime="python3.12", Handler="index.handler", Role=ROLE, Code={"ZipFile": ZIP}
        )
        self.aws.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05})
        return name

    def version(self):
        name = self.function()
        return name, self.aws.publish_version(FunctionName=name)["Version"]

    def alias(self):
        name, version = self.version()
        self.aws.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
        return name, "live"

    def arn(self, name):
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"

    def layer(self):
        name = self.name()
        return name, self.aws.publish_layer_version(LayerName=name, Content={"ZipFile": LAYER_ZIP})

    def signing_config(self):
        profile = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/p/0123456789"
        answer = self.aws.create_code_signing_config(AllowedPublishers={"SigningProfileVersionArns": [profile]})
        return answer["CodeSigningConfig"]["CodeSigningConfigArn"]

    def queue(self):
        """The ARN of a queue."""
        name = self.name()
        self.sqs.create_queue(QueueName=name)
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    def mapping(self):
        answer = self.aws.create_event_source_mapping(FunctionName=self.function(), EventSourceArn=self.queue())
        return answer["UUID"]


def permission(world, name, **more):
    return {"FunctionName": name, "StatementId": "s1", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", **more}


def with_permission(world):
    name = world.function()
    world.aws.add_permission(**permission(world, name))
    return {"FunctionName": name, "StatementId": "s1"}


def with_layer_permission(world):
    name, _ = world.layer()
    given = {"LayerName": name, "VersionNumber": 1, "StatementId": "s1"}
    world.aws.add_layer_version_permission(**given, Action="lambda:GetLayerVersion", Principal="*")
    return given


def with_tags(world):
    name = world.function()
    world.aws.tag_resource(Resource=world.arn(name), Tags={"a": "1"})
    return {"Resource": world.arn(name), "TagKeys": ["a"]}


def with_url(world):
    name = world.function()
    world.aws.create_function_url_config(FunctionName=name, AuthType="NONE")
    return {"FunctionName": name}


def with_event_config(world):
    name = world.function()
    world.aws.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    return {"FunctionName": name}


def with_provisioned(world):
    name, version = world.version()
    world.aws.put_provisioned_concurrency_config(FunctionName=name, Qualifier=version, ProvisionedConcurrentExecutions=1)
    return {"FunctionName": name, "Qualifier": version}


def of_function(**more):
    return lambda world: {"FunctionName": world.function(), **more}


def of_alias(**more):
    def baseline(world):
        name, alias = world.alias()
        return {"FunctionName": name, "Name": alias, **more}

    return baseline


def of_layer(**more):
    return lambda world: {"LayerName": world.layer()[0], "VersionNumber": 1, **more}


def create_alias(world):
    name, version = world.version()
    return {"FunctionName": name, "Name": "live", "FunctionVersion": version}


def put_provisioned(world):
    name, version = world.version()
    return {"FunctionName": name, "Qualifier": version, "ProvisionedConcurrentExecutions": 1}


def put_policy(world):
    name = world.function()
    statement = {"Sid": "s1", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "lambda:InvokeFunction"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": world.arn(name)}]}
    return {"ResourceArn": world.arn(name), "Policy": json.dumps(policy)}


BASELINES = {
    "AddLayerVersionPermission": of_layer(StatementId="s1", Action="lambda:GetLayerVersion", Principal="*"),
    "AddPermission": lambda world: permission(world, world.function()),
    "CreateAlias": create_alias,
    "CreateCodeSigningConfig": lambda world: {
        "AllowedPublishers": {
            "SigningProfileVersionArns": [f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/p/0123456789"]
        }
    },
    "CreateEventSourceMapping": lambda world: {
        "FunctionName": world.function(),
        "EventSourceArn": world.queue(),
    },
    "CreateFunction": lambda world: {
        "FunctionName": world.name(),
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Role": ROLE,
        "Code": {"ZipFile": ZIP},
    },
    "CreateFunctionUrlConfig": of_function(AuthType="NONE"),
    "DeleteAlias": of_alias(),
    "DeleteCodeSigningConfig": lambda world: {"CodeSigningConfigArn": world.signing_config()},
    "DeleteEventSourceMapping": lambda world: {"UUID": world.mapping()},
    "DeleteFunction": of_function(),
    "DeleteFunctionCodeSigningConfig": of_function(),
    "DeleteFunctionConcurrency": of_function(),
    "DeleteFunctionEventInvokeConfig": with_event_config,
    "DeleteFunctionUrlConfig": with_url,
    "DeleteLayerVersion": of_layer(),
    "DeleteProvisionedConcurrencyConfig": with_provisioned,
    "DeleteResourcePolicy": lambda world: {"ResourceArn": world.arn(with_permission(world)["FunctionName"])},
    "GetAccountSettings": lambda world: {},
    "GetAlias": of_alias(),
    "GetCodeSigningConfig": lambda world: {"CodeSigningConfigArn": world.signing_config()},
    "GetEventSourceMapping": lambda world: {"UUID": world.mapping()},
    "GetFunction": of_function(),
    "GetFunctionCodeSigningConfig": of_function(),
    "GetFunctionConcurrency": of_function(),
    "GetFunctionConfiguration": of_function(),
    "GetFunctionEventInvokeConfig": with_event_config,
    "GetFunctionRecursionConfig": of_function(),
    "GetFunctionUrlConfig": with_url,
    "GetLayerVersion": of_layer(),
    "GetLayerVersionByArn": lambda world: {"Arn": world.layer()[1]["LayerVersionArn"]},
    "GetLayerVersionPolicy": lambda world: {
        name: value for name, value in with_layer_permission(world).items() if name != "StatementId"
    },
    "GetPolicy": lambda world: {"FunctionName": with_permission(world)["FunctionName"]},
    "GetProvisionedConcurrencyConfig": with_provisioned,
    "GetResourcePolicy": lambda world: {"ResourceArn": world.arn(with_permission(world)["FunctionName"])},
    "GetRuntimeManagementConfig": of_function(),
    "Invoke": of_function(Payload=b"{}"),
    "InvokeAsync": of_function(InvokeArgs=b"{}"),
    "InvokeWithResponseStream": of_function(Payload=b"{}"),
    "ListAliases": of_function(),
    "ListCodeSigningConfigs": lambda world: {},
    "ListEventSourceMappings": lambda world: {},
    "ListFunctionEventInvokeConfigs": of_function(),
    "ListFunctionUrlConfigs": of_function(),
    "ListFunctions": lambda world: {},
    "ListFunctionsByCodeSigningConfig": lambda world: {"CodeSigningConfigArn": world.signing_config()},
    "ListLayerVersions": lambda world: {"LayerName": world.layer()[0]},
    "ListLayers": lambda world: {},
    "ListProvisionedConcurrencyConfigs": of_function(),
    "ListTags": lambda world: {"Resource": world.arn(world.function())},
    "ListVersionsByFunction": of_function(),
    "PublishLayerVersion": lambda world: {"LayerName": world.name(), "Content": {"ZipFile": LAYER_ZIP}},
    "PublishVersion": of_function(),
    "PutFunctionCodeSigningConfig": lambda world: {
        "FunctionName": world.function(),
        "CodeSigningConfigArn": world.signing_config(),
    },
    "PutFunctionConcurrency": of_function(ReservedConcurrentExecutions=1),
    "PutFunctionEventInvokeConfig": of_function(MaximumRetryAttempts=1),
    "PutFunctionRecursionConfig": of_function(RecursiveLoop="Allow"),
    "PutProvisionedConcurrencyConfig": put_provisioned,
    "PutResourcePolicy": put_policy,
    "PutRuntimeManagementConfig": of_function(UpdateRuntimeOn="Auto"),
    "RemoveLayerVersionPermission": with_layer_permission,
    "RemovePermission": with_permission,
    "TagResource": lambda world: {"Resource": world.arn(world.function()), "Tags": {"a": "1"}},
    "UntagResource": with_tags,
    "UpdateAlias": of_alias(Description="changed"),
    "UpdateCodeSigningConfig": lambda world: {"CodeSigningConfigArn": world.signing_config(), "Description": "changed"},
    "UpdateEventSourceMapping": lambda world: {"UUID": world.mapping(), "BatchSize": 5},
    "UpdateFunctionCode": of_function(ZipFile=OTHER_ZIP),
    "UpdateFunctionConfiguration": of_function(Description="changed"),
    "UpdateFunctionEventInvokeConfig": lambda world: {**with_event_config(world), "MaximumRetryAttempts": 0},
    "UpdateFunctionUrlConfig": lambda world: {**with_url(world), "AuthType": "AWS_IAM"},
}

CONFIGURATION = [
    {"Timeout": 1},
    {"Timeout": 900},
    {"MemorySize": 128},
    {"MemorySize": 10_240},
    {"Description": "d" * 256},
    {"Handler": "h" * 128},
    {"EphemeralStorage": {"Size": 512}},
    {"EphemeralStorage": {"Size": 10_240}},
    {"TracingConfig": {"Mode": "Active"}},
    {"TracingConfig": {"Mode": "PassThrough"}},
    {"SnapStart": {"ApplyOn": "None"}},
    {"LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "TRACE", "SystemLogLevel": "WARN"}},
    {"LoggingConfig": {"LogFormat": "Text", "LogGroup": "g" * 512}},
    {"Environment": {"Variables": {"AB": "b" * 4_000}}},
    {"Environment": {"Variables": {}}},
    {"VpcConfig": {}, "DeadLetterConfig": {}, "KMSKeyArn": "", "Layers": [], "FileSystemConfigs": []},
]

VARIANTS = {
    "CreateFunction": [
        *CONFIGURATION,
        {"Publish": True},
        {"Architectures": ["arm64"]},
        {"PackageType": "Zip"},
        {"Tags": {f"tag-{number}": "v" for number in range(50)}},
    ],
    "UpdateFunctionConfiguration": CONFIGURATION,
    "UpdateFunctionCode": [{"DryRun": True}, {"Publish": True}, {"Architectures": ["x86_64"]}],
    "Invoke": [
        {"InvocationType": "DryRun"},
        {"InvocationType": "Event"},
        {"LogType": "Tail"},
        {"Qualifier": "$LATEST"},
        {"Payload": b""},
    ],
    "ListFunctions": [{"MaxItems": 1}, {"MaxItems": 10_000}],
    "PutFunctionRecursionConfig": [{"RecursiveLoop": "Terminate"}],
    "PutFunctionEventInvokeConfig": [
        {"MaximumRetryAttempts": 0},
        {"MaximumRetryAttempts": 2},
        {"MaximumEventAgeInSeconds": 60},
        {"MaximumEventAgeInSeconds": 21_600},
    ],
    "PublishLayerVersion": [
        {"CompatibleRuntimes": ["python3.12"], "CompatibleArchitectures": ["x86_64", "arm64"], "LicenseInfo": "l" * 512},
    ],
    "CreateFunctionUrlConfig": [{"InvokeMode": "RESPONSE_STREAM"}, {"Cors": {"AllowOrigins": ["*"], "MaxAge": 86_400}}],
    "AddPermission": [
        {"Principal": "123456789012", "SourceAccount": "123456789012"},
        {"SourceArn": "arn:aws:s3:::bucket"},
        {"StatementId": "s" * 100},
    ],
}
