//! `GetLayerVersionByArn`.

use crate::{
    Control, Refusal,
    layer::{not_found, read_version_arn, version_number},
    ops::get_layer_version::show,
};
use lambent_models::lambda::{GetLayerVersionByArnRequest, GetLayerVersionResponse};
use lambent_wire::RequestContext;

pub(crate) async fn get_layer_version_by_arn(
    control: &Control,
    cx: &RequestContext,
    input: GetLayerVersionByArnRequest,
) -> Result<GetLayerVersionResponse, Refusal> {
    let (layer, number) = read_version_arn(&input.arn.unwrap_or_default()).ok_or_else(not_found)?;
    let number = version_number(i64::try_from(number).ok())?;
    show(control, cx, &layer, number).await
}
