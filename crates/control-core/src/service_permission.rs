//! What a function's policy lets AWS's services do.

use crate::policy::Policy;
use lambent_types::AccountId;
use serde::Deserialize;
use std::collections::BTreeMap;

/// One text or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Several(Vec<String>),
}

impl Texts {
    fn any(&self, holds: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::One(text) => holds(text),
            Self::Several(texts) => texts.iter().any(|text| holds(text)),
        }
    }
}

/// A statement, as far as it can be about a service. One that cannot be read so lets nobody in.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ServiceStatement {
    #[serde(rename = "Sid")]
    _sid: Option<String>,
    effect: Effect,
    principal: Principal,
    action: Texts,
    #[serde(rename = "Resource")]
    _resource: Option<Texts>,
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, Texts>>,
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
    Named(BTreeMap<String, Texts>),
}

/// Who calls, for whom.
struct Call<'a> {
    service: &'a str,
    action: &'a str,
    source: &'a str,
    account: AccountId,
}

impl ServiceStatement {
    fn is_about(&self, call: &Call<'_>) -> bool {
        let named = match &self.principal {
            Principal::Anyone(text) => text == "*",
            Principal::Named(kinds) => kinds
                .get("Service")
                .is_some_and(|services| services.any(|service| service == call.service)),
        };
        named && self.action.any(|pattern| like(pattern, call.action)) && self.conditions_hold(call)
    }

    /// A condition that is not understood does not hold.
    fn conditions_hold(&self, call: &Call<'_>) -> bool {
        let keys = self
            .condition
            .iter()
            .flat_map(|(operator, keys)| keys.iter().map(move |(key, expected)| (operator, key, expected)));
        keys.into_iter().all(|(operator, key, expected)| {
            let present = match key.to_ascii_lowercase().as_str() {
                "aws:sourcearn" => call.source,
                "aws:sourceaccount" => call.account.as_str(),
                _ => return false,
            };
            match operator.as_str() {
                "StringEquals" => expected.any(|text| text == present),
                "ArnLike" | "ArnEquals" | "StringLike" => expected.any(|pattern| like(pattern, present)),
                _ => false,
            }
        })
    }
}

impl Policy {
    /// Whether a service may do an action on behalf of a source, which is an ARN, of an account.
    pub fn lets_service(&self, service: &str, action: &str, source: &str, account: AccountId) -> bool {
        let call = Call {
            service,
            action,
            source,
            account,
        };
        let about: Vec<Effect> = self
            .statements()
            .filter_map(|text| serde_json::from_str::<ServiceStatement>(text).ok())
            .filter(|statement| statement.is_about(&call))
            .map(|statement| statement.effect)
            .collect();
        about.contains(&Effect::Allow) && !about.contains(&Effect::Deny)
    }
}

/// Whether a text is one of those that a pattern means: `*` stands for any text, `?` for any character.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut read) = (0, 0);
    // Where the last star stands, and how far the text was when it began.
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(expected) if *expected == '?' || *expected == text[read] => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((star_at, began)) = star else { return false };
                star = Some((star_at, began + 1));
                at = star_at + 1;
                read = began + 1;
            }
        }
    }
    pattern[at..].iter().all(|left| *left == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lets(statement: &str) -> bool {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let policy: Policy = serde_json::from_str(&text).unwrap();
        let source = "arn:aws:logs:us-east-1:111111111111:log-group:/g:*";
        let account = "111111111111".parse().unwrap();
        policy.lets_service("logs.amazonaws.com", "lambda:InvokeFunction", source, account)
    }

    fn statement(effect: &str, principal: &str, condition: &str) -> String {
        format!(
            r#"{{"Sid":"s","Effect":"{effect}","Principal":{principal},"Action":"lambda:InvokeFunction","Resource":"f"{condition}}}"#
        )
    }

    #[test]
    fn a_service_needs_a_statement_that_means_it() {
        let logs = r#"{"Service":"logs.amazonaws.com"}"#;
        assert!(lets(&statement("Allow", logs, "")));
        assert!(!lets(&statement("Allow", r#"{"Service":"s3.amazonaws.com"}"#, "")));
        assert!(!lets(&statement("Allow", r#"{"AWS":"*"}"#, "")));
        assert!(lets(&statement("Allow", r#""*""#, "")));
        let both = [statement("Allow", logs, ""), statement("Deny", logs, "")].join(",");
        assert!(!lets(&both));
    }

    #[test]
    fn conditions_hold_or_not() {
        let with = |condition: &str| {
            let condition = format!(r#","Condition":{condition}"#);
            lets(&statement("Allow", r#"{"Service":"logs.amazonaws.com"}"#, &condition))
        };
        assert!(with(
            r#"{"ArnLike":{"AWS:SourceArn":"arn:aws:logs:us-east-1:111111111111:log-group:/g:*"}}"#
        ));
        assert!(with(r#"{"ArnLike":{"AWS:SourceArn":"arn:aws:logs:*:*:log-group:*"}}"#));
        assert!(!with(
            r#"{"ArnLike":{"AWS:SourceArn":"arn:aws:logs:*:*:log-group:/other:*"}}"#
        ));
        assert!(with(r#"{"StringEquals":{"AWS:SourceAccount":"111111111111"}}"#));
        assert!(!with(r#"{"StringEquals":{"AWS:SourceAccount":"222222222222"}}"#));
        assert!(!with(r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#));
    }

    proptest! {
        #[test]
        fn a_star_stands_for_any_text(before in "[a*]{0,4}", between in "[ab]{0,4}", after in "[a]{0,4}") {
            let literal = before.replace('*', "b");
            let pattern = format!("{before}*{after}");
            let text = format!("{}{between}{after}", literal);
            prop_assert!(like(&pattern, &text));
            let same = like(&literal, &between);
            prop_assert_eq!(same, literal == between);
        }
    }
}
