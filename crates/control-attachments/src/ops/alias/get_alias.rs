//! `GetAlias`.

use crate::{Core, Refusal, alias::Alias, naming::Target};
use lambent_models::lambda::{AliasConfiguration, GetAliasRequest};
use lambent_wire::RequestContext;

pub(crate) async fn get_alias(
    core: &Core,
    cx: &RequestContext,
    input: GetAliasRequest,
) -> Result<AliasConfiguration, Refusal> {
    let target = Target::read(cx, input.function_name, None)?;
    let name = input.name.unwrap_or_default();
    let not_found = || Refusal::NotFound(format!("Cannot find alias arn: {}:{name}", target.unqualified_arn()));
    let (Some(function), Ok(alias)) = (&target.key, name.parse()) else {
        return Err(not_found());
    };
    let stored = core.alias(function, &alias).await?.ok_or_else(not_found)?;
    Ok(Alias::shown(&stored, function))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, core, record, refused};

    #[tokio::test]
    async fn an_unknown_alias_is_not_found() {
        let core = core();
        core.given(record("f")).await;
        let request = GetAliasRequest {
            function_name: Some("f".to_owned()),
            name: Some("non-existent".to_owned()),
        };
        assert_eq!(
            refused(get_alias(&core, &context(), request).await),
            (
                "ResourceNotFoundException",
                "Cannot find alias arn: arn:aws:lambda:us-east-1:111111111111:function:f:non-existent".to_owned()
            )
        );
    }
}
