//! `PutRule`.

use crate::{
    Events, Refusal,
    bus::DEFAULT,
    documents,
    rule::{self, Rule, TRIES},
    schedule::Schedule,
};
use lambent_engine::pattern::Pattern;
use lambent_models::eventbridge::{PutRuleRequest, PutRuleResponse, Tag};
use lambent_store::{Condition, Transaction};
use lambent_wire::RequestContext;
use std::collections::BTreeMap;

/// Rules of one bus.
const MOST: u64 = 300;

/// A rule that is there gets another pattern or schedule and keeps its targets and tags.
pub(crate) async fn put_rule(events: &Events, cx: &RequestContext, input: PutRuleRequest) -> Result<PutRuleResponse, Refusal> {
    let bus = events.bus(cx, input.event_bus_name.clone()).await?;
    check(&input, &bus)?;
    let name = input.name.clone().unwrap_or_default();
    let key = documents::key::<Rule>(&cx.scope, &bus, &name);
    for _ in 0..TRIES {
        let present = events.load::<Rule>(&key).await?;
        let condition = match &present {
            Some(stored) => stored.unchanged(),
            None => Condition::DocumentAbsent(key.clone()),
        };
        let count = events.store.document_count(key.kind, &cx.scope, Some(&bus)).await?;
        if present.is_none() && count >= MOST {
            return Err(Refusal::TooMany);
        }
        let wanted = wanted(&input, present.map(|stored| stored.value), events.clock.now().as_micros());
        let put = Transaction::of(events.put(key.clone(), &wanted)?).when(condition);
        match events.store.commit(put).await.map_err(Refusal::from) {
            Err(Refusal::Busy) => {}
            Err(refusal) => return Err(refusal),
            Ok(()) => {
                events.changed.notify_one();
                return Ok(PutRuleResponse {
                    rule_arn: Some(rule::arn(&cx.scope, &bus, &name)),
                });
            }
        }
    }
    Err(Refusal::Busy)
}

fn check(input: &PutRuleRequest, bus: &str) -> Result<(), Refusal> {
    let invalid = |text: &str| Err(Refusal::Invalid(text.to_owned()));
    if input.event_pattern.is_none() && input.schedule_expression.is_none() {
        return invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.");
    }
    if let Some(pattern) = &input.event_pattern {
        Pattern::parse(pattern).map_err(Refusal::Pattern)?;
    }
    if let Some(schedule) = &input.schedule_expression {
        if bus != DEFAULT {
            return invalid("ScheduleExpression is supported only on the default event bus.");
        }
        if Schedule::read(schedule).is_none() {
            return invalid("Parameter ScheduleExpression is not valid.");
        }
    }
    Ok(())
}

fn wanted(input: &PutRuleRequest, present: Option<Rule>, now: i64) -> Rule {
    let tags = present.as_ref().map_or_else(|| tags(input.tags.clone()), |rule| rule.tags.clone());
    Rule {
        pattern: input.event_pattern.clone(),
        schedule: input.schedule_expression.clone(),
        disabled: input.state.as_deref() == Some("DISABLED"),
        description: input.description.clone(),
        role: input.role_arn.clone(),
        tags,
        targets: present.map(|rule| rule.targets).unwrap_or_default(),
        since: now,
    }
}

/// Tags as a request gives them.
pub(crate) fn tags(given: Option<Vec<Tag>>) -> BTreeMap<String, String> {
    let pair = |tag: Tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default());
    given.into_iter().flatten().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, refused, service};

    async fn put(events: &Events, pattern: Option<&str>, schedule: Option<&str>, bus: Option<&str>) -> Result<String, Refusal> {
        let input = PutRuleRequest {
            name: Some("r".to_owned()),
            event_pattern: pattern.map(str::to_owned),
            schedule_expression: schedule.map(str::to_owned),
            event_bus_name: bus.map(str::to_owned),
            ..PutRuleRequest::default()
        };
        put_rule(events, &context(), input).await.map(|made| made.rule_arn.unwrap())
    }

    #[tokio::test]
    async fn a_rule_has_a_pattern_or_a_schedule_that_can_be_read() {
        let events = service();
        let arn = "arn:aws:events:us-east-1:111111111111:rule/r";
        assert_eq!(put(&events, Some(r#"{"source":["s"]}"#), None, None).await.as_deref(), Ok(arn));
        assert_eq!(put(&events, None, Some("rate(5 minutes)"), None).await.as_deref(), Ok(arn));
        for (pattern, schedule, bus, code) in [
            (None, None, None, "ValidationException"),
            (Some("[]"), None, None, "InvalidEventPatternException"),
            (Some(r#"{"source":"s"}"#), None, None, "InvalidEventPatternException"),
            (None, Some("rate(5 minute)"), None, "ValidationException"),
            (None, Some("rate(5 minutes)"), Some("none"), "ResourceNotFoundException"),
        ] {
            assert_eq!(refused(put(&events, pattern, schedule, bus).await).0, code);
        }
    }
}
