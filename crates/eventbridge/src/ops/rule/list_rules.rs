//! `ListRules`.

use crate::{
    Events, Refusal,
    rule::{self, Rule},
};
use lambent_models::eventbridge::{self, ListRulesRequest, ListRulesResponse};
use lambent_wire::RequestContext;

/// Rules of an answer.
const PAGE: usize = 100;

/// The token is the name of the last rule that was shown.
pub(crate) async fn list_rules(events: &Events, cx: &RequestContext, input: ListRulesRequest) -> Result<ListRulesResponse, Refusal> {
    let bus = events.bus(cx, input.event_bus_name).await?;
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE).clamp(1, PAGE);
    let prefix = input.name_prefix.unwrap_or_default();
    let all = events.list_all::<Rule>(&cx.scope, &bus).await?;
    let behind = |name: &str| input.next_token.as_deref().is_none_or(|last| name > last);
    let mut rest = all.into_iter().filter(|stored| stored.key.id.starts_with(&prefix) && behind(&stored.key.id));
    let shown: Vec<_> = rest.by_ref().take(limit).collect();
    let last = shown.last().map(|stored| stored.key.id.clone());
    let rules = shown.into_iter().map(|stored| eventbridge::Rule {
        arn: Some(rule::arn_of(&stored.key)),
        state: Some(stored.value.state().to_owned()),
        name: Some(stored.key.id),
        event_pattern: stored.value.pattern,
        description: stored.value.description,
        schedule_expression: stored.value.schedule,
        role_arn: stored.value.role,
        managed_by: None,
        event_bus_name: Some(bus.clone()),
    });
    Ok(ListRulesResponse {
        rules: Some(rules.collect()),
        next_token: last.filter(|_| rest.next().is_some()),
    })
}
