//! `ListCodeSigningConfigs`.

use crate::{
    Core, Refusal,
    code_signing::CodeSigning,
    documents::{marker, page_size, read_marker},
};
use lambent_models::lambda::{ListCodeSigningConfigsRequest, ListCodeSigningConfigsResponse};
use lambent_wire::RequestContext;

const PAGE: usize = 50;

pub(crate) async fn list_code_signing_configs(
    core: &Core,
    cx: &RequestContext,
    input: ListCodeSigningConfigsRequest,
) -> Result<ListCodeSigningConfigsResponse, Refusal> {
    let after = input
        .marker
        .as_deref()
        .map(read_marker)
        .transpose()?
        .map(|[id]| (String::new(), id));
    let limit = page_size(input.max_items, PAGE);
    let (page, more) = core.list::<CodeSigning>(&cx.scope, Some(""), after, limit).await?;
    let last = page.last().filter(|_| more);
    Ok(ListCodeSigningConfigsResponse {
        next_marker: last.map(|last| marker(&[&last.key.id])),
        code_signing_configs: Some(
            page.iter()
                .map(|stored| stored.value.shown(&cx.scope, &stored.key.id))
                .collect(),
        ),
    })
}
