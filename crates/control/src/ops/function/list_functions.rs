//! `ListFunctions`.

use crate::{
    Control, Refusal, convert,
    documents::{marker, page_size, read_marker},
};
use lambent_models::lambda::{ListFunctionsRequest, ListFunctionsResponse};
use lambent_wire::RequestContext;

/// AWS returns at most this many a page, whatever is asked for.
const PAGE: usize = 50;

pub(crate) async fn list_functions(
    control: &Control,
    cx: &RequestContext,
    input: ListFunctionsRequest,
) -> Result<ListFunctionsResponse, Refusal> {
    if input.function_version.is_some() {
        return Err(Refusal::NotImplemented("FunctionVersion in ListFunctions"));
    }
    let after = input.marker.as_deref().map(read_marker).transpose()?;
    let after = after.and_then(|[name]| name.parse().ok());
    let limit = page_size(input.max_items, PAGE);
    let page = control.0.store.functions(&cx.scope, after.as_ref(), limit).await?;
    let last = page.functions.last().filter(|_| page.more);
    let next_marker = last.map(|last| marker(&[last.key.function.name.as_str()]));
    let functions = page.functions.iter().map(|record| convert::listed(record, record.key.function.arn()));
    Ok(ListFunctionsResponse { next_marker, functions: Some(functions.collect()) })
}
