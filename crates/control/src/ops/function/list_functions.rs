//! `ListFunctions`.

use crate::{
    Control, Refusal, convert,
    documents::{marker, page_size, read_marker},
};
use lambent_models::lambda::{ListFunctionsRequest, ListFunctionsResponse};
use lambent_types::{FunctionKey, Version};
use lambent_wire::RequestContext;

/// AWS returns at most this many a page, whatever is asked for.
const PAGE: usize = 50;

pub(crate) async fn list_functions(
    control: &Control,
    cx: &RequestContext,
    input: ListFunctionsRequest,
) -> Result<ListFunctionsResponse, Refusal> {
    // The one value the model admits is ALL.
    if input.function_version.is_some() {
        return list_versions(control, cx, input).await;
    }
    let after = input.marker.as_deref().map(read_marker).transpose()?;
    let after = after.and_then(|[name]| name.parse().ok());
    let limit = page_size(input.max_items, PAGE);
    let page = control.0.store.functions(&cx.scope, after.as_ref(), limit).await?;
    let last = page.functions.last().filter(|_| page.more);
    let next_marker = last.map(|last| marker(&[last.key.function.name.as_str()]));
    let functions = page
        .functions
        .iter()
        .map(|record| convert::listed(record, record.key.function.arn()));
    Ok(ListFunctionsResponse {
        next_marker,
        functions: Some(functions.collect()),
    })
}

/// All versions of all functions, each under its qualified ARN, as recorded (`test_list_functions`).
async fn list_versions(
    control: &Control,
    cx: &RequestContext,
    input: ListFunctionsRequest,
) -> Result<ListFunctionsResponse, Refusal> {
    let after = input.marker.as_deref().map(read_marker).transpose()?;
    let after = after.and_then(|[name, version]| {
        let function = FunctionKey {
            scope: cx.scope.clone(),
            name: name.parse().ok()?,
        };
        Some(function.version(version.parse::<Version>().ok()?))
    });
    let limit = page_size(input.max_items, PAGE);
    let page = control.0.store.versions(&cx.scope, None, after.as_ref(), limit).await?;
    let last = page.functions.last().filter(|_| page.more).map(|last| &last.key);
    let next_marker = last.map(|last| marker(&[last.function.name.as_str(), &last.version.to_string()]));
    let versions = page
        .functions
        .iter()
        .map(|record| convert::listed(record, convert::qualified_arn(record)));
    Ok(ListFunctionsResponse {
        next_marker,
        functions: Some(versions.collect()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, control, record};

    #[tokio::test]
    async fn all_versions_of_all_functions_come_in_order_and_pages() {
        let (control, cx) = (control(), context());
        for (name, version) in [
            ("b", Version::Latest),
            ("a", Version::Published(1)),
            ("a", Version::Latest),
        ] {
            let mut each = record(name);
            each.key.version = version;
            control.given(each).await;
        }
        let (mut seen, mut marker) = (Vec::new(), None);
        loop {
            let input = ListFunctionsRequest {
                function_version: Some("ALL".to_owned()),
                max_items: Some(1),
                marker,
                ..ListFunctionsRequest::default()
            };
            let page = list_functions(&control, &cx, input).await.unwrap();
            let arns = page
                .functions
                .unwrap_or_default()
                .into_iter()
                .filter_map(|function| function.function_arn);
            seen.extend(arns.filter_map(|arn| arn.split_once("function:").map(|(_, rest)| rest.to_owned())));
            marker = page.next_marker;
            if marker.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["a:$LATEST", "a:1", "b:$LATEST"]);
    }
}
