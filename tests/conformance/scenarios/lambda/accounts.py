"""What another account may do, once a policy lets it. Nothing but that it may was recorded."""

import json

from scenario import package, scenarios_of

recorded = scenarios_of("lambda::TestLambdaMultiAccounts")


class Other:
    """Another account, and the function of this one that it uses."""

    def __init__(self, s):
        self.s = s
        self.account = str(int(s.account) + 500_000)
        self.client = s.client(account=self.account)
        self.name = s.function("echo.py")
        self.arn = s.arn(f"function:{self.name}")

    def may(self, operation, action=None, **parameters):
        """The answer to what the other account may do: first it may not, then a policy lets it."""
        target = parameters or {"FunctionName": self.arn}
        refused = getattr(self.client, operation)(**target)
        self.s.check(refused.get("Error", {}).get("Code") == "AccessDeniedException", refused)
        action = action or "".join(word.capitalize() for word in operation.split("_"))
        statement = {"StatementId": operation, "Principal": self.account, "Action": f"lambda:{action}"}
        self.s.do.add_permission(FunctionName=self.name, **statement)
        answer = getattr(self.client, operation)(**target)
        self.s.check("Error" not in answer, answer)
        return answer


@recorded("test_get_function")
def get(s):
    other = Other(s)
    other.s.check(other.may("get_function")["Configuration"]["FunctionName"] == other.name, "another function")


@recorded("test_get_function_configuration")
def get_configuration(s):
    other = Other(s)
    other.s.check(other.may("get_function_configuration")["FunctionName"] == other.name, "another function")


@recorded("test_list_versions_by_function")
def versions(s):
    found = Other(s).may("list_versions_by_function")["Versions"]
    s.check([each["Version"] for each in found] == ["$LATEST"], found)


@recorded("test_function_concurrency")
def concurrency(s):
    all_about_concurrency(Other(s))


def all_about_concurrency(other):
    other.may("put_function_concurrency", FunctionName=other.arn, ReservedConcurrentExecutions=1)
    found = other.may("get_function_concurrency")
    other.s.check(found["ReservedConcurrentExecutions"] == 1, found)
    other.may("delete_function_concurrency")


@recorded("test_function_alias")
def alias(s):
    all_about_aliases(Other(s))


def all_about_aliases(other):
    named = {"FunctionName": other.arn, "Name": "live"}
    other.may("create_alias", **named, FunctionVersion="$LATEST")
    other.s.check(other.may("get_alias", **named)["Name"] == "live", "another alias")
    other.may("list_aliases")
    other.may("update_alias", **named, Description="new")
    other.may("delete_alias", **named)


@recorded("test_function_tags")
def tags(s):
    all_about_tags(Other(s))


def all_about_tags(other):
    other.may("tag_resource", Resource=other.arn, Tags={"one": "1"})
    found = other.may("list_tags", Resource=other.arn)["Tags"]
    other.s.check(found == {"one": "1"}, found)
    other.may("untag_resource", Resource=other.arn, TagKeys=["one"])


@recorded("test_function_invocation")
def invocation(s):
    invoked(Other(s))


def invoked(other):
    event = json.dumps({"hello": "world"})
    answer = other.may("invoke", "InvokeFunction", FunctionName=other.arn, Payload=event)
    other.s.check(answer.get("Payload") == event, answer)


@recorded("test_publish_version")
def version(s):
    answer = Other(s).may("publish_version")
    s.check(answer["Version"] == "1", answer)


@recorded("test_delete_function")
def deletion(s):
    deleted(Other(s))


def deleted(other):
    other.may("delete_function")
    gone = other.s.ask.get_function(FunctionName=other.name)
    other.s.check(gone["Error"]["Code"] == "ResourceNotFoundException", gone)


@recorded("test_get_lambda_layer")
def layer(s):
    layer_of(Other(s))


def layer_of(other):
    s, name = other.s, "layer"
    published = s.do.publish_layer_version(LayerName=name, Content={"ZipFile": package()})
    # Answers name the account under which everything was recorded.
    arn = s.arn(f"layer:{name}:{published['Version']}")
    refused = other.client.get_layer_version_by_arn(Arn=arn)
    s.check(refused["Error"]["Code"] == "AccessDeniedException", refused)
    statement = {"StatementId": "other", "Principal": other.account, "Action": "lambda:GetLayerVersion"}
    s.do.add_layer_version_permission(LayerName=name, VersionNumber=published["Version"], **statement)
    found = other.client.get_layer_version_by_arn(Arn=arn)
    s.check(found.get("Version") == published["Version"], found)


@recorded("test_cross_account_access")
def everything(s):
    other = Other(s)
    for operation in "get_function", "get_function_configuration", "list_versions_by_function", "publish_version":
        other.may(operation)
    for deed in layer_of, all_about_concurrency, all_about_aliases, all_about_tags, invoked, deleted:
        deed(other)
