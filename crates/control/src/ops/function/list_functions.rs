//! `ListFunctions`.

use crate::{Control, Refusal, convert};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use lambent_models::lambda::{ListFunctionsRequest, ListFunctionsResponse};
use lambent_types::{FunctionName, FunctionRecord};
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
    let limit = input.max_items.and_then(|most| usize::try_from(most).ok()).map_or(PAGE, |most| most.clamp(1, PAGE));
    let page = control.0.store.functions(&cx.scope, after.as_ref(), limit).await?;
    let next_marker = page.functions.last().filter(|_| page.more).map(|last| marker(last));
    let functions = page.functions.iter().map(|record| convert::listed(record, record.key.function.arn()));
    Ok(ListFunctionsResponse { next_marker, functions: Some(functions.collect()) })
}

/// Opaque to clients; names the last function of the page, so that a page stays right while functions come and go.
fn marker(last: &FunctionRecord) -> String {
    URL_SAFE_NO_PAD.encode(last.key.function.name.as_str())
}

fn read_marker(marker: &str) -> Result<FunctionName, Refusal> {
    let decoded = URL_SAFE_NO_PAD.decode(marker).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let name = decoded.and_then(|text| text.parse().ok());
    name.ok_or_else(|| Refusal::InvalidParameter(format!("Invalid pagination marker: {marker}")))
}
