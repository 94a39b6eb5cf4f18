//! `UntagResource`.

use crate::{Events, Refusal, ops::tag_resource::rule_in, rule::Rule};
use lambent_models::eventbridge::UntagResourceRequest;
use lambent_wire::RequestContext;

pub(crate) async fn untag_resource(events: &Events, cx: &RequestContext, input: UntagResourceRequest) -> Result<(), Refusal> {
    let (bus, name) = rule_in(input.resource_arn)?;
    let keys = input.tag_keys.unwrap_or_default();
    let remove = |rule: &mut Rule| {
        rule.tags.retain(|key, _| !keys.contains(key));
        Ok(())
    };
    events.change_rule(cx, &bus, &name, remove).await
}
