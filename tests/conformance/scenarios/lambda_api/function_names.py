"""Every form of function name and qualifier that is not accepted, with each of four operations."""

import re

from scenario import scenarios_of

recorded = scenarios_of("lambda_api::TestLambdaFunction")

OPERATIONS = "get_function", "delete_function", "invoke", "create_function"
ARN = "arn:aws:lambda:us-east-1:{account}:function:my-function"
ELSEWHERE = "arn:aws:lambda:invalid-region:{account}:function:my-function"

# What is wrong -> function name and qualifier.
CASES = {
    "function_name_is_single_invalid": ("*", None),
    "invalid_characters_in_function_name": ("my-function!", None),
    "invalid_characters_in_qualifier": ("my-function", "invalid!"),
    "qualifier_too_long0": ("my-function", "a" * 129),
    "invalid_account_id_in_partial_arn": ("invalid-account:function:my-function", None),
    "invalid_region_in_arn": (ELSEWHERE, None),
    "non_lambda_arn": ("arn:aws:ec2:us-east-1:{account}:instance:i-1234567890abcdef0", None),
    "function_name_too_long": ("a" * 65, None),
    "function_name_too_long_and_invalid_region": (ELSEWHERE + "a" * 170, None),
    "full_arn_and_qualifier_too_long_and_invalid_region": (ELSEWHERE + "-" + "a" * 170, "a" * 129),
    "qualifier_too_long1": ("my-function", "a" * 65),
    "full_arn_with_multiple_qualifiers": (ARN + ":1:2", None),
    "incomplete_arn": ("arn:aws:lambda:us-east-1:{account}:function", None),
    "partial_arn_with_extra_qualifier": ("function:my-function:$LATEST:extra", None),
    "latest_version_with_additional_qualifier": (ARN + ":$LATEST", "1"),
    "lowercase_latest_qualifier": (ARN, "$latest"),
    "missing_region_in_arn": ("arn:aws:lambda::{account}:function:my-function", None),
    "missing_account_id_in_arn": ("arn:aws:lambda:us-east-1::function:my-function", None),
    "misspelled_latest_in_arn": (ARN + ":$LATES", None),
    "qualifier_too_long": ("my-function", "a" * 129),
    "function_name_and_qualifier_too_long": ("my-function", "a" * 65),
}

# Creating accepts these; what it answered was not recorded.
ACCEPTED = {"qualifier_too_long1", "incomplete_arn", "function_name_and_qualifier_too_long"}


@recorded(
    "test_function_name_and_qualifier_validation[{}]",
    *(f"{case}-{operation}" for case in CASES for operation in OPERATIONS),
)
def unacceptable_name(s, parameter):
    case, _, operation = parameter.partition("-")
    name, qualifier = CASES[case]
    name = name.replace("{account}", s.account)
    if operation == "create_function":
        # Creating has no member for a qualifier: it is part of the name.
        answer = s.create(f"{name}:{qualifier}" if qualifier else name)
        if case in ACCEPTED:
            return
    else:
        named = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})
        answer = getattr(s.ask, operation)(**named)
    s.step(f"{operation}_exception", refusal(answer))


def refusal(answer):
    """A refusal as these scenarios recorded it: the failed constraints one by one, in no order."""
    code, message = answer["Error"]["Code"], answer["Error"]["Message"]
    if found := re.fullmatch(r"(\d+) validation errors? detected: (.*)", message):
        return {"Code": code, "Count": int(found[1]), "Errors": sorted(found[2].split("; "))}
    return {"Code": code, "Message": message}
