//! `GetSamplingRules`.

use crate::{Refusal, XRayService};
use lambent_models::xray::{GetSamplingRulesRequest, GetSamplingRulesResult};
use lambent_wire::RequestContext;

/// There are never many: all come at once.
pub(crate) async fn get_sampling_rules(
    xray: &XRayService,
    cx: &RequestContext,
    _input: GetSamplingRulesRequest,
) -> Result<GetSamplingRulesResult, Refusal> {
    let rules = xray.rules(&cx.scope).await?;
    Ok(GetSamplingRulesResult {
        sampling_rule_records: Some(rules.into_iter().map(Into::into).collect()),
        next_token: None,
    })
}
