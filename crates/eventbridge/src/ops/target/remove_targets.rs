//! `RemoveTargets`.

use crate::{Events, Refusal, rule::Rule};
use lambent_models::eventbridge::{RemoveTargetsRequest, RemoveTargetsResponse};
use lambent_wire::RequestContext;

/// Those that are not there are gone.
pub(crate) async fn remove_targets(
    events: &Events,
    cx: &RequestContext,
    input: RemoveTargetsRequest,
) -> Result<RemoveTargetsResponse, Refusal> {
    let bus = events.bus(cx, input.event_bus_name).await?;
    let ids = input.ids.unwrap_or_default();
    let remove = |rule: &mut Rule| {
        rule.targets.retain(|target| target.id.as_ref().is_none_or(|id| !ids.contains(id)));
        Ok(())
    };
    events.change_rule(cx, &bus, &input.rule.unwrap_or_default(), remove).await?;
    Ok(RemoveTargetsResponse {
        failed_entry_count: Some(0),
        failed_entries: Some(Vec::new()),
    })
}
