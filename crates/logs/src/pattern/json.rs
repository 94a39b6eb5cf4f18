//! Messages that are JSON.

use super::{InvalidPattern, scanner::Scanner, value::Test};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A document.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Self>),
    Object(BTreeMap<String, Self>),
}

/// Reads a message; `None` of one that is no JSON object or list.
pub(crate) fn read(message: &[u8]) -> Option<Json> {
    let start = message.iter().find(|byte| !byte.is_ascii_whitespace())?;
    if !matches!(start, b'{' | b'[') {
        return None;
    }
    serde_json::from_slice(message).ok()
}

/// A condition on a member.
#[derive(Debug)]
pub(crate) struct Property {
    path: Path,
    condition: Condition,
}

/// Where something is in a document.
#[derive(Debug)]
pub(crate) struct Path {
    /// As it was written.
    selector: String,
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Member(String),
    Item(usize),
}

#[derive(Debug)]
enum Condition {
    Test(Test),
    IsNull,
    Is(bool),
    NotExists,
}

impl Path {
    /// Reads `$.a.b[0]`.
    pub(crate) fn read(scanner: &mut Scanner<'_>) -> Result<Self, InvalidPattern> {
        if !scanner.takes("$") {
            return Err(InvalidPattern::Unreadable);
        }
        let (mut selector, mut steps) = ("$".to_owned(), Vec::new());
        while let Some(step) = step(scanner)? {
            match &step {
                Step::Member(name) => selector.extend([".", name]),
                Step::Item(index) => selector.push_str(&format!("[{index}]")),
            }
            steps.push(step);
        }
        Ok(Self { selector, steps })
    }

    /// What the document has there, if that is a plain value.
    pub(crate) fn text(&self, json: &Json) -> Option<String> {
        match self.find(json)? {
            Json::Text(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            Json::Bool(value) => Some(value.to_string()),
            Json::Null | Json::List(_) | Json::Object(_) => None,
        }
    }

    fn find<'a>(&self, json: &'a Json) -> Option<&'a Json> {
        self.steps.iter().try_fold(json, |json, step| match (step, json) {
            (Step::Member(name), Json::Object(members)) => members.get(name),
            (Step::Item(index), Json::List(items)) => items.get(*index),
            _ => None,
        })
    }
}

impl Property {
    /// Reads `$.a.b[0] = value`, `$.a IS TRUE`, `$.a NOT EXISTS` and so on.
    pub(crate) fn read(scanner: &mut Scanner<'_>) -> Result<Self, InvalidPattern> {
        let path = Path::read(scanner)?;
        let condition = if let Some(test) = Test::read(scanner)? {
            Condition::Test(test)
        } else if scanner.takes("NOT") {
            let exists = scanner.takes("EXISTS");
            exists
                .then_some(Condition::NotExists)
                .ok_or(InvalidPattern::Unreadable)?
        } else if scanner.takes("IS") {
            scanner.skip_space();
            match scanner.while_is(char::is_alphanumeric) {
                "NULL" => Condition::IsNull,
                "TRUE" => Condition::Is(true),
                "FALSE" => Condition::Is(false),
                _ => return Err(InvalidPattern::Unreadable),
            }
        } else {
            return Err(InvalidPattern::Unreadable);
        };
        Ok(Self { path, condition })
    }

    pub(crate) fn holds(&self, json: &Json) -> bool {
        let found = self.path.find(json);
        match (&self.condition, found) {
            (Condition::NotExists, found) => found.is_none(),
            (Condition::IsNull, Some(Json::Null)) => true,
            (Condition::Is(expected), Some(Json::Bool(found))) => expected == found,
            (Condition::Test(test), Some(Json::Text(text))) => test.on_string(text),
            (Condition::Test(test), Some(Json::Number(number))) => test.on_text(&number.to_string()),
            (Condition::Test(test), Some(Json::Bool(found))) => test.on_string(if *found { "true" } else { "false" }),
            (Condition::Test(test), Some(Json::List(_) | Json::Object(_))) => test.on_presence(),
            (Condition::Test(_) | Condition::Is(_) | Condition::IsNull, _) => false,
        }
    }

    /// What it names and what the document has there, if that is a plain value.
    pub(crate) fn extract(&self, json: &Json) -> Option<(String, String)> {
        Some((self.path.selector.clone(), self.path.text(json)?))
    }
}

/// `.name`, `[0]`, `["name"]` or `.["name"]`.
fn step(scanner: &mut Scanner<'_>) -> Result<Option<Step>, InvalidPattern> {
    let dot = scanner.takes_at_once(".");
    if scanner.takes_at_once("[") {
        let name = match scanner.quoted('"')? {
            Some(name) => Some(name),
            None => scanner.quoted('\'')?,
        };
        let step = match name {
            Some(name) => Step::Member(name),
            None => {
                let digits = scanner.while_is(|character| character.is_ascii_digit());
                Step::Item(digits.parse().map_err(|_| InvalidPattern::Unreadable)?)
            }
        };
        let closed = scanner.takes_at_once("]");
        return closed.then_some(Some(step)).ok_or(InvalidPattern::Unreadable);
    }
    if !dot {
        return Ok(None);
    }
    let name = scanner.while_is(|character| character.is_alphanumeric() || "_-@:/".contains(character));
    if name.is_empty() {
        return Err(InvalidPattern::Unreadable);
    }
    Ok(Some(Step::Member(name.to_owned())))
}
