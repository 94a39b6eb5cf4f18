//! CBOR (RFC 8949) documents, read and written by a schema.

use crate::{
    json::Mismatch,
    schema::{Kind, Location, Member, Shape},
    timestamp,
    value::{Value, dedupe},
};
use bytes::Bytes;
use std::borrow::Cow;

/// Structures within structures that a document may have.
const DEEPEST: u8 = 64;
/// What an indefinite length looks like in an item's head.
const INDEFINITE: u8 = 31;

/// Reads one document of `shape`.
pub(crate) fn read(shape: &'static Shape, body: &[u8]) -> Result<Value, Mismatch> {
    let mut reader = Reader { rest: body };
    let raw = reader
        .item(0)
        .ok_or_else(|| Mismatch::new("Could not parse request body"))?;
    if !reader.rest.is_empty() {
        return Err(Mismatch::new("Could not parse request body: it goes on"));
    }
    fit(shape, raw)
}

/// An item as it is in the bytes.
enum Raw {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Bytes(Vec<u8>),
    Text(String),
    List(Vec<Raw>),
    Map(Vec<(String, Raw)>),
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn bytes(&mut self, length: usize) -> Option<&[u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// The number that belongs to an item's head; `None` where the length is indefinite or the bytes are wrong.
    fn number(&mut self, info: u8) -> Option<u64> {
        let size = match info {
            0..24 => return Some(u64::from(info)),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => return None,
        };
        Some(
            self.bytes(size)?
                .iter()
                .fold(0, |number, byte| number << 8 | u64::from(*byte)),
        )
    }

    fn length(&mut self, info: u8) -> Option<usize> {
        usize::try_from(self.number(info)?).ok()
    }

    fn item(&mut self, depth: u8) -> Option<Raw> {
        if depth > DEEPEST {
            return None;
        }
        let head = self.byte()?;
        let (major, info) = (head >> 5, head & 0x1f);
        Some(match major {
            0 => Raw::Int(i64::try_from(self.number(info)?).ok()?),
            1 => Raw::Int(-1 - i64::try_from(self.number(info)?).ok()?),
            2 => Raw::Bytes(self.string(major, info)?),
            3 => Raw::Text(String::from_utf8(self.string(major, info)?).ok()?),
            4 => Raw::List(self.list(info, depth)?),
            5 => Raw::Map(self.map(info, depth)?),
            6 => {
                // What a number means is the schema's to say.
                self.number(info)?;
                self.item(depth + 1)?
            }
            _ => self.simple(info)?,
        })
    }

    fn simple(&mut self, info: u8) -> Option<Raw> {
        Some(match info {
            20 => Raw::Bool(false),
            21 => Raw::Bool(true),
            22 | 23 => Raw::Null,
            25 => Raw::Float(half(u16::try_from(self.number(info)?).ok()?)),
            26 => Raw::Float(f64::from(f32::from_bits(u32::try_from(self.number(info)?).ok()?))),
            27 => Raw::Float(f64::from_bits(self.number(info)?)),
            _ => return None,
        })
    }

    fn string(&mut self, major: u8, info: u8) -> Option<Vec<u8>> {
        if info != INDEFINITE {
            let length = self.length(info)?;
            return self.bytes(length).map(<[u8]>::to_vec);
        }
        let mut whole = Vec::new();
        while !self.ended() {
            let head = self.byte()?;
            if head >> 5 != major {
                return None;
            }
            let length = self.length(head & 0x1f)?;
            whole.extend_from_slice(self.bytes(length)?);
        }
        Some(whole)
    }

    /// Whether the break of an indefinite length is next; takes it.
    fn ended(&mut self) -> bool {
        let ended = self.rest.first() == Some(&0xff);
        if ended {
            self.byte();
        }
        ended
    }

    /// Whether another item of a list or a map follows, of which `left` are still announced.
    fn goes_on(&mut self, left: &mut Option<usize>) -> bool {
        match left {
            None => !self.ended(),
            Some(0) => false,
            Some(count) => {
                *count -= 1;
                true
            }
        }
    }

    fn count(&mut self, info: u8) -> Option<Option<usize>> {
        if info == INDEFINITE {
            return Some(None);
        }
        self.length(info).map(Some)
    }

    fn list(&mut self, info: u8, depth: u8) -> Option<Vec<Raw>> {
        let (mut left, mut items) = (self.count(info)?, Vec::new());
        while self.goes_on(&mut left) {
            items.push(self.item(depth + 1)?);
        }
        Some(items)
    }

    fn map(&mut self, info: u8, depth: u8) -> Option<Vec<(String, Raw)>> {
        let (mut left, mut entries) = (self.count(info)?, Vec::new());
        while self.goes_on(&mut left) {
            let Raw::Text(key) = self.item(depth + 1)? else {
                return None;
            };
            entries.push((key, self.item(depth + 1)?));
        }
        Some(entries)
    }
}

/// A float of 16 bits.
fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => mantissa * 2f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + mantissa / 1_024.0) * 2f64.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

