"""The operations that are not built yet say so; none is a 404."""

import botocore.session
import pytest
from botocore import xform_name

from kit import host
from kit.raw import request

MODEL = botocore.session.get_session().get_service_model("lambda")


def implemented():
    """A file below a crate's `ops/` is an operation: that is how the control plane finds them, too."""
    names = (path.stem for path in host.REPOSITORY.glob("crates/control*/src/ops/*/*.rs"))
    return {"".join(part.capitalize() for part in name.split("_")) for name in names}


def missing():
    return sorted(set(MODEL.operation_names) - implemented())


# Values of the members and shapes that the model wants in a form of their own.
ARN = "arn:aws:lambda:us-east-1:000000000000"
VALUES = {
    "CodeSigningConfigArn": f"{ARN}:code-signing-config:csc-{'0' * 17}",
    "DurableExecutionArn": f"{ARN}:function:f:$LATEST/durable-execution/e/0",
    "TaggableResource": f"{ARN}:function:f",
    "LayerVersionArn": f"{ARN}:layer:l:1",
    "LayerPermissionAllowedAction": "lambda:GetLayerVersion",
    "LayerPermissionAllowedPrincipal": "*",
    "Action": "lambda:InvokeFunction",
    "Arn": f"{ARN}:function:f",
    "RoleArn": "arn:aws:iam::000000000000:role/r",
    "SigningProfileVersionArns": ["arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/0123456789"],
    "UUID": "00000000-0000-4000-8000-000000000000",
    "Name": "n",
    "SubnetIds": ["subnet-0"],
    "SecurityGroupIds": ["sg-0"],
}


def least(shape, member=None):
    """The smallest value of a shape that the model accepts."""
    if known := VALUES.get(shape.name) or VALUES.get(member):
        return known
    match shape.type_name:
        case "structure":
            return {name: least(shape.members[name], name) for name in shape.required_members}
        case "list":
            return [least(shape.member)] * max(1, shape.metadata.get("min", 0))
        case "map":
            return {"key": "value"}
        case "string":
            return shape.enum[0] if shape.enum else "1" * max(1, shape.metadata.get("min", 0))
        case "blob":
            return b"{}"
        case "boolean":
            return False
        case "timestamp":
            return 0
        case _:
            return max(1, shape.metadata.get("min", 0))


def call(client, name):
    """Calls an operation with the least input and returns how it was refused."""
    method = getattr(client, xform_name(name))
    with pytest.raises(client.exceptions.ClientError) as refused:
        method(**least(MODEL.operation_model(name).input_shape))
    return refused.value.response


def turn_slash(request, **_):
    """Gives the path the trailing slash that it does not have, and takes the one that it has."""
    path, question, query = request.url.partition("?")
    request.url = (path[:-1] if path.endswith("/") else path + "/") + question + query


@pytest.mark.parametrize("name", missing())
def test_an_operation_that_is_not_built_says_so(lambent, name):
    as_modelled, turned = lambent.client(), lambent.client()
    turned.meta.events.register("before-sign.lambda", turn_slash)
    for client in (as_modelled, turned):
        answer = call(client, name)
        assert answer["Error"]["Code"] == "NotImplementedException", answer
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
        assert name in answer["Error"]["Message"]


def test_a_path_of_no_operation_is_unknown(lambent):
    answer = request(lambent, "GET", "/2015-03-31/nothing")
    assert answer.status == 404 and answer.headers["x-amzn-errortype"] == "UnknownOperationException"
    assert request(lambent, "PATCH", "/2015-03-31/functions").status in (404, 405)
