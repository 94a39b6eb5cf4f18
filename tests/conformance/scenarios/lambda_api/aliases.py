"""Aliases and the weights of their versions."""

from scenario import scenarios_of

recorded = scenarios_of("lambda_api::TestLambdaAlias")

STAGING = {"Variables": {"testenv": "staging"}}
PRODUCTION = {"Variables": {"testenv": "prod"}}


def weights(**versions):
    """A routing configuration: `weights(v2=0.5)`."""
    return {"AdditionalVersionWeights": {name.removeprefix("v"): weight for name, weight in versions.items()}}


def create(s, **parameters):
    name = s.name()
    s.step("create_response", s.create(name, Environment=STAGING, **parameters))
    s.active(name)
    return name


def publish_two(s, name):
    s.step("publish_v1", s.ask.publish_version(FunctionName=name))
    s.do.update_function_configuration(FunctionName=name, Environment=PRODUCTION)
    s.active(name)
    s.step("publish_v2", s.ask.publish_version(FunctionName=name))


@recorded("test_alias_lifecycle")
def life(s):
    name = create(s)
    publish_two(s, name)

    def create_alias(which, version, **parameters):
        alias = f"aliasname{which}"
        made = s.ask.create_alias(FunctionName=name, Name=alias, FunctionVersion=version, **parameters)
        s.step(f"create_alias_{which}", made)
        s.step(f"get_alias_{which}", s.ask.get_alias(FunctionName=name, Name=alias))

    described = {"Description": "custom-alias"}
    create_alias("1_1", "1", RoutingConfig=weights(v2=0.2), **described)
    s.step("get_function_alias_1_1", s.ask.get_function(FunctionName=name, Qualifier="aliasname1_1"))
    by_arn = s.ask.get_function(FunctionName=s.arn(f"function:{name}:aliasname1_1"))
    s.step("get_function_byarn_alias_1_1", by_arn)
    missing = "aliasdoesnotexist"
    s.step("get_function_alias_notfound_exc", s.ask.get_function(FunctionName=name, Qualifier=missing))
    by_arn = s.ask.get_function(FunctionName=s.arn(f"function:{name}:{missing}"))
    s.step("get_function_alias_byarn_notfound_exc", by_arn)
    create_alias("1_2", "1", **described)
    create_alias("1_3", "1")
    create_alias("2", "2", **described)
    s.step("list_aliases_for_fnname", s.ask.list_aliases(FunctionName=name))

    def update_alias(which, list_step, **parameters):
        alias = f"aliasname{which}"
        s.step(f"update_alias_{which}", s.ask.update_alias(FunctionName=name, Name=alias, **parameters))
        s.step(f"get_alias_{which}_after_update", s.ask.get_alias(FunctionName=name, Name=alias))
        s.step(list_step, s.ask.list_aliases(FunctionName=name))

    update_alias("1_1", "list_aliases_for_fnname_after_update", RoutingConfig=weights())
    update_alias("1_2", "list_aliases_for_fnname_after_update_2", RoutingConfig=weights())
    s.step("list_aliases_for_version", s.ask.list_aliases(FunctionName=name, FunctionVersion="1"))
    s.step("delete_alias_response", s.ask.delete_alias(FunctionName=name, Name="aliasname1_1"))
    s.step("list_aliases_for_fnname_afterdelete", s.ask.list_aliases(FunctionName=name))


@recorded("test_notfound_and_invalid_routingconfigs")
def refused_routes(s):
    name = create(s, Publish=True)
    publish_two(s, name)

    def alias(step, version="1", routing=None, function=name, named="custom"):
        parameters = {"RoutingConfig": routing} if routing is not None else {}
        s.step(step, s.ask.create_alias(FunctionName=function, Name=named, FunctionVersion=version, **parameters))

    alias("routing_config_exc_toomany", routing=weights(v1=0.1, v2=0.2))
    alias("routing_config_exc_toohigh", routing=weights(v2=2.0))
    alias("routing_config_exc_subzero", routing=weights(v2=-1.0))
    alias("routing_config_exc_sameversion", routing=weights(v1=0.5))
    alias("target_version_doesnotexist", version="10", routing=weights(v2=0.5))
    alias("routing_config_exc_version_doesnotexist", routing=weights(v10=0.5))
    alias("target_version_exc_version_latest", version="$LATEST", routing=weights(v1=0.5))
    latest = {"AdditionalVersionWeights": {"$LATEST": 0.5}}
    alias("routing_config_exc_version_latest", routing=latest)
    alias("create-alias-latest", version="$LATEST", named="custom-latest")
    alias("routing_config_exc_fn_doesnotexist", routing=weights(v2=0.5), function=f"{name}-unknown")
    alias("create_alias_empty_routingconfig", routing={}, named="custom-empty-routingconfig")
    alias("create_alias_response", routing=weights(v2=0.5))
    alias("routing_config_exc_already_exist", routing=weights(v2=0.5))
    s.step("alias_does_not_exist_esc", s.ask.get_alias(FunctionName=name, Name="non-existent"))


@recorded("test_alias_naming")
def names(s):
    name = create(s)
    s.step("publish_v1", s.ask.publish_version(FunctionName=name))
    date = {"FunctionName": name, "Name": "2024-01-02"}
    made = s.ask.create_alias(**date, FunctionVersion="1", Description="custom-alias")
    s.step("create_alias_date", made)
    s.step("get_alias_date", s.ask.get_alias(**date))
    number = s.ask.create_alias(FunctionName=name, Name="2024", FunctionVersion="1", Description="custom-alias")
    s.step("create_alias_number_exception", number)


@recorded("test_non_existent_alias_deletion")
def delete_no_alias(s):
    name = create(s)
    s.step("delete_alias_response", s.ask.delete_alias(FunctionName=name, Name="non-existent"))


@recorded("test_non_existent_alias_update")
def update_no_alias(s):
    name = create(s)
    s.step("update_alias_response", s.ask.update_alias(FunctionName=name, Name="non-existent"))
