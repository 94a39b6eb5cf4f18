//! [`Value`] to JSON bytes, driven by the schema.

use crate::{
    schema::{Kind, Location, Shape, TimestampFormat},
    timestamp,
    value::Value,
};
use base64::{Engine, prelude::BASE64_STANDARD};

/// Appends `value` to `out`. Members that do not travel in the body, and members that are null, are left out.
pub(crate) fn write(out: &mut Vec<u8>, shape: &Shape, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(v) => out.extend_from_slice(if *v { b"true" } else { b"false" }),
        Value::Int(v) => out.extend_from_slice(v.to_string().as_bytes()),
        Value::Float(v) if v.is_finite() => out.extend_from_slice(format!("{v:?}").as_bytes()),
        Value::Float(_) => out.extend_from_slice(b"null"),
        Value::Str(v) => text(out, v),
        Value::Bytes(v) => text(out, &BASE64_STANDARD.encode(v)),
        Value::Time(v) => moment(out, shape, *v),
        Value::List(items) => {
            let of = if let Kind::List { of, .. } = &shape.kind {
                of
            } else {
                shape
            };
            separated(out, b'[', b']', items, |out, item| write(out, of, item));
        }
        Value::Map(entries) => map(out, shape, entries),
    }
}

fn map<K: AsRef<str>>(out: &mut Vec<u8>, shape: &Shape, entries: &[(K, Value)]) {
    let Kind::Map { value: of, .. } = &shape.kind else {
        return structure(out, shape, entries);
    };
    separated(out, b'{', b'}', entries, |out, (key, value)| {
        text(out, key.as_ref());
        out.push(b':');
        write(out, of, value);
    });
}

fn structure<K: AsRef<str>>(out: &mut Vec<u8>, shape: &Shape, entries: &[(K, Value)]) {
    let members = entries.iter().filter_map(|(name, value)| {
        let member = shape.member(name.as_ref())?;
        (member.location == Location::Body && *value != Value::Null).then_some((member, value))
    });
    separated(out, b'{', b'}', members, |out, (member, value)| {
        text(out, member.wire_name);
        out.push(b':');
        write(out, member.shape, value);
    });
}

fn separated<T>(
    out: &mut Vec<u8>,
    open: u8,
    close: u8,
    items: impl IntoIterator<Item = T>,
    mut one: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        one(out, item);
    }
    out.push(close);
}

fn moment(out: &mut Vec<u8>, shape: &Shape, moment: lambent_types::Timestamp) {
    let format = if let Kind::Timestamp(Some(format)) = shape.kind {
        format
    } else {
        TimestampFormat::EpochSeconds
    };
    let printed = timestamp::print(moment, format);
    if format == TimestampFormat::EpochSeconds {
        out.extend_from_slice(printed.as_bytes());
    } else {
        text(out, &printed);
    }
}

/// A JSON string.
pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    // Writing a string into memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}