/// An item as the schema has it.
fn fit(shape: &'static Shape, raw: Raw) -> Result<Value, Mismatch> {
    let wrong = || Mismatch::new(format!("Unexpected field type for {}", shape.name));
    Ok(match (&shape.kind, raw) {
        (_, Raw::Null) => Value::Null,
        (Kind::Boolean, Raw::Bool(value)) => Value::Bool(value),
        (Kind::Integer, Raw::Int(value)) if i32::try_from(value).is_ok() => Value::Int(value),
        (Kind::Long, Raw::Int(value)) => Value::Int(value),
        #[expect(clippy::cast_precision_loss, reason = "a double member keeps what a double can")]
        (Kind::Double, Raw::Int(value)) => Value::Float(value as f64),
        (Kind::Double, Raw::Float(value)) => Value::Float(value),
        (Kind::String, Raw::Text(value)) => Value::Str(value),
        (Kind::Blob, Raw::Bytes(value)) => Value::Bytes(Bytes::from(value)),
        #[expect(clippy::cast_precision_loss, reason = "far below what a double keeps exactly")]
        (Kind::Timestamp(_), Raw::Int(seconds)) => moment(seconds as f64).ok_or_else(wrong)?,
        (Kind::Timestamp(_), Raw::Float(seconds)) => moment(seconds).ok_or_else(wrong)?,
        (Kind::List { of, .. }, Raw::List(items)) => {
            Value::List(items.into_iter().map(|item| fit(of, item)).collect::<Result<_, _>>()?)
        }
        (Kind::Map { value, .. }, Raw::Map(entries)) => {
            let entries = entries
                .into_iter()
                .map(|(key, held)| Ok((Cow::Owned(key), fit(value, held)?)));
            Value::Map(dedupe(entries.collect::<Result<_, Mismatch>>()?))
        }
        (Kind::Structure(members), Raw::Map(entries)) => structure(members, entries)?,
        _ => return Err(wrong()),
    })
}

fn moment(seconds: f64) -> Option<Value> {
    timestamp::from_epoch_seconds(seconds).map(Value::Time)
}

fn structure(members: &'static [Member], entries: Vec<(String, Raw)>) -> Result<Value, Mismatch> {
    let mut found = Vec::new();
    for (key, raw) in entries {
        let member = members
            .iter()
            .find(|member| member.location == Location::Body && member.wire_name == key);
        let Some(member) = member else { continue };
        let value = fit(member.shape, raw)?;
        if value != Value::Null {
            found.push((Cow::Borrowed(member.name), value));
        }
    }
    Ok(Value::Map(dedupe(found)))
}

/// Appends `value` to `out`.
pub(crate) fn write(out: &mut Vec<u8>, shape: &Shape, value: &Value) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(value) => out.push(if *value { 0xf5 } else { 0xf4 }),
        Value::Int(value) if *value < 0 => head(out, 1, (-1 - value).unsigned_abs()),
        Value::Int(value) => head(out, 0, value.unsigned_abs()),
        Value::Float(value) => float(out, *value),
        Value::Str(value) => text(out, value),
        Value::Bytes(value) => {
            head(out, 2, value.len() as u64);
            out.extend_from_slice(value);
        }
        Value::Time(value) => {
            // Tag 1: seconds since the epoch.
            head(out, 6, 1);
            #[expect(clippy::cast_precision_loss, reason = "exact to the microsecond for some centuries")]
            float(out, value.as_micros() as f64 / 1_000_000.0);
        }
        Value::List(items) => {
            let of = if let Kind::List { of, .. } = &shape.kind {
                of
            } else {
                shape
            };
            head(out, 4, items.len() as u64);
            items.iter().for_each(|item| write(out, of, item));
        }
        Value::Map(entries) => map(out, shape, entries),
    }
}

