//! Every validation message recorded from AWS whose request can be reconstructed, compared word for word.

use lambent_models::lambda::{LambdaOperation, OPERATIONS};
use lambent_wire::{
    schema::{Kind, Shape},
    to_value,
    validate::validate,
};

const RECORDED: &str = include_str!("data/lambda-recorded-validation.tsv");

#[test]
fn violations_are_worded_as_aws_words_them() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for row in RECORDED.lines().filter(|line| !line.starts_with('#')) {
        let [case, operation, input, recorded] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{row}")
        };
        let operation = LambdaOperation::from_name(operation).expect(operation).operation();
        let input: serde_json::Value = serde_json::from_str(input).expect(case);
        let answer = validate(operation.input, &to_value(&input).unwrap());
        let message = answer.map_or_else(|error| error.message.into_owned(), |()| "accepted".to_owned());
        seen += 1;
        if message != recorded {
            wrong.push(format!(
                "{case} ({})\n  AWS:  {recorded}\n  here: {message}",
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
