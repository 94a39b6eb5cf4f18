//! The model's constraints, checked in one walk and reported in AWS's words, all at once.
//!
//! The wording follows recorded answers of AWS: every broken rule of a member is a violation of its own, a list or map of plain values
//! is one violation that names all rules of its items, rules are named in the order max, min, pattern, values, not-null.

mod print;

use crate::{
    error::{self, ServiceError},
    schema::{ItemWording, Kind, Location, Member, Shape},
    value::Value,
};
use print::{printed_number, printed_value};

const NOT_NULL: &str = "Member must not be null";
/// A message lists at most this many violations: a request of many megabytes shall not be answered with as many.
const MOST: usize = 100;
/// A pattern is tried on texts up to this length even if they are too long, because AWS then reports both.
const PATTERN_REACH: usize = 4_096;

/// Checks `value` against `shape`, the input of an operation.
///
/// # Errors
/// `ValidationException` that names every violation.
pub fn validate(shape: &Shape, value: &Value) -> Result<(), ServiceError> {
    let mut found = Vec::new();
    for member in shape.members() {
        let from = found.len();
        check_member(&mut found, "", member, value.get(member.name));
        let rank = rank(member);
        found.iter_mut().skip(from).for_each(|violation| violation.rank = rank);
    }
    if found.is_empty() {
        return Ok(());
    }
    found.sort_by_key(|violation| violation.rank);
    let (count, plural) = (found.len(), if found.len() == 1 { "" } else { "s" });
    let texts: Vec<String> = found.into_iter().map(|violation| violation.text).collect();
    Err(error::VALIDATION.with(format!(
        "{count} validation error{plural} detected: {}",
        texts.join("; ")
    )))
}

/// One broken rule, or all of an item's rules.
struct Violation {
    rank: u8,
    text: String,
}

/// Recordings show query parameters before path labels, and lists that AWS checks by hand before everything else.
const fn rank(member: &Member) -> u8 {
    if matches!(
        member.shape.kind,
        Kind::List {
            wording: ItemWording::Bare,
            ..
        }
    ) {
        return 0;
    }
    if matches!(member.location, Location::Query) {
        1
    } else {
        2
    }
}

fn check_member(found: &mut Vec<Violation>, parent: &str, member: &Member, value: Option<&Value>) {
    match value {
        None if member.required => {
            let path = join(parent, member.name);
            push(
                found,
                format!("Value null at '{path}' failed to satisfy constraint: {NOT_NULL}"),
            );
        }
        None => {}
        Some(value) => check(found, &join(parent, member.name), member.shape, value),
    }
}

/// AWS names members with a lower-case first letter and nothing else changed: `kMSKeyArn`.
fn join(parent: &str, name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|first| first.to_ascii_lowercase());
    let dot = if parent.is_empty() { "" } else { "." };
    parent.chars().chain(dot.chars()).chain(first).chain(chars).collect()
}

fn check(found: &mut Vec<Violation>, path: &str, shape: &Shape, value: &Value) {
    if found.len() >= MOST {
        return;
    }
    for rule in RULES.iter().filter(|rule| rule.broken(shape, value)) {
        refuse(found, path, shape, value, &rule.text(shape, shape));
    }
    match (&shape.kind, value) {
        (Kind::Structure(members), Value::Map(_)) => {
            members
                .iter()
                .for_each(|member| check_member(found, path, member, value.get(member.name)));
        }
        (Kind::List { of, wording }, Value::List(items)) => {
            if of.is_plain() {
                check_plain_items(found, path, shape, of, *wording, value, items);
            } else {
                for (index, item) in items.iter().enumerate() {
                    check_item(found, &format!("{path}.{}.member", index + 1), of, item);
                }
            }
        }
        (Kind::Map { key, value: of }, Value::Map(entries)) => {
            let keys_broken = entries
                .iter()
                .any(|(name, _)| breaks_any(key, &Value::Str(name.clone().into_owned())));
            if keys_broken {
                let rules = all_rules(key, false);
                refuse(
                    found,
                    path,
                    shape,
                    value,
                    &format!("Map keys must satisfy constraint: [{rules}]"),
                );
            }
            if of.is_plain() {
                if entries
                    .iter()
                    .any(|(_, item)| *item == Value::Null || breaks_any(of, item))
                {
                    let rules = all_rules(of, true);
                    refuse(
                        found,
                        path,
                        shape,
                        value,
                        &format!("Map value must satisfy constraint: [{rules}]"),
                    );
                }
            } else {
                entries
                    .iter()
                    .for_each(|(name, item)| check_item(found, &format!("{path}.{name}.member"), of, item));
            }
        }
        _ => {}
    }
}

