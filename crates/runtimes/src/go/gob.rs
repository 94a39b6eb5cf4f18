//! As much of Go's gob as net/rpc with a known partner needs.
//!
//! A value is sent after the definitions of its types. The partner's definitions are skipped: its types and the order of their fields are
//! known, from aws-lambda-go.

use std::io::{self, Read};

/// Identifiers of the types that every gob knows.
pub(super) const INT: i64 = 2;
pub(super) const UINT: i64 = 3;
pub(super) const BYTES: i64 = 5;
pub(super) const STRING: i64 = 6;

/// Writes an unsigned number: itself if it is small, else its length in bytes, negated, and its bytes.
fn put_uint(out: &mut Vec<u8>, number: u64) {
    if number < 0x80 {
        out.push(number.to_be_bytes()[7]);
        return;
    }
    let bytes = number.to_be_bytes();
    let skipped = bytes.iter().take_while(|byte| **byte == 0).count();
    let length = u8::try_from(bytes.len() - skipped).unwrap_or(8);
    out.push(length.wrapping_neg());
    out.extend_from_slice(&bytes[skipped..]);
}

/// Writes a signed number: its sign is the lowest bit.
fn put_int(out: &mut Vec<u8>, number: i64) {
    let folded = (number << 1) ^ (number >> 63);
    put_uint(out, u64::from_be_bytes(folded.to_be_bytes()));
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_uint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A struct that is being written, field by field, in their order. Fields of no value are left out, as gob wants it.
pub(super) struct Record<'a> {
    out: &'a mut Vec<u8>,
    last: u64,
}

impl<'a> Record<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, last: 0 }
    }

    /// Begins the field that is the `nth`, from one.
    fn begin(&mut self, nth: u64) {
        put_uint(self.out, nth - self.last);
        self.last = nth;
    }

    pub(super) fn bytes(mut self, nth: u64, bytes: &[u8]) -> Self {
        if !bytes.is_empty() {
            self.begin(nth);
            put_bytes(self.out, bytes);
        }
        self
    }

    pub(super) fn text(self, nth: u64, text: &str) -> Self {
        self.bytes(nth, text.as_bytes())
    }

    pub(super) fn int(mut self, nth: u64, number: i64) -> Self {
        if number != 0 {
            self.begin(nth);
            put_int(self.out, number);
        }
        self
    }

    pub(super) fn uint(mut self, nth: u64, number: u64) -> Self {
        if number != 0 {
            self.begin(nth);
            put_uint(self.out, number);
        }
        self
    }

    pub(super) fn record(mut self, nth: u64, fill: impl FnOnce(Record<'_>) -> Record<'_>) -> Self {
        self.begin(nth);
        fill(Record::new(self.out)).end();
        self
    }

    fn records(mut self, nth: u64, each: &[(&str, i64)]) -> Self {
        if !each.is_empty() {
            self.begin(nth);
            put_uint(self.out, each.len() as u64);
            for (name, kind) in each {
                Record::new(self.out).text(1, name).int(2, *kind).end();
            }
        }
        self
    }

    fn end(self) {
        self.out.push(0);
    }
}

/// The message that defines a struct type: its fields by name and type.
pub(super) fn definition(id: i64, name: &str, fields: &[(&str, i64)]) -> Vec<u8> {
    // Of the kinds of types that can be defined, the third is a struct. It begins with what all kinds have: a name and the identifier.
    message(-id, |kinds| {
        kinds.record(3, |defined| {
            defined
                .record(1, |common| common.text(1, name).int(2, id))
                .records(2, fields)
        })
    })
}

