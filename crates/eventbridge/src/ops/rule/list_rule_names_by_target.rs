//! `ListRuleNamesByTarget`.

use crate::{Events, Refusal, rule::Rule};
use lambent_models::eventbridge::{ListRuleNamesByTargetRequest, ListRuleNamesByTargetResponse};
use lambent_wire::RequestContext;

/// A bus has no more rules than fit into one answer.
pub(crate) async fn list_rule_names_by_target(
    events: &Events,
    cx: &RequestContext,
    input: ListRuleNamesByTargetRequest,
) -> Result<ListRuleNamesByTargetResponse, Refusal> {
    let bus = events.bus(cx, input.event_bus_name).await?;
    let rules = events.list_all::<Rule>(&cx.scope, &bus).await?;
    let has = |rule: &Rule| rule.targets.iter().any(|target| target.arn == input.target_arn);
    let names = rules.into_iter().filter(|stored| has(&stored.value)).map(|stored| stored.key.id);
    Ok(ListRuleNamesByTargetResponse {
        rule_names: Some(names.collect()),
        next_token: None,
    })
}
