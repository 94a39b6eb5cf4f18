//! Whether a text is an event pattern: what "Lambda event filtering" of the developer guide admits.

use serde::{Deserialize, de::IgnoredAny};
use std::collections::BTreeMap;

/// Whether a source could filter by this pattern.
pub(crate) fn is_valid(pattern: &str) -> bool {
    serde_json::from_str::<BTreeMap<String, Node>>(pattern).is_ok_and(|fields| fits(&fields))
}

fn fits(fields: &BTreeMap<String, Node>) -> bool {
    !fields.is_empty() && fields.values().all(Node::fits)
}

/// What a field must be.
#[derive(Deserialize)]
#[serde(untagged)]
enum Node {
    /// One of these; below `$or`, patterns.
    AnyOf(Vec<Rule>),
    /// An object whose fields must be something.
    Fields(BTreeMap<String, Self>),
}

/// One thing a field may be.
#[derive(Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "read to see that it can be")]
enum Rule {
    Text(String),
    Truth(bool),
    Number(f64),
    Null(()),
    Test(Test),
    Fields(BTreeMap<String, Node>),
}

/// A comparison.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "read to see that it can be")]
enum Test {
    Prefix(Text),
    Suffix(Text),
    EqualsIgnoreCase(String),
    Wildcard(String),
    Exists(bool),
    Numeric(Vec<Operand>),
    AnythingBut(IgnoredAny),
    Cidr(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "read to see that it can be")]
enum Text {
    Plain(String),
    Relaxed(BTreeMap<String, String>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Operand {
    Operator(String),
    Number(f64),
}

impl Node {
    fn fits(&self) -> bool {
        match self {
            Self::AnyOf(rules) => !rules.is_empty() && rules.iter().all(Rule::fits),
            Self::Fields(fields) => fits(fields),
        }
    }
}

impl Rule {
    fn fits(&self) -> bool {
        match self {
            Self::Text(_) | Self::Truth(_) | Self::Null(()) => true,
            Self::Number(number) => number.is_finite(),
            Self::Test(Test::Numeric(operands)) => numeric(operands),
            Self::Test(_) => true,
            Self::Fields(fields) => fits(fields),
        }
    }
}

/// One or two pairs of an operator and a number.
fn numeric(operands: &[Operand]) -> bool {
    let pair = |pair: &[Operand]| match pair {
        [Operand::Operator(operator), Operand::Number(number)] => {
            matches!(operator.as_str(), "=" | "<" | "<=" | ">" | ">=") && number.is_finite()
        }
        _ => false,
    };
    matches!(operands.len(), 2 | 4) && operands.chunks(2).all(pair)
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn patterns_are_told_from_what_is_none() {
        for good in [
            r#"{"body": {"my-key": ["my-value"]}}"#,
            r#"{"body": {"n": [{"numeric": [">=", 100, "<", 200]}]}}"#,
            r#"{"body": {"k": [{"exists": true}, null, 1, false, {"prefix": "us-"}]}}"#,
            r#"{"$or": [{"a": ["1"]}, {"b": {"c": [{"anything-but": ["x"]}]}}]}"#,
        ] {
            assert!(is_valid(good), "{good}");
        }
        for bad in [
            "single-string",
            r#"[{"eventName": ["INSERT"=123}]"#,
            r#"{"eventName": "INSERT"}"#,
            r#"{"eventName": []}"#,
            r#"{"n": [{"numeric": [">"]}]}"#,
            r#"{"n": [{"unknown": 1}]}"#,
            "{}",
            "[]",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