fn check_item(found: &mut Vec<Violation>, path: &str, shape: &Shape, item: &Value) {
    if *item == Value::Null {
        push(
            found,
            format!("Value null at '{path}' failed to satisfy constraint: {NOT_NULL}"),
        );
    } else {
        check(found, path, shape, item);
    }
}

fn check_plain_items(
    found: &mut Vec<Violation>,
    path: &str,
    shape: &Shape,
    of: &Shape,
    wording: ItemWording,
    value: &Value,
    items: &[Value],
) {
    let nullable = wording == ItemWording::WrappedNullable;
    if !items
        .iter()
        .any(|item| (*item == Value::Null && !nullable) || breaks_any(of, item))
    {
        return;
    }
    if wording == ItemWording::Bare {
        for rule in RULES
            .iter()
            .filter(|rule| items.iter().any(|item| rule.broken(of, item)))
        {
            refuse(found, path, shape, value, &rule.text(of, shape));
        }
    } else {
        let rules = all_rules(of, !nullable);
        refuse(
            found,
            path,
            shape,
            value,
            &format!("Member must satisfy constraint: [{rules}]"),
        );
    }
}

/// Values of sensitive shapes are left out of the message, as AWS leaves them out.
fn refuse(found: &mut Vec<Violation>, path: &str, shape: &Shape, value: &Value, rule: &str) {
    let shown = if shape.hides_its_values() {
        String::new()
    } else {
        format!(" '{}'", printed_value(shape, value))
    };
    push(
        found,
        format!("Value{shown} at '{path}' failed to satisfy constraint: {rule}"),
    );
}

fn push(found: &mut Vec<Violation>, text: String) {
    found.push(Violation { rank: 0, text });
}

fn breaks_any(shape: &Shape, value: &Value) -> bool {
    *value != Value::Null && RULES.iter().any(|rule| rule.broken(shape, value))
}

fn all_rules(shape: &Shape, not_null: bool) -> String {
    let mut texts: Vec<String> = RULES
        .iter()
        .filter(|rule| rule.applies(shape))
        .map(|rule| rule.text(shape, shape))
        .collect();
    if not_null {
        texts.push(NOT_NULL.to_owned());
    }
    texts.join(", ")
}

impl Shape {
    const fn is_plain(&self) -> bool {
        !matches!(self.kind, Kind::List { .. } | Kind::Map { .. } | Kind::Structure(_))
    }

    fn hides_its_values(&self) -> bool {
        self.sensitive
            || match &self.kind {
                Kind::List { of, .. } => of.hides_its_values(),
                Kind::Map { key, value } => key.hides_its_values() || value.hides_its_values(),
                Kind::Boolean
                | Kind::Integer
                | Kind::Long
                | Kind::Double
                | Kind::String
                | Kind::Blob
                | Kind::Timestamp(_)
                | Kind::Structure(_) => false,
            }
    }
}

/// A kind of rule.
#[derive(Clone, Copy)]
enum Rule {
    Max,
    Min,
    Pattern,
    Values,
}

/// In the order in which AWS names them.
const RULES: [Rule; 4] = [Rule::Max, Rule::Min, Rule::Pattern, Rule::Values];

impl Rule {
    const fn applies(self, shape: &Shape) -> bool {
        match self {
            Self::Max => shape.rules.max.is_some(),
            Self::Min => shape.rules.min.is_some(),
            Self::Pattern => shape.rules.pattern.is_some(),
            Self::Values => !shape.rules.values.is_empty(),
        }
    }

    fn broken(self, shape: &Shape, value: &Value) -> bool {
        let rules = &shape.rules;
        match self {
            Self::Max => rules
                .max
                .is_some_and(|max| Measure::of(value).is_some_and(|measure| measure.exceeds(max))),
            Self::Min => rules
                .min
                .is_some_and(|min| Measure::of(value).is_some_and(|measure| measure.undercuts(min))),
            Self::Pattern => match (rules.pattern, value) {
                (Some(pattern), Value::Str(text)) => text.len() <= reach(shape) && !pattern.matches(text),
                _ => false,
            },
            Self::Values => {
                matches!(value, Value::Str(text) if !rules.values.is_empty() && !rules.values.contains(&text.as_str()))
            }
        }
    }

    /// What AWS says of the rule. `printer` may override the values listed.
    fn text(self, shape: &Shape, printer: &Shape) -> String {
        let rules = &shape.rules;
        let noun = if matches!(shape.kind, Kind::Integer | Kind::Long | Kind::Double) {
            "value"
        } else {
            "length"
        };
        let number = |bound: Option<i64>| printed_number(shape, bound.unwrap_or_default());
        match self {
            Self::Max => format!("Member must have {noun} less than or equal to {}", number(rules.max)),
            Self::Min => format!("Member must have {noun} greater than or equal to {}", number(rules.min)),
            Self::Pattern => {
                let source = rules.pattern.map_or("", |pattern| pattern.source());
                format!("Member must satisfy regular expression pattern: {source}")
            }
            Self::Values => {
                let printed = printer
                    .rules
                    .printed_values
                    .or(rules.printed_values)
                    .unwrap_or(rules.values);
                format!("Member must satisfy enum value set: [{}]", printed.join(", "))
            }
        }
    }
}

