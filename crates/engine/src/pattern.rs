//! Event patterns: whether an event is one of those that somebody wants.
//!
//! One language for event source mappings ("Lambda event filtering" of the developer guide), subscriptions ("Amazon SNS subscription
//! filter policies") and rules ("Amazon EventBridge event patterns"). A field of an event that is a list fits where one of its
//! elements does; fields that the pattern does not name do not matter.

use serde_json::{Map, Number, Value};
use std::net::IpAddr;

/// A pattern that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(Fields);

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// It is no JSON object.
    #[error("Filter is not an object")]
    NoObject,
    /// An object names nothing.
    #[error("Empty objects are not allowed")]
    EmptyObject,
    /// A field's list is empty.
    #[error("Empty arrays are not allowed")]
    EmptyList,
    /// A field is neither a list nor an object.
    #[error("\"{0}\" must be an object or an array")]
    NoList(String),
    /// An element of a list is none that can be compared with.
    #[error("Match value must be String, number, true, false, or null")]
    NoRule,
    /// A comparison that there is none of.
    #[error("Unrecognized match type {0}")]
    UnknownTest(String),
    /// A comparison with what it cannot compare with.
    #[error("Value of {0} is not valid")]
    InvalidTest(&'static str),
    /// `$or` is no list of patterns.
    #[error("$or must be an array of two or more objects")]
    InvalidOr,
}

/// All of these must hold.
#[derive(Clone, Debug, PartialEq)]
struct Fields(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    /// The field is one of these.
    AnyOf(String, Vec<Rule>),
    /// The field is an object like this.
    Within(String, Fields),
    /// One of these holds.
    Or(Vec<Fields>),
}

/// Something a field may be.
#[derive(Clone, Debug, PartialEq)]
enum Rule {
    Is(Value),
    Test(Text),
    Exists(bool),
    Numeric(Vec<(Comparison, f64)>),
    NoneOf(Vec<Value>),
    NoTest(Vec<Text>),
    Cidr(Network),
}

/// A comparison of texts.
#[derive(Clone, Debug, PartialEq)]
enum Text {
    Prefix(String),
    Suffix(String),
    /// The same, of either case.
    RelaxedPrefix(String),
    RelaxedSuffix(String),
    Relaxed(String),
    Wildcard(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Equal,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// Addresses that share their first bits.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Network {
    bits: u128,
    length: u32,
    width: u32,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`InvalidPattern`].
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => fields_of(&fields).map(Self),
            _ => Err(InvalidPattern::NoObject),
        }
    }

    /// Whether an event fits.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        self.0.hold(event)
    }

    /// Whether an event in JSON fits; what is no JSON object does not.
    #[must_use]
    pub fn matches_text(&self, event: &str) -> bool {
        serde_json::from_str(event).is_ok_and(|event: Value| event.is_object() && self.matches(&event))
    }
}

