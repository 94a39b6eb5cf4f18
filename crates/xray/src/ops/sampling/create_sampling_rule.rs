//! `CreateSamplingRule`.

use crate::{
    Refusal, XRayService,
    rule::{self, DEFAULT, MOST, Rule},
};
use lambent_models::xray::{CreateSamplingRuleRequest, CreateSamplingRuleResult, SamplingRule};
use lambent_store::{Condition, Transaction, typed};
use lambent_wire::RequestContext;

pub(crate) async fn create_sampling_rule(
    xray: &XRayService,
    cx: &RequestContext,
    input: CreateSamplingRuleRequest,
) -> Result<CreateSamplingRuleResult, Refusal> {
    if input.tags.is_some_and(|tags| !tags.is_empty()) {
        return Err(Refusal::NotImplemented("Tags of a sampling rule"));
    }
    let given = input.sampling_rule.unwrap_or_default();
    if given.sampling_rate_boost.is_some() {
        return Err(Refusal::NotImplemented("SamplingRateBoost"));
    }
    let name = given.rule_name.clone().unwrap_or_default();
    if name.is_empty() {
        return Err(Refusal::Invalid("RuleName is required.".to_owned()));
    }
    let exists = || Refusal::Invalid("Sampling rule already exists.".to_owned());
    let rules = xray.rules(&cx.scope).await?;
    if rules.iter().any(|rule| rule.name() == name) {
        return Err(exists());
    }
    if rules.iter().filter(|rule| rule.name() != DEFAULT).count() >= MOST {
        return Err(Refusal::TooManyRules(MOST));
    }
    let now = xray.clock.now().as_micros();
    let made = Rule {
        rule: SamplingRule {
            rule_arn: Some(rule::arn(&cx.scope, &name)),
            attributes: Some(given.attributes.unwrap_or_default()),
            ..given
        },
        made_at: now,
        changed_at: now,
    };
    let key = typed::key::<Rule>(&cx.scope, "", &name);
    let put = Transaction::of(xray.put(key.clone(), &made)?).when(Condition::DocumentAbsent(key));
    match xray.store.commit(put).await.map_err(Refusal::from) {
        Err(Refusal::Busy) => Err(exists()),
        Err(refusal) => Err(refusal),
        Ok(()) => Ok(CreateSamplingRuleResult {
            sampling_rule_record: Some(made.into()),
        }),
    }
}
