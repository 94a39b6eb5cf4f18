//! Values as AWS's Java prints them into messages.

use crate::{
    schema::{Kind, Shape},
    value::Value,
};

/// `a`, `[a, b]`, `{k=v}`, `Name(member=a, other=null)`.
pub(super) fn printed_value(shape: &Shape, value: &Value) -> String {
    match value {
        _ if shape.sensitive => "*** Sensitive Data Redacted ***".to_owned(),
        Value::Null => "null".to_owned(),
        Value::Bool(v) => v.to_string(),
        Value::Int(v) => v.to_string(),
        Value::Float(v) => format!("{v:?}"),
        Value::Str(v) => v.clone(),
        Value::Bytes(v) => format!("java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", v.len()),
        Value::Time(v) => v.format("%a %b %d %H:%M:%S UTC %Y"),
        Value::List(items) => {
            let of = if let Kind::List { of, .. } = &shape.kind {
                of
            } else {
                shape
            };
            let items: Vec<String> = items.iter().map(|item| printed_value(of, item)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(entries) => {
            let Kind::Map { value: of, .. } = &shape.kind else {
                return printed_structure(shape, value);
            };
            let entries: Vec<String> = entries
                .iter()
                .map(|(k, v)| format!("{k}={}", printed_value(of, v)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

fn printed_structure(shape: &Shape, value: &Value) -> String {
    let members: Vec<String> = shape
        .members()
        .iter()
        .map(|member| {
            let printed = value
                .get(member.name)
                .map_or_else(|| "null".to_owned(), |v| printed_value(member.shape, v));
            format!("{}={printed}", super::join("", member.name))
        })
        .collect();
    format!("{}({})", shape.name, members.join(", "))
}

/// Bounds of doubles have a fraction, even if it is nothing.
pub(super) fn printed_number(shape: &Shape, bound: i64) -> String {
    if matches!(shape.kind, Kind::Double) {
        format!("{bound}.0")
    } else {
        bound.to_string()
    }
}
