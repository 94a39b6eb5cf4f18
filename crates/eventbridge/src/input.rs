//! What a target gets of an event: all of it, a part, a constant, or a text made of parts.

use lambent_models::eventbridge::{InputTransformer, Target};
use serde_json::Value;

/// What more there is to put into a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) rule_arn: &'a str,
    pub(crate) rule_name: &'a str,
    /// When the event came, as AWS writes it.
    pub(crate) ingested: &'a str,
}

/// What a target gets of an event, of which `text` is what was told and `event` what it says.
pub(crate) fn of_target(target: &Target, text: &str, event: &Value, facts: Facts<'_>) -> String {
    if let Some(constant) = &target.input {
        return constant.clone();
    }
    if let Some(path) = &target.input_path {
        return at(event, path).map_or_else(|| "null".to_owned(), Value::to_string);
    }
    match &target.input_transformer {
        Some(transformer) => transformed(transformer, event, facts),
        None => text.to_owned(),
    }
}

/// Whether a text is a path: `$.detail.items[0]['a b']`.
pub(crate) fn is_path(text: &str) -> bool {
    steps(text).is_some()
}

#[derive(Debug, PartialEq)]
enum Step<'a> {
    Member(&'a str),
    Item(usize),
}

fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let (mut rest, mut steps) = (path.strip_prefix('$')?, Vec::new());
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, more) = after.split_at(end);
            if name.is_empty() {
                return None;
            }
            steps.push(Step::Member(name));
            rest = more;
        } else {
            let (inside, more) = rest.strip_prefix('[')?.split_once(']')?;
            let quoted = inside.strip_prefix('\'').and_then(|name| name.strip_suffix('\''));
            steps.push(match quoted {
                Some(name) => Step::Member(name),
                None => Step::Item(inside.parse().ok()?),
            });
            rest = more;
        }
    }
    Some(steps)
}

fn at<'a>(event: &'a Value, path: &str) -> Option<&'a Value> {
    steps(path)?.into_iter().try_fold(event, |value, step| match step {
        Step::Member(name) => value.get(name),
        Step::Item(index) => value.get(index),
    })
}

/// Puts values in the places that a template names `<so>`. Within quotation marks a text loses its own; elsewhere a value is JSON.
fn transformed(transformer: &InputTransformer, event: &Value, facts: Facts<'_>) -> String {
    let template = transformer.input_template.as_deref().unwrap_or_default();
    let (mut out, mut rest, mut quoted) = (String::new(), template, false);
    while let Some(at) = rest.find(['<', '"', '\\']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let place = from.strip_prefix('<').and_then(|from| from.split_once('>'));
        if let Some((name, after)) = place
            && let Some(value) = named(transformer, event, facts, name)
        {
            out.push_str(&printed(&value, quoted));
            rest = after;
            continue;
        }
        // A backslash takes the next character with it, which may be a quotation mark.
        let taken = from
            .chars()
            .take(if from.starts_with('\\') { 2 } else { 1 })
            .map(char::len_utf8)
            .sum();
        quoted ^= from.starts_with('"');
        let (literal, after) = from.split_at(taken);
        out.push_str(literal);
        rest = after;
    }
    out.push_str(rest);
    out
}

fn printed(value: &Value, quoted: bool) -> String {
    let json = value.to_string();
    if !quoted {
        return json;
    }
    match value {
        // Its own quotation marks are left out.
        Value::String(_) => json.get(1..json.len() - 1).unwrap_or_default().to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            let escaped = Value::String(json).to_string();
            escaped.get(1..escaped.len() - 1).unwrap_or_default().to_owned()
        }
    }
}

/// The value of a name in a template; a name that is nobody's stays as it is.
fn named(transformer: &InputTransformer, event: &Value, facts: Facts<'_>, name: &str) -> Option<Value> {
    let text = |text: &str| Some(Value::String(text.to_owned()));
    match name {
        "aws.events.rule-arn" => text(facts.rule_arn),
        "aws.events.rule-name" => text(facts.rule_name),
        "aws.events.event.ingestion-time" => text(facts.ingested),
        "aws.events.event" | "aws.events.event.json" => Some(event.clone()),
        name => {
            let path = transformer.input_paths_map.as_ref()?.get(name)?;
            Some(at(event, path).cloned().unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const FACTS: Facts<'static> = Facts {
        rule_arn: "arn:rule",
        rule_name: "r",
        ingested: "2026-11-23T12:00:00Z",
    };

    fn input(target: &Target) -> String {
        let event = json!({"id": "i", "detail": {"who": "a \"b\"", "n": [1, 2], "deep": {"x": true}}});
        of_target(target, "the event", &event, FACTS)
    }

    fn template(text: &str) -> String {
        let paths = [
            ("who", "$.detail.who"),
            ("n", "$.detail.n[1]"),
            ("deep", "$.detail['deep']"),
            ("none", "$.detail.none"),
        ];
        input(&Target {
            input_transformer: Some(InputTransformer {
                input_paths_map: Some(paths.into_iter().map(|(name, path)| (name, path.to_owned())).collect()),
                input_template: Some(text.to_owned()),
            }),
            ..Target::default()
        })
    }

    #[test]
    fn a_target_gets_what_it_asks_for() {
        let constant = Target {
            input: Some("{\"a\":1}".to_owned()),
            ..Target::default()
        };
        assert_eq!(input(&constant), "{\"a\":1}");
        let part = |path: &str| {
            input(&Target {
                input_path: Some(path.to_owned()),
                ..Target::default()
            })
        };
        assert_eq!(part("$.detail.n"), "[1,2]");
        assert_eq!(part("$.detail.absent"), "null");
        assert!(part("$").starts_with('{'));
    }

    #[test]
    fn templates_are_filled() {
        assert_eq!(
            template(r#"{"who": <who>, "n": <n>, "deep": <deep>}"#),
            r#"{"who": "a \"b\"", "n": 2, "deep": {"x":true}}"#
        );
        assert_eq!(
            template(r#""It is <who>, <n> and <deep>.""#),
            r#""It is a \"b\", 2 and {\"x\":true}.""#
        );
        assert_eq!(
            template(r#"{"a": "<aws.events.rule-name> \" <n>", "b": <none>, "c": "<stranger>"}"#),
            r#"{"a": "r \" 2", "b": null, "c": "<stranger>"}"#
        );
    }

    #[test]
    fn paths_are_read() {
        for path in ["$", "$.a", "$.a.b[0].c", "$['a b'][3]"] {
            assert!(is_path(path), "{path}");
        }
        for path in ["", "a", "$.", "$.a[", "$.a[x]", "$a"] {
            assert!(!is_path(path), "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_template_is_survived(text in "[<>\"\\\\a-z.é ]{0,40}") {
            template(&text);
            is_path(&text);
        }
    }
}
