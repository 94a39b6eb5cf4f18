//! `ListFunctionEventInvokeConfigs`.

use crate::{
    Core, Refusal,
    documents::{marker, page_size, read_marker},
    event_invoke,
    naming::Target,
};
use lambent_models::lambda::{ListFunctionEventInvokeConfigsRequest, ListFunctionEventInvokeConfigsResponse};
use lambent_wire::RequestContext;

const PAGE: usize = 50;

pub(crate) async fn list_function_event_invoke_configs(
    core: &Core,
    cx: &RequestContext,
    input: ListFunctionEventInvokeConfigsRequest,
) -> Result<ListFunctionEventInvokeConfigsResponse, Refusal> {
    let target = Target::read(cx, input.function_name, None)?;
    let latest = core
        .find_latest(&target)
        .await?
        .ok_or_else(event_invoke::no_function)?;
    let function = &latest.key.function;
    let name = function.name.as_str();
    let after = input.marker.as_deref().map(read_marker).transpose()?;
    let after = after.map(|[qualifier]| (name.to_owned(), qualifier));
    let (page, more) = core
        .list(&cx.scope, Some(name), after, page_size(input.max_items, PAGE))
        .await?;
    let last = page.last().filter(|_| more);
    Ok(ListFunctionEventInvokeConfigsResponse {
        next_marker: last.map(|last| marker(&[&last.key.id])),
        function_event_invoke_configs: Some(
            page.iter()
                .map(|stored| event_invoke::shown(stored, function))
                .collect(),
        ),
    })
}
