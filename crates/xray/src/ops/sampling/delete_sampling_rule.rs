//! `DeleteSamplingRule`.

use crate::{
    Refusal, XRayService,
    rule::{self, DEFAULT, Rule},
};
use lambent_models::xray::{DeleteSamplingRuleRequest, DeleteSamplingRuleResult};
use lambent_store::{Change, Transaction, typed};
use lambent_wire::RequestContext;

pub(crate) async fn delete_sampling_rule(
    xray: &XRayService,
    cx: &RequestContext,
    input: DeleteSamplingRuleRequest,
) -> Result<DeleteSamplingRuleResult, Refusal> {
    let name = rule::named(input.rule_name, input.rule_arn)?;
    if name == DEFAULT {
        return Err(Refusal::Invalid("The default rule cannot be deleted.".to_owned()));
    }
    let key = typed::key::<Rule>(&cx.scope, "", &name);
    let stored = xray.load::<Rule>(&key).await?.ok_or_else(rule::unknown)?;
    let delete = Transaction::of(Change::DeleteDocument(key)).when(stored.unchanged());
    xray.store.commit(delete).await?;
    Ok(DeleteSamplingRuleResult {
        sampling_rule_record: Some(stored.value.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{
            create_sampling_rule::create_sampling_rule, get_sampling_rules::get_sampling_rules,
            get_sampling_targets::get_sampling_targets, update_sampling_rule::update_sampling_rule,
        },
        testing,
    };
    use lambent_models::xray::{
        CreateSamplingRuleRequest, GetSamplingRulesRequest, GetSamplingTargetsRequest, SamplingRule,
        SamplingRuleUpdate, SamplingStatisticsDocument, UpdateSamplingRuleRequest,
    };

    async fn names(xray: &XRayService, cx: &RequestContext) -> Vec<String> {
        let answer = get_sampling_rules(xray, cx, GetSamplingRulesRequest::default()).await.unwrap();
        let records = answer.sampling_rule_records.unwrap().into_iter();
        records.filter_map(|record| record.sampling_rule?.rule_name).collect()
    }

    #[tokio::test]
    async fn rules_are_made_changed_asked_and_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let (xray, cx) = (testing::service(&directory), testing::context());
        assert_eq!(names(&xray, &cx).await, ["Default"]);
        let sampling_rule = SamplingRule {
            rule_name: Some("r".to_owned()),
            priority: Some(5),
            fixed_rate: Some(1.0),
            reservoir_size: Some(7),
            ..SamplingRule::default()
        };
        let create = CreateSamplingRuleRequest { sampling_rule: Some(sampling_rule), tags: None };
        create_sampling_rule(&xray, &cx, create.clone()).await.unwrap();
        assert!(create_sampling_rule(&xray, &cx, create).await.is_err());
        assert_eq!(names(&xray, &cx).await, ["r", "Default"]);
        let update = |name: &str, host: Option<&str>| UpdateSamplingRuleRequest {
            sampling_rule_update: Some(SamplingRuleUpdate {
                rule_name: Some(name.to_owned()),
                fixed_rate: Some(0.5),
                host: host.map(str::to_owned),
                ..SamplingRuleUpdate::default()
            }),
        };
        update_sampling_rule(&xray, &cx, update("r", Some("h"))).await.unwrap();
        assert!(update_sampling_rule(&xray, &cx, update("Default", Some("h"))).await.is_err());
        update_sampling_rule(&xray, &cx, update("Default", None)).await.unwrap();
        let told = |name: &str| SamplingStatisticsDocument {
            rule_name: Some(name.to_owned()),
            ..SamplingStatisticsDocument::default()
        };
        let ask = GetSamplingTargetsRequest {
            sampling_statistics_documents: Some(vec![told("r"), told("Default"), told("x")]),
            sampling_boost_statistics_documents: None,
        };
        let targets = get_sampling_targets(&xray, &cx, ask).await.unwrap();
        let rates: Vec<_> = targets.sampling_target_documents.unwrap();
        assert_eq!(rates.iter().filter_map(|target| target.fixed_rate).collect::<Vec<_>>(), [0.5, 0.5]);
        assert_eq!(rates[0].reservoir_quota, Some(7));
        assert_eq!(targets.unprocessed_statistics.unwrap().len(), 1);
        let delete = |name: &str| DeleteSamplingRuleRequest { rule_name: Some(name.to_owned()), rule_arn: None };
        assert!(delete_sampling_rule(&xray, &cx, delete("Default")).await.is_err());
        delete_sampling_rule(&xray, &cx, delete("r")).await.unwrap();
        assert!(delete_sampling_rule(&xray, &cx, delete("r")).await.is_err());
        assert_eq!(names(&xray, &cx).await, ["Default"]);
    }
}
