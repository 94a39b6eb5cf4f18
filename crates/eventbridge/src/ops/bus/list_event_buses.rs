//! `ListEventBuses`.

use crate::{
    Events, Refusal,
    bus::{self, Bus, DEFAULT},
};
use lambent_models::eventbridge::{EventBus, ListEventBusesRequest, ListEventBusesResponse};
use lambent_types::Timestamp;
use lambent_wire::{RequestContext, Time};

/// There are never many: all come at once.
pub(crate) async fn list_event_buses(
    events: &Events,
    cx: &RequestContext,
    input: ListEventBusesRequest,
) -> Result<ListEventBusesResponse, Refusal> {
    let made = events.list_all::<Bus>(&cx.scope, "").await?;
    let made = made.into_iter().map(|stored| (stored.key.id, Some(stored.value)));
    let prefix = input.name_prefix.unwrap_or_default();
    let all = std::iter::once((DEFAULT.to_owned(), None)).chain(made);
    let shown = all.filter(|(name, _)| name.starts_with(&prefix)).map(|(name, made)| {
        let at = made.as_ref().map(|bus| Time(Timestamp::from_micros(bus.made_at)));
        EventBus {
            arn: Some(bus::arn(&cx.scope, &name)),
            name: Some(name),
            description: made.and_then(|bus| bus.description),
            creation_time: at,
            last_modified_time: at,
            ..EventBus::default()
        }
    });
    Ok(ListEventBusesResponse {
        event_buses: Some(shown.collect()),
        next_token: None,
    })
}
