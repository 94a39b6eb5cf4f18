//! When a statement holds.

use super::{Facts, truth::Truth};

/// One key of a `Condition`, under its operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub(super) operator: String,
    pub(super) key: String,
    pub(super) values: Vec<String>,
}

/// How a value is compared.
#[derive(Clone, Copy)]
enum Test {
    Equal,
    EqualInAnyCase,
    Like,
}

impl Condition {
    pub(super) fn holds(&self, facts: Facts<'_>) -> Truth {
        let operator = self.operator.to_ascii_lowercase();
        let found = facts.iter().find(|(key, _)| key.eq_ignore_ascii_case(&self.key));
        let Some((_, fact)) = found else { return Truth::Unknown };
        if operator == "null" {
            return Truth::from(self.values.iter().any(|value| value.eq_ignore_ascii_case("true")) == fact.is_none());
        }
        let (operator, if_exists) = match operator.strip_suffix("ifexists") {
            Some(operator) => (operator, true),
            None => (operator.as_str(), false),
        };
        let Some((test, negated)) = test(operator) else {
            return Truth::Unknown;
        };
        match fact {
            Some(fact) => Truth::from(self.values.iter().any(|value| test.holds(value, fact)) != negated),
            None => Truth::from(if_exists || negated),
        }
    }
}

/// The test of an operator, and whether it is the opposite that is asked for; `None` for one that is not understood.
fn test(operator: &str) -> Option<(Test, bool)> {
    Some(match operator {
        "stringequals" => (Test::Equal, false),
        "stringnotequals" => (Test::Equal, true),
        "stringequalsignorecase" | "bool" => (Test::EqualInAnyCase, false),
        "stringnotequalsignorecase" => (Test::EqualInAnyCase, true),
        "stringlike" | "arnlike" | "arnequals" => (Test::Like, false),
        "stringnotlike" | "arnnotlike" | "arnnotequals" => (Test::Like, true),
        _ => return None,
    })
}

impl Test {
    fn holds(self, wanted: &str, given: &str) -> bool {
        match self {
            Self::Equal => wanted == given,
            Self::EqualInAnyCase => wanted.eq_ignore_ascii_case(given),
            Self::Like => like(wanted, given),
        }
    }
}

/// Whether a pattern means a text: `*` stands for any text, `?` for any character.
#[must_use]
pub fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut from, mut star) = (0, 0, None);
    while let Some(letter) = text.get(from) {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(expected) if expected == letter || *expected == '?' => (at, from) = (at + 1, from + 1),
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
