//! `ListVersionsByFunction`.

use crate::{
    Control, Refusal, convert,
    documents::{marker, page_size, read_marker},
    naming::Target,
};
use lambent_models::lambda::{ListVersionsByFunctionRequest, ListVersionsByFunctionResponse};
use lambent_types::Version;
use lambent_wire::RequestContext;

/// AWS returns at most this many a page, whatever is asked for.
const PAGE: usize = 50;

pub(crate) async fn list_versions_by_function(
    control: &Control,
    cx: &RequestContext,
    input: ListVersionsByFunctionRequest,
) -> Result<ListVersionsByFunctionResponse, Refusal> {
    let target = Target::read(cx, input.function_name, None)?;
    let latest = control.find_latest(&target).await?;
    let function = latest
        .ok_or_else(|| Refusal::FunctionNotFound(target.unqualified_arn()))?
        .key
        .function
        .clone();
    let after = input.marker.as_deref().map(read_marker).transpose()?;
    let after: Option<Version> = after.and_then(|[version]| version.parse().ok());
    let after = after.map(|version| function.version(version));
    let limit = page_size(input.max_items, PAGE);
    let store = &control.0.store;
    let page = store
        .versions(&cx.scope, Some(&function.name), after.as_ref(), limit)
        .await?;
    let last = page.functions.last().filter(|_| page.more);
    let next_marker = last.map(|last| marker(&[&last.key.version.to_string()]));
    let versions = page
        .functions
        .iter()
        .map(|record| convert::listed(record, convert::qualified_arn(record)));
    Ok(ListVersionsByFunctionResponse {
        next_marker,
        versions: Some(versions.collect()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, control, record, refused};

    #[tokio::test]
    async fn versions_come_in_order_and_pages() {
        let (control, cx) = (control(), context());
        for number in [10, 2, 1] {
            let mut version = record("f");
            version.key.version = Version::Published(number);
            control.given(version).await;
        }
        control.given(record("f")).await;
        let request = |marker| ListVersionsByFunctionRequest {
            function_name: Some("f".to_owned()),
            max_items: Some(3),
            marker,
        };
        let arns = |page: ListVersionsByFunctionResponse| -> Vec<_> {
            let versions = page.versions.unwrap_or_default().into_iter();
            versions.map(|version| version.function_arn.unwrap()).collect()
        };
        let first = list_versions_by_function(&control, &cx, request(None)).await.unwrap();
        let marker = first.next_marker.clone();
        let arn = record("f").key.function.arn();
        assert_eq!(
            arns(first),
            [format!("{arn}:$LATEST"), format!("{arn}:1"), format!("{arn}:2")]
        );
        let second = list_versions_by_function(&control, &cx, request(marker)).await.unwrap();
        assert_eq!(
            (second.next_marker.clone(), arns(second)),
            (None, vec![format!("{arn}:10")])
        );
    }

    #[tokio::test]
    async fn an_unknown_function_has_none() {
        let request = ListVersionsByFunctionRequest {
            function_name: Some("g".to_owned()),
            ..ListVersionsByFunctionRequest::default()
        };
        let answer = list_versions_by_function(&control(), &context(), request).await;
        assert_eq!(
            refused(answer).1,
            "Function not found: arn:aws:lambda:us-east-1:111111111111:function:g"
        );
    }
}
