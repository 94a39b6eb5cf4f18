//! `ListFunctionUrlConfigs`.

use crate::{
    Core, Refusal,
    documents::{marker, page_size, read_marker},
    function_url,
    naming::Target,
};
use lambent_models::lambda::{ListFunctionUrlConfigsRequest, ListFunctionUrlConfigsResponse};
use lambent_wire::RequestContext;

const PAGE: usize = 50;

pub(crate) async fn list_function_url_configs(
    core: &Core,
    cx: &RequestContext,
    input: ListFunctionUrlConfigsRequest,
) -> Result<ListFunctionUrlConfigsResponse, Refusal> {
    let target = Target::read(cx, input.function_name, None)?;
    let latest = core
        .find_latest(&target)
        .await?
        .ok_or_else(function_url::no_function)?;
    let function = &latest.key.function;
    let name = function.name.as_str();
    let after = input.marker.as_deref().map(read_marker).transpose()?;
    // Two parts, since the name of an alias may be missing.
    let after = after.map(|[_, alias]| (name.to_owned(), alias));
    let (page, more) = core
        .list(&cx.scope, Some(name), after, page_size(input.max_items, PAGE))
        .await?;
    let last = page.last().filter(|_| more);
    Ok(ListFunctionUrlConfigsResponse {
        next_marker: last.map(|last| marker(&[name, &last.key.id])),
        function_url_configs: Some(
            page.iter()
                .map(|stored| function_url::shown(cx, stored, function))
                .collect(),
        ),
    })
}
