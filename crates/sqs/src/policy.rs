//! Queue policies: which accounts and which of AWS's services may do what with a queue.
//!
//! A queue's own account may do everything here, as far as other parts of the server do not say otherwise.

use crate::Refusal;
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

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    #[serde(default)]
    statement: OneOf<Statement>,
}

/// One of something, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOf<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> Default for OneOf<T> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<T> OneOf<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::Many(many) => many,
            Self::One(one) => std::slice::from_ref(one),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: Effect,
    #[serde(default)]
    principal: Option<Principal>,
    #[serde(default)]
    action: OneOf<String>,
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, OneOf<Scalar>>>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Principal {
    Anyone(String),
    Some(BTreeMap<String, OneOf<String>>),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Flag(bool),
}

impl Scalar {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Flag(true) => "true",
            Self::Flag(false) => "false",
        }
    }
}

impl QueuePolicy {
    /// Reads what a client sent.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let refuse = |_| Refusal::InvalidAttribute("Policy".to_owned(), None);
        serde_json::from_str::<Document>(text).map_err(refuse)?;
        Ok(Self(text.to_owned()))
    }

    /// As the client wrote it.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Whether it lets `caller` do `action`, such as `SendMessage`: something allows and nothing denies.
    pub(crate) fn lets(&self, caller: Caller<'_>, action: &str) -> bool {
        let Ok(document) = serde_json::from_str::<Document>(&self.0) else {
            return false;
        };
        let about = |statement: &&Statement| statement.is_about(caller, action);
        let found: Vec<&Statement> = document.statement.as_slice().iter().filter(about).collect();
        found.iter().any(|statement| statement.effect == Effect::Allow)
            && !found.iter().any(|statement| statement.effect == Effect::Deny)
    }
}

impl Statement {
    fn is_about(&self, caller: Caller<'_>, action: &str) -> bool {
        let action = format!("sqs:{action}").to_ascii_lowercase();
        let named = |pattern: &String| matches(&pattern.to_ascii_lowercase(), &action);
        self.action.as_slice().iter().any(named)
            && self.principal.as_ref().is_some_and(|principal| principal.is(caller))
            && self.applies(caller)
    }

    /// Whether all its conditions hold. One that is not understood is taken for whatever allows less.
    fn applies(&self, caller: Caller<'_>) -> bool {
        let all = self.condition.iter().flat_map(|(operator, keys)| {
            keys.iter()
                .map(move |(key, values)| (operator.as_str(), key.to_ascii_lowercase(), values))
        });
        all.into_iter().all(|(operator, key, values)| {
            let unknown = self.effect == Effect::Deny;
            let Some(actual) = value(&key, caller) else {
                return unknown;
            };
            let mut values = values.as_slice().iter().map(Scalar::text);
            match operator.trim_end_matches("IfExists") {
                "StringEquals" | "ArnEquals" | "Bool" | "ArnLike" | "StringLike" => {
                    values.any(|pattern| matches(pattern, &actual))
                }
                "StringNotEquals" | "ArnNotEquals" | "ArnNotLike" | "StringNotLike" => {
                    !values.any(|pattern| matches(pattern, &actual))
                }
                _ => unknown,
            }
        })
    }
}

/// What a condition's key stands for.
fn value(key: &str, caller: Caller<'_>) -> Option<String> {
    match (key, caller) {
        // What the server does itself leaves no machine.
        ("aws:securetransport", _) => Some("true".to_owned()),
        ("aws:sourcearn", Caller::Service(_, source)) => Some(source.to_owned()),
        ("aws:sourceaccount" | "aws:sourceowner", Caller::Service(_, source)) => {
            source.split(':').nth(4).map(str::to_owned)
        }
        ("aws:principalaccount", Caller::Account(account)) => Some(account.as_str().to_owned()),
        _ => None,
    }
}

impl Principal {
    fn is(&self, caller: Caller<'_>) -> bool {
        let named = |kind: &str, is: &dyn Fn(&str) -> bool| match self {
            Self::Anyone(who) => who == "*",
            Self::Some(kinds) => {
                let named = kinds.get(kind).map(OneOf::as_slice).unwrap_or_default();
                named.iter().any(|who| is(who))
            }
        };
        let anyone = named("AWS", &|who| who == "*");
        anyone
            || match caller {
                Caller::Service(service, _) => named("Service", &|who| who == service),
                Caller::Account(account) => named("AWS", &|who| {
                    who == account.as_str() || who.split(':').nth(4) == Some(account.as_str())
                }),
            }
    }
}

/// Whether a text is what a pattern with `*` and `?` says.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while let Some(&character) = text.get(t) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&expected) if expected == '?' || expected == character => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, taken)) => {
                    (p, t) = (at + 1, taken + 1);
                    star = Some((at, taken + 1));
                }
                None => return false,
            },
        }
    }
    pattern
        .get(p..)
        .unwrap_or_default()
        .iter()
        .all(|character| *character == '*')
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

    #[test]
    fn patterns_match_as_wildcards_do() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("a?c", "abc", true),
            ("**b", "aab", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
