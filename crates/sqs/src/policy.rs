//! Queue policies: which accounts and which of AWS's services may do what with a queue.
//!
//! A queue's own account may do everything here, as far as other parts of the server do not say otherwise.

use crate::Refusal;
use lambent_engine::policy::{Document, Question, Who};
use lambent_types::AccountId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A policy, kept as its text: tools compare it with their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct QueuePolicy(String);

/// Who wants to do something.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Caller<'a> {
    /// An account.
    Account(&'a AccountId),
    /// A service such as `sns.amazonaws.com`, on behalf of something: its ARN.
    Service(&'a str, &'a str),
}

impl QueuePolicy {
    /// Reads what a client sent.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let refuse = |_| Refusal::InvalidAttribute("Policy".to_owned(), None);
        Document::read(text).map_err(refuse)?;
        Ok(Self(text.to_owned()))
    }

    /// As the client wrote it.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Whether it lets `caller` do `action`, such as `SendMessage`: something allows and nothing denies.
    pub(crate) fn lets(&self, caller: Caller<'_>, action: &str) -> bool {
        let Ok(document) = Document::read(&self.0) else {
            return false;
        };
        let (who, mut facts) = match caller {
            Caller::Account(account) => (
                Who::Account(*account),
                vec![("aws:PrincipalAccount", Some(account.as_str()))],
            ),
            Caller::Service(service, source) => {
                let account = source.split(':').nth(4);
                let facts = [
                    ("aws:SourceArn", Some(source)),
                    ("aws:SourceAccount", account),
                    ("aws:SourceOwner", account),
                ];
                (Who::Service(service), facts.to_vec())
            }
        };
        // What the server does itself leaves no machine.
        facts.push(("aws:SecureTransport", Some("true")));
        let question = Question {
            who,
            action: &format!("sqs:{action}"),
            resource: None,
            facts: &facts,
        };
        document.decide(&question).is_allowed()
    }
}

/// A policy of which statements are added and removed by their labels.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Labelled {
    version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default)]
    statement: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Label {
    #[serde(rename = "Sid")]
    sid: Option<String>,
}

fn is_labelled(statement: &RawValue, label: &str) -> bool {
    serde_json::from_str::<Label>(statement.get()).is_ok_and(|found| found.sid.as_deref() == Some(label))
}

/// What `AddPermission` adds.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Added<'a> {
    sid: &'a str,
    effect: &'static str,
    principal: BTreeMap<&'static str, OneOrMany>,
    action: OneOrMany,
    resource: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn new(mut values: Vec<String>) -> Self {
        if values.len() == 1 {
            Self::One(values.remove(0))
        } else {
            Self::Many(values)
        }
    }
}

/// The policy with a statement more, which lets the accounts do the actions with the queue of this ARN.
pub(crate) fn with_permission(
    before: Option<&QueuePolicy>,
    arn: &str,
    label: &str,
    accounts: &[String],
    actions: &[String],
) -> Result<QueuePolicy, Refusal> {
    let broken = |error: serde_json::Error| Refusal::Internal(error.to_string());
    let mut policy = match before {
        Some(policy) => serde_json::from_str(policy.text()).map_err(broken)?,
        None => Labelled {
            version: "2008-10-17".to_owned(),
            id: Some(format!("{arn}/SQSDefaultPolicy")),
            statement: Vec::new(),
        },
    };
    if policy.statement.iter().any(|statement| is_labelled(statement, label)) {
        return Err(Refusal::InvalidValue(
            label.to_owned(),
            "Label",
            "Already exists.".to_owned(),
        ));
    }
    let roots = accounts.iter().map(|account| format!("arn:aws:iam::{account}:root"));
    let added = Added {
        sid: label,
        effect: "Allow",
        principal: [("AWS", OneOrMany::new(roots.collect()))].into(),
        action: OneOrMany::new(actions.iter().map(|action| format!("SQS:{action}")).collect()),
        resource: arn,
    };
    policy
        .statement
        .push(serde_json::value::to_raw_value(&added).map_err(broken)?);
    Ok(QueuePolicy(serde_json::to_string(&policy).map_err(broken)?))
}