/// A message with one struct of a type that has been defined.
pub(super) fn message(id: i64, fill: impl FnOnce(Record<'_>) -> Record<'_>) -> Vec<u8> {
    let mut body = Vec::new();
    put_int(&mut body, id);
    fill(Record::new(&mut body)).end();
    let mut framed = Vec::with_capacity(body.len() + 9);
    put_uint(&mut framed, body.len() as u64);
    framed.extend_from_slice(&body);
    framed
}

/// Reads messages up to the next one that is no definition: the bytes of its struct.
pub(super) fn read_message(from: &mut impl Read) -> io::Result<Vec<u8>> {
    loop {
        let length = read_uint(from)?;
        let mut body = Vec::new();
        from.take(length).read_to_end(&mut body)?;
        if body.len() as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut rest = body.as_slice();
        if read_int(&mut rest)? > 0 {
            return Ok(rest.to_vec());
        }
    }
}

/// A struct that is being read.
pub(super) struct Fields<'a, 'b> {
    from: &'a mut &'b [u8],
    last: u64,
}

impl<'a, 'b> Fields<'a, 'b> {
    pub(super) fn new(from: &'a mut &'b [u8]) -> Self {
        Self { from, last: 0 }
    }

    /// The number of the next field that has a value, from one; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<u64>> {
        let delta = read_uint(self.from)?;
        self.last = self.last.checked_add(delta).ok_or_else(malformed)?;
        Ok((delta != 0).then_some(self.last))
    }

    pub(super) fn uint(&mut self) -> io::Result<u64> {
        read_uint(self.from)
    }

    pub(super) fn int(&mut self) -> io::Result<i64> {
        read_int(self.from)
    }

    pub(super) fn bytes(&mut self) -> io::Result<&'b [u8]> {
        let length = usize::try_from(read_uint(self.from)?).map_err(|_| malformed())?;
        let (bytes, rest) = self.from.split_at_checked(length).ok_or_else(malformed)?;
        *self.from = rest;
        Ok(bytes)
    }

    pub(super) fn text(&mut self) -> io::Result<String> {
        Ok(String::from_utf8_lossy(self.bytes()?).into_owned())
    }

    /// The struct that is this field, or the next of the list that is.
    pub(super) fn record(&mut self) -> Fields<'_, 'b> {
        Fields::new(self.from)
    }
}

/// What is no message of the types that are known.
pub(super) fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an unknown message")
}

fn read_uint(from: &mut impl Read) -> io::Result<u64> {
    let mut first = [0];
    from.read_exact(&mut first)?;
    let [first] = first;
    if first < 0x80 {
        return Ok(u64::from(first));
    }
    let length = usize::from(first.wrapping_neg());
    let mut bytes = [0; 8];
    let start = bytes.len().checked_sub(length).ok_or_else(malformed)?;
    from.read_exact(&mut bytes[start..])?;
    Ok(u64::from_be_bytes(bytes))
}

fn read_int(from: &mut impl Read) -> io::Result<i64> {
    let folded = read_uint(from)?;
    let number = i64::from_be_bytes((folded >> 1).to_be_bytes());
    Ok(if folded & 1 == 1 { !number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_documentation_of_gob_shows_them() {
        let uint = |number| {
            let mut out = Vec::new();
            put_uint(&mut out, number);
            out
        };
        assert_eq!((uint(0), uint(7), uint(256)), (vec![0], vec![7], vec![0xfe, 1, 0]));
        for number in [0, 1, -1, 63, -64, 65, -129, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            put_int(&mut out, number);
            assert_eq!(read_int(&mut out.as_slice()).unwrap(), number);
        }
        let mut out = Vec::new();
        put_int(&mut out, -129);
        assert_eq!(out, [0xfe, 1, 1]);
    }

    #[test]
    fn a_definition_is_as_the_documentation_of_gob_shows_it() {
        // type Point struct { X, Y int }, the example of package encoding/gob.
        let expected = [
            0x1f, 0xff, 0x81, 0x03, 0x01, 0x01, 0x05, b'P', b'o', b'i', b'n', b't', 0x01, 0xff, 0x82, 0x00, 0x01, 0x02,
            0x01, 0x01, b'X', 0x01, 0x04, 0x00, 0x01, 0x01, b'Y', 0x01, 0x04, 0x00, 0x00, 0x00,
        ];
        assert_eq!(definition(65, "Point", &[("X", INT), ("Y", INT)]), expected);
        assert_eq!(
            message(65, |point| point.int(1, 22).int(2, 33)),
            [0x07, 0xff, 0x82, 0x01, 0x2c, 0x01, 0x42, 0x00]
        );
    }

    #[test]
    fn definitions_are_skipped_and_fields_found() {
        let mut stream = definition(65, "Point", &[("X", INT), ("Y", INT)]);
        stream.extend(message(65, |point| point.int(2, -5)));
        let body = read_message(&mut stream.as_slice()).unwrap();
        let mut rest = body.as_slice();
        let mut fields = Fields::new(&mut rest);
        assert_eq!(fields.next().unwrap(), Some(2));
        assert_eq!(fields.int().unwrap(), -5);
        assert_eq!(fields.next().unwrap(), None);
        assert!(read_message(&mut &stream[..3]).is_err());
    }
}
