//! Sampling rules: which requests SDKs are to trace. Lambda's own decisions do not depend on them ("You cannot configure the X-Ray
//! sampling rate for your functions"). `Default` is there without being made, and last in order.

use crate::{Refusal, XRayService};
use lambent_models::xray::{SamplingRule, SamplingRuleRecord};
use lambent_store::{Kind, typed::Noun};
use lambent_types::{Scope, Timestamp};
use lambent_wire::{Map, Time};
use serde::{Deserialize, Serialize};

/// The rule that everything meets that meets no other.
pub(crate) const DEFAULT: &str = "Default";
/// "AWS X-Ray endpoints and quotas": custom sampling rules.
pub(crate) const MOST: usize = 25;

/// What is stored of a rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rule {
    pub(crate) rule: SamplingRule,
    /// Microseconds since the epoch.
    pub(crate) made_at: i64,
    pub(crate) changed_at: i64,
}

impl Noun for Rule {
    const KIND: Kind = Kind::SamplingRule;
}

impl Rule {
    /// The default rule, as long as nobody has changed it: one request a second, and one of twenty beyond.
    pub(crate) fn default_of(scope: &Scope) -> Self {
        let any = || Some("*".to_owned());
        Self {
            rule: SamplingRule {
                rule_name: Some(DEFAULT.to_owned()),
                rule_arn: Some(arn(scope, DEFAULT)),
                resource_arn: any(),
                priority: Some(10_000),
                fixed_rate: Some(0.05),
                reservoir_size: Some(1),
                service_name: any(),
                service_type: any(),
                host: any(),
                http_method: any(),
                url_path: any(),
                version: Some(1),
                attributes: Some(Map::default()),
                sampling_rate_boost: None,
            },
            made_at: 0,
            changed_at: 0,
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.rule.rule_name.as_deref().unwrap_or_default()
    }
}

impl From<Rule> for SamplingRuleRecord {
    fn from(rule: Rule) -> Self {
        let time = |micros| Some(Time(Timestamp::from_micros(micros)));
        Self {
            created_at: time(rule.made_at),
            modified_at: time(rule.changed_at),
            sampling_rule: Some(rule.rule),
        }
    }
}

/// `arn:aws:xray:us-east-1:123456789012:sampling-rule/name`.
pub(crate) fn arn(scope: &Scope, name: &str) -> String {
    let Scope { account, region } = scope;
    format!(
        "arn:{}:xray:{region}:{account}:sampling-rule/{name}",
        region.partition()
    )
}

/// The rule that a request names, by its name or its ARN.
pub(crate) fn named(name: Option<String>, arn: Option<String>) -> Result<String, Refusal> {
    match (name, arn) {
        (Some(name), None) => Ok(name),
        (None, Some(arn)) => Ok(arn
            .rsplit_once(":sampling-rule/")
            .map_or(arn.clone(), |(_, name)| name.to_owned())),
        _ => Err(Refusal::Invalid("Specify either RuleName or RuleARN.".to_owned())),
    }
}

/// There is no such rule.
pub(crate) fn unknown() -> Refusal {
    Refusal::Invalid("Sampling rule does not exist.".to_owned())
}

impl XRayService {
    /// All rules of an account, in the order in which they are asked.
    pub(crate) async fn rules(&self, scope: &Scope) -> Result<Vec<Rule>, Refusal> {
        let stored = self.list_all::<Rule>(scope, "").await?;
        let mut rules: Vec<_> = stored.into_iter().map(|stored| stored.value).collect();
        if !rules.iter().any(|rule| rule.name() == DEFAULT) {
            rules.push(Rule::default_of(scope));
        }
        rules.sort_by(|a, b| (a.rule.priority, a.name()).cmp(&(b.rule.priority, b.name())));
        Ok(rules)
    }
}