fn fields_of(fields: &Map<String, Value>) -> Result<Fields, InvalidPattern> {
    if fields.is_empty() {
        return Err(InvalidPattern::EmptyObject);
    }
    let part = |(name, value): (&String, &Value)| match value {
        Value::Array(patterns) if name == "$or" => alternatives(patterns),
        Value::Array(rules) if rules.is_empty() => Err(InvalidPattern::EmptyList),
        Value::Array(rules) => {
            let rules = rules.iter().map(rule).collect::<Result<_, _>>()?;
            Ok(Part::AnyOf(name.clone(), rules))
        }
        Value::Object(within) => Ok(Part::Within(name.clone(), fields_of(within)?)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(InvalidPattern::NoList(name.clone())),
    };
    fields.iter().map(part).collect::<Result<_, _>>().map(Fields)
}

fn alternatives(patterns: &[Value]) -> Result<Part, InvalidPattern> {
    if patterns.len() < 2 {
        return Err(InvalidPattern::InvalidOr);
    }
    let one = |pattern: &Value| match pattern {
        Value::Object(fields) => fields_of(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(InvalidPattern::InvalidOr)
        }
    };
    patterns.iter().map(one).collect::<Result<_, _>>().map(Part::Or)
}

fn rule(value: &Value) -> Result<Rule, InvalidPattern> {
    match value {
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => Ok(Rule::Is(value.clone())),
        Value::Object(test) if test.len() == 1 => test
            .iter()
            .next()
            .map_or(Err(InvalidPattern::NoRule), |(name, with)| test_of(name, with)),
        Value::Object(_) | Value::Array(_) => Err(InvalidPattern::NoRule),
    }
}

fn test_of(name: &str, with: &Value) -> Result<Rule, InvalidPattern> {
    match (name, with) {
        ("exists", Value::Bool(there)) => Ok(Rule::Exists(*there)),
        ("exists", _) => Err(InvalidPattern::InvalidTest("exists")),
        ("numeric", Value::Array(operands)) => numeric(operands).ok_or(InvalidPattern::InvalidTest("numeric")),
        ("numeric", _) => Err(InvalidPattern::InvalidTest("numeric")),
        ("cidr", Value::String(text)) => {
            let network = network(text).ok_or(InvalidPattern::InvalidTest("cidr"))?;
            Ok(Rule::Cidr(network))
        }
        ("cidr", _) => Err(InvalidPattern::InvalidTest("cidr")),
        ("anything-but", with) => anything_but(with),
        (name, with) => text_test(name, with).map(Rule::Test),
    }
}

fn text_test(name: &str, with: &Value) -> Result<Text, InvalidPattern> {
    let relaxed = |with: &Value| {
        let test = with.as_object().filter(|test| test.len() == 1)?;
        let text = test.get("equals-ignore-case")?.as_str()?;
        Some(text.to_lowercase())
    };
    let plain = with.as_str().map(str::to_owned);
    match name {
        "prefix" => plain
            .map(Text::Prefix)
            .or_else(|| relaxed(with).map(Text::RelaxedPrefix))
            .ok_or(InvalidPattern::InvalidTest("prefix")),
        "suffix" => plain
            .map(Text::Suffix)
            .or_else(|| relaxed(with).map(Text::RelaxedSuffix))
            .ok_or(InvalidPattern::InvalidTest("suffix")),
        "equals-ignore-case" => plain
            .map(|text| Text::Relaxed(text.to_lowercase()))
            .ok_or(InvalidPattern::InvalidTest("equals-ignore-case")),
        "wildcard" => plain
            .and_then(|text| wildcard(&text))
            .map(Text::Wildcard)
            .ok_or(InvalidPattern::InvalidTest("wildcard")),
        unknown => Err(InvalidPattern::UnknownTest(unknown.to_owned())),
    }
}

/// The texts between the stars; a backslash takes a star's meaning away.
fn wildcard(text: &str) -> Option<Vec<String>> {
    let (mut parts, mut part, mut letters) = (Vec::new(), String::new(), text.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => part.push(letters.next().filter(|next| matches!(next, '*' | '\\'))?),
            '*' if letters.peek() == Some(&'*') => return None,
            '*' => parts.push(std::mem::take(&mut part)),
            _ => part.push(letter),
        }
    }
    parts.push(part);
    Some(parts)
}

fn anything_but(with: &Value) -> Result<Rule, InvalidPattern> {
    let invalid = InvalidPattern::InvalidTest("anything-but");
    let scalar = |value: &Value| {
        matches!(
            value,
            Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null
        )
    };
    if let Some((name, with)) = with
        .as_object()
        .filter(|test| test.len() == 1)
        .and_then(|test| test.iter().next())
    {
        let texts = one_or_more(with);
        let tests = texts
            .iter()
            .map(|text| text_test(name, text))
            .collect::<Result<Vec<_>, _>>()?;
        return if tests.is_empty() {
            Err(invalid)
        } else {
            Ok(Rule::NoTest(tests))
        };
    }
    let values = one_or_more(with);
    if !values.is_empty() && values.iter().all(scalar) {
        Ok(Rule::NoneOf(values.to_vec()))
    } else {
        Err(invalid)
    }
}

