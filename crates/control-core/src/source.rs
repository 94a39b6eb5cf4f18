//! Whether a resource policy lets a service of AWS invoke a function on behalf of a resource: pure.
//!
//! Follows "Granting Lambda function access to AWS services" of the developer guide: a statement names the service as its principal, and
//! may ask for the ARN or the account of the resource that calls.

use crate::policy::Policy;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A service that wants to invoke a function, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its principal: `sns.amazonaws.com`.
    pub service: String,
    /// The resource's ARN.
    pub arn: String,
    /// The resource's account.
    pub account: String,
}

impl Source {
    /// The service and the account that an ARN names.
    #[must_use]
    pub fn of(arn: &str) -> Self {
        let part = |index| arn.split(':').nth(index).unwrap_or_default().to_owned();
        Self {
            service: format!("{}.amazonaws.com", part(2)),
            arn: arn.to_owned(),
            account: part(4),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: Effect,
    principal: Option<Principal>,
    action: Option<OneOrMore>,
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, OneOrMore>>,
}

#[derive(Deserialize, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Principal {
    Anyone(String),
    Named(BTreeMap<String, OneOrMore>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn any(&self, holds: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::One(one) => holds(one),
            Self::More(more) => more.iter().any(|one| holds(one)),
        }
    }
}

impl Policy {
    /// Whether `source` may invoke what this policy is of. A statement that is not understood lets no one in; a denial of which only the
    /// condition is not understood keeps out.
    #[must_use]
    pub fn lets_service(&self, source: &Source) -> bool {
        let statements: Vec<Statement> = self
            .statements()
            .filter_map(|text| serde_json::from_str(text).ok())
            .collect();
        let about = |statement: &&Statement| statement.is_about_invoking() && statement.speaks_to(source);
        let mut about_it = statements.iter().filter(about).peekable();
        let holds = |statement: &Statement, unknown| statement.holds(source, unknown);
        about_it.peek().is_some()
            && about_it
                .clone()
                .any(|each| each.effect == Effect::Allow && holds(each, false))
            && !about_it.any(|each| each.effect == Effect::Deny && holds(each, true))
    }
}

impl Statement {
    fn is_about_invoking(&self) -> bool {
        let actions = self.action.as_ref();
        actions.is_some_and(|actions| actions.any(|action| like(&action.to_lowercase(), "lambda:invokefunction")))
    }

    fn speaks_to(&self, source: &Source) -> bool {
        match &self.principal {
            None => false,
            Some(Principal::Anyone(text)) => text == "*",
            Some(Principal::Named(kinds)) => {
                let service = kinds.get("Service");
                service.is_some_and(|names| names.any(|name| name == source.service || name == "*"))
                    || kinds.get("AWS").is_some_and(|names| names.any(|name| name == "*"))
            }
        }
    }

    /// Whether every condition holds; `unknown` is taken for one that is not understood.
    fn holds(&self, source: &Source, unknown: bool) -> bool {
        self.condition.iter().all(|(operator, keys)| {
            keys.iter().all(|(key, wanted)| {
                let given = match key.to_ascii_lowercase().as_str() {
                    "aws:sourcearn" => &source.arn,
                    "aws:sourceaccount" => &source.account,
                    _ => return unknown,
                };
                match operator.to_ascii_lowercase().as_str() {
                    "arnlike" | "arnequals" | "stringlike" => wanted.any(|pattern| like(pattern, given)),
                    "stringequals" => wanted.any(|text| text == given),
                    _ => unknown,
                }
            })
        })
    }
}

/// Whether a pattern means a text: `*` stands for any text, `?` for any character.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut from, mut star) = (0, 0, None);
    while from < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some('?') => (at, from) = (at + 1, from + 1),
            Some(letter) if text.get(from) == Some(letter) => (at, from) = (at + 1, from + 1),
            _ => match star {
                // What the last star stands for is one character longer.
                Some((before, began)) => {
                    star = Some((before, began + 1));
                    (at, from) = (before + 1, began + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|left| *left == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "arn:aws:sns:us-east-1:111111111111:t";

    fn lets(statements: &str) -> bool {
        let policy = Policy::read(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap();
        policy.lets_service(&Source::of(TOPIC))
    }

    fn statement(effect: &str, principal: &str, condition: &str) -> String {
        format!(
            r#"{{"Effect":"{effect}","Principal":{principal},"Action":"lambda:InvokeFunction","Resource":"*","Condition":{condition}}}"#
        )
    }

    #[test]
    fn a_service_is_let_in_for_what_a_statement_names() {
        let sns = r#"{"Service":"sns.amazonaws.com"}"#;
        let by_arn = |arn: &str| statement("Allow", sns, &format!(r#"{{"ArnLike":{{"AWS:SourceArn":"{arn}"}}}}"#));
        assert!(lets(&statement("Allow", sns, "{}")));
        assert!(lets(&by_arn(TOPIC)) && lets(&by_arn("arn:aws:sns:*:t")) && lets(&by_arn("arn:aws:sns:us-east-?:*")));
        assert!(!lets(&by_arn("arn:aws:sns:us-east-1:111111111111:other")));
        let account = |number: &str| {
            let condition = format!(r#"{{"StringEquals":{{"AWS:SourceAccount":"{number}"}}}}"#);
            statement("Allow", sns, &condition)
        };
        assert!(lets(&account("111111111111")) && !lets(&account("222222222222")));
        assert!(!lets(&statement(
            "Allow",
            r#"{"Service":"events.amazonaws.com"}"#,
            "{}"
        )));
        assert!(lets(&statement("Allow", r#""*""#, "{}")));
        assert!(!lets(&statement(
            "Allow",
            sns,
            r#"{"Bool":{"aws:SecureTransport":"true"}}"#
        )));
    }

    #[test]
    fn a_denial_wins() {
        let allow = statement("Allow", r#""*""#, "{}");
        let deny = |condition: &str| format!("{allow},{}", statement("Deny", r#""*""#, condition));
        assert!(!lets(&deny("{}")));
        assert!(!lets(&deny(r#"{"Bool":{"aws:SecureTransport":"true"}}"#)));
        assert!(lets(&deny(r#"{"StringEquals":{"aws:SourceAccount":"222222222222"}}"#)));
    }

    #[test]
    fn patterns_are_matched_whole() {
        for (pattern, text) in [("*", ""), ("a*c", "abbc"), ("a*b*c", "a-b-b-c"), ("?b", "ab"), ("", "")] {
            assert!(like(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", "ab"), ("a*c", "ab"), ("?", ""), ("", "a"), ("*a", "ab")] {
            assert!(!like(pattern, text), "{pattern} {text}");
        }
    }
}
