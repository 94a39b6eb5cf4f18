"""Functions named by ARN. Of these no answers were recorded, only that they were given."""

from scenario import scenarios_of

recorded = scenarios_of("lambda_api::TestPartialARNMatching")


@recorded("test_update_function_configuration_full_arn")
def update_by_arn(s):
    name = s.name()
    s.fixture(name)
    arn = s.arn(f"function:{name}")
    assert s.do.update_function_configuration(FunctionName=arn, Description="by ARN")["Description"] == "by ARN"
    assert s.active(name)["Description"] == "by ARN"


@recorded("test_cross_region_arn_function_access")
def function_of_another_region(s):
    name = s.name()
    s.fixture(name)
    there = s.client("eu-central-1")
    answer = there.get_function(FunctionName=s.arn(f"function:{name}"))
    assert answer["Error"]["Code"] == "ResourceNotFoundException"
