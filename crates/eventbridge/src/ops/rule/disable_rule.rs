//! `DisableRule`.

use crate::{Events, Refusal};
use lambent_models::eventbridge::DisableRuleRequest;
use lambent_wire::RequestContext;

pub(crate) async fn disable_rule(events: &Events, cx: &RequestContext, input: DisableRuleRequest) -> Result<(), Refusal> {
    let bus = events.bus(cx, input.event_bus_name).await?;
    let now = events.clock.now().as_micros();
    let switch = |rule: &mut crate::rule::Rule| {
        (rule.disabled, rule.since) = (true, now);
        Ok(())
    };
    events.change_rule(cx, &bus, &input.name.unwrap_or_default(), switch).await
}
