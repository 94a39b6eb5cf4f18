//! `GetSamplingTargets`.

use crate::{Refusal, XRayService, rule::Rule};
use lambent_models::xray::{
    GetSamplingTargetsRequest, GetSamplingTargetsResult, SamplingTargetDocument, UnprocessedStatistics,
};
use lambent_types::Timestamp;
use lambent_wire::{RequestContext, Time};
use std::time::Duration;

/// How long a quota holds, and how often clients ask.
const INTERVAL: Duration = Duration::from_secs(10);

/// How much an SDK may trace until it asks again. Each client may use the whole reservoir: this server does not share it out among them.
pub(crate) async fn get_sampling_targets(
    xray: &XRayService,
    cx: &RequestContext,
    input: GetSamplingTargetsRequest,
) -> Result<GetSamplingTargetsResult, Refusal> {
    let rules = xray.rules(&cx.scope).await?;
    let until = xray.clock.now().plus(INTERVAL);
    let (mut targets, mut unknown) = (Vec::new(), Vec::new());
    for told in input.sampling_statistics_documents.unwrap_or_default() {
        let name = told.rule_name.unwrap_or_default();
        match rules.iter().find(|rule| rule.name() == name) {
            Some(rule) => targets.push(target(rule, until)),
            None => unknown.push(UnprocessedStatistics {
                rule_name: Some(name),
                error_code: Some("400".to_owned()),
                message: Some("Unknown rule".to_owned()),
            }),
        }
    }
    let changed = rules.iter().map(|rule| rule.changed_at).max().unwrap_or_default();
    Ok(GetSamplingTargetsResult {
        sampling_target_documents: Some(targets),
        last_rule_modification: Some(Time(Timestamp::from_micros(changed))),
        unprocessed_statistics: Some(unknown),
        unprocessed_boost_statistics: None,
    })
}

fn target(rule: &Rule, until: Timestamp) -> SamplingTargetDocument {
    SamplingTargetDocument {
        rule_name: rule.rule.rule_name.clone(),
        fixed_rate: rule.rule.fixed_rate,
        reservoir_quota: rule.rule.reservoir_size,
        reservoir_quota_ttl: Some(Time(until)),
        interval: i64::try_from(INTERVAL.as_secs()).ok(),
        sampling_boost: None,
    }
}
