//! Whether an event is JSON: one pass over the bytes, nothing built, nothing copied, no recursion.
//!
//! AWS parses events with Jackson and hands its words on; the faults here carry the same ones (recorded:
//! `test_lambda_invoke_payload_encoding_error`).

use std::fmt;

/// Jackson's own limit.
const DEEPEST: usize = 1_000;
const VALUES: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

/// Why the bytes are no JSON, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    reason: String,
    line: usize,
    column: usize,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, line, column } = self;
        write!(
            f,
            "{reason}\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); \
             line: {line}, column: {column}]"
        )
    }
}

/// Checks that `bytes` are one JSON value, or nothing at all.
pub(crate) fn check(bytes: &[u8]) -> Result<(), Fault> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    let invalid_at = std::str::from_utf8(bytes).err().map(|error| error.valid_up_to());
    Scanner {
        bytes,
        at: 0,
        open: Vec::new(),
        invalid_at,
    }
    .value()
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Brackets that are open, innermost last.
    open: Vec<u8>,
    /// Where the bytes stop being UTF-8.
    invalid_at: Option<usize>,
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Value,
    /// After `[`.
    ValueOrEnd,
    /// After `{`.
    NameOrEnd,
    /// After `,` in an object.
    Name,
    /// After a value.
    More,
}

