//! A policy as its text has it.

use super::condition::Condition;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The language it is written in.
    pub version: Version,
    /// What it says.
    pub statements: Vec<Statement>,
}

/// Why a text is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(String);

/// The versions of the policy language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Version {
    /// The first one, which a policy without a version is written in.
    #[default]
    #[serde(rename = "2008-10-17")]
    First,
    /// The current one.
    #[serde(rename = "2012-10-17")]
    Current,
}

/// One statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its id, if it has one.
    pub sid: Option<String>,
    /// What it does.
    pub effect: Effect,
    /// To whom it speaks; no one in policies of identities.
    pub principals: Option<Selection<Principals>>,
    /// Patterns of actions.
    pub actions: Option<Selection<Vec<String>>>,
    /// Patterns of ARNs.
    pub resources: Option<Selection<Vec<String>>>,
    /// When it holds: all of them together.
    pub conditions: Vec<Condition>,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Effect {
    /// It lets somebody do something.
    Allow,
    /// It keeps somebody from it, whatever else lets them.
    Deny,
}

/// Some things, or everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection<T> {
    /// `Action`, `Resource`, `Principal`.
    These(T),
    /// `NotAction`, `NotResource`, `NotPrincipal`.
    AllBut(T),
}

/// To whom a statement speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principals {
    /// `*`.
    Anyone,
    /// Names by their kinds: `AWS`, `Service`, `Federated`, `CanonicalUser`.
    Named(BTreeMap<String, Vec<String>>),
}

impl Document {
    /// Reads a policy.
    ///
    /// # Errors
    /// When it is no JSON, or has parts that the language does not have.
    pub fn read(text: &str) -> Result<Self, Malformed> {
        let given: Given = serde_json::from_str(text).map_err(malformed)?;
        let statements = given.statement.into_vec().into_iter().map(Statement::new);
        Ok(Self {
            version: given.version,
            statements: statements.collect::<Result<_, _>>()?,
        })
    }

    /// A policy that says nothing.
    #[must_use]
    pub const fn silent() -> Self {
        Self {
            version: Version::First,
            statements: Vec::new(),
        }
    }

    /// Reads statements that are kept apart from one another.
    ///
    /// # Errors
    /// As [`Document::read`].
    pub fn of_statements<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, Malformed> {
        let read = |text| serde_json::from_str(text).map_err(malformed).and_then(Statement::new);
        Ok(Self {
            version: Version::default(),
            statements: texts.into_iter().map(read).collect::<Result<_, _>>()?,
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn malformed(error: serde_json::Error) -> Malformed {
    Malformed(error.to_string())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Given {
    #[serde(default)]
    version: Version,
    #[serde(rename = "Id")]
    _id: Option<String>,
    statement: OneOrMore<GivenStatement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GivenStatement {
    sid: Option<String>,
    effect: Effect,
    principal: Option<GivenPrincipals>,
    not_principal: Option<GivenPrincipals>,
    action: Option<OneOrMore<String>>,
    not_action: Option<OneOrMore<String>>,
    resource: Option<OneOrMore<String>>,
    not_resource: Option<OneOrMore<String>>,
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, OneOrMore<Scalar>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    More(Vec<T>),
    One(T),
}

impl<T> OneOrMore<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            Self::More(more) => more,
            Self::One(one) => vec![one],
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum GivenPrincipals {
    Anyone(Star),
    Named(BTreeMap<String, OneOrMore<String>>),
}

#[derive(Deserialize)]
enum Star {
    #[serde(rename = "*")]
    Star,
}

/// A value to compare with. Numbers and truths are texts as well.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Truth(bool),
    Number(serde_json::Number),
}

impl From<Scalar> for String {
    fn from(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Text(text) => text,
            Scalar::Truth(truth) => truth.to_string(),
            Scalar::Number(number) => number.to_string(),
        }
    }
}

impl From<GivenPrincipals> for Principals {
    fn from(given: GivenPrincipals) -> Self {
        match given {
            GivenPrincipals::Anyone(Star::Star) => Self::Anyone,
            GivenPrincipals::Named(kinds) => {
                let kinds = kinds.into_iter().map(|(kind, names)| (kind, names.into_vec()));
                Self::Named(kinds.collect())
            }
        }
    }
}

/// One of an element and its opposite, which exclude each other.
fn selection<G, T>(
    these: Option<G>,
    all_but: Option<G>,
    convert: impl Fn(G) -> T,
) -> Result<Option<Selection<T>>, Malformed> {
    match (these, all_but) {
        (Some(these), None) => Ok(Some(Selection::These(convert(these)))),
        (None, Some(those)) => Ok(Some(Selection::AllBut(convert(those)))),
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Malformed("a statement has an element and its opposite".to_owned())),
    }
}

impl Statement {
    fn new(given: GivenStatement) -> Result<Self, Malformed> {
        let condition = |operator: &str, (key, values): (String, OneOrMore<Scalar>)| Condition {
            operator: operator.to_owned(),
            key,
            values: values.into_vec().into_iter().map(String::from).collect(),
        };
        let conditions = given.condition.into_iter();
        Ok(Self {
            sid: given.sid,
            effect: given.effect,
            principals: selection(given.principal, given.not_principal, Principals::from)?,
            actions: selection(given.action, given.not_action, OneOrMore::into_vec)?,
            resources: selection(given.resource, given.not_resource, OneOrMore::into_vec)?,
            conditions: conditions
                .flat_map(|(operator, keys)| {
                    let made: Vec<_> = keys.into_iter().map(|each| condition(&operator, each)).collect();
                    made
                })
                .collect(),
        })
    }
}
