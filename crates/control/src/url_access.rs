//! Whether a resource policy lets a request through a function URL: pure.
//!
//! A URL that asks for no signature is open to whoever the policy lets in, which without a policy is nobody (recorded:
//! `test_lambda_permission_url_invocation`). One that asks for a signature is open to its own account besides.

use lambent_types::AccountId;
use serde::Deserialize;
use std::collections::BTreeMap;

const ACTIONS: [&str; 3] = ["lambda:invokefunctionurl", "lambda:*", "*"];
const AUTH_TYPE: &str = "lambda:functionurlauthtype";

/// Who asks a function URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlCaller {
    /// Nobody in particular: the URL's `AuthType` is `NONE`.
    Anyone,
    /// Someone with a key of this account: the URL's `AuthType` is `AWS_IAM`.
    Account(AccountId),
}

impl UrlCaller {
    const fn auth_type(self) -> &'static str {
        match self {
            Self::Anyone => "NONE",
            Self::Account(_) => "AWS_IAM",
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    statement: Vec<Statement>,
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

/// Whether `caller` may use a URL of a function of `owner`, given the text of its policy if it has one. A statement that is not
/// understood lets no one in; a denial that is not understood keeps out.
pub(crate) fn admits(policy: Option<&str>, owner: AccountId, caller: UrlCaller) -> bool {
    let policy = policy.map(serde_json::from_str::<Policy>);
    let Ok(policy) = policy.transpose() else { return false };
    let statements = policy.map(|policy| policy.statement).unwrap_or_default();
    let about = |statement: &&Statement| statement.is_about_urls() && statement.speaks_to(caller);
    let denied = statements
        .iter()
        .filter(about)
        .any(|statement| statement.effect == Effect::Deny);
    let allowed = |statement: &Statement| statement.effect == Effect::Allow && statement.holds(caller);
    !denied && (caller == UrlCaller::Account(owner) || statements.iter().filter(about).any(allowed))
}

impl Statement {
    fn is_about_urls(&self) -> bool {
        let about = |action: &str| ACTIONS.contains(&action.to_ascii_lowercase().as_str());
        self.action
            .as_ref()
            .map_or(self.effect == Effect::Deny, |action| action.any(about))
    }

    fn speaks_to(&self, caller: UrlCaller) -> bool {
        let is_named = |text: &str| match caller {
            _ if text == "*" => true,
            UrlCaller::Anyone => false,
            UrlCaller::Account(account) => text.split(':').any(|part| part == account.as_str()),
        };
        match &self.principal {
            None => self.effect == Effect::Deny,
            Some(Principal::Anyone(text)) => text == "*",
            Some(Principal::Named(kinds)) => kinds.get("AWS").is_some_and(|names| names.any(is_named)),
        }
    }

    /// The one condition that is understood is the URL's `AuthType`.
    fn holds(&self, caller: UrlCaller) -> bool {
        self.condition.iter().all(|(operator, keys)| {
            let equals = operator.eq_ignore_ascii_case("StringEquals");
            let holds = |(key, values): (&String, &OneOrMore)| {
                key.eq_ignore_ascii_case(AUTH_TYPE) && values.any(|value| value == caller.auth_type())
            };
            equals && keys.iter().all(holds)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = "111111111111";

    fn admits_with(statements: &str, caller: UrlCaller) -> bool {
        let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        admits(Some(&policy), OWNER.parse().unwrap(), caller)
    }

    fn account(id: &str) -> UrlCaller {
        UrlCaller::Account(id.parse().unwrap())
    }

    const PUBLIC: &str = r#"{"Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunctionUrl",
        "Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}}"#;

    #[test]
    fn a_url_without_signatures_is_open_by_policy_only() {
        assert!(!admits(None, OWNER.parse().unwrap(), UrlCaller::Anyone));
        assert!(admits_with(PUBLIC, UrlCaller::Anyone));
        assert!(!admits_with(
            &PUBLIC.replace("\"NONE\"", "\"AWS_IAM\""),
            UrlCaller::Anyone
        ));
        assert!(!admits_with(
            &PUBLIC.replace("InvokeFunctionUrl", "InvokeFunction"),
            UrlCaller::Anyone
        ));
        assert!(!admits_with(
            &PUBLIC.replace("lambda:FunctionUrlAuthType", "aws:SourceIp"),
            UrlCaller::Anyone
        ));
        let denial = r#"{"Effect":"Deny","Principal":"*","Action":"lambda:*"}"#;
        assert!(!admits_with(&format!("{PUBLIC},{denial}"), UrlCaller::Anyone));
        assert!(!admits(Some("?"), OWNER.parse().unwrap(), account(OWNER)));
    }

    #[test]
    fn other_accounts_need_to_be_let_in() {
        assert!(admits(None, OWNER.parse().unwrap(), account(OWNER)));
        assert!(!admits(None, OWNER.parse().unwrap(), account("222222222222")));
        let named = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"lambda:InvokeFunctionUrl"}"#;
        assert!(admits_with(named, account("222222222222")));
        assert!(!admits_with(named, account("333333333333")) && !admits_with(named, UrlCaller::Anyone));
    }
}
