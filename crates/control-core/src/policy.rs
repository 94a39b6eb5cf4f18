//! Resource policies: what functions, versions, aliases and layer versions allow to whom.
//!
//! A policy is kept as the statements it is made of, each as the JSON text that clients are shown: tools compare it with their own.

use crate::{Refusal, documents::Noun};
use lambent_engine::policy::{Document, Question, Verdict, Version, Who};
use lambent_store::Kind;
use lambent_types::{AccountId, Scope};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeSet;

/// A policy has at most this many bytes.
pub const LONGEST: usize = 20_480;

/// A policy as it is stored and shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    statement: Vec<Box<RawValue>>,
}

impl Noun for Policy {
    const KIND: Kind = Kind::Policy;
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            version: "2012-10-17".to_owned(),
            id: Some("default".to_owned()),
            statement: Vec::new(),
        }
    }
}

/// The part of a statement that tells it from others.
#[derive(Deserialize)]
struct Identified {
    #[serde(rename = "Sid")]
    sid: Option<String>,
}

fn sid(statement: &RawValue) -> Option<String> {
    serde_json::from_str::<Identified>(statement.get()).ok()?.sid
}

impl Policy {
    /// Adds a statement and returns its text.
    pub fn add(&mut self, added: &Statement<'_>) -> Result<String, Refusal> {
        if self
            .statement
            .iter()
            .any(|present| sid(present).as_deref() == Some(added.sid))
        {
            return Err(Refusal::StatementExists(added.sid.to_owned()));
        }
        let raw = serde_json::value::to_raw_value(added).map_err(|error| Refusal::Internal(error.to_string()))?;
        let text = raw.get().to_owned();
        self.statement.push(raw);
        self.text()?;
        Ok(text)
    }

    /// Removes the statement of this id.
    pub fn remove(&mut self, gone: &str) -> Result<(), Refusal> {
        let before = self.statement.len();
        self.statement
            .retain(|statement| sid(statement).as_deref() != Some(gone));
        if self.statement.len() == before {
            let text = format!("Statement {gone} is not found in resource policy.");
            return Err(Refusal::NotFound(text));
        }
        Ok(())
    }

    /// Whether it lets an account do an action, such as `lambda:GetFunction`.
    #[must_use]
    pub fn lets(&self, account: AccountId, action: &str) -> bool {
        let question = Question {
            who: Who::Account(account),
            action,
            resource: None,
            facts: &[("aws:PrincipalAccount", Some(account.as_str()))],
        };
        self.decide(&question).is_allowed()
    }

    /// What it says to a question about what it is of. A policy that cannot be read denies everything.
    #[must_use]
    pub fn decide(&self, question: &Question<'_>) -> Verdict {
        Document::of_statements(self.statements()).map_or(Verdict::Denied, |document| document.decide(question))
    }

    /// The texts of its statements.
    pub fn statements(&self) -> impl Iterator<Item = &str> {
        self.statement.iter().map(|raw| raw.get())
    }

    /// A policy without statements is none.
    pub fn is_empty(&self) -> bool {
        self.statement.is_empty()
    }

    /// What clients are shown. Refused if it is too long.
    pub fn text(&self) -> Result<String, Refusal> {
        let text = serde_json::to_string(self).map_err(|error| Refusal::Internal(error.to_string()))?;
        if text.len() > LONGEST {
            return Err(Refusal::PolicyTooLong(text.len()));
        }
        Ok(text)
    }
}

/// A statement that allows something.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement<'a> {
    /// Tells it from the policy's other statements.
    pub sid: &'a str,
    /// What it does.
    pub effect: Effect,
    /// Whom it is about.
    pub principal: Principal,
    /// An action or a pattern of some, like `lambda:InvokeFunction`.
    pub action: &'a str,
    /// The ARN of what the policy is of.
    pub resource: &'a str,
    /// When it holds.
    #[serde(skip_serializing_if = "Condition::is_empty")]
    pub condition: Condition,
}

/// What a statement does.
#[derive(Debug, Serialize)]
pub enum Effect {
    /// It lets the principal do the action.
    Allow,
}

