//! `ListFunctionsByCodeSigningConfig`.

use crate::{
    Core, Refusal,
    documents::{marker, page_size, read_marker},
};
use lambent_models::lambda::{ListFunctionsByCodeSigningConfigRequest, ListFunctionsByCodeSigningConfigResponse};
use lambent_types::FunctionKey;
use lambent_wire::RequestContext;

const PAGE: usize = 50;

pub(crate) async fn list_functions_by_code_signing_config(
    core: &Core,
    cx: &RequestContext,
    input: ListFunctionsByCodeSigningConfigRequest,
) -> Result<ListFunctionsByCodeSigningConfigResponse, Refusal> {
    let config = core.code_signing(&cx.scope, input.code_signing_config_arn).await?;
    let after = input.marker.as_deref().map(read_marker).transpose()?.map(|[name]| name);
    let limit = page_size(input.max_items, PAGE);
    let (functions, more) = core
        .functions_signed_by(&cx.scope, &config.key.id, after, limit)
        .await?;
    let last = functions.last().filter(|_| more);
    Ok(ListFunctionsByCodeSigningConfigResponse {
        next_marker: last.map(|last| marker(&[last.name.as_str()])),
        function_arns: Some(functions.iter().map(FunctionKey::arn).collect()),
    })
}
