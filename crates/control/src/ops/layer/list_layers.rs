//! `ListLayers`: each with its newest version that matches; a layer without one is not shown.

use crate::{
    Control, Refusal,
    documents::{marker, page_size, read_marker},
    layer::{Filter, Layer, LayerKey, LayerVersion},
};
use lambent_models::lambda::{LayersListItem, ListLayersRequest, ListLayersResponse};
use lambent_wire::RequestContext;

/// AWS returns at most this many a page, whatever is asked for.
const PAGE: usize = 50;

pub(crate) async fn list_layers(
    control: &Control,
    cx: &RequestContext,
    input: ListLayersRequest,
) -> Result<ListLayersResponse, Refusal> {
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
        .map(|[name]| (String::new(), name));
    let mut items: Vec<LayersListItem> = Vec::new();
    loop {
        let (page, more) = control.list::<Layer>(&cx.scope, None, after, PAGE).await?;
        for stored in &page {
            let layer = LayerKey {
                scope: cx.scope.clone(),
                name: stored.key.id.clone(),
            };
            let Some(version) = newest_matching(control, &layer, &filter).await? else {
                continue;
            };
            if items.len() == limit {
                let last = items.last().and_then(|item| item.layer_name.as_deref());
                let next_marker = last.map(|name| marker(&[name]));
                return Ok(ListLayersResponse {
                    next_marker,
                    layers: Some(items),
                });
            }
            items.push(LayersListItem {
                layer_arn: Some(layer.arn()),
                layer_name: Some(layer.name),
                latest_matching_version: Some(version.listed()),
            });
        }
        after = page
            .last()
            .filter(|_| more)
            .map(|stored| (String::new(), stored.key.id.clone()));
        if after.is_none() {
            return Ok(ListLayersResponse {
                next_marker: None,
                layers: Some(items),
            });
        }
    }
}

async fn newest_matching(
    control: &Control,
    layer: &LayerKey,
    filter: &Filter,
) -> Result<Option<LayerVersion>, Refusal> {
    let mut after = None;
    loop {
        let (page, more) = control
            .list::<LayerVersion>(&layer.scope, Some(&layer.name), after, PAGE)
            .await?;
        after = page
            .last()
            .filter(|_| more)
            .map(|stored| (layer.name.clone(), stored.key.id.clone()));
        let found = page
            .into_iter()
            .map(|stored| stored.value)
            .find(|version| filter.admits(version));
        if found.is_some() || after.is_none() {
            return Ok(found);
        }
    }
}
