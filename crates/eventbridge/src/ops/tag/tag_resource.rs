//! `TagResource`.

use crate::{Events, Refusal, ops::put_rule::tags, rule};
use lambent_models::eventbridge::TagResourceRequest;
use lambent_wire::RequestContext;

/// Tags of one resource.
const MOST: usize = 50;

/// Rules bear tags.
pub(crate) async fn tag_resource(events: &Events, cx: &RequestContext, input: TagResourceRequest) -> Result<(), Refusal> {
    let (bus, name) = rule_in(input.resource_arn)?;
    let given = tags(input.tags);
    let add = |rule: &mut rule::Rule| {
        rule.tags.extend(given.clone());
        if rule.tags.len() > MOST { Err(Refusal::TooMany) } else { Ok(()) }
    };
    events.change_rule(cx, &bus, &name, add).await
}

/// The rule of an ARN.
pub(crate) fn rule_in(arn: Option<String>) -> Result<(String, String), Refusal> {
    let arn = arn.unwrap_or_default();
    rule::read_arn(&arn).ok_or(Refusal::NoResource(arn))
}
