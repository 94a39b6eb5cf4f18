"""Tags of functions, event source mappings and capacity providers."""

from scenario import scenarios_of

tag = scenarios_of("lambda_api::TestLambdaTag")
tags = scenarios_of("lambda_api::TestLambdaTags")


def function(s, **parameters):
    """A function's name and ARN."""
    name = s.name()
    s.fixture(name, **parameters)
    return name, s.arn(f"function:{name}")


def mapping(s, **parameters):
    """An event source mapping and its ARN."""
    name, _ = function(s)
    _, queue = s.queue()
    made = s.do.create_event_source_mapping(FunctionName=name, EventSourceArn=queue, **parameters)
    return made, s.arn(f"event-source-mapping:{made['UUID']}")


@tag("test_create_tag_on_fn_create")
def tagged_when_created(s):
    name, arn = function(s, Tags={"testtag": "a-tag"})
    s.step("get_function_result", s.ask.get_function(FunctionName=name))
    s.step("list_tags_result", s.ask.list_tags(Resource=arn))


@tag("test_create_tag_on_esm_create")
def mapping_tagged_when_created(s):
    made, arn = mapping(s, Tags={"testtag": "a-tag"})
    found = s.ask.get_event_source_mapping(UUID=made["UUID"])
    s.step("get_event_source_mapping_with_tag", found.get("UUID") == made["UUID"])
    s.step("list_tags_result", s.ask.list_tags(Resource=arn))


def life(s, arn):
    """Tags come, change and go."""

    def then(step, answer):
        s.step(f"{step}_response", answer)
        s.step(f"{step}_response_listtags", s.ask.list_tags(Resource=arn))

    def put(step, **tags):
        then(step, s.ask.tag_resource(Resource=arn, Tags=tags))

    def remove(step, *keys):
        then(step, s.ask.untag_resource(Resource=arn, TagKeys=list(keys)))

    put("tag_single", A="tag-a")
    put("tag_multiple", B="tag-b", C="tag-c")
    put("tag_overlap", C="tag-c-newsuffix", D="tag-d")
    remove("untag_single", "A")
    remove("untag_multiple", "B", "C")
    remove("untag_nonexisting", "F")
    remove("untag_existing_and_nonexisting", "D", "F")


@tag("test_tag_lifecycle")
def life_in_2024(s):
    life(s, function(s)[1])


@tag("test_tag_lifecycle[{}]", "lambda_function", "event_source_mapping")
def life_of(s, kind):
    life(s, function(s)[1] if kind == "lambda_function" else mapping(s)[1])


def not_found(s, arn):
    s.step("not_found_exception_tag", s.ask.tag_resource(Resource=arn, Tags={"A": "B"}))
    s.step("not_found_exception_untag", s.ask.untag_resource(Resource=arn, TagKeys=["A"]))
    s.step("not_found_exception_list", s.ask.list_tags(Resource=arn))


@tag("test_tag_nonexisting_resource")
def deleted_function(s):
    name, arn = function(s)
    s.step("pre_delete_get_function", s.ask.get_function(FunctionName=name))
    s.do.delete_function(FunctionName=name)
    not_found(s, arn)


@tag("test_tag_exceptions[{}]", "lambda_function", "event_source_mapping", "capacity_provider")
def no_such_resource(s, kind):
    resource = {
        "lambda_function": "function:no-such-function",
        "event_source_mapping": "event-source-mapping:aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
        "capacity_provider": "capacity-provider:no-such-provider",
    }[kind]
    arn = s.arn(resource)
    not_found(s, arn)
    s.step("aliased_arn_exception", s.ask.tag_resource(Resource=f"{arn}:alias", Tags={"A": "B"}))
    invalid = s.arn("foobar:" + resource.partition(":")[2])
    s.step("invalid_arn_exception", s.ask.tag_resource(Resource=invalid, Tags={"A": "B"}))


@tags("test_tag_exceptions")
def refused(s):
    _, arn = function(s)
    some = {"A": "B"}
    s.step("tag_lambda_invalidarn", s.ask.tag_resource(Resource="arn:aws:something", Tags=some))
    s.step("tag_lambda_doesnotexist", s.ask.tag_resource(Resource=s.arn("function:doesnotexist"), Tags=some))
    qualified = s.ask.tag_resource(Resource=f"{arn}:doesnotexist", Tags=some)
    s.step("tag_lambda_qualifier_doesnotexist", qualified)
    s.step("list_tag_lambda_empty", s.ask.list_tags(Resource=arn))
    s.step("untag_nomatch", s.ask.untag_resource(Resource=arn, TagKeys=["A"]))
    s.step("untag_empty_keys", s.ask.untag_resource(Resource=arn, TagKeys=[]))
    s.step("tag_empty_tags", s.ask.tag_resource(Resource=arn, Tags={}))


def many(count):
    return {f"{number}_key": f"{number}_value" for number in range(count)}


@tags("test_tag_limits")
def fifty(s):
    name, arn = function(s)
    s.step("tag_lambda_too_many_tags", s.ask.tag_resource(Resource=arn, Tags=many(51)))
    s.step("tag_response", s.ask.tag_resource(Resource=arn, Tags=many(50)))
    s.step("list_tags_response", s.ask.list_tags(Resource=arn))
    s.step("get_fn_response", s.ask.get_function(FunctionName=name))
    s.step("tag_lambda_too_many_tags_additional", s.ask.tag_resource(Resource=arn, Tags={"one": "more"}))
    s.step("create_function_invalid_tags", s.create(s.name(), Tags=many(51)))


@tags("test_tag_versions")
def versions_have_none(s):
    name, arn = function(s)
    s.do.publish_version(FunctionName=name)
    s.step("tag_resource_exception", s.ask.tag_resource(Resource=f"{arn}:1", Tags={"A": "B"}))
    s.step("tag_resource_latest_exception", s.ask.tag_resource(Resource=f"{arn}:$LATEST", Tags={"A": "B"}))


@tags("test_tag_lifecycle")
def tags_as_the_function_shows_them(s):
    name, arn = function(s, Tags={"key_a": "value_a"})

    def look(when):
        s.step(f"list_tags_response_{when}", s.ask.list_tags(Resource=arn))
        s.step(f"get_fn_response_{when}", s.ask.get_function(FunctionName=name))

    look("postfncreate")
    more = {f"key_{letter}": f"value_{letter}" for letter in "bcde"}
    s.step("tag_resource_response", s.ask.tag_resource(Resource=arn, Tags=more))
    look("postaddtags")
    s.step("tag_resource_overwrite", s.ask.tag_resource(Resource=arn, Tags={"key_c": "value_x"}))
    look("overwrite")
    s.do.untag_resource(Resource=arn, TagKeys=["key_c", "key_d"])
    look("postuntag")
    s.do.untag_resource(Resource=arn, TagKeys=["key_a", "key_b", "key_e"])
    look("postuntagall")
    s.do.delete_function(FunctionName=name)
    s.step("list_tags_postdelete", s.ask.list_tags(Resource=arn))
