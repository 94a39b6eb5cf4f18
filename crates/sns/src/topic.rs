//! Topics.

use crate::{
    Refusal, Sns,
    documents::{self, Noun, Stored},
};
use lambent_engine::policy::{Document, Question, Who};
use lambent_store::{DocumentKey, Kind, Transaction};
use lambent_types::{AccountId, Scope};
use lambent_wire::RequestContext;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tries against others who change the same thing at the same time.
pub(crate) const TRIES: usize = 20;

/// Names a topic for good.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicKey {
    /// Account and region.
    pub scope: Scope,
    /// Its name; that of a FIFO topic ends in `.fifo`.
    pub name: String,
}

impl TopicKey {
    /// `arn:aws:sns:us-east-1:123456789012:name`.
    #[must_use]
    pub fn arn(&self) -> String {
        let Scope { account, region } = &self.scope;
        format!("arn:{}:sns:{region}:{account}:{}", region.partition(), self.name)
    }

    /// Reads such an ARN.
    #[must_use]
    pub fn from_arn(arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.split(':').collect();
        let ["arn", _, "sns", region, account, name] = parts.as_slice() else {
            return None;
        };
        let scope = Scope {
            account: account.parse().ok()?,
            region: region.parse().ok()?,
        };
        let key = Self {
            scope,
            name: (*name).to_owned(),
        };
        (key.arn() == arn && is_name(name)).then_some(key)
    }

    /// Whether it keeps the order of each message group.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.name.ends_with(".fifo")
    }

    pub(crate) fn document(&self) -> DocumentKey {
        documents::key::<Topic>(&self.scope, "", &self.name)
    }
}

/// Whether a topic can bear this name.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = name.strip_suffix(".fifo").unwrap_or(name);
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=256).contains(&name.len()) && !plain.is_empty() && plain.bytes().all(letter)
}

/// What is stored of a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Topic {
    /// What was set, by AWS's names; each was checked.
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Noun for Topic {
    const KIND: Kind = Kind::Topic;
}

impl Topic {
    /// Whether a message without a deduplication id is told from others by what it says.
    pub(crate) fn deduplicates_by_content(&self) -> bool {
        self.attributes
            .get("ContentBasedDeduplication")
            .is_some_and(|value| value == "true")
    }
}

impl Sns {
    /// The topic of an ARN that a request names; who asks must be of its account, or the topic's policy must let that account do it.
    pub(crate) async fn topic(
        &self,
        cx: &RequestContext,
        arn: Option<String>,
        operation: &'static str,
    ) -> Result<(TopicKey, Stored<Topic>), Refusal> {
        let arn = arn.unwrap_or_default();
        let key = TopicKey::from_arn(&arn).ok_or_else(|| wrong_arn(&arn))?;
        let stranger = key.scope.account != cx.scope.account;
        if stranger && !self.admits(&key, cx.scope.account, operation).await? {
            return Err(Refusal::NotAuthorized(operation, arn));
        }
        if key.scope.region != cx.scope.region {
            return Err(Refusal::Invalid("TopicArn".to_owned()));
        }
        let stored = self.stored_topic(&key).await?;
        Ok((key, stored))
    }

    /// Whether a topic's policy lets another account do something. Nobody is told whether there is such a topic.
    async fn admits(&self, key: &TopicKey, account: AccountId, operation: &str) -> Result<bool, Refusal> {
        let Some(stored) = self.load::<Topic>(&key.document()).await? else {
            return Ok(false);
        };
        let Ok(policy) = Document::read(&stored.value.policy(key)) else {
            return Ok(false);
        };
        let (resource, who) = (key.arn(), account.as_str());
        let question = Question {
            who: Who::Account(account),
            // A batch is allowed by what allows a message.
            action: &format!("sns:{}", operation.strip_suffix("Batch").unwrap_or(operation)),
            resource: Some(&resource),
            facts: &[("aws:SourceOwner", Some(who)), ("aws:PrincipalAccount", Some(who))],
        };
        Ok(policy.decide(&question).is_allowed())
    }

    /// A topic that must be there.
    pub(crate) async fn stored_topic(&self, key: &TopicKey) -> Result<Stored<Topic>, Refusal> {
        self.load::<Topic>(&key.document()).await?.ok_or(Refusal::NoTopic)
    }

    /// Changes a topic. `change` may be asked again.
    pub(crate) async fn change_topic(
        &self,
        key: &TopicKey,
        change: impl Fn(&mut Topic) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        for _ in 0..TRIES {
            let mut stored = self.stored_topic(key).await?;
            let unchanged = stored.unchanged();
            change(&mut stored.value)?;
            let put = self.put(stored.key.clone(), &stored.value)?;
            match self
                .store
                .commit(Transaction::of(put).when(unchanged))
                .await
                .map_err(Refusal::from)
            {
                Err(Refusal::Busy) => {}
                committed => return committed,
            }
        }
        Err(Refusal::Busy)
    }
}

fn wrong_arn(arn: &str) -> Refusal {
    let parts = arn.split(':').count();
    if parts < 6 {
        Refusal::Invalid(format!(
            "TopicArn Reason: An ARN must have at least 6 elements, not {parts}"
        ))
    } else {
        Refusal::Invalid("TopicArn".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_names_a_topic() {
        let arn = "arn:aws:sns:eu-west-1:123456789012:orders.fifo";
        let key = TopicKey::from_arn(arn).unwrap();
        assert!(key.is_fifo() && key.arn() == arn);
        for other in [
            "orders",
            "arn:aws:sns:eu-west-1:123456789012:or.ders",
            "arn:aws:sns:eu-west-1:123456789012:.fifo",
            "arn:aws:sqs:eu-west-1:123456789012:orders",
            "arn:aws:sns:eu-west-1:123456789012:orders:1",
        ] {
            assert_eq!(TopicKey::from_arn(other), None, "{other}");
        }
    }
}
