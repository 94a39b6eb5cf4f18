//! `GetLayerVersion`.

use crate::{
    Control, Refusal,
    layer::{LayerKey, not_found, version_number},
};
use lambent_models::lambda::{GetLayerVersionRequest, GetLayerVersionResponse};
use lambent_wire::RequestContext;

pub(crate) async fn get_layer_version(
    control: &Control,
    cx: &RequestContext,
    input: GetLayerVersionRequest,
) -> Result<GetLayerVersionResponse, Refusal> {
    let layer = LayerKey::read(cx, &input.layer_name.unwrap_or_default())?;
    show(control, cx, &layer, version_number(input.version_number)?).await
}

/// A layer version with a link to its package.
pub(crate) async fn show(
    control: &Control,
    cx: &RequestContext,
    layer: &LayerKey,
    number: u64,
) -> Result<GetLayerVersionResponse, Refusal> {
    let found = control.layer_version(cx, layer, number).await?.ok_or_else(not_found)?;
    let item = found.value.listed();
    Ok(GetLayerVersionResponse {
        content: Some(control.layer_content(cx, &found.value.code)),
        layer_arn: Some(layer.arn()),
        layer_version_arn: item.layer_version_arn,
        description: item.description,
        created_date: item.created_date,
        version: item.version,
        compatible_architectures: item.compatible_architectures,
        compatible_runtimes: item.compatible_runtimes,
        license_info: item.license_info,
    })
}
