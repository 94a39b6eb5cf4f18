//! Percent-encoding and query strings.

use std::{borrow::Cow, fmt::Write};

/// Decodes `%XX`; broken escapes stay as they are, bytes that are no UTF-8 become U+FFFD and so fail every pattern.
#[must_use]
pub fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let escaped = (bytes[i] == b'%')
            .then(|| bytes.get(i + 1..i + 3).and_then(hex_byte))
            .flatten();
        out.push(escaped.unwrap_or(bytes[i]));
        i += if escaped.is_some() { 3 } else { 1 };
    }
    Cow::Owned(String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(digit(*digits.first()?)? << 4 | digit(*digits.get(1)?)?)
}

/// Encodes everything but the unreserved characters of RFC 3986, as SigV4 wants it; `keep_slash` leaves `/` as it is.
#[must_use]
pub fn percent_encode(text: &str, keep_slash: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (keep_slash && byte == b'/');
        if plain {
            out.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The decoded pairs of a query string, in order; `key` alone has an empty value and `+` is a space.
#[must_use]
pub fn parse_query(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode_parameter(key), decode_parameter(value))
        })
        .collect()
}

fn decode_parameter(text: &str) -> String {
    percent_decode(&text.replace('+', " ")).into_owned()
}

/// A query string of these pairs, without the question mark.
#[must_use]
pub fn print_query(pairs: &[(String, String)]) -> String {
    let encoded: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{}={}", percent_encode(key, false), percent_encode(value, false)))
        .collect();
    encoded.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decodes_what_clients_send() {
        assert_eq!(percent_decode("arn%3Aaws%3Alambda%2fx%24"), "arn:aws:lambda/x$");
        assert_eq!(percent_decode("100%"), "100%");
        assert_eq!(percent_decode("%zz%4"), "%zz%4");
        assert_eq!(percent_decode("%ff"), "\u{fffd}");
        let pairs = parse_query("tagKeys=a&tagKeys=b%20c&flag&x=1+2&");
        assert_eq!(pairs.len(), 4);
        assert_eq!(pairs[1], ("tagKeys".into(), "b c".into()));
        assert_eq!(pairs[2], ("flag".into(), String::new()));
        assert_eq!(pairs[3].1, "1 2");
    }

    proptest! {
        #[test]
        fn encoding_is_undone_by_decoding(text in "\\PC{0,40}") {
            let encoded = percent_encode(&text, false);
            prop_assert_eq!(percent_decode(&encoded), text.as_str());
            let pairs = vec![(text.clone(), text)];
            prop_assert_eq!(parse_query(&print_query(&pairs)), pairs);
        }
    }
}
