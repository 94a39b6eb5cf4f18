//! `CreateEventBus`.

use crate::{
    Events, Refusal,
    bus::{self, Bus, DEFAULT},
    documents,
};
use lambent_models::eventbridge::{CreateEventBusRequest, CreateEventBusResponse};
use lambent_store::{Condition, Transaction};
use lambent_wire::RequestContext;

pub(crate) async fn create_event_bus(
    events: &Events,
    cx: &RequestContext,
    input: CreateEventBusRequest,
) -> Result<CreateEventBusResponse, Refusal> {
    if input.event_source_name.is_some() {
        return Err(Refusal::NotImplemented("An event bus of a partner"));
    }
    let name = input.name.unwrap_or_default();
    if name == DEFAULT {
        return Err(Refusal::BusExists(name));
    }
    let made = Bus {
        description: input.description.clone(),
        made_at: events.clock.now().as_micros(),
    };
    let key = documents::key::<Bus>(&cx.scope, "", &name);
    let put = Transaction::of(events.put(key.clone(), &made)?).when(Condition::DocumentAbsent(key));
    match events.store.commit(put).await.map_err(Refusal::from) {
        Err(Refusal::Busy) => Err(Refusal::BusExists(name)),
        Err(refusal) => Err(refusal),
        Ok(()) => Ok(CreateEventBusResponse {
            event_bus_arn: Some(bus::arn(&cx.scope, &name)),
            description: input.description,
            ..CreateEventBusResponse::default()
        }),
    }
}
