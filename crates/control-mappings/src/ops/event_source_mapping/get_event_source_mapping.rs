//! `GetEventSourceMapping`.

use crate::{Core, Refusal, mapping};
use lambent_models::lambda::{EventSourceMappingConfiguration, GetEventSourceMappingRequest};
use lambent_wire::RequestContext;

pub(crate) async fn get_event_source_mapping(
    core: &Core,
    cx: &RequestContext,
    input: GetEventSourceMappingRequest,
) -> Result<EventSourceMappingConfiguration, Refusal> {
    let found = mapping::find(core, &cx.scope, input.uuid).await?.value;
    Ok(found.shown(core))
}
