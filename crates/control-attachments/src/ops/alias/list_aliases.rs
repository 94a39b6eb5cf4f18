//! `ListAliases`.

use crate::{
    Core, Refusal,
    alias::{self, Alias},
    documents::{marker, page_size, read_marker},
    naming::Target,
};
use lambent_models::lambda::{ListAliasesRequest, ListAliasesResponse};
use lambent_wire::RequestContext;

/// AWS returns at most this many a page, whatever is asked for.
const PAGE: usize = 50;

pub(crate) async fn list_aliases(
    core: &Core,
    cx: &RequestContext,
    input: ListAliasesRequest,
) -> Result<ListAliasesResponse, Refusal> {
    let target = Target::read(cx, input.function_name, None)?;
    let latest = core.find_latest(&target).await?;
    let latest = latest.ok_or_else(|| Refusal::FunctionNotFound(target.unqualified_arn()))?;
    let function = &latest.key.function;
    let version = input
        .function_version
        .as_deref()
        .map(|text| alias::version_named(text, function));
    let version = version.transpose()?;
    let [after] = input
        .marker
        .as_deref()
        .map(read_marker)
        .transpose()?
        .unwrap_or_default();
    let mut aliases = core.aliases(function).await?;
    aliases.retain(|alias| alias.key.id > after);
    aliases.retain(|alias| version.is_none_or(|version| alias.value.refers_to(version)));
    let limit = page_size(input.max_items, PAGE);
    let more = aliases.len() > limit;
    aliases.truncate(limit);
    let last = aliases.last().filter(|_| more);
    Ok(ListAliasesResponse {
        next_marker: last.map(|last| marker(&[&last.key.id])),
        aliases: Some(aliases.iter().map(|alias| Alias::shown(alias, function)).collect()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::create_alias::create_alias,
        testing::{context, core, record, refused},
    };
    use lambent_models::lambda::CreateAliasRequest;
    use lambent_types::Version;

    #[tokio::test]
    async fn aliases_come_in_order_in_pages_and_by_version() {
        let (core, cx) = (core(), context());
        let request = ListAliasesRequest {
            function_name: Some("f".to_owned()),
            ..ListAliasesRequest::default()
        };
        assert_eq!(
            refused(list_aliases(&core, &cx, request.clone()).await).0,
            "ResourceNotFoundException"
        );
        let mut version = record("f");
        version.key.version = Version::Published(1);
        core.given(record("f")).await;
        core.given(version).await;
        for (name, version) in [("b", "1"), ("a", "$LATEST"), ("c", "1")] {
            let input = CreateAliasRequest {
                function_name: Some("f".to_owned()),
                name: Some(name.to_owned()),
                function_version: Some(version.to_owned()),
                ..CreateAliasRequest::default()
            };
            create_alias(&core, &cx, input).await.unwrap();
        }
        let names = |page: &ListAliasesResponse| -> Vec<_> {
            page.aliases
                .iter()
                .flatten()
                .filter_map(|alias| alias.name.clone())
                .collect()
        };
        let first = ListAliasesRequest {
            max_items: Some(2),
            ..request.clone()
        };
        let first = list_aliases(&core, &cx, first).await.unwrap();
        assert_eq!(names(&first), ["a", "b"]);
        let second = ListAliasesRequest {
            marker: first.next_marker,
            ..request.clone()
        };
        let second = list_aliases(&core, &cx, second).await.unwrap();
        assert_eq!((names(&second), second.next_marker), (vec!["c".to_owned()], None));
        let of_one = ListAliasesRequest {
            function_version: Some("1".to_owned()),
            ..request
        };
        assert_eq!(names(&list_aliases(&core, &cx, of_one).await.unwrap()), ["b", "c"]);
    }
}
