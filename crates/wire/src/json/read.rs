//! JSON bytes to [`Value`], driven by the schema: nothing is kept that the schema does not name.
//!
//! `serde_json` bounds the nesting at 128 levels and skips unknown members without recursion, so hostile documents cost time in
//! proportion to their length and nothing else.

use super::{Mismatch, decode_base64};
use crate::{
    schema::{Kind, Location, Member, Shape},
    timestamp,
    value::{Value, dedupe},
};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::{borrow::Cow, cell::RefCell, fmt};

/// The words of AWS's JSON reader, as seen in answers of DynamoDB and ECS, whose services share it.
const STRUCTURE: &str = "Start of structure or map found where not expected";
const LIST: &str = "Start of list found where not expected";
const SCALAR: &str = "Unexpected field type";

/// Reads one document of `shape`.
pub(crate) fn read(shape: &'static Shape, body: &[u8]) -> Result<Value, Mismatch> {
    let mismatch = RefCell::new(None);
    let mut document = serde_json::Deserializer::from_slice(body);
    let read = Reader {
        shape,
        mismatch: &mismatch,
    }
    .deserialize(&mut document);
    let read = read.and_then(|value| document.end().map(|()| value));
    read.map_err(|syntax| {
        mismatch
            .take()
            .unwrap_or_else(|| Mismatch::new(format!("Could not parse request body: {syntax}")))
    })
}

/// Like [`read`] for the body of a request: an empty body, or `null`, is a structure without members.
pub(crate) fn read_empty_as_structure(shape: &'static Shape, body: &[u8]) -> Result<Value, Mismatch> {
    let empty = body.iter().all(u8::is_ascii_whitespace);
    let value = if empty { Value::Null } else { read(shape, body)? };
    Ok(if value == Value::Null {
        Value::Map(Vec::new())
    } else {
        value
    })
}

/// Reads a value of one shape. A mismatch is kept aside because `serde_json` adds a position to every message.
#[derive(Clone, Copy)]
struct Reader<'a> {
    shape: &'static Shape,
    mismatch: &'a RefCell<Option<Mismatch>>,
}