/// To whom a statement speaks.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub enum Principal {
    /// All.
    #[serde(rename = "*")]
    Anyone,
    /// A service, by its domain.
    Service(String),
    /// An identity, by its ARN.
    #[serde(rename = "AWS")]
    Aws(String),
}

/// The domains of AWS's services.
const SERVICE_DOMAINS: &[&str] = &[".amazonaws.com", ".amazonaws.com.cn", ".amazon.com", ".aws.internal"];

impl Principal {
    /// An account stands for its root, as AWS writes it.
    pub fn read(text: &str, scope: &Scope) -> Result<Self, Refusal> {
        let partition = scope.region.partition();
        match text {
            "*" => Ok(Self::Anyone),
            account if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) => {
                Ok(Self::Aws(format!("arn:{partition}:iam::{account}:root")))
            }
            arn if is_identity(arn) => Ok(Self::Aws(arn.to_owned())),
            service
                if SERVICE_DOMAINS
                    .iter()
                    .any(|domain| service.len() > domain.len() && service.ends_with(domain)) =>
            {
                Ok(Self::Service(service.to_owned()))
            }
            _ => {
                let text = "The provided principal was invalid. Please check the principal and try again.";
                Err(Refusal::InvalidParameter(text.to_owned()))
            }
        }
    }
}

/// The ARN of a user, a role, a session or an account's root.
fn is_identity(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", _, "iam" | "sts", "", account, name]
        if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty())
}

/// When a statement holds: AWS's operators and keys, in its spelling, which tools match.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Condition {
    /// `StringEquals`.
    #[serde(skip_serializing_if = "Equals::is_empty")]
    pub string_equals: Equals,
    /// `ArnLike`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn_like: Option<SourceArn>,
    /// `Bool`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bool: Option<ViaUrl>,
}

