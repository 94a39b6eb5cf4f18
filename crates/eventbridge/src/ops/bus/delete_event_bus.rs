//! `DeleteEventBus`.

use crate::{
    Events, Refusal,
    bus::{Bus, DEFAULT},
    documents,
    rule::Rule,
};
use lambent_models::eventbridge::DeleteEventBusRequest;
use lambent_store::{Change, Transaction};
use lambent_wire::RequestContext;

/// One that is not there is gone.
pub(crate) async fn delete_event_bus(events: &Events, cx: &RequestContext, input: DeleteEventBusRequest) -> Result<(), Refusal> {
    let name = input.name.unwrap_or_default();
    if name == DEFAULT {
        return Err(Refusal::Invalid("Cannot delete event bus default.".to_owned()));
    }
    if !events.list::<Rule>(&cx.scope, Some(&name), None, 1).await?.0.is_empty() {
        return Err(Refusal::Invalid(format!("Event bus {name} cannot be deleted since it has rules.")));
    }
    let key = documents::key::<Bus>(&cx.scope, "", &name);
    Ok(events.store.commit(Transaction::of(Change::DeleteDocument(key))).await?)
}