impl Scanner<'_> {
    fn value(mut self) -> Result<(), Fault> {
        let mut expected = Expected::Value;
        loop {
            self.skip_space();
            let Some(&byte) = self.bytes.get(self.at) else {
                let done = expected == Expected::More && self.open.is_empty();
                return if done { Ok(()) } else { Err(self.ended()) };
            };
            expected = self.step(expected, byte)?;
        }
    }

    fn step(&mut self, expected: Expected, byte: u8) -> Result<Expected, Fault> {
        match (expected, byte) {
            (Expected::ValueOrEnd, b']') | (Expected::NameOrEnd, b'}') => {
                self.open.pop();
                self.at += 1;
                Ok(Expected::More)
            }
            (Expected::Value | Expected::ValueOrEnd, _) => self.begin_value(byte),
            (Expected::Name | Expected::NameOrEnd, b'"') => self.name(),
            (Expected::Name | Expected::NameOrEnd, _) => {
                Err(self.unexpected(byte, "was expecting double-quote to start field name"))
            }
            (Expected::More, _) => self.after_value(byte),
        }
    }

    fn begin_value(&mut self, byte: u8) -> Result<Expected, Fault> {
        match byte {
            b'{' | b'[' => {
                self.open.push(byte);
                self.at += 1;
                if self.open.len() > DEEPEST {
                    return Err(self.fault(
                        format!(
                            "Document nesting depth ({}) exceeds the maximum allowed \
                             ({DEEPEST}, from `StreamReadConstraints.getMaxNestingDepth()`)",
                            self.open.len()
                        ),
                        self.at,
                    ));
                }
                return Ok(if byte == b'{' {
                    Expected::NameOrEnd
                } else {
                    Expected::ValueOrEnd
                });
            }
            b'"' => self.string()?,
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.token("true")?,
            b'f' => self.token("false")?,
            b'n' => self.token("null")?,
            _ if byte.is_ascii_alphabetic() => return Err(self.unrecognized(self.at)),
            _ => return Err(self.unexpected(byte, &format!("expected a valid value {VALUES}"))),
        }
        Ok(Expected::More)
    }

    fn name(&mut self) -> Result<Expected, Fault> {
        self.string()?;
        self.skip_space();
        match self.bytes.get(self.at) {
            Some(b':') => {
                self.at += 1;
                Ok(Expected::Value)
            }
            Some(&byte) => Err(self.unexpected(byte, "was expecting a colon to separate field name and value")),
            None => Err(self.ended()),
        }
    }

    fn after_value(&mut self, byte: u8) -> Result<Expected, Fault> {
        let innermost = self.open.last().copied();
        let next = match (innermost, byte) {
            (Some(b'{'), b',') => Expected::Name,
            (Some(b'['), b',') => Expected::Value,
            (Some(b'{'), b'}') | (Some(b'['), b']') => {
                self.open.pop();
                Expected::More
            }
            (Some(b'{'), _) => return Err(self.unexpected(byte, "was expecting comma to separate Object entries")),
            (Some(_), _) => return Err(self.unexpected(byte, "was expecting comma to separate Array entries")),
            (None, _) if byte.is_ascii_alphabetic() => return Err(self.unrecognized(self.at)),
            (None, _) => return Err(self.unexpected(byte, &format!("expected a valid value {VALUES}"))),
        };
        self.at += 1;
        Ok(next)
    }

    fn skip_space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn string(&mut self) -> Result<(), Fault> {
        self.at += 1;
        loop {
            if self.invalid_at == Some(self.at) {
                return Err(self.not_utf8());
            }
            match self.bytes.get(self.at) {
                Some(b'"') => break self.at += 1,
                Some(b'\\') => self.escape()?,
                Some(&byte) if byte < 0x20 => {
                    let what = "has to be escaped using backslash to be included in string value";
                    let reason = format!("Illegal unquoted character ((CTRL-CHAR, code {byte})): {what}");
                    return Err(self.fault(reason, self.at + 1));
                }
                Some(_) => self.at += 1,
                None => return Err(self.fault("Unexpected end-of-input in VALUE_STRING".to_owned(), self.at)),
            }
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Fault> {
        let digits = |from: usize| {
            self.bytes
                .get(from..from + 4)
                .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
        };
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') if digits(self.at + 2) => self.at += 6,
            Some(&byte) => {
                return Err(self.fault(
                    format!("Unrecognized character escape {}", character(byte)),
                    self.at + 2,
                ));
            }
            None => return Err(self.ended()),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Fault> {
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        match self.bytes.get(self.at) {
            Some(b'0') => {
                self.at += 1;
                if matches!(self.bytes.get(self.at), Some(b'0'..=b'9')) {
                    return Err(self.fault("Invalid numeric value: Leading zeroes not allowed".to_owned(), self.at));
                }
            }
            _ => self.digits()?,
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), Fault> {
        let from = self.at;
        while matches!(self.bytes.get(self.at), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        match self.bytes.get(self.at) {
            _ if self.at > from => Ok(()),
            Some(&byte) => Err(self.unexpected(
                byte,
                "Expected digit (0-9) to follow minus sign, for valid numeric value",
            )),
            None => Err(self.ended()),
        }
    }

    fn token(&mut self, token: &str) -> Result<(), Fault> {
        let from = self.at;
        let follows = self.bytes.get(from + token.len());
        let alone = !follows.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80);
        if self.bytes[from..].starts_with(token.as_bytes()) && alone {
            self.at += token.len();
            return Ok(());
        }
        Err(self.unrecognized(from))
    }

    /// A word that is none of the three tokens. Bytes that are no text are found while the word is read.
    fn unrecognized(&self, from: usize) -> Fault {
        let length = self.bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte >= 0x80)
            .count();
        let end = from + length;
        if let Some(invalid) = self.invalid_at.filter(|at| (from..end).contains(at)) {
            return self.fault(
                format!("Invalid UTF-8 start byte 0x{:x}", self.bytes[invalid]),
                invalid + 2,
            );
        }
        let word = String::from_utf8_lossy(&self.bytes[from..end]);
        self.fault(format!("Unrecognized token '{word}': was expecting {VALUES}"), end + 1)
    }

    fn unexpected(&self, byte: u8, what: &str) -> Fault {
        self.fault(
            format!("Unexpected character ({}): {what}", character(byte)),
            self.at + 1,
        )
    }

    fn not_utf8(&self) -> Fault {
        self.fault(
            format!("Invalid UTF-8 start byte 0x{:x}", self.bytes[self.at]),
            self.at + 2,
        )
    }

    fn ended(&self) -> Fault {
        let reason = match self.open.last() {
            Some(bracket) => {
                let kind = if *bracket == b'{' { "Object" } else { "Array" };
                format!("Unexpected end-of-input: expected close marker for {kind}")
            }
            None => "Unexpected end-of-input within/between Object entries".to_owned(),
        };
        self.fault(reason, self.at + 1)
    }

    /// `position` counts from 1 over all bytes.
    fn fault(&self, reason: String, position: usize) -> Fault {
        let before = &self.bytes[..position.saturating_sub(1).min(self.bytes.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        Fault {
            reason,
            line,
            column: position - line_start,
        }
    }
}

/// A character as Jackson names it.
fn character(byte: u8) -> String {
    if byte.is_ascii_graphic() || byte == b' ' {
        format!("'{}' (code {byte})", char::from(byte))
    } else {
        format!("(CTRL-CHAR, code {byte})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        check(bytes).map_or_else(|fault| fault.to_string(), |()| "valid".to_owned())
    }

    #[test]
    fn faults_are_worded_as_recorded() {
        let at = |column| {
            format!(
                "\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: {column}]"
            )
        };
        assert_eq!(
            text(b"n\x87r\x9e\xe9\xb5\xd7I\xee\x9bmt"),
            format!("Invalid UTF-8 start byte 0x87{}", at(3))
        );
        assert_eq!(
            text(b"\x99\xeb,j\x07\xa1zYh"),
            format!(
                "Unexpected character ((CTRL-CHAR, code 153)): expected a valid value {VALUES}{}",
                at(1)
            )
        );
        assert!(text(b"hello").starts_with("Unrecognized token 'hello': was expecting (JSON String"));
        assert!(text(b"{'a': 1}").starts_with("Unexpected character (''' (code 39)): was expecting double-quote"));
        assert!(text(b"{\"a\":\n x}").ends_with("line: 2, column: 3]"));
    }

    #[test]
    fn agrees_with_another_parser() {
        let samples: &[&[u8]] = &[
            b"{}",
            b"[]",
            b"1",
            b"-1.5e+10",
            b"\"a\\u00e9\\n\"",
            b"[1,2,{\"a\":[null,true,false]}]",
            b" {\"a\" : \"b\" } ",
            b"\"\xc3\xa9\"",
            b"[",
            b"{",
            b"]",
            b"{\"a\"}",
            b"{\"a\":}",
            b"[1,]",
            b"01",
            b"1.",
            b"-",
            b"1e",
            b"tru",
            b"truex",
            b"\"",
            b"\"\\x\"",
            b"\"\n\"",
            b"{} {}",
            b"[1 2]",
            b"\"\xff\"",
            b"{\"a\":1,}",
            b"nul",
            b".5",
            b"+1",
            b"\"\\u12\"",
        ];
        for sample in samples {
            let other = serde_json::from_slice::<serde_json::Value>(sample).is_ok();
            assert_eq!(check(sample).is_ok(), other, "{}", String::from_utf8_lossy(sample));
        }
        assert!(check(b"").is_ok() && check(b" \n").is_ok());
    }

    #[test]
    fn depth_is_bounded_without_recursion() {
        let nested = |depth| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(check(&nested(1_000)).is_ok());
        assert!(check(&nested(1_001)).is_err());
        assert!(check(&vec![b'['; 6_000_000]).is_err());
    }
}
