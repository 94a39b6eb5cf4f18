//! Whether a resource policy lets a request through a function URL: pure.
//!
//! A URL that asks for no signature is open to whoever the policy lets in, which without a policy is nobody (recorded:
//! `test_lambda_permission_url_invocation`). One that asks for a signature is open to its own account besides.

use crate::policy::Policy;
use lambent_engine::policy::{Question, Verdict, Who};
use lambent_types::AccountId;

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

/// Whether `caller` may use a URL of a function of `owner`, given its policy if it has one.
pub(crate) fn admits(policy: Option<&Policy>, owner: AccountId, caller: UrlCaller) -> bool {
    let question = Question {
        who: match caller {
            UrlCaller::Anyone => Who::Anyone,
            UrlCaller::Account(account) => Who::Account(account),
        },
        action: "lambda:InvokeFunctionUrl",
        resource: None,
        facts: &[("lambda:FunctionUrlAuthType", Some(caller.auth_type()))],
    };
    match policy.map_or(Verdict::Silent, |policy| policy.decide(&question)) {
        Verdict::Allowed => true,
        Verdict::Denied => false,
        Verdict::Silent => caller == UrlCaller::Account(owner),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = "111111111111";

    fn admits_with(statements: &str, caller: UrlCaller) -> bool {
        let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        admits(Some(&Policy::read(&policy).unwrap()), OWNER.parse().unwrap(), caller)
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
