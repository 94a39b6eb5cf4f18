//! `DescribeRule`.

use crate::{Events, Refusal, rule};
use lambent_models::eventbridge::{DescribeRuleRequest, DescribeRuleResponse};
use lambent_wire::RequestContext;

pub(crate) async fn describe_rule(
    events: &Events,
    cx: &RequestContext,
    input: DescribeRuleRequest,
) -> Result<DescribeRuleResponse, Refusal> {
    let bus = events.bus(cx, input.event_bus_name).await?;
    let stored = events.rule(cx, &bus, &input.name.unwrap_or_default()).await?;
    let state = stored.value.state().to_owned();
    let rule = stored.value;
    Ok(DescribeRuleResponse {
        arn: Some(rule::arn_of(&stored.key)),
        name: Some(stored.key.id),
        event_pattern: rule.pattern,
        schedule_expression: rule.schedule,
        state: Some(state),
        description: rule.description,
        role_arn: rule.role,
        managed_by: None,
        event_bus_name: Some(bus),
        created_by: Some(cx.scope.account.to_string()),
    })
}
