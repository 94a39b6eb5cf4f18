//! `UpdateAlias`.

use crate::{
    Core, Refusal, TRIES,
    alias::{self, Alias, Wanted},
    documents::Stored,
    naming::Target,
};
use lambent_models::lambda::{AliasConfiguration, UpdateAliasRequest};
use lambent_types::{FunctionKey, RevisionId};
use lambent_wire::RequestContext;

pub(crate) async fn update_alias(
    core: &Core,
    cx: &RequestContext,
    input: UpdateAliasRequest,
) -> Result<AliasConfiguration, Refusal> {
    let target = Target::read(cx, input.function_name.clone(), None)?;
    let text = input.name.clone().unwrap_or_default();
    let not_found = || Refusal::NotFound(format!("Alias not found: {}:{text}", target.unqualified_arn()));
    let (Some(function), Ok(name)) = (&target.key, text.parse()) else {
        return Err(not_found());
    };
    for _ in 0..TRIES {
        let before = core.alias(function, &name).await?.ok_or_else(not_found)?;
        if input
            .revision_id
            .as_ref()
            .is_some_and(|expected| *expected != before.revision.to_string())
        {
            return Err(Refusal::RevisionMismatch);
        }
        let after = Stored {
            key: before.key.clone(),
            revision: RevisionId::new(core.ids.as_ref()),
            value: changed(&before.value, &input, function)?,
        };
        match core.store_alias(function, &after, before.unchanged()).await {
            // Someone changed it just now: look again.
            Err(Refusal::RevisionMismatch) => {}
            stored => {
                stored?;
                core.provisioned_moved(&function.version(before.value.version)).await?;
                return Ok(Alias::shown(&after, function));
            }
        }
    }
    Err(Refusal::RevisionMismatch)
}

/// What the request leaves out stays as it is.
fn changed(before: &Alias, input: &UpdateAliasRequest, function: &FunctionKey) -> Result<Alias, Refusal> {
    let version = input
        .function_version
        .as_deref()
        .map(|text| alias::version_named(text, function));
    let version = version.transpose()?.unwrap_or(before.version);
    let route = match &input.routing_config {
        Some(config) => alias::route(config.clone(), function)?,
        None => before.route,
    };
    Wanted { version, route }.check()?;
    let description = input.description.clone().unwrap_or_else(|| before.description.clone());
    Ok(Alias {
        version,
        description,
        route,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::create_alias::create_alias,
        testing::{context, core, record, refused},
    };
    use lambent_models::lambda::{AliasRoutingConfiguration, CreateAliasRequest};
    use lambent_types::Version;

    fn request() -> UpdateAliasRequest {
        UpdateAliasRequest {
            function_name: Some("f".to_owned()),
            name: Some("live".to_owned()),
            ..UpdateAliasRequest::default()
        }
    }

    async fn given_alias(core: &Core) -> AliasConfiguration {
        for version in [Version::Latest, Version::Published(1), Version::Published(2)] {
            let mut each = record("f");
            each.key.version = version;
            core.given(each).await;
        }
        let weights = [("2".to_owned(), 0.2)].into_iter().collect();
        let input = CreateAliasRequest {
            function_name: Some("f".to_owned()),
            name: Some("live".to_owned()),
            function_version: Some("1".to_owned()),
            description: Some("mine".to_owned()),
            routing_config: Some(AliasRoutingConfiguration {
                additional_version_weights: Some(weights),
            }),
        };
        create_alias(core, &context(), input).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_left_out_stays_and_an_empty_route_goes() {
        let (core, cx) = (core(), context());
        let made = given_alias(&core).await;
        let described = UpdateAliasRequest {
            description: Some(String::new()),
            ..request()
        };
        let first = update_alias(&core, &cx, described).await.unwrap();
        assert_eq!(
            (first.description.as_deref(), first.routing_config.clone()),
            (Some(""), made.routing_config)
        );
        assert_ne!(first.revision_id, made.revision_id);
        let moved = UpdateAliasRequest {
            function_version: Some("2".to_owned()),
            ..request()
        };
        assert!(
            refused(update_alias(&core, &cx, moved.clone()).await)
                .1
                .starts_with("Invalid function version 2.")
        );
        let unrouted = UpdateAliasRequest {
            routing_config: Some(AliasRoutingConfiguration::default()),
            ..moved
        };
        let second = update_alias(&core, &cx, unrouted).await.unwrap();
        assert_eq!(
            (second.function_version.as_deref(), second.routing_config),
            (Some("2"), None)
        );
    }

    #[tokio::test]
    async fn preconditions_and_unknown_aliases_are_refused() {
        let (core, cx) = (core(), context());
        assert_eq!(
            refused(update_alias(&core, &cx, request()).await),
            (
                "ResourceNotFoundException",
                "Alias not found: arn:aws:lambda:us-east-1:111111111111:function:f:live".to_owned()
            )
        );
        given_alias(&core).await;
        let wrong = UpdateAliasRequest {
            revision_id: Some("wrong".to_owned()),
            ..request()
        };
        assert_eq!(
            refused(update_alias(&core, &cx, wrong).await).0,
            "PreconditionFailedException"
        );
    }
}