impl Condition {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What must be the same.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Equals {
    /// The account that owns the source.
    #[serde(rename = "AWS:SourceAccount", skip_serializing_if = "Option::is_none")]
    pub source_account: Option<String>,
    /// What an Alexa skill presents.
    #[serde(rename = "lambda:EventSourceToken", skip_serializing_if = "Option::is_none")]
    pub event_source_token: Option<String>,
    /// `NONE` or `AWS_IAM`.
    #[serde(rename = "lambda:FunctionUrlAuthType", skip_serializing_if = "Option::is_none")]
    pub url_auth_type: Option<String>,
    /// The organization that the caller is of.
    #[serde(rename = "aws:PrincipalOrgID", skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

impl Equals {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whose doing the call must be.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct SourceArn {
    /// An ARN, or a pattern of some.
    #[serde(rename = "AWS:SourceArn")]
    pub arn: String,
}

/// Whether the call must have come through a function URL. A text, since tools read all values of conditions as texts.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ViaUrl {
    /// `true`.
    #[serde(rename = "lambda:InvokedViaFunctionUrl")]
    pub invoked_via_url: String,
}

/// A whole policy as a client gives it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Given {
    #[serde(default)]
    version: Version,
    id: Option<String>,
    statement: Box<RawValue>,
}

impl Policy {
    /// A whole policy from a client. AWS's wording of what it refuses is not known; the texts are this server's own.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        if text.len() > LONGEST {
            return Err(Refusal::PolicyTooLong(text.len()));
        }
        let malformed = |error: &dyn std::fmt::Display| {
            Refusal::InvalidParameter(format!("The provided resource policy is not valid: {error}."))
        };
        let given: Given = serde_json::from_str(text).map_err(|error| malformed(&error))?;
        // IAM lets one statement stand without a list.
        let statement: Vec<Box<RawValue>> = match serde_json::from_str(given.statement.get()) {
            Ok(list) => list,
            Err(_) => vec![given.statement],
        };
        let document =
            Document::of_statements(statement.iter().map(|raw| raw.get())).map_err(|error| malformed(&error))?;
        let mut sids = BTreeSet::new();
        for one in &document.statements {
            if one.principals.is_none() {
                return Err(malformed(&"a statement has either Principal or NotPrincipal"));
            }
            if one.actions.is_none() {
                return Err(malformed(&"a statement has either Action or NotAction"));
            }
            if one.sid.as_ref().is_some_and(|sid| !sids.insert(sid)) {
                return Err(malformed(&"two statements have the same Sid"));
            }
        }
        if statement.is_empty() {
            return Err(malformed(&"it has no statement"));
        }
        let version = match given.version {
            Version::Current => "2012-10-17",
            Version::First => "2008-10-17",
        };
        Ok(Self {
            version: version.to_owned(),
            id: given.id,
            statement,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(sid: &str) -> Statement<'_> {
        Statement {
            sid,
            effect: Effect::Allow,
            principal: Principal::Anyone,
            action: "lambda:InvokeFunction",
            resource: "arn",
            condition: Condition::default(),
        }
    }

    #[test]
    fn a_statement_is_written_as_tools_read_it() {
        let condition = Condition {
            string_equals: Equals {
                source_account: Some("111111111111".to_owned()),
                url_auth_type: Some("NONE".to_owned()),
                organization: Some("o-1234567890".to_owned()),
                event_source_token: None,
            },
            arn_like: Some(SourceArn {
                arn: "arn:aws:s3:::b".to_owned(),
            }),
            bool: Some(ViaUrl {
                invoked_via_url: "true".to_owned(),
            }),
        };
        let mut policy = Policy::default();
        let text = policy
            .add(&Statement {
                condition,
                ..statement("s")
            })
            .unwrap();
        assert_eq!(
            text,
            r#"{"Sid":"s","Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction","Resource":"arn","Condition":{"StringEquals":{"AWS:SourceAccount":"111111111111","lambda:FunctionUrlAuthType":"NONE","aws:PrincipalOrgID":"o-1234567890"},"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"},"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}}"#
        );
        assert_eq!(
            policy.text().unwrap(),
            format!(r#"{{"Version":"2012-10-17","Id":"default","Statement":[{text}]}}"#)
        );
        assert!(matches!(policy.add(&statement("s")), Err(Refusal::StatementExists(_))));
        policy.remove("s").unwrap();
        assert!(policy.is_empty() && matches!(policy.remove("s"), Err(Refusal::NotFound(_))));
    }

    #[test]
    fn principals_are_told_apart_by_their_form() {
        let scope = lambent_store::contract::scope("111111111111");
        let read = |text: &str| Principal::read(text, &scope).ok();
        assert_eq!(read("*"), Some(Principal::Anyone));
        assert_eq!(
            read("s3.amazonaws.com"),
            Some(Principal::Service("s3.amazonaws.com".to_owned()))
        );
        let root = "arn:aws:iam::222222222222:root".to_owned();
        assert_eq!(read("222222222222"), Some(Principal::Aws(root.clone())));
        assert_eq!(read(&root), Some(Principal::Aws(root)));
        for bad in [
            "invalid.nonaws.com",
            "",
            "123",
            ".amazonaws.com",
            "arn:aws:iam::1:user/x",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_policy_has_a_longest_length() {
        let mut policy = Policy::default();
        let refused = (0..1_000)
            .map(|number| number.to_string())
            .find_map(|sid| policy.add(&statement(&sid)).err());
        assert!(matches!(refused, Some(Refusal::PolicyTooLong(size)) if size > LONGEST && size < LONGEST + 200));
    }

    #[test]
    fn whole_policies_are_read_in_iams_forms() {
        let one = r#"{"Effect":"Deny","Principal":{"AWS":["1","2"]},"Action":"lambda:*","Resource":"*"}"#;
        let read = |text: &str| Policy::read(text).and_then(|policy| policy.text());
        let single = read(&format!(r#"{{"Version":"2012-10-17","Statement":{one}}}"#)).unwrap();
        assert_eq!(single, format!(r#"{{"Version":"2012-10-17","Statement":[{one}]}}"#));
        for bad in [
            "no json",
            "{}",
            r#"{"Statement":[]}"#,
            r#"{"Statement":[{"Effect":"Allow"}]}"#,
            r#"{"Version":"2012","Statement":[]}"#,
        ] {
            assert!(matches!(read(bad), Err(Refusal::InvalidParameter(_))), "{bad}");
        }
    }
}
