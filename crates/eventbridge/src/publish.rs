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
use lambent_types::{Attribute, Delivery, Fifo, Origin, Recipient, RequestId};
use serde_json::Value;
use std::collections::BTreeMap;

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
            Some(Delivery {
                id: RequestId::new(self.ids.as_ref()),
                origin: Origin::Subscription {
                    scope: rule.key.scope.clone(),
                    arn: arn.clone(),
                    source: arn.clone(),
                },
                recipient: recipient(target, event)?,
                payload: of_target(target, text, document, facts).into_bytes(),
                trace_id: trace_id.map(str::to_owned),
                otherwise: dead_letters(target, &arn),
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
        let scope = match &delivery.origin {
            Origin::Destination(function) | Origin::DeadLetter(function) => function.scope.clone(),
            Origin::Subscription { scope, .. } => scope.clone(),
        };
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
            scope,
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

/// Where an event goes that a target does not take.
fn dead_letters(target: &Target, rule_arn: &str) -> Option<Recipient> {
    let arn = target.dead_letter_config.as_ref()?.arn.clone()?;
    let attributes = [
        ("RULE_ARN", rule_arn),
        ("TARGET_ARN", target.arn.as_deref().unwrap_or_default()),
    ];
    Some(Recipient::Queue {
        arn,
        attributes: attributes
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Attribute::text(value)))
            .collect(),
        fifo: None,
    })
}
