//! From an event to deliveries: one for each target of each rule that it meets, all committed together.

use crate::{
    Events, Refusal,
    bus::name_in,
    documents::Stored,
    event::{Event, detail_of},
    input::{Facts, of_target},
    rule::{self, Rule},
};
use lambent_events::Undelivered;
use lambent_models::eventbridge::Target;
use lambent_types::{Delivery, Fifo, Origin, Recipient, RequestId, RuleTarget, Scope};
use serde_json::Value;
use std::collections::BTreeMap;

/// Tries of a target after the first, unless its `RetryPolicy` says otherwise.
const RETRIES: u32 = 185;
/// How long a target is tried, unless its `RetryPolicy` says otherwise.
const LONGEST_SECONDS: u32 = 24 * 60 * 60;

impl Events {
    /// Takes events. Once this answers `Ok`, every target that is to get one will be tried, whatever happens to the process.
    pub(crate) async fn publish(&self, bus: &str, events: &[Event], trace_id: Option<&str>) -> Result<(), Refusal> {
        let mut deliveries = Vec::new();
        if let Some(first) = events.first() {
            let rules = self.list_all::<Rule>(&first.scope, bus).await?;
            for event in events {
                let text = event.text();
                let document = document(&text);
                for rule in rules.iter().filter(|rule| rule.value.wants(&document)) {
                    deliveries.extend(self.deliveries(rule, event, (&text, &document), trace_id));
                }
            }
        }
        Ok(self.outbox.post(deliveries).await?)
    }

    /// What goes to the targets of a rule that an event has met.
    pub(crate) fn deliveries(
        &self,
        rule: &Stored<Rule>,
        event: &Event,
        (text, document): (&str, &Value),
        trace_id: Option<&str>,
    ) -> Vec<Delivery> {
        let at = self.clock.now();
        let arn = rule::arn_of(&rule.key);
        let facts = Facts {
            rule_arn: &arn,
            rule_name: &rule.key.id,
            ingested: &at.format("%Y-%m-%dT%H:%M:%SZ"),
        };
        let deliver = |target: &Target| {
            let input = of_target(target, text, document, facts);
            // The dead-letter queue gets the event itself, whatever the target asked for.
            let event_itself = target.dead_letter_config.is_some() && input != text;
            Some(Delivery {
                id: RequestId::new(self.ids.as_ref()),
                origin: Origin::Target(Box::new(RuleTarget {
                    event: event_itself.then(|| text.to_owned()),
                    ..terms(target, &rule.key.scope, &arn)
                })),
                recipient: recipient(target, event)?,
                payload: input.into_bytes(),
                trace_id: trace_id.map(str::to_owned),
                otherwise: dead_letters(target),
                lane: None,
                accepted_at: at,
                attempts: 0,
                due_at: at,
            })
        };
        rule.value.targets.iter().filter_map(deliver).collect()
    }

    /// Takes a delivery for a bus: something that another part of this server tells.
    ///
    /// # Errors
    /// When there is no such bus, or what is told is no event, or the store fails.
    pub async fn take(
        &self,
        delivery: &Delivery,
        arn: &str,
        detail_type: &str,
        resources: &[String],
    ) -> Result<(), Undelivered> {
        let refused = |text: &str| Undelivered::Refused(text.to_owned());
        let payload = std::str::from_utf8(&delivery.payload).ok();
        let detail = payload
            .and_then(detail_of)
            .ok_or_else(|| refused("it is no JSON object"))?;
        let event = Event {
            id: delivery.id.to_string(),
            source: "lambda".to_owned(),
            detail_type: detail_type.to_owned(),
            time: delivery.accepted_at,
            resources: resources.to_vec(),
            scope: delivery.origin.scope().clone(),
            detail,
        };
        match self.publish(name_in(arn), &[event], delivery.trace_id.as_deref()).await {
            Ok(()) => Ok(()),
            Err(Refusal::Internal(cause)) => Err(Undelivered::Unreachable(cause)),
            Err(refusal) => Err(refused(&lambent_wire::ServiceError::from(refusal).to_string())),
        }
    }
}

/// What an event says, for those who look into it.
pub(crate) fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// Who a target is; `None` for a service that this server does not have.
pub(crate) fn recipient(target: &Target, event: &Event) -> Option<Recipient> {
    let arn = target.arn.clone()?;
    let service = arn.split(':').nth(2)?.to_owned();
    match service.as_str() {
        "lambda" => Some(Recipient::Function { arn }),
        "sqs" => {
            let group = target
                .sqs_parameters
                .as_ref()
                .and_then(|parameters| parameters.message_group_id.clone());
            let fifo = group.filter(|_| arn.ends_with(".fifo")).map(|group| Fifo {
                group,
                deduplication: event.id.clone(),
            });
            Some(Recipient::Queue {
                arn,
                attributes: BTreeMap::new(),
                fifo,
            })
        }
        "sns" => Some(Recipient::Topic {
            arn,
            attributes: BTreeMap::new(),
        }),
        _ => None,
    }
}

/// How often and how long a target is tried: what its `RetryPolicy` says, or AWS's defaults.
fn terms(target: &Target, scope: &Scope, rule: &str) -> RuleTarget {
    let policy = target.retry_policy.clone().unwrap_or_default();
    let or = |given: Option<i64>, default| given.and_then(|given| u32::try_from(given).ok()).unwrap_or(default);
    RuleTarget {
        scope: scope.clone(),
        rule: rule.to_owned(),
        retries: or(policy.maximum_retry_attempts, RETRIES),
        longest: or(policy.maximum_event_age_in_seconds, LONGEST_SECONDS),
        event: None,
    }
}

/// Where an event goes that a target does not take. What is told of it there is known when it is given up.
fn dead_letters(target: &Target) -> Option<Recipient> {
    let arn = target.dead_letter_config.as_ref()?.arn.clone()?;
    Some(Recipient::Queue {
        arn,
        attributes: BTreeMap::new(),
        fifo: None,
    })
}