/// The elements of a list, or the one value that is none.
fn one_or_more(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

/// One or two pairs of an operator and a number.
fn numeric(operands: &[Value]) -> Option<Rule> {
    let pair = |pair: &[Value]| {
        let [operator, number] = pair else { return None };
        let comparison = match operator.as_str()? {
            "=" => Comparison::Equal,
            "<" => Comparison::Less,
            "<=" => Comparison::AtMost,
            ">" => Comparison::More,
            ">=" => Comparison::AtLeast,
            _ => return None,
        };
        number.as_f64().map(|number| (comparison, number))
    };
    matches!(operands.len(), 2 | 4).then_some(())?;
    operands.chunks(2).map(pair).collect::<Option<_>>().map(Rule::Numeric)
}

fn network(text: &str) -> Option<Network> {
    let (address, length) = text.split_once('/')?;
    let (bits, width) = bits(address)?;
    let length = length.parse().ok().filter(|length| *length <= width)?;
    Some(Network { bits, length, width })
}

fn bits(address: &str) -> Option<(u128, u32)> {
    match address.parse().ok()? {
        IpAddr::V4(address) => Some((u128::from(u32::from(address)), 32)),
        IpAddr::V6(address) => Some((u128::from(address), 128)),
    }
}

impl Fields {
    fn hold(&self, event: &Value) -> bool {
        self.0.iter().all(|part| part.holds(event))
    }
}

impl Part {
    fn holds(&self, event: &Value) -> bool {
        match self {
            Self::Or(patterns) => patterns.iter().any(|pattern| pattern.hold(event)),
            Self::AnyOf(name, rules) => {
                let value = event.get(name);
                rules.iter().any(|rule| rule.fits(value))
            }
            Self::Within(name, fields) => match event.get(name) {
                Some(Value::Array(elements)) => elements.iter().any(|element| fields.hold(element)),
                Some(value) => fields.hold(value),
                // What is asked not to be there may be missing with all that it would be in.
                None => fields.hold(&Value::Null),
            },
        }
    }
}

impl Rule {
    fn fits(&self, value: Option<&Value>) -> bool {
        match (self, value) {
            (Self::Exists(wanted), value) => *wanted == value.is_some_and(|value| !value.is_object()),
            (_, None) => false,
            (_, Some(Value::Array(elements))) => elements.iter().any(|element| self.fits_one(element)),
            (_, Some(value)) => self.fits_one(value),
        }
    }

    fn fits_one(&self, value: &Value) -> bool {
        match self {
            Self::Is(wanted) => same(wanted, value),
            Self::Test(test) => value.as_str().is_some_and(|text| test.holds(text)),
            Self::Exists(wanted) => *wanted,
            Self::Numeric(tests) => value
                .as_f64()
                .is_some_and(|number| tests.iter().all(|(comparison, with)| comparison.holds(number, *with))),
            Self::NoneOf(values) => !value.is_object() && !values.iter().any(|unwanted| same(unwanted, value)),
            Self::NoTest(tests) => value
                .as_str()
                .is_some_and(|text| !tests.iter().any(|test| test.holds(text))),
            Self::Cidr(network) => value.as_str().is_some_and(|text| network.has(text)),
        }
    }
}

/// Numbers are the same however they are written.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || close(one, other),
        _ => one == other,
    }
}

fn close(one: &Number, other: &Number) -> bool {
    one.as_f64()
        .zip(other.as_f64())
        .is_some_and(|(one, other)| one.total_cmp(&other).is_eq())
}

impl Text {
    fn holds(&self, text: &str) -> bool {
        match self {
            Self::Prefix(with) => text.starts_with(with),
            Self::Suffix(with) => text.ends_with(with),
            Self::RelaxedPrefix(with) => text.to_lowercase().starts_with(with),
            Self::RelaxedSuffix(with) => text.to_lowercase().ends_with(with),
            Self::Relaxed(with) => text.to_lowercase() == *with,
            Self::Wildcard(parts) => fits_wildcard(parts, text),
        }
    }
}