/// How long, in bytes, a text may be for its pattern still to be tried.
fn reach(shape: &Shape) -> usize {
    let max = shape
        .rules
        .max
        .and_then(|max| usize::try_from(max).ok())
        .unwrap_or(PATTERN_REACH);
    max.saturating_mul(4).max(PATTERN_REACH)
}

/// What min and max are compared with.
enum Measure {
    Whole(i64),
    Float(f64),
}

impl Measure {
    /// Text counts in UTF-16 units, as Java does.
    fn of(value: &Value) -> Option<Self> {
        let length = match value {
            Value::Int(number) => return Some(Self::Whole(*number)),
            Value::Float(number) => return Some(Self::Float(*number)),
            Value::Str(text) => text.encode_utf16().count(),
            Value::Bytes(bytes) => bytes.len(),
            Value::List(items) => items.len(),
            Value::Map(entries) => entries.len(),
            Value::Null | Value::Bool(_) | Value::Time(_) => return None,
        };
        i64::try_from(length).ok().map(Self::Whole)
    }

    #[expect(clippy::cast_precision_loss, reason = "bounds of doubles are small")]
    fn exceeds(&self, max: i64) -> bool {
        match self {
            Self::Whole(number) => *number > max,
            Self::Float(number) => *number > max as f64,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "bounds of doubles are small")]
    fn undercuts(&self, min: i64) -> bool {
        match self {
            Self::Whole(number) => *number < min,
            Self::Float(number) => *number < min as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Rules;

    static TEXT: Shape = Shape::new("Text", Kind::String).ruled(Rules {
        min: Some(1),
        max: Some(2),
        ..Rules::NONE
    });
    static SECRET: Shape = Shape::new("Secret", Kind::String)
        .ruled(Rules {
            max: Some(2),
            ..Rules::NONE
        })
        .sensitive();
    static SECRETS: Shape = Shape::new(
        "Secrets",
        Kind::Map {
            key: &TEXT,
            value: &SECRET,
        },
    );
    static PART: Shape = Shape::new("Part", Kind::Structure(&[Member::new("Name", &TEXT).required()]));
    static PARTS: Shape = Shape::new(
        "Parts",
        Kind::List {
            of: &PART,
            wording: ItemWording::Wrapped,
        },
    )
    .ruled(Rules {
        max: Some(2),
        ..Rules::NONE
    });
    static INPUT: Shape = Shape::new(
        "Input",
        Kind::Structure(&[
            Member::new("KMSKey", &TEXT),
            Member::new("Secrets", &SECRETS),
            Member::new("Parts", &PARTS),
        ]),
    );

    fn message(entries: Vec<(&'static str, Value)>) -> String {
        let input = Value::Map(entries.into_iter().map(|(name, value)| (name.into(), value)).collect());
        validate(&INPUT, &input).map_or_else(|error| error.message.into_owned(), |()| String::new())
    }

    fn text(text: &str) -> Value {
        Value::Str(text.to_owned())
    }

    #[test]
    fn counts_utf16_units() {
        assert_eq!(message(vec![("KMSKey", text("😀"))]), "");
        let refused = "1 validation error detected: Value '😀x' at 'kMSKey' failed to satisfy constraint: \
                       Member must have length less than or equal to 2";
        assert_eq!(message(vec![("KMSKey", text("😀x"))]), refused);
    }

    #[test]
    fn hides_what_is_sensitive() {
        let secrets = Value::Map(vec![("k".into(), text("hidden"))]);
        let refused = "1 validation error detected: Value at 'secrets' failed to satisfy constraint: Map value must \
                       satisfy constraint: [Member must have length less than or equal to 2, Member must not be null]";
        assert_eq!(message(vec![("Secrets", secrets)]), refused);
    }

    #[test]
    fn counts_the_items_of_a_list_from_one() {
        let part = |name: &str| Value::Map(vec![("Name".into(), text(name))]);
        let parts = Value::List(vec![part("a"), part(""), Value::Map(vec![])]);
        let refused = "3 validation errors detected: Value '[Part(name=a), Part(name=), Part(name=null)]' at 'parts' \
                       failed to satisfy constraint: Member must have length less than or equal to 2; Value '' at \
                       'parts.2.member.name' failed to satisfy constraint: Member must have length greater than or \
                       equal to 1; Value null at 'parts.3.member.name' failed to satisfy constraint: Member must not \
                       be null";
        assert_eq!(message(vec![("Parts", parts)]), refused);
    }
}
