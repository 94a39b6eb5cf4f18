//! Policies of IAM's language: who may do what with which resource, and when. Pure; every policy of this server is decided here.
//!
//! Follows "Policy evaluation logic" and the "Policy element reference" of the IAM user guide. What is asked is true, false or not known:
//! a condition on something that this server knows nothing of is neither. Something that is allowed has to be allowed for certain, and
//! something that is perhaps denied is denied.

mod condition;
mod document;
mod truth;

pub use condition::{Condition, like};
pub use document::{Document, Effect, Malformed, Principals, Selection, Statement, Version};

use lambent_types::AccountId;
use truth::Truth;

/// Who wants to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who<'a> {
    /// The identity that the policies are attached to, which therefore do not name it.
    Holder,
    /// Nobody in particular.
    Anyone,
    /// Somebody with a key of this account, who stands for each of its identities.
    Account(AccountId),
    /// A session of a role.
    Session {
        /// The role's account.
        account: AccountId,
        /// The role's ARN.
        role: &'a str,
        /// The session's ARN.
        session: &'a str,
    },
    /// A service of AWS, by its domain.
    Service(&'a str),
}

/// What is known about a request, by the names of condition keys: `None` for what it certainly does not have. What is not named is not
/// known.
pub type Facts<'a> = &'a [(&'a str, Option<&'a str>)];

/// Whether somebody may do something.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who.
    pub who: Who<'a>,
    /// The action, with its service: `lambda:InvokeFunction`.
    pub action: &'a str,
    /// The ARN of what it is done to; `None` where the policy is the resource's own.
    pub resource: Option<&'a str>,
    /// What conditions may ask for.
    pub facts: Facts<'a>,
}

/// What policies say to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A statement allows it, and none denies it.
    Allowed,
    /// A statement denies it, or may.
    Denied,
    /// No statement is about it.
    Silent,
}

impl Verdict {
    /// Whether it is allowed.
    #[must_use]
    pub fn is_allowed(self) -> bool {
        self == Self::Allowed
    }
}

/// What policies say together: a denial in one of them wins.
#[must_use]
pub fn decide<'a>(documents: impl IntoIterator<Item = &'a Document>, question: &Question<'_>) -> Verdict {
    let mut verdict = Verdict::Silent;
    for statement in documents.into_iter().flat_map(|document| &document.statements) {
        match (statement.effect, statement.is_about(question)) {
            (Effect::Deny, Truth::Yes | Truth::Unknown) => return Verdict::Denied,
            (Effect::Allow, Truth::Yes) => verdict = Verdict::Allowed,
            _ => {}
        }
    }
    verdict
}

impl Document {
    /// What this policy alone says.
    #[must_use]
    pub fn decide(&self, question: &Question<'_>) -> Verdict {
        decide([self], question)
    }
}

impl Statement {
    fn is_about(&self, question: &Question<'_>) -> Truth {
        self.speaks_of_action(question.action)
            .and(self.speaks_to(question.who))
            .and(self.speaks_of_resource(question.resource))
            .and(self.holds(question.facts))
    }

    fn speaks_of_action(&self, action: &str) -> Truth {
        let action = action.to_ascii_lowercase();
        let named = |patterns: &Vec<String>| {
            Truth::from(
                patterns
                    .iter()
                    .any(|pattern| like(&pattern.to_ascii_lowercase(), &action)),
            )
        };
        self.actions
            .as_ref()
            .map_or(Truth::Unknown, |actions| actions.test(named))
    }

    fn speaks_to(&self, who: Who<'_>) -> Truth {
        match &self.principals {
            None => Truth::Yes.only_if(who == Who::Holder),
            Some(_) if who == Who::Holder => Truth::Unknown,
            Some(principals) => principals.test(|named| Truth::from(named.include(who))),
        }
    }

    fn speaks_of_resource(&self, resource: Option<&str>) -> Truth {
        let Some(resource) = resource else { return Truth::Yes };
        let named = |patterns: &Vec<String>| {
            Truth::any(patterns.iter().map(|pattern| match pattern.contains("${") {
                // Variables stand for what is not known here.
                true => Truth::Unknown,
                false => Truth::from(like(pattern, resource)),
            }))
        };
        self.resources
            .as_ref()
            .map_or(Truth::Unknown, |resources| resources.test(named))
    }

    fn holds(&self, facts: Facts<'_>) -> Truth {
        Truth::all(self.conditions.iter().map(|condition| condition.holds(facts)))
    }
}

impl<T> Selection<T> {
    fn test(&self, named: impl FnOnce(&T) -> Truth) -> Truth {
        match self {
            Self::These(these) => named(these),
            Self::AllBut(those) => named(those).not(),
        }
    }
}

impl Principals {
    fn include(&self, who: Who<'_>) -> bool {
        let Self::Named(kinds) = self else { return true };
        let names = |kind: &str, is: &dyn Fn(&str) -> bool| {
            kinds.get(kind).is_some_and(|names| names.iter().any(|name| is(name)))
        };
        // `{"AWS": "*"}` is `*`.
        names("AWS", &|name| name == "*")
            || match who {
                Who::Holder | Who::Anyone => false,
                Who::Account(account) => names("AWS", &|name| {
                    name == account.as_str() || name.split(':').nth(4) == Some(account.as_str())
                }),
                Who::Session { account, role, session } => names("AWS", &|name| {
                    name == account.as_str() || name == role || name == session || is_root(name, account)
                }),
                Who::Service(service) => names("Service", &|name| name == service || name == "*"),
            }
    }
}

/// Whether an ARN is that of a whole account.
fn is_root(name: &str, account: AccountId) -> bool {
    name.split(':').nth(4) == Some(account.as_str()) && name.ends_with(":root")
}

#[cfg(test)]
mod tests;