/// The parts must come in their order; the first at the beginning, the last at the end.
fn fits_wildcard(parts: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = parts else {
        return parts.first().is_some_and(|only| only == text);
    };
    let Some(mut left) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    for part in middle {
        match left.split_once(part.as_str()) {
            Some((_, behind)) => left = behind,
            None => return false,
        }
    }
    left.ends_with(last.as_str())
}

impl Comparison {
    fn holds(self, number: f64, with: f64) -> bool {
        match self {
            Self::Equal => number.total_cmp(&with).is_eq(),
            Self::Less => number < with,
            Self::AtMost => number <= with,
            Self::More => number > with,
            Self::AtLeast => number >= with,
        }
    }
}

impl Network {
    fn has(self, address: &str) -> bool {
        let Some((bits, width)) = bits(address) else {
            return false;
        };
        let apart = (bits ^ self.bits).checked_shr(width - self.length).unwrap_or(0);
        width == self.width && apart == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fits(pattern: &str, event: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches_text(event)
    }

    #[test]
    fn patterns_are_told_from_what_is_none() {
        for good in [
            r#"{"body": {"my-key": ["my-value"]}}"#,
            r#"{"body": {"n": [{"numeric": [">=", 100, "<", 200]}]}}"#,
            r#"{"body": {"k": [{"exists": true}, null, 1, false, {"prefix": "us-"}]}}"#,
            r#"{"$or": [{"a": ["1"]}, {"b": {"c": [{"anything-but": ["x"]}]}}]}"#,
            r#"{"a": [{"anything-but": {"prefix": ["x", "y"]}}, {"prefix": {"equals-ignore-case": "Q"}}, {"cidr": "10.0.0.0/8"}]}"#,
        ] {
            assert!(Pattern::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "single-string",
            r#"[{"eventName": ["INSERT"=123}]"#,
            r#"{"eventName": "INSERT"}"#,
            r#"{"eventName": []}"#,
            r#"{"n": [{"numeric": [">"]}]}"#,
            r#"{"n": [{"numeric": ["~", 1]}]}"#,
            r#"{"n": [{"unknown": 1}]}"#,
            r#"{"n": [{"cidr": "10.0.0.0/33"}]}"#,
            r#"{"n": [{"wildcard": "a**b"}]}"#,
            r#"{"n": [{"anything-but": []}]}"#,
            r#"{"n": [["x"]]}"#,
            r#"{"$or": [{"a": ["1"]}]}"#,
            r#"{"a": {}}"#,
            "{}",
            "[]",
        ] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_operator_does_as_documented() {
        let cases = [
            (r#""b""#, r#""b""#, r#""B""#),
            ("1", "1.0", r#""1""#),
            ("null", "null", r#""null""#),
            (r#"{"prefix": "us-"}"#, r#""us-east""#, r#""eu""#),
            (
                r#"{"prefix": {"equals-ignore-case": "Us-"}}"#,
                r#""US-east""#,
                r#""eu""#,
            ),
            (r#"{"suffix": ".png"}"#, r#""a.png""#, r#""a.PNG""#),
            (
                r#"{"suffix": {"equals-ignore-case": ".png"}}"#,
                r#""a.PNG""#,
                r#""a.jpg""#,
            ),
            (r#"{"equals-ignore-case": "Ab"}"#, r#""aB""#, r#""abc""#),
            (r#"{"wildcard": "a*c\\*"}"#, r#""abbc*""#, r#""abbc""#),
            (r#"{"numeric": [">", 0, "<=", 5]}"#, "5", "0"),
            (r#"{"numeric": ["=", 1]}"#, "1.0", r#""1""#),
            (r#"{"anything-but": "b"}"#, r#""c""#, r#""b""#),
            (r#"{"anything-but": [1, 2]}"#, "3", "2"),
            (r#"{"anything-but": {"prefix": "x"}}"#, r#""y""#, r#""xy""#),
            (r#"{"anything-but": {"suffix": ["x", "z"]}}"#, r#""y""#, r#""yz""#),
            (r#"{"cidr": "10.0.0.0/24"}"#, r#""10.0.0.255""#, r#""10.0.1.0""#),
            (r#"{"cidr": "2001:db8::/32"}"#, r#""2001:db8::1""#, r#""10.0.0.1""#),
            (r#"{"cidr": "0.0.0.0/0"}"#, r#""10.0.0.1""#, r#""no address""#),
            (r#"{"exists": true}"#, "false", "{}"),
        ];
        for (rule, good, bad) in cases {
            let pattern = format!(r#"{{"a": [{rule}]}}"#);
            assert!(fits(&pattern, &format!(r#"{{"a": {good}}}"#)), "{rule} {good}");
            assert!(fits(&pattern, &format!(r#"{{"a": [[], {good}]}}"#)), "{rule} [{good}]");
            assert!(!fits(&pattern, &format!(r#"{{"a": {bad}}}"#)), "{rule} {bad}");
            assert!(!fits(&pattern, r#"{"b": 1}"#), "{rule} of nothing");
        }
    }

    #[test]
    fn fields_are_found_where_they_are() {
        assert!(fits(r#"{"a": {"b": ["x"]}}"#, r#"{"a": [{"b": "y"}, {"b": "x"}]}"#));
        assert!(!fits(r#"{"a": {"b": ["x"]}, "c": [1]}"#, r#"{"a": {"b": "x"}}"#));
        assert!(fits(r#"{"a": {"b": [{"exists": false}]}}"#, "{}"));
        assert!(!fits(r#"{"a": {"b": [{"exists": false}]}}"#, r#"{"a": {"b": null}}"#));
        let either = r#"{"$or": [{"a": [1]}, {"b": [{"numeric": [">", 1]}]}], "c": [true]}"#;
        assert!(fits(either, r#"{"a": 1, "c": true}"#) && fits(either, r#"{"b": 2, "c": true}"#));
        assert!(!fits(either, r#"{"b": 1, "c": true}"#) && !fits(either, r#"{"a": 1}"#));
        for nothing in ["", "text", "[1]", "7"] {
            assert!(!fits(r#"{"a": [{"exists": false}]}"#, nothing));
        }
    }

    proptest! {
        #[test]
        fn a_text_is_one_that_is_it_or_not_one_that_is_not(text in ".{0,8}", other in ".{0,8}") {
            let event = serde_json::json!({ "a": text });
            let is = Pattern::parse(&serde_json::json!({ "a": [other] }).to_string()).unwrap();
            let is_not = Pattern::parse(&serde_json::json!({ "a": [{ "anything-but": other }] }).to_string()).unwrap();
            prop_assert_eq!(is.matches(&event), text == other);
            prop_assert!(is.matches(&event) != is_not.matches(&event));
        }

        #[test]
        fn whatever_is_given_is_read_or_refused(text in r#"[\{\}\[\]":,$a-z0-9 ]{0,60}"#, event in ".{0,40}") {
            if let Ok(pattern) = Pattern::parse(&text) {
                let _ = pattern.matches_text(&event);
            }
        }

        #[test]
        fn a_wildcard_finds_what_it_was_made_of(parts in prop::collection::vec("[ab]{0,3}", 1..5), between in prop::collection::vec("[ab]{0,3}", 5)) {
            let pattern = parts.join("*");
            prop_assume!(!pattern.contains("**"));
            let mut text = String::new();
            for (index, part) in parts.iter().enumerate() {
                text.push_str(part);
                if index + 1 < parts.len() {
                    text.push_str(&between[index]);
                }
            }
            let pattern = Pattern::parse(&serde_json::json!({ "a": [{ "wildcard": pattern }] }).to_string()).unwrap();
            let event = serde_json::json!({ "a": text });
            prop_assert!(pattern.matches(&event));
        }
    }
}
