//! `EnableRule`.

use crate::{Events, Refusal};
use lambent_models::eventbridge::EnableRuleRequest;
use lambent_wire::RequestContext;

pub(crate) async fn enable_rule(events: &Events, cx: &RequestContext, input: EnableRuleRequest) -> Result<(), Refusal> {
    let bus = events.bus(cx, input.event_bus_name).await?;
    let now = events.clock.now().as_micros();
    let switch = |rule: &mut crate::rule::Rule| {
        (rule.disabled, rule.since) = (false, now);
        Ok(())
    };
    events.change_rule(cx, &bus, &input.name.unwrap_or_default(), switch).await
}
