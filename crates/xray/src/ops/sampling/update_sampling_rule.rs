//! `UpdateSamplingRule`.

use crate::{
    Refusal, XRayService,
    rule::{self, DEFAULT, Rule},
};
use lambent_models::xray::{SamplingRule, SamplingRuleUpdate, UpdateSamplingRuleRequest, UpdateSamplingRuleResult};
use lambent_store::{Condition, Transaction, typed};
use lambent_wire::RequestContext;

/// What is not named stays. Of the default rule, only how much it samples can be changed.
pub(crate) async fn update_sampling_rule(
    xray: &XRayService,
    cx: &RequestContext,
    input: UpdateSamplingRuleRequest,
) -> Result<UpdateSamplingRuleResult, Refusal> {
    let mut update = input.sampling_rule_update.unwrap_or_default();
    if update.sampling_rate_boost.is_some() {
        return Err(Refusal::NotImplemented("SamplingRateBoost"));
    }
    let name = rule::named(update.rule_name.take(), update.rule_arn.take())?;
    let key = typed::key::<Rule>(&cx.scope, "", &name);
    let stored = xray.load::<Rule>(&key).await?;
    let (present, condition) = match stored {
        Some(stored) => (stored.value.clone(), stored.unchanged()),
        None if name == DEFAULT => (Rule::default_of(&cx.scope), Condition::DocumentAbsent(key.clone())),
        None => return Err(rule::unknown()),
    };
    if name == DEFAULT && touches_more_than_rates(&update) {
        return Err(Refusal::Invalid("Only FixedRate and ReservoirSize of the default rule can be changed.".to_owned()));
    }
    let changed = Rule {
        rule: updated(present.rule, update),
        changed_at: xray.clock.now().as_micros(),
        ..present
    };
    let put = Transaction::of(xray.put(key, &changed)?).when(condition);
    xray.store.commit(put).await?;
    Ok(UpdateSamplingRuleResult {
        sampling_rule_record: Some(changed.into()),
    })
}

const fn touches_more_than_rates(update: &SamplingRuleUpdate) -> bool {
    update.resource_arn.is_some()
        || update.priority.is_some()
        || update.host.is_some()
        || update.service_name.is_some()
        || update.service_type.is_some()
        || update.http_method.is_some()
        || update.url_path.is_some()
        || update.attributes.is_some()
}

fn updated(rule: SamplingRule, update: SamplingRuleUpdate) -> SamplingRule {
    SamplingRule {
        resource_arn: update.resource_arn.or(rule.resource_arn),
        priority: update.priority.or(rule.priority),
        fixed_rate: update.fixed_rate.or(rule.fixed_rate),
        reservoir_size: update.reservoir_size.or(rule.reservoir_size),
        host: update.host.or(rule.host),
        service_name: update.service_name.or(rule.service_name),
        service_type: update.service_type.or(rule.service_type),
        http_method: update.http_method.or(rule.http_method),
        url_path: update.url_path.or(rule.url_path),
        attributes: update.attributes.or(rule.attributes),
        ..rule
    }
}
