//! `CreateAlias`.

use crate::{
    Core, Refusal,
    alias::{self, Alias, Wanted},
    documents::Stored,
    naming::Target,
};
use lambent_models::lambda::{AliasConfiguration, CreateAliasRequest};
use lambent_store::Condition;
use lambent_types::{AliasName, RevisionId, Version};
use lambent_wire::RequestContext;

pub(crate) async fn create_alias(
    core: &Core,
    cx: &RequestContext,
    input: CreateAliasRequest,
) -> Result<AliasConfiguration, Refusal> {
    let target = Target::read(cx, input.function_name, None)?;
    let text = input.function_version.unwrap_or_default();
    let not_found = || Refusal::FunctionNotFound(format!("{}:{text}", target.unqualified_arn()));
    let function = target.key.as_ref().ok_or_else(not_found)?;
    let version = alias::version_named(&text, function)?;
    let route = alias::route(input.routing_config.unwrap_or_default(), function)?;
    if core.store
        .function(&function.version(Version::Latest))
        .await?
        .is_none()
    {
        return Err(not_found());
    }
    Wanted { version, route }.check()?;
    let name = input.name.unwrap_or_default();
    let name: AliasName = name.parse().map_err(|_| not_found())?;
    let stored = Stored {
        key: alias::key(function, &name),
        revision: RevisionId::new(core.ids.as_ref()),
        value: Alias {
            version,
            description: input.description.unwrap_or_default(),
            route,
        },
    };
    let absent = Condition::DocumentAbsent(stored.key.clone());
    core.store_alias(function, &stored, absent).await?;
    Ok(Alias::shown(&stored, function))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, core, record, refused};
    use lambent_models::lambda::AliasRoutingConfiguration;

    fn request(version: &str, weights: &[(&str, f64)]) -> CreateAliasRequest {
        let weights = weights.iter().map(|(version, weight)| ((*version).to_owned(), *weight));
        CreateAliasRequest {
            function_name: Some("f".to_owned()),
            name: Some("live".to_owned()),
            function_version: Some(version.to_owned()),
            routing_config: Some(AliasRoutingConfiguration {
                additional_version_weights: Some(weights.collect()),
            }),
            ..CreateAliasRequest::default()
        }
    }

    async fn given_two_versions(core: &Core) {
        for version in [Version::Latest, Version::Published(1), Version::Published(2)] {
            let mut each = record("f");
            each.key.version = version;
            core.given(each).await;
        }
    }

    #[tokio::test]
    async fn an_alias_is_given_once() {
        let (core, cx) = (core(), context());
        given_two_versions(&core).await;
        let made = create_alias(&core, &cx, request("1", &[("2", 0.5)])).await.unwrap();
        let arn = "arn:aws:lambda:us-east-1:111111111111:function:f:live";
        assert_eq!(made.alias_arn.as_deref(), Some(arn));
        assert_eq!(
            (made.function_version.as_deref(), made.description.as_deref()),
            (Some("1"), Some(""))
        );
        assert!(made.routing_config.is_some());
        assert_eq!(
            refused(create_alias(&core, &cx, request("1", &[])).await),
            ("ResourceConflictException", format!("Alias already exists: {arn}"))
        );
    }

    #[tokio::test]
    async fn bad_routes_are_refused_in_recorded_words() {
        let (core, cx) = (core(), context());
        let function = "arn:aws:lambda:us-east-1:111111111111:function:f";
        let message = |answer| refused::<AliasConfiguration>(answer).1;
        assert_eq!(
            message(create_alias(&core, &cx, request("1", &[])).await),
            format!("Function not found: {function}:1")
        );
        given_two_versions(&core).await;
        let cases = [
            (
                request("1", &[("1", 0.5), ("2", 0.5)]),
                "Number of items in AdditionalVersionWeights cannot be greater than 1".to_owned(),
            ),
            (
                request("1", &[("1", 0.5)]),
                "Invalid function version 1. Function version 1 is already included in routing configuration."
                    .to_owned(),
            ),
            (
                request("$LATEST", &[("1", 0.5)]),
                "$LATEST is not supported for an alias pointing to more than 1 version".to_owned(),
            ),
            (request("10", &[]), format!("Function not found: {function}:10")),
            (
                request("1", &[("10", 0.5)]),
                format!("Function not found: {function}:10"),
            ),
        ];
        for (input, text) in cases {
            assert_eq!(message(create_alias(&core, &cx, input).await), text);
        }
        let latest = create_alias(&core, &cx, request("$LATEST", &[])).await.unwrap();
        assert_eq!(
            (latest.function_version.as_deref(), latest.routing_config),
            (Some("$LATEST"), None)
        );
    }
}
