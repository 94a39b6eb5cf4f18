//! `DeleteRule`.

use crate::{Events, Refusal};
use lambent_models::eventbridge::DeleteRuleRequest;
use lambent_store::{Change, Transaction};
use lambent_wire::RequestContext;

/// One that is not there is gone; one with targets stays.
pub(crate) async fn delete_rule(events: &Events, cx: &RequestContext, input: DeleteRuleRequest) -> Result<(), Refusal> {
    let bus = events.bus(cx, input.event_bus_name).await?;
    let stored = match events.rule(cx, &bus, &input.name.unwrap_or_default()).await {
        Err(Refusal::NoRule(..)) => return Ok(()),
        found => found?,
    };
    if !stored.value.targets.is_empty() {
        return Err(Refusal::Invalid("Rule can't be deleted since it has targets.".to_owned()));
    }
    let gone = Transaction::of(Change::DeleteDocument(stored.key.clone())).when(stored.unchanged());
    events.store.commit(gone).await?;
    events.changed.notify_one();
    Ok(())
}
