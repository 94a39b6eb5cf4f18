//! `GetEventSourceMapping`.

use crate::{Control, Refusal, mapping::State};
use lambent_models::lambda::{EventSourceMappingConfiguration, GetEventSourceMappingRequest};
use lambent_wire::RequestContext;

pub(crate) async fn get_event_source_mapping(
    control: &Control,
    cx: &RequestContext,
    input: GetEventSourceMappingRequest,
) -> Result<EventSourceMappingConfiguration, Refusal> {
    let found = control.mapping(&cx.scope, input.uuid).await?.value;
    Ok(found.shown(State::of(&found.mapping)))
}
