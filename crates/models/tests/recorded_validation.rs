//! Every validation message recorded from AWS whose request can be reconstructed, compared word for word.

use lambent_models::lambda::{LambdaOperation, OPERATIONS};
use lambent_wire::{
    schema::{Kind, Shape},
    to_value,
    validate::validate,
};

const RECORDED: &str = include_str!("data/lambda-recorded-validation.tsv");

/// Patterns that AWS has changed in its model since the recordings: what was recorded, what the model says now.
const CHANGED_SINCE: &[(&str, &str)] = &[
    (
        r"(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)",
        r"((arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+))",
    ),
    (r"|layer:([a-zA-Z0-9-_]+)|code-signing-config", "|code-signing-config"),
    (
        "|capacity-provider:[a-zA-Z0-9-_]+)",
        "|(capacity-provider|network-connector):[a-zA-Z0-9-_]{1,64})",
    ),
];

#[test]
fn violations_are_worded_as_aws_words_them() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for row in RECORDED.lines().filter(|line| !line.starts_with('#')) {
        let [case, operation, input, recorded] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{row}")
        };
        let expected = CHANGED_SINCE
            .iter()
            .fold(recorded.to_owned(), |text, (then, now)| text.replace(then, now));
        let operation = LambdaOperation::from_name(operation).expect(operation).operation();
        let input: serde_json::Value = serde_json::from_str(input).expect(case);
        let answer = validate(operation.input, &to_value(&input).unwrap());
        let message = answer.map_or_else(|error| error.message.into_owned(), |()| "accepted".to_owned());
        seen += 1;
        if message != expected {
            wrong.push(format!(
                "{case} ({})\n  AWS:  {expected}\n  here: {message}",
                operation.name
            ));
        }
    }
    assert!(seen > 90, "{seen}");
    assert!(
        wrong.is_empty(),
        "{} of {seen} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_pattern_compiles() {
    let mut pending: Vec<&Shape> = OPERATIONS
        .iter()
        .flat_map(|o| [Some(o.input), o.output])
        .flatten()
        .collect();
    let mut seen = std::collections::HashSet::new();
    let mut patterns = 0;
    while let Some(shape) = pending.pop() {
        if !seen.insert(std::ptr::from_ref(shape)) {
            continue;
        }
        if let Some(pattern) = shape.rules.pattern {
            patterns += 1;
            assert!(pattern.compiles(), "{}: {}", shape.name, pattern.source());
        }
        match &shape.kind {
            Kind::List { of, .. } => pending.push(of),
            Kind::Map { key, value } => pending.extend([key, value]),
            Kind::Structure(members) => pending.extend(members.iter().map(|member| member.shape)),
            Kind::Boolean | Kind::Integer | Kind::Long | Kind::Double => {}
            Kind::String | Kind::Blob | Kind::Timestamp(_) => {}
        }
    }
    assert!(patterns > 70, "{patterns}");
}