/// The policy without the statement of this label; `None` if there is nothing else in it.
pub(crate) fn without_permission(before: Option<&QueuePolicy>, label: &str) -> Result<Option<QueuePolicy>, Refusal> {
    let broken = |error: serde_json::Error| Refusal::Internal(error.to_string());
    let absent = || Refusal::InvalidValue(label.to_owned(), "Label", "can't find label.".to_owned());
    let mut policy: Labelled = serde_json::from_str(before.ok_or_else(absent)?.text()).map_err(broken)?;
    let count = policy.statement.len();
    policy.statement.retain(|statement| !is_labelled(statement, label));
    if policy.statement.len() == count {
        return Err(absent());
    }
    if policy.statement.is_empty() {
        return Ok(None);
    }
    Ok(Some(QueuePolicy(serde_json::to_string(&policy).map_err(broken)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:sqs:us-east-1:111111111111:q";
    const TOPIC: &str = "arn:aws:sns:us-east-1:111111111111:t";

    fn lets(text: &str, caller: Caller<'_>) -> bool {
        QueuePolicy::parse(text).unwrap().lets(caller, "SendMessage")
    }

    #[test]
    fn a_topic_is_let_in_by_its_arn() {
        let policy = |condition: &str| {
            format!(
                "{{\"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":{{\"Service\":\"sns.amazonaws.com\"}},\
                 \"Action\":\"sqs:SendMessage\",\"Resource\":\"{ARN}\",\"Condition\":{condition}}}]}}"
            )
        };
        let topic = Caller::Service("sns.amazonaws.com", TOPIC);
        let other = Caller::Service("sns.amazonaws.com", "arn:aws:sns:us-east-1:111111111111:other");
        let by_arn = policy(&format!("{{\"ArnEquals\":{{\"aws:SourceArn\":\"{TOPIC}\"}}}}"));
        assert!(lets(&by_arn, topic) && !lets(&by_arn, other));
        let like = policy("{\"ArnLike\":{\"AWS:SourceArn\":[\"arn:aws:sns:*:*:t\"]}}");
        assert!(lets(&like, topic) && !lets(&like, other));
        let by_account = policy("{\"StringEquals\":{\"aws:SourceAccount\":\"111111111111\"}}");
        assert!(lets(&by_account, topic) && !lets(&by_account, Caller::Service("events.amazonaws.com", TOPIC)));
        assert!(!lets(&policy("{\"IpAddress\":{\"aws:SourceIp\":\"1.2.3.4\"}}"), topic));
    }

    #[test]
    fn denials_come_first() {
        let account: AccountId = "222222222222".parse().unwrap();
        let caller = Caller::Account(&account);
        let allow = "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":[\"SQS:Send*\"]}";
        assert!(lets(&format!("{{\"Statement\":{allow}}}"), caller));
        let secure = "{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"sqs:*\",\
                      \"Condition\":{\"Bool\":{\"aws:SecureTransport\":\"false\"}}}";
        assert!(lets(&format!("{{\"Statement\":[{allow},{secure}]}}"), caller));
        let deny = "{\"Effect\":\"Deny\",\"Principal\":{\"AWS\":\"222222222222\"},\"Action\":\"sqs:*\"}";
        assert!(!lets(&format!("{{\"Statement\":[{allow},{deny}]}}"), caller));
        assert!(QueuePolicy::parse("no policy").is_err());
    }

    #[test]
    fn permissions_come_and_go_by_label() {
        let accounts = ["222222222222".to_owned()];
        let actions = ["SendMessage".to_owned()];
        let one = with_permission(None, ARN, "a", &accounts, &actions).unwrap();
        assert_eq!(
            one.text(),
            format!(
                "{{\"Version\":\"2008-10-17\",\"Id\":\"{ARN}/SQSDefaultPolicy\",\"Statement\":[{{\"Sid\":\"a\",\
                 \"Effect\":\"Allow\",\"Principal\":{{\"AWS\":\"arn:aws:iam::222222222222:root\"}},\
                 \"Action\":\"SQS:SendMessage\",\"Resource\":\"{ARN}\"}}]}}"
            )
        );
        let account = "222222222222".parse().unwrap();
        assert!(one.lets(Caller::Account(&account), "SendMessage"));
        assert!(!one.lets(Caller::Account(&account), "ReceiveMessage"));
        assert!(with_permission(Some(&one), ARN, "a", &accounts, &actions).is_err());
        let two = with_permission(Some(&one), ARN, "b", &accounts, &actions).unwrap();
        assert_eq!(without_permission(Some(&two), "b"), Ok(Some(one.clone())));
        assert_eq!(without_permission(Some(&one), "a"), Ok(None));
        assert!(without_permission(None, "a").is_err());
    }
}