impl Reader<'_> {
    const fn of(self, shape: &'static Shape) -> Self {
        Self { shape, ..self }
    }

    fn refuse<E: Error>(self, message: impl Into<String>) -> E {
        let mismatch = Mismatch::new(message);
        let error = E::custom(&mismatch);
        self.mismatch.replace(Some(mismatch));
        error
    }

    /// A scalar of another type than the shape wants.
    fn convert<E: Error>(self, token: &str) -> E {
        let target = match self.shape.kind {
            Kind::Boolean => "Boolean",
            Kind::Integer => "Integer",
            Kind::Long => "Long",
            Kind::Double => "Double",
            Kind::String => "String",
            Kind::Blob => "Blob",
            Kind::Timestamp(_) => "Timestamp",
            Kind::List { .. } | Kind::Map { .. } | Kind::Structure(_) => return self.refuse(SCALAR),
        };
        self.refuse(format!("{token} cannot be converted to {target}"))
    }

    fn integer<E: Error>(self, number: i64) -> Result<Value, E> {
        match self.shape.kind {
            Kind::Integer if i32::try_from(number).is_err() => {
                Err(self.refuse(format!("Numeric value ({number}) out of range of int")))
            }
            Kind::Integer | Kind::Long => Ok(Value::Int(number)),
            #[expect(clippy::cast_precision_loss, reason = "a double member keeps what a double can")]
            Kind::Double => Ok(Value::Float(number as f64)),
            Kind::Timestamp(_) => number.checked_mul(1_000_000).map_or_else(
                || Err(self.convert("NUMBER_VALUE")),
                |micros| Ok(Value::Time(lambent_types::Timestamp::from_micros(micros))),
            ),
            Kind::Boolean | Kind::String | Kind::Blob | Kind::List { .. } | Kind::Map { .. } | Kind::Structure(_) => {
                Err(self.convert("NUMBER_VALUE"))
            }
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other kind is refused in the same words"
    )]
    fn float<E: Error>(self, number: f64) -> Result<Value, E> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match self.shape.kind {
            #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
            Kind::Integer | Kind::Long if number.fract() == 0.0 && number.abs() <= EXACT => self.integer(number as i64),
            Kind::Double => Ok(Value::Float(number)),
            Kind::Timestamp(_) => timestamp::from_epoch_seconds(number)
                .map(Value::Time)
                .ok_or_else(|| self.convert("NUMBER_VALUE")),
            _ => Err(self.convert("NUMBER_VALUE")),
        }
    }

    fn structure<'de, A: MapAccess<'de>>(self, members: &'static [Member], mut map: A) -> Result<Value, A::Error> {
        // A slot for each member makes the last of equal keys win and keeps hostile repetition linear.
        let mut order: Vec<usize> = Vec::with_capacity(members.len());
        let mut slots: Vec<Option<Value>> = members.iter().map(|_| None).collect();
        while let Some(key) = map.next_key_seed(Text)? {
            let found = members
                .iter()
                .position(|m| m.location == Location::Body && m.wire_name == key);
            let Some(index) = found else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = map.next_value_seed(self.of(members[index].shape))?;
            if !order.contains(&index) {
                order.push(index);
            }
            slots[index] = Some(value);
        }
        let present = order
            .into_iter()
            .filter_map(|index| Some((index, slots[index].take()?)));
        Ok(Value::Map(
            present
                .filter(|(_, value)| *value != Value::Null)
                .map(|(index, value)| (Cow::Borrowed(members[index].name), value))
                .collect(),
        ))
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "every other kind is refused in the same words"
)]
impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shape.name)
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, v: bool) -> Result<Value, E> {
        match self.shape.kind {
            Kind::Boolean => Ok(Value::Bool(v)),
            _ => Err(self.convert(if v { "TRUE_VALUE" } else { "FALSE_VALUE" })),
        }
    }

    fn visit_i64<E: Error>(self, v: i64) -> Result<Value, E> {
        self.integer(v)
    }

    fn visit_u64<E: Error>(self, v: u64) -> Result<Value, E> {
        if let Ok(number) = i64::try_from(v) {
            return self.integer(number);
        }
        match self.shape.kind {
            Kind::Integer => Err(self.refuse(format!("Numeric value ({v}) out of range of int"))),
            Kind::Long => Err(self.refuse(format!("Numeric value ({v}) out of range of long"))),
            #[expect(clippy::cast_precision_loss, reason = "a double member keeps what a double can")]
            _ => self.float(v as f64),
        }
    }

    fn visit_f64<E: Error>(self, v: f64) -> Result<Value, E> {
        self.float(v)
    }

    fn visit_str<E: Error>(self, v: &str) -> Result<Value, E> {
        match self.shape.kind {
            Kind::String => Ok(Value::Str(v.to_owned())),
            Kind::Blob => decode_base64(v).map_err(|mismatch| self.refuse(mismatch.into_message())),
            // JSON has no numbers for these.
            Kind::Double if matches!(v, "NaN" | "Infinity" | "-Infinity") => {
                Ok(Value::Float(v.parse().unwrap_or(f64::NAN)))
            }
            _ => Err(self.convert("STRING_VALUE")),
        }
    }

    fn visit_string<E: Error>(self, v: String) -> Result<Value, E> {
        if matches!(self.shape.kind, Kind::String) {
            Ok(Value::Str(v))
        } else {
            self.visit_str(&v)
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let Kind::List { of, .. } = &self.shape.kind else {
            return Err(self.refuse(LIST));
        };
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.of(of))? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        match &self.shape.kind {
            Kind::Structure(members) => self.structure(members, map),
            Kind::Map { value, .. } => {
                let mut entries = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    entries.push((Cow::Owned(key), map.next_value_seed(self.of(value))?));
                }
                Ok(Value::Map(dedupe(entries)))
            }
            _ => Err(self.refuse(STRUCTURE)),
        }
    }
}

/// A member name, borrowed where the document allows it.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_str<E: Error>(self, v: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(v))
    }

    fn visit_str<E: Error>(self, v: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(v.to_owned()))
    }
}
