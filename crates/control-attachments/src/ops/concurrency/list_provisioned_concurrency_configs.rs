//! `ListProvisionedConcurrencyConfigs`.

use crate::{
    Core, Refusal,
    documents::{marker, page_size, read_marker},
    naming::Target,
};
use lambent_models::lambda::{ListProvisionedConcurrencyConfigsRequest, ListProvisionedConcurrencyConfigsResponse};
use lambent_wire::RequestContext;

const PAGE: usize = 50;

pub(crate) async fn list_provisioned_concurrency_configs(
    core: &Core,
    cx: &RequestContext,
    input: ListProvisionedConcurrencyConfigsRequest,
) -> Result<ListProvisionedConcurrencyConfigsResponse, Refusal> {
    let target = Target::read(cx, input.function_name, None)?;
    let latest = core.find_latest(&target).await?;
    let latest = latest.ok_or_else(|| Refusal::FunctionNotFound(target.unqualified_arn()))?;
    let name = latest.key.function.name.as_str();
    let after = input.marker.as_deref().map(read_marker).transpose()?;
    let after = after.map(|[qualifier]| (name.to_owned(), qualifier));
    let (page, more) = core
        .list(&cx.scope, Some(name), after, page_size(input.max_items, PAGE))
        .await?;
    let last = page.last().filter(|_| more);
    let mut configs = Vec::new();
    for stored in &page {
        if let Some(version) = core.provisioned_version(stored).await? {
            configs.push(core.shown_provisioned(stored, &version));
        }
    }
    Ok(ListProvisionedConcurrencyConfigsResponse {
        next_marker: last.map(|last| marker(&[&last.key.id])),
        provisioned_concurrency_configs: Some(configs),
    })
}
