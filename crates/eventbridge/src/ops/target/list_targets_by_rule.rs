//! `ListTargetsByRule`.

use crate::{Events, Refusal};
use lambent_models::eventbridge::{ListTargetsByRuleRequest, ListTargetsByRuleResponse};
use lambent_wire::RequestContext;

/// A rule has no more targets than fit into one answer.
pub(crate) async fn list_targets_by_rule(
    events: &Events,
    cx: &RequestContext,
    input: ListTargetsByRuleRequest,
) -> Result<ListTargetsByRuleResponse, Refusal> {
    let bus = events.bus(cx, input.event_bus_name).await?;
    let stored = events.rule(cx, &bus, &input.rule.unwrap_or_default()).await?;
    Ok(ListTargetsByRuleResponse {
        targets: Some(stored.value.targets),
        next_token: None,
    })
}
