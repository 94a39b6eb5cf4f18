//! Rules: a pattern that events meet, or a schedule, and the targets.

use crate::{
    Events, Refusal,
    bus::DEFAULT,
    documents::{self, Noun, Stored},
    schedule::Schedule,
};
use lambent_engine::pattern::Pattern;
use lambent_models::eventbridge::Target;
use lambent_store::{DocumentKey, Kind, Transaction};
use lambent_types::{Scope, Timestamp};
use lambent_wire::RequestContext;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tries against others who change the same thing at the same time.
pub(crate) const TRIES: usize = 20;

/// What is stored of a rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rule {
    /// It was read when it was stored.
    pub(crate) pattern: Option<String>,
    /// The same.
    pub(crate) schedule: Option<String>,
    pub(crate) disabled: bool,
    pub(crate) description: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) targets: Vec<Target>,
    /// From when on a rate counts: microseconds since the epoch.
    pub(crate) since: i64,
}

impl Noun for Rule {
    const KIND: Kind = Kind::EventRule;
}

impl Rule {
    /// Whether an event meets it.
    pub(crate) fn wants(&self, event: &serde_json::Value) -> bool {
        let pattern = self.pattern.as_deref().filter(|_| !self.disabled);
        pattern.is_some_and(|text| Pattern::parse(text).is_ok_and(|pattern| pattern.matches(event)))
    }

    /// When it is due, if it has a schedule that is on.
    pub(crate) fn schedule(&self) -> Option<Schedule> {
        let text = self.schedule.as_deref().filter(|_| !self.disabled)?;
        Schedule::read(text)
    }

    pub(crate) const fn since(&self) -> Timestamp {
        Timestamp::from_micros(self.since)
    }

    /// `ENABLED` or `DISABLED`.
    pub(crate) const fn state(&self) -> &'static str {
        if self.disabled { "DISABLED" } else { "ENABLED" }
    }
}

/// `arn:aws:events:us-east-1:123456789012:rule/name`, with the bus before the name if it is not the default one.
pub(crate) fn arn(scope: &Scope, bus: &str, rule: &str) -> String {
    let Scope { account, region } = scope;
    let path = if bus == DEFAULT {
        rule.to_owned()
    } else {
        format!("{bus}/{rule}")
    };
    format!("arn:{}:events:{region}:{account}:rule/{path}", region.partition())
}

/// The bus and the name in such an ARN.
pub(crate) fn read_arn(arn: &str) -> Option<(String, String)> {
    let path = arn.rsplit_once(":rule/")?.1;
    let (bus, rule) = path.split_once('/').unwrap_or((DEFAULT, path));
    Some((bus.to_owned(), rule.to_owned()))
}

/// The ARN of the rule that a document is of.
pub(crate) fn arn_of(key: &DocumentKey) -> String {
    arn(&key.scope, &key.parent, &key.id)
}

impl Events {
    /// A rule that must be there.
    pub(crate) async fn rule(&self, cx: &RequestContext, bus: &str, name: &str) -> Result<Stored<Rule>, Refusal> {
        let key = documents::key::<Rule>(&cx.scope, bus, name);
        let found = self.load::<Rule>(&key).await?;
        found.ok_or_else(|| Refusal::NoRule(name.to_owned(), bus.to_owned()))
    }

    /// Changes a rule. `change` may be asked again.
    pub(crate) async fn change_rule(
        &self,
        cx: &RequestContext,
        bus: &str,
        name: &str,
        change: impl Fn(&mut Rule) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        for _ in 0..TRIES {
            let mut stored = self.rule(cx, bus, name).await?;
            let unchanged = stored.unchanged();
            change(&mut stored.value)?;
            let put = self.put(stored.key.clone(), &stored.value)?;
            let committed = self.store.commit(Transaction::of(put).when(unchanged)).await;
            match committed.map_err(Refusal::from) {
                Err(Refusal::Busy) => {}
                committed => {
                    self.changed.notify_one();
                    return committed;
                }
            }
        }
        Err(Refusal::Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_name_the_bus_unless_it_is_the_default_one() {
        let scope = lambent_store::contract::scope("111111111111");
        for bus in [DEFAULT, "own"] {
            let arn = arn(&scope, bus, "r");
            assert_eq!(read_arn(&arn), Some((bus.to_owned(), "r".to_owned())), "{arn}");
        }
        assert_eq!(
            arn(&scope, DEFAULT, "r"),
            "arn:aws:events:us-east-1:111111111111:rule/r"
        );
        assert_eq!(read_arn("arn:aws:sns:x"), None);
    }
}
