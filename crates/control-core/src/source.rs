//! Whether a resource policy lets a service of AWS invoke a function on behalf of a resource: pure.
//!
//! Follows "Granting Lambda function access to AWS services" of the developer guide: a statement names the service as its principal, and
//! may ask for the ARN or the account of the resource that calls.

use crate::policy::Policy;
use lambent_engine::policy::{Question, Who};

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

impl Policy {
    /// Whether `source` may invoke what this policy is of.
    #[must_use]
    pub fn lets_service(&self, source: &Source) -> bool {
        let question = Question {
            who: Who::Service(&source.service),
            action: "lambda:InvokeFunction",
            resource: None,
            facts: &[
                ("aws:SourceArn", Some(&source.arn)),
                ("aws:SourceAccount", Some(&source.account)),
            ],
        };
        self.decide(&question).is_allowed()
    }
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
}
