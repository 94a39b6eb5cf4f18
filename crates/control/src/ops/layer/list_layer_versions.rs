//! `ListLayerVersions`: the newest first.

use crate::{
    Control, Refusal,
    documents::{marker, page_size, read_marker},
    layer::{Filter, LayerKey, LayerVersion},
};
use lambent_models::lambda::{ListLayerVersionsRequest, ListLayerVersionsResponse};
use lambent_wire::RequestContext;

/// AWS returns at most this many a page, whatever is asked for.
const PAGE: usize = 50;

pub(crate) async fn list_layer_versions(
    control: &Control,
    cx: &RequestContext,
    input: ListLayerVersionsRequest,
) -> Result<ListLayerVersionsResponse, Refusal> {
    let layer = LayerKey::read(cx, &input.layer_name.unwrap_or_default())?;
    if layer.scope.account != cx.scope.account {
        return Err(Refusal::OtherAccount);
    }
    let filter = Filter {
        architecture: input.compatible_architecture,
        runtime: input.compatible_runtime,
    };
    let limit = page_size(input.max_items, PAGE);
    let mut after = input
        .marker
        .as_deref()
        .map(read_marker)
        .transpose()?
        .map(|[id]| (layer.name.clone(), id));
    let mut shown = Vec::new();
    loop {
        let (page, more) = control
            .list::<LayerVersion>(&layer.scope, Some(&layer.name), after, limit)
            .await?;
        let last = page.last().map(|stored| stored.key.id.clone());
        for stored in page.iter().filter(|stored| filter.admits(&stored.value)) {
            if shown.len() == limit {
                break;
            }
            shown.push(stored.clone());
        }
        after = last
            .filter(|_| more && shown.len() < limit)
            .map(|id| (layer.name.clone(), id));
        if after.is_none() {
            let rest = more || page.last().map(|stored| &stored.key) != shown.last().map(|stored| &stored.key);
            let next = shown.last().filter(|_| shown.len() == limit && rest);
            return Ok(ListLayerVersionsResponse {
                next_marker: next.map(|last| marker(&[&last.key.id])),
                layer_versions: Some(shown.iter().map(|stored| stored.value.listed()).collect()),
            });
        }
    }
}
