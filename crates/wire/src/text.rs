//! Single values as text: in path labels, query parameters and headers.

use crate::{
    json::{Mismatch, decode_base64},
    schema::{Kind, Location, Shape, TimestampFormat},
    timestamp,
    value::Value,
};
use base64::{Engine, prelude::BASE64_STANDARD};

const fn default_format(location: Location) -> TimestampFormat {
    match location {
        Location::Header => TimestampFormat::HttpDate,
        Location::Body | Location::Payload | Location::Uri | Location::Query | Location::StatusCode => {
            TimestampFormat::Iso8601
        }
    }
}

/// Reads one value of `shape`.
pub(crate) fn parse(shape: &Shape, text: String, location: Location) -> Result<Value, Mismatch> {
    let wrong = |target: &str| Mismatch::new(format!("STRING_VALUE cannot be converted to {target}"));
    match &shape.kind {
        Kind::String => Ok(Value::Str(text)),
        Kind::Boolean => match text.as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(wrong("Boolean")),
        },
        Kind::Integer => text
            .parse::<i32>()
            .map(|v| Value::Int(v.into()))
            .map_err(|_| wrong("Integer")),
        Kind::Long => text.parse().map(Value::Int).map_err(|_| wrong("Long")),
        Kind::Double => text
            .parse()
            .ok()
            .filter(|v: &f64| v.is_finite())
            .map(Value::Float)
            .ok_or(wrong("Double")),
        Kind::Timestamp(format) => timestamp::parse(&text, format.unwrap_or(default_format(location)))
            .map(Value::Time)
            .ok_or_else(|| wrong("Timestamp")),
        Kind::Blob => decode_base64(&text),
        Kind::List { of, .. } => text
            .split(',')
            .map(|item| parse(of, item.trim().to_owned(), location))
            .collect::<Result<_, _>>()
            .map(Value::List),
        Kind::Map { .. } | Kind::Structure(_) => Err(wrong("Map")),
    }
}

/// Writes one value; `None` for what has no text form (null, maps).
pub(crate) fn print(shape: &Shape, value: &Value, location: Location) -> Option<String> {
    match value {
        Value::Bool(v) => Some(v.to_string()),
        Value::Int(v) => Some(v.to_string()),
        Value::Float(v) => Some(v.to_string()),
        Value::Str(v) => Some(v.clone()),
        Value::Bytes(v) => Some(BASE64_STANDARD.encode(v)),
        Value::Time(v) => {
            let format = if let Kind::Timestamp(Some(format)) = shape.kind {
                format
            } else {
                default_format(location)
            };
            Some(timestamp::print(*v, format))
        }
        Value::List(items) => {
            let Kind::List { of, .. } = &shape.kind else {
                return None;
            };
            let items: Vec<String> = items.iter().filter_map(|item| print(of, item, location)).collect();
            Some(items.join(","))
        }
        Value::Null | Value::Map(_) => None,
    }
}