fn map(out: &mut Vec<u8>, shape: &Shape, entries: &[(Cow<'static, str>, Value)]) {
    if let Kind::Map { value: of, .. } = &shape.kind {
        head(out, 5, entries.len() as u64);
        for (key, value) in entries {
            text(out, key);
            write(out, of, value);
        }
        return;
    }
    let there = |(name, value): &&(Cow<'static, str>, Value)| {
        *value != Value::Null
            && shape
                .member(name)
                .is_some_and(|member| member.location == Location::Body)
    };
    head(out, 5, entries.iter().filter(there).count() as u64);
    for (name, value) in entries.iter().filter(there) {
        if let Some(member) = shape.member(name) {
            text(out, member.wire_name);
            write(out, member.shape, value);
        }
    }
}

fn float(out: &mut Vec<u8>, value: f64) {
    out.push(0xfb);
    out.extend_from_slice(&value.to_bits().to_be_bytes());
}

/// A text item.
pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    head(out, 3, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// An item's head: its major type and its number, as short as can be.
#[expect(
    clippy::cast_possible_truncation,
    reason = "each arm knows how many bytes its numbers have"
)]
pub(crate) fn head(out: &mut Vec<u8>, major: u8, number: u64) {
    let major = major << 5;
    match number {
        0..24 => out.push(major | number as u8),
        24..0x100 => out.extend_from_slice(&[major | 24, number as u8]),
        0x100..0x1_0000 => {
            out.push(major | 25);
            out.extend_from_slice(&(number as u16).to_be_bytes());
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(major | 26);
            out.extend_from_slice(&(number as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&number.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::ItemWording;
    use lambent_types::Timestamp;
    use proptest::prelude::*;

    static NUMBER: Shape = Shape::new("Number", Kind::Double);
    static COUNT: Shape = Shape::new("Count", Kind::Long);
    static TEXT: Shape = Shape::new("Text", Kind::String);
    static WHEN: Shape = Shape::new("When", Kind::Timestamp(None));
    static NUMBERS: Shape = Shape::new(
        "Numbers",
        Kind::List {
            of: &NUMBER,
            wording: ItemWording::Wrapped,
        },
    );
    static TAGS: Shape = Shape::new(
        "Tags",
        Kind::Map {
            key: &TEXT,
            value: &TEXT,
        },
    );
    static INPUT: Shape = Shape::new(
        "Input",
        Kind::Structure(&[
            Member::new("Name", &TEXT),
            Member::new("At", &WHEN),
            Member::new("Count", &COUNT),
            Member::new("Values", &NUMBERS),
            Member::new("Tags", &TAGS),
        ]),
    );

    fn round(value: &Value) -> Value {
        let mut bytes = Vec::new();
        write(&mut bytes, &INPUT, value);
        read(&INPUT, &bytes).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(name in ".*", count: i64, values in prop::collection::vec(-1e300..1e300f64, 0..300), at in 0..1i64 << 51) {
            let value = Value::Map(vec![
                ("Name".into(), Value::Str(name.clone())),
                ("At".into(), Value::Time(Timestamp::from_micros(at / 1_000 * 1_000))),
                ("Count".into(), Value::Int(count)),
                ("Values".into(), Value::List(values.into_iter().map(Value::Float).collect())),
                ("Tags".into(), Value::Map(vec![(name.into(), Value::Str("v".into()))])),
            ]);
            prop_assert_eq!(round(&value), value);
        }

        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = read(&INPUT, &bytes);
        }
    }

    #[test]
    fn indefinite_lengths_short_floats_and_strangers_are_understood() {
        // {_ "Name": (_ "a", "b"), "Values": [_ 1.5 in 16 bits, 1], "Other": [null]}
        let bytes = b"\xbf\x64Name\x7f\x61a\x61b\xff\x66Values\x9f\xf9\x3e\x00\x01\xff\x65Other\x81\xf6\xff";
        let expected = Value::Map(vec![
            ("Name".into(), Value::Str("ab".into())),
            ("Values".into(), Value::List(vec![Value::Float(1.5), Value::Float(1.0)])),
        ]);
        assert_eq!(read(&INPUT, bytes), Ok(expected));
        assert!(read(&INPUT, &[0x81; 200]).is_err(), "too deep");
        assert!(read(&INPUT, b"\xa1\x64Name\x01").is_err(), "no text");
        assert!(
            read(&INPUT, b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff").is_err(),
            "a length that is a lie"
        );
    }
}
